// Fills the store: pages of the log over HTTP first, then the socket from the last seq on. After any interruption it
// goes on from the cursor, so that the log in the page is exactly the run's.
import type { RawEvent } from "../log/events";
import type { Store, TextFrame } from "./store";

const FIRST_MS = 500;
const LONGEST_MS = 20_000;
const RESYNC_MS = 1000;
const CLOSED = { 4401: "signed out", 4403: "gone", 4404: "gone" } as const;

type Frame =
  | { type: "events"; events: RawEvent[]; head: number }
  | ({ type: "text" } & TextFrame)
  | { type: "resync" | "ended" };

export class Feed {
  private socket: WebSocket | null = null;
  private attempt = 0;
  private timer = 0;
  private resyncing = 0;

  constructor(private store: Store, private urls: { events: string; socket: string }, private until = 0) {}

  async start(): Promise<void> {
    addEventListener("online", this.retry);
    document.addEventListener("visibilitychange", this.retry);
    addEventListener("pagehide", () => this.socket?.close(1000));
    addEventListener("pageshow", (event) => event.persisted && this.retry());
    await this.open();
  }

  private retry = (): void => {
    if (!document.hidden && this.timer) void this.open();
  };

  private async open(): Promise<void> {
    clearTimeout(this.timer);
    this.timer = 0;
    try {
      if (!(await this.page())) return;
      if (this.until) this.store.say("past");
      else this.connect();
    } catch {
      this.later("The server did not answer.");
    }
  }

  /** Pages until the log is here; only the tail is left to the socket. False: there is no use in going on. */
  private async page(): Promise<boolean> {
    for (;;) {
      const answer = await fetch(`${this.urls.events}?after=${this.store.state.seq}`, { headers: { Accept: "application/json" } });
      if (answer.redirected || answer.status === 401) {
        this.store.say("signed out");
        return false;
      }
      if (answer.status === 403 || answer.status === 404) {
        this.store.say("gone");
        return false;
      }
      if (!answer.ok) throw new Error(String(answer.status));
      const { events, head } = (await answer.json()) as { events: RawEvent[]; head: number };
      const last = this.until ? Math.min(this.until, head) : head;
      this.store.take(events.filter((one) => one.seq <= last), last);
      if (!events.length || this.store.state.seq >= last) return true;
    }
  }

  private connect(): void {
    const socket = new WebSocket(location.origin.replace(/^http/, "ws") + this.urls.socket);
    this.socket = socket;
    socket.addEventListener("open", () => this.subscribe());
    socket.addEventListener("message", ({ data }) => this.hear(JSON.parse(data as string) as Frame));
    socket.addEventListener("close", ({ code }) => {
      if (this.socket !== socket) return;
      const final = CLOSED[code as keyof typeof CLOSED];
      if (final) this.store.say(final);
      else this.later("");
    });
  }

  private subscribe(): void {
    if (this.socket?.readyState === WebSocket.OPEN) {
      this.socket.send(JSON.stringify({ type: "subscribe", after: this.store.state.seq }));
    }
  }

  private hear(frame: Frame): void {
    switch (frame.type) {
      case "events":
        this.attempt = 0;
        this.store.say("live");
        if (!this.store.take(frame.events, frame.head)) this.resync();
        return;
      case "text":
        if (!this.store.write(frame)) this.resync();
        return;
      case "resync":
        return this.subscribe();
      default: // "ended" is in the log as well
    }
  }

  /** Asks for everything behind the cursor again, at most once a second. */
  private resync(): void {
    this.resyncing ||= window.setTimeout(() => {
      this.resyncing = 0;
      this.subscribe();
    }, RESYNC_MS);
  }

  private later(problem: string): void {
    this.store.say("reconnecting", problem);
    const longest = Math.min(LONGEST_MS, FIRST_MS * 2 ** this.attempt++);
    this.timer = window.setTimeout(() => void this.open(), longest / 2 + Math.random() * (longest / 2));
  }
}
