// What a drawing shows first: all of it if that can be read, else its beginning at a size that can.
import { FIT } from "./Corner";

const LEGIBLE = 0.4; // zoom

interface Placed {
  id: string;
  position: { x: number; y: number };
}

/** Options of the first fit: the nodes from the left that fit into a window of this size. */
export function opening(nodes: Placed[], width = innerWidth, height = innerHeight) {
  const whole = { ...FIT, duration: 0 };
  const first = nodes.reduce<Placed | null>((found, one) => (found && found.position.x <= one.position.x ? found : one), null);
  if (!first) return whole;
  const [wide, high] = [width / LEGIBLE, height / LEGIBLE];
  const { x, y } = first.position;
  const near = nodes.filter(({ position }) => position.x - x < wide * 0.7 && Math.abs(position.y - y) < high / 2);
  return near.length < nodes.length ? { ...whole, nodes: near.map(({ id }) => ({ id })) } : whole;
}
