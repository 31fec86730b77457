// Which instances each node of the graph has had: rounds of a loop, items of a map, delegations.
import type { Event } from "./events";
import { nodeIdOf } from "./state";

export class Instances {
  readonly byNode = new Map<string, string[]>(); // in the order in which something happened to them
  private known = new Set<string>();
  private counts = new Map<string, number>();
  private places = new Map<string, number>();

  take(event: Event): void {
    const { path } = event;
    if (path === "" || this.known.has(path)) return;
    this.known.add(path);
    const id = nodeIdOf(path);
    const list = this.byNode.get(id);
    if (list) list.push(path);
    else this.byNode.set(id, [path]);
    if (event.type !== "NodeStarted" || !event.parent) return;
    const key = `${event.parent}>${id}`;
    const place = (this.counts.get(key) ?? 0) + 1;
    this.counts.set(key, place);
    this.places.set(path, place);
  }

  of(id: string): string[] {
    return this.byNode.get(id) ?? NONE;
  }

  /** How often the same parent had spawned the node by then: 1 for the first. */
  place(path: string): number {
    return this.places.get(path) ?? 1;
  }
}

const NONE: string[] = [];
