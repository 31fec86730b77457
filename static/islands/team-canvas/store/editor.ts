// The canvas' one store: the document with its history, what is picked, what is wrong, what was said.
import { inColumns, isUnplaced } from "../../graph/columns";
import {
  makeCatalog,
  completeGraph,
  type Catalog,
  type EdgeKind,
  type Graph,
  type Point,
  type Problem,
} from "../../graph/types";
import { meansTheSame, NOTHING, type Picked } from "../model/edits";
import * as history from "../model/history";
import { mapProblems, type ProblemMap } from "../model/problems";
import { Api, type CanvasData, type TeamInfo } from "./api";
import { Saver, type SaveState } from "./saver";

export interface Document {
  name: string;
  graph: Graph;
}
export interface Toast {
  id: number;
  text: string;
  tone: "plain" | "bad" | "good";
  action?: { label: string; run(): void };
}
export interface State {
  history: history.History<Document>;
  picked: Picked;
  problems: ProblemMap;
  checking: boolean;
  save: SaveState;
  team: TeamInfo;
  said: string;
  toast: Toast | null;
  drawer: boolean;
  picker: PickerRequest | null;
  publishing: boolean; // the dialog is open
  pointing: Problem | null; // the problem whose field is to be shown
  tidying: boolean;
  writing: string | null; // the note whose text is being written
  mode: "map" | "outline";
}

/** A list to choose from, and what the choice is for. */
export type PickerRequest =
  | { mode: "connect"; source: string; kind: EdgeKind }
  | { mode: "kind"; source: string; target: string; kinds: EdgeKind[] }
  | { mode: "insert"; edge: string }
  | { mode: "after"; source: string; kind: EdgeKind; at?: Point }
  | { mode: "add"; at?: Point }
  | { mode: "find" };

/** The drawing, as far as commands need it; there is none while the outline is shown. */
export interface View {
  centre(): Point;
  reveal(id: string): void;
  revealAll(ids: string[]): void;
  fit(): void;
  zoom(by: number): void;
}

const DRAWER = "troupe.canvas.drawer";
const CHECK_DELAY = 350;

export class Editor {
  state: State;
  readonly catalog: Catalog;
  readonly api: Api;
  readonly saver: Saver<Document>;
  readonly canEdit: boolean;
  view: View | null = null;
  pointer: Point | null = null; // where the pointer is over the drawing; things are pasted there
  private listeners = new Set<() => void>();
  private checkTimer = 0;
  private checks = 0;
  private toasts = 0;

  constructor(readonly data: CanvasData) {
    this.catalog = makeCatalog(data.kinds, data.agents, data.tools);
    this.api = new Api(data.urls, data.csrf);
    this.canEdit = data.can_edit;
    this.saver = new Saver<Document>(data.team.revision, {
      send: (document, revision) => this.api.save(revision, document.graph, document.name),
      later: (run, ms) => {
        const timer = window.setTimeout(run, ms);
        return () => window.clearTimeout(timer);
      },
      now: () => Date.now(),
      onState: (save) => this.set({ save }),
      onSaved: (outcome, document) => {
        if (document.graph === this.graph) this.showProblems(outcome.problems);
      },
      onRefused: (outcome) => {
        if (outcome.problems.length) this.showProblems(outcome.problems);
        this.toast(outcome.message, "bad");
      },
    });
    this.state = {
      history: history.begin({ name: data.team.name, graph: placed(completeGraph(data.graph), this.catalog) }),
      picked: NOTHING,
      problems: mapProblems(data.problems),
      checking: false,
      save: { kind: "saved", at: data.team.saved_at ? Date.parse(data.team.saved_at) : null },
      team: data.team,
      said: "",
      toast: null,
      drawer: localStorage.getItem(DRAWER) === "open",
      picker: null,
      publishing: false,
      pointing: null,
      tidying: false,
      writing: null,
      mode: window.matchMedia("(max-width: 767px)").matches ? "outline" : "map",
    };
  }

  // ── reading ────────────────────────────────────────────────────────────────────────────────────────
  subscribe = (listener: () => void): (() => void) => {
    this.listeners.add(listener);
    return () => this.listeners.delete(listener);
  };
  get graph(): Graph {
    return this.state.history.present.graph;
  }
  get name(): string {
    return this.state.history.present.name;
  }

  set(change: Partial<State>): void {
    this.state = { ...this.state, ...change };
    for (const listener of this.listeners) listener();
  }

  // ── changing ───────────────────────────────────────────────────────────────────────────────────────
  /** One undoable change of the graph; `label` says what it did, `key` joins a stream of like changes. */
  edit(
    label: string,
    change: (graph: Graph) => Graph,
    options: { key?: string; pick?: Picked; quiet?: boolean } = {},
  ): void {
    if (!this.canEdit) return;
    const next = change(this.graph);
    if (next === this.graph) return;
    this.commit({ name: this.name, graph: next }, label, options.key ?? "");
    if (options.pick) this.pick(options.pick);
    if (!options.quiet && !options.key) this.say(label);
  }

