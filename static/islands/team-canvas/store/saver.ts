// Saves the draft a moment after each change, one request at a time; a conflict or an outage is a state
// that is shown, never an overwrite or a loss. Clock and sending come from outside, so that tests drive both.
import type { SaveOutcome } from "./api";

export type SaveState =
  | { kind: "saved"; at: number | null } // milliseconds since the epoch; null when nothing was saved here yet
  | { kind: "dirty" }
  | { kind: "saving" }
  | { kind: "offline"; tries: number }
  | { kind: "refused"; message: string }
  | { kind: "conflict"; theirs: Extract<SaveOutcome, { kind: "conflict" }> };

export interface SaverDeps<T> {
  send(document: T, revision: number): Promise<SaveOutcome>;
  later(run: () => void, ms: number): () => void; // returns the way to cancel
  now(): number;
  onState(state: SaveState): void;
  onSaved(outcome: Extract<SaveOutcome, { kind: "saved" }>, document: T): void;
  onRefused(outcome: Extract<SaveOutcome, { kind: "refused" }>): void;
}

const DELAY = 900;
const LONGEST_DELAY = 30_000;

export class Saver<T> {
  private wanted: T | null = null;
  private state: SaveState = { kind: "saved", at: null };
  private cancel: (() => void) | null = null;
  private flight: Promise<void> | null = null;
  private tries = 0;

  constructor(
    private revision: number,
    private readonly deps: SaverDeps<T>,
  ) {}

  get currentRevision(): number {
    return this.revision;
  }

  get isClean(): boolean {
    return this.wanted === null && this.flight === null;
  }

  /** Something changed while a request is still under way. */
  get isBehind(): boolean {
    return this.wanted !== null && this.flight !== null;
  }

  /** The document changed. */
  change(document: T): void {
    this.wanted = document;
    if (this.state.kind === "conflict") return; // waits for the person's choice
    if (!this.flight) this.show({ kind: "dirty" });
    this.schedule(DELAY);
  }

  /** Saves what is not saved yet, now; resolves when it is, or when it cannot be. */
  async flush(): Promise<boolean> {
    this.cancel?.();
    while (this.flight) await this.flight;
    if (this.wanted !== null && this.state.kind !== "conflict") await this.start();
    return this.isClean;
  }

  /** One last request while the page goes away; nobody waits for its answer. */
  leave(): void {
    if (this.wanted === null || this.flight || this.state.kind === "conflict") return;
    const document = this.wanted;
    this.wanted = null;
    void this.deps.send(document, this.revision);
  }

  /** After a conflict: keep `mine`, on top of what the other person saved. */
  overwrite(mine: T): void {
    if (this.state.kind !== "conflict") return;
    this.revision = this.state.theirs.revision;
    this.wanted = mine;
    this.show({ kind: "dirty" });
    this.schedule(0);
  }

  /** After a conflict: theirs was taken; there is nothing of ours to save. */
  accept(): void {
    if (this.state.kind !== "conflict") return;
    this.revision = this.state.theirs.revision;
    this.wanted = null;
    this.show({ kind: "saved", at: this.deps.now() });
  }

  /** The connection is back. */
  retry(): void {
    if (this.wanted !== null && this.state.kind !== "conflict") this.schedule(0);
  }

  private show(state: SaveState): void {
    this.state = state;
    this.deps.onState(state);
  }

  private schedule(ms: number): void {
    this.cancel?.();
    this.cancel = this.deps.later(() => {
      this.cancel = null;
      if (!this.flight) void this.start();
    }, ms);
  }

  private start(): Promise<void> {
    const document = this.wanted;
    if (document === null) return Promise.resolve();
    this.wanted = null;
    this.show({ kind: "saving" });
    this.flight = this.deps.send(document, this.revision).then((outcome) => {
      this.flight = null;
      this.settle(outcome, document);
    });
    return this.flight;
  }

  private settle(outcome: SaveOutcome, document: T): void {
    if (outcome.kind === "saved") {
      this.revision = outcome.revision;
      this.tries = 0;
      this.deps.onSaved(outcome, document);
      if (this.wanted === null) this.show({ kind: "saved", at: this.deps.now() });
      else this.schedule(DELAY);
      return;
    }
    this.wanted ??= document;
    if (outcome.kind === "conflict") {
      this.cancel?.();
      this.show({ kind: "conflict", theirs: outcome });
    } else if (outcome.kind === "offline") {
      this.tries += 1;
      this.show({ kind: "offline", tries: this.tries });
      this.schedule(Math.min(LONGEST_DELAY, 1_000 * 2 ** this.tries));
    } else {
      this.show({ kind: "refused", message: outcome.message });
      this.deps.onRefused(outcome);
    }
  }
}
