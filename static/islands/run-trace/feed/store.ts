// Everything known of the run: its events, the state folded from them, the trace, the text being written. One version
// number says that something changed; it moves at most ten times a second.
import { complete, type Event, type RawEvent } from "../log/events";
import { fold } from "../log/fold";
import { Instances } from "../log/instances";
import { newState } from "../log/state";
import { Trace } from "../log/trace";
import type { Part } from "./costs";

const BATCH_MS = 100;

export type Connection = "opening" | "live" | "past" | "reconnecting" | "signed out" | "gone";

export type RunStatus = "queued" | "running" | "waiting" | "doubt" | "done" | "failed" | "cancelled";

export interface TextFrame {
  call: string;
  attempt: number;
  offset: number; // in characters as Python counts them
  text: string;
}

export class Store {
  events: Event[] = [];
  state = newState();
  trace = new Trace();
  instances = new Instances();
  parts = new Map<string, Part>(); // what sub-teams have used, by the path of their node
  looks = 0; // how often that was looked up
  head = 0; // the newest seq the server told of
  connection: Connection = "opening";
  problem = "";
  version = 0;
  private texts = new Map<string, { text: string; length: number }>();
  private listeners = new Set<() => void>();
  private timer = 0;

  /** When its log begins; a fork's begins with its parent's. */
  get origin(): number {
    return this.events[0]?.at ?? 0;
  }

  /** Takes the events that come next; those already known are left out. False: some are missing before them. */
  take(raw: RawEvent[], head: number): boolean {
    this.head = Math.max(this.head, head);
    for (const one of raw) {
      if (one.seq <= this.state.seq) continue;
      if (one.seq !== this.state.seq + 1) return false;
      const event = complete(one);
      this.events.push(event);
      fold(this.state, event);
      this.trace.take(event);
      this.instances.take(event);
    }
    if (raw.length) this.changed();
    return true;
  }

  /** Adds text as it is written. False: something before it is missing. */
  write(frame: TextFrame): boolean {
    const key = `${frame.call}#${frame.attempt}`;
    const known = this.texts.get(key) ?? { text: "", length: 0 };
    if (frame.offset > known.length) return false;
    const letters = Array.from(frame.text);
    const fresh = letters.slice(known.length - frame.offset);
    if (!fresh.length) return true;
    this.texts.set(key, { text: known.text + fresh.join(""), length: known.length + fresh.length });
    this.changed();
    return true;
  }

  /** What a call in flight has said so far. */
  textOf(key: string): string {
    return this.texts.get(key)?.text ?? "";
  }

  forgetTexts(): void {
    for (const key of this.texts.keys()) if (!this.trace.open.has(key)) this.texts.delete(key);
  }

  takeParts(parts: Part[]): void {
    this.parts = new Map(parts.map((part) => [part.path, part]));
    this.looks += 1;
    this.tell();
  }

  say(connection: Connection, problem = ""): void {
    if (connection === this.connection && problem === this.problem) return;
    this.connection = connection;
    this.problem = problem;
    this.changed();
  }

  subscribe = (listener: () => void): (() => void) => {
    this.listeners.add(listener);
    return () => this.listeners.delete(listener);
  };
  snapshot = (): number => this.version;

  private tell(): void {
    this.version += 1;
    for (const listener of this.listeners) listener();
  }

  private changed(): void {
    this.timer ||= window.setTimeout(() => {
      this.timer = 0;
      this.forgetTexts();
      this.tell();
      document.dispatchEvent(new CustomEvent("troupe:run-moved", { detail: { seq: this.state.seq } }));
    }, BATCH_MS);
  }
}
