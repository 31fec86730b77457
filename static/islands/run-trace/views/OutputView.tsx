// What the run gives back, what it was given, and what is being written right now.
import { Icon, StateIcon } from "../parts/icons";
import { Content, Writing } from "../parts/Content";
import { useNames, useRun } from "../show/context";

export function OutputView() {
  const { store, select } = useRun();
  const name = useNames();
  const { state, trace } = store;
  const writing = [...trace.open.values()].filter((one) => one.kind === "model" && store.textOf(one.key));
  return (
    <div className="rt-scroll scroll-y" tabIndex={0}>
      <div className="rt-output">
        <section className="panel">
          <div className="panel-head"><h2>Output</h2><span className="flex-1" />{state.output && <CopyContent />}</div>
          <div className="panel-body">
            {state.ended === "failed" ? (
              <div className="notice tint s-failed" role="alert"><Icon name="circle-x" /><div className="min-w-0"><div className="row-title">The run failed</div><p className="row-meta wrap-anywhere">{state.message}</p>
                {state.failed_node && <button type="button" className="link" onClick={() => select({ kind: "node", path: state.failed_node })}>{name(state.failed_node)}</button>}</div></div>
            ) : state.ended === "cancelled" ? (
              <div className="notice tint s-cancelled"><Icon name="circle-slash" /><p>The run was stopped before it had an output.</p></div>
            ) : (
              <div data-output><Content digest={state.output} none="The output appears here when the run is done." /></div>
            )}
          </div>
        </section>
        {writing.map((one) => (
          <section key={one.key} className="panel">
            <div className="panel-head"><StateIcon status="running" /><h2>{name(one.path)} is writing</h2><span className="flex-1" /><button type="button" className="link-quiet" onClick={() => select({ kind: "call", call: one.call, attempt: 0 })}>Open the call<Icon name="chevron-right" /></button></div>
            <div className="panel-body"><Writing text={store.textOf(one.key)} /></div>
          </section>
        ))}
        <section className="panel">
          <div className="panel-head"><h2>Input</h2></div>
          <div className="panel-body"><Content digest={state.input} none="The run has not begun." /></div>
        </section>
      </div>
    </div>
  );
}

function CopyContent() {
  const copy = () => void navigator.clipboard.writeText(document.querySelector<HTMLElement>("[data-output]")?.innerText ?? "");
  return <button type="button" className="btn btn-xs btn-ghost" onClick={copy}><Icon name="copy" />Copy</button>;
}
