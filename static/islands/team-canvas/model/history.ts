// Undo and redo without limit: whole documents that share what did not change.
export interface Step<T> {
  state: T;
  label: string; // what the change was: "Add Router"
}
export interface History<T> {
  past: Step<T>[]; // the state before each change, oldest first
  present: T;
  future: Step<T>[]; // the state after each undone change, nearest first
  merge: { key: string; at: number } | null;
}

const MERGE_MS = 1_200;

export function begin<T>(present: T): History<T> {
  return { past: [], present, future: [], merge: null };
}

/**
 * A new present. Changes with the same `key` that follow one another within a moment become one step, so
 * that typing a word is undone as a word. `now` in milliseconds.
 */
export function record<T>(history: History<T>, next: T, label: string, now: number, key = ""): History<T> {
  if (next === history.present) return history;
  const { merge } = history;
  const joins = key !== "" && merge?.key === key && now - merge.at < MERGE_MS && history.past.length > 0;
  const past = joins ? history.past : [...history.past, { state: history.present, label }];
  return { past, present: next, future: [], merge: key ? { key, at: now } : null };
}

export function undo<T>(history: History<T>): History<T> {
  const step = history.past.at(-1);
  if (!step) return history;
  const future = [{ state: history.present, label: step.label }, ...history.future];
  return { past: history.past.slice(0, -1), present: step.state, future, merge: null };
}

export function redo<T>(history: History<T>): History<T> {
  const [step, ...future] = history.future;
  if (!step) return history;
  const past = [...history.past, { state: history.present, label: step.label }];
  return { past, present: step.state, future, merge: null };
}
