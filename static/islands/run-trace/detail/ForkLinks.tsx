// From an event or a node: the run as it was then, and a fork that begins there.
import { Icon } from "../parts/icons";
import { useRun } from "../show/context";

/** `seq` is the last event that is kept. */
export function ForkLinks({ seq, words = "Fork from here" }: { seq: number; words?: string }) {
  const { page } = useRun();
  if (seq < 1) return null;
  return (
    <>
      {page.urls.fork && <a className="link inline-flex items-center gap-1" href={`${page.urls.fork}?at=${seq}`}><Icon name="git-fork" size={13} />{words}</a>}
      {page.until !== seq && <a className="link inline-flex items-center gap-1" href={`?at=${seq}`}><Icon name="history" size={13} />As it was then</a>}
    </>
  );
}

/** The same for a node: a fork that does it again, from the moment before it started. */
export function NodeForkLinks({ path }: { path: string }) {
  const { store } = useRun();
  const started = store.events.findLast((event) => event.type === "NodeStarted" && event.path === path);
  if (!started) return null;
  return <div className="rt-block flex flex-wrap gap-3 text-meta"><ForkLinks seq={started.seq - 1} words="Fork before it began" /></div>;
}