  rename(name: string): void {
    if (this.canEdit && name.trim() && name !== this.name)
      this.commit({ name: name.trim(), graph: this.graph }, "Rename the team", "name");
  }

  undo = (): void => this.travel(history.undo(this.state.history), "Undone", this.state.history.past.at(-1)?.label);
  redo = (): void => this.travel(history.redo(this.state.history), "Redone", this.state.history.future[0]?.label);

  private commit(document: Document, label: string, key: string): void {
    const before = this.graph;
    this.set({
      history: history.record(this.state.history, document, label, Date.now(), key),
      team: { ...this.state.team, changed: true },
      toast: this.state.toast?.action ? null : this.state.toast, // what it offers to undo is no longer the last step
    });
    this.changed(before);
  }

  private travel(next: history.History<Document>, word: string, label: string | undefined): void {
    if (next === this.state.history || !this.canEdit) return;
    const before = this.graph;
    this.set({ history: next, toast: null });
    this.pick(stillThere(this.state.picked, this.graph));
    this.changed(before);
    this.say(`${word}: ${label ?? "change"}`);
  }

  private changed(before: Graph): void {
    this.saver.change(this.state.history.present);
    if (!meansTheSame(before, this.graph)) this.checkSoon();
  }

  // ── picking ────────────────────────────────────────────────────────────────────────────────────────
  pick(picked: Picked): void {
    this.set({ picked });
  }
  pickNode(id: string): void {
    this.pick({ ...NOTHING, nodes: new Set([id]) });
  }
  pickEdge(id: string): void {
    this.pick({ ...NOTHING, edges: new Set([id]) });
  }

  // ── checking ───────────────────────────────────────────────────────────────────────────────────────
  checkSoon(): void {
    window.clearTimeout(this.checkTimer);
    this.checkTimer = window.setTimeout(() => void this.check(), CHECK_DELAY);
    if (!this.state.checking) this.set({ checking: true });
  }

  private async check(): Promise<void> {
    const mine = (this.checks += 1);
    const found = await this.api.validate(this.graph);
    if (mine !== this.checks) return;
    if (found) this.showProblems(found);
    else this.set({ checking: false });
  }

  showProblems(found: Problem[]): void {
    const before = this.state.problems;
    const problems = mapProblems(found, before);
    this.set({ problems, checking: false });
    if (problems.errors !== before.errors) {
      this.say(
        problems.errors === 0
          ? "Nothing blocks publishing"
          : `${problems.errors} problem${problems.errors === 1 ? "" : "s"}`,
      );
    }
  }

  openDrawer(open: boolean): void {
    localStorage.setItem(DRAWER, open ? "open" : "closed");
    this.set({ drawer: open });
  }

  // ── telling ────────────────────────────────────────────────────────────────────────────────────────
  /** Announced to screen readers; the same words twice are announced twice. */
  say(text: string): void {
    this.set({ said: this.state.said === text ? `${text}\u00a0` : text });
  }

  toast(text: string, tone: Toast["tone"] = "plain", action?: Toast["action"]): void {
    const id = (this.toasts += 1);
    this.set({ toast: action ? { id, text, tone, action } : { id, text, tone } });
    this.say(text);
    window.setTimeout(() => this.state.toast?.id === id && this.set({ toast: null }), action ? 8_000 : 4_500);
  }

  // ── leaving, conflicts ─────────────────────────────────────────────────────────────────────────────
  takeTheirs(): void {
    if (this.state.save.kind !== "conflict") return;
    const { theirs } = this.state.save;
    const document = { name: theirs.name ?? this.name, graph: placed(completeGraph(theirs.graph), this.catalog) };
    this.set({ history: history.record(this.state.history, document, "Take the other version", Date.now()) });
    this.pick(NOTHING);
    this.saver.accept();
    this.checkSoon();
    this.toast(`You see what ${theirs.by || "the other person"} saved. Undo brings yours back.`);
  }

  keepMine(): void {
    this.saver.overwrite(this.state.history.present);
  }
}

/** What nobody placed yet is shown in columns; that is saved with the first change. */
function placed(graph: Graph, catalog: Catalog): Graph {
  return isUnplaced(graph) ? inColumns(graph, catalog) : graph;
}

function stillThere(picked: Picked, graph: Graph): Picked {
  const keep = (ids: ReadonlySet<string>, items: { id: string }[]) => {
    const known = new Set(items.map((item) => item.id));
    return new Set([...ids].filter((id) => known.has(id)));
  };
  return {
    nodes: keep(picked.nodes, graph.nodes),
    edges: keep(picked.edges, graph.edges),
    notes: keep(picked.notes, graph.notes),
  };
}
