// A state as everywhere: icon in its colour and the word.
import { Icon, STATUS, type NodeStatus } from "../../graph";

export function StateWord({ status, word, bare }: { status: NodeStatus; word?: string | undefined; bare?: boolean }) {
  const look = STATUS[status];
  const tone = status === "skipped" ? "cancelled" : status;
  const words = word || look.word;
  return (
    <span className={`state s-${tone}`} title={bare ? words : undefined}>
      <Icon name={status === "running" ? "loader-circle" : look.icon} {...(bare ? { label: words } : {})} />
      {!bare && words}
    </span>
  );
}
