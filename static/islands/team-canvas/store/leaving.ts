// When the page goes away: what is not saved is sent along; what cannot be sent makes the browser ask.
import { KEEPALIVE_LIMIT } from "./api";
import type { Editor } from "./editor";

/** Watches for leaving, hiding and the network coming back; returns the way to stop. */
export function watchPage(editor: Editor): () => void {
  const { saver } = editor;
  const onHide = () => {
    if (document.visibilityState === "hidden") void saver.flush();
  };
  const onBeforeUnload = (event: BeforeUnloadEvent) => {
    const { kind } = editor.state.save;
    const stuck = kind === "offline" || kind === "conflict" || kind === "refused";
    const large = JSON.stringify(editor.state.history.present).length > KEEPALIVE_LIMIT;
    if (!saver.isClean && (stuck || large || saver.isBehind)) event.preventDefault();
  };
  const onLeave = () => saver.leave();
  const onOnline = () => saver.retry();
  document.addEventListener("visibilitychange", onHide);
  window.addEventListener("beforeunload", onBeforeUnload);
  window.addEventListener("pagehide", onLeave);
  window.addEventListener("online", onOnline);
  return () => {
    document.removeEventListener("visibilitychange", onHide);
    window.removeEventListener("beforeunload", onBeforeUnload);
    window.removeEventListener("pagehide", onLeave);
    window.removeEventListener("online", onOnline);
  };
}
