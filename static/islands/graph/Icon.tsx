// Icons come from the sprite that static/build.mjs makes of static/icons.json: a kind may name any of them.
const SPRITE = new URL("icons.svg", import.meta.url).href;

export function Icon({ name, size, label }: { name: string; size?: number; label?: string }) {
  const style = size ? { width: size, height: size } : undefined;
  const described = label ? { role: "img", "aria-label": label } : { "aria-hidden": true };
  return (
    <svg className="icon" style={style} {...described}>
      <use href={`${SPRITE}#${name || "circle-dashed"}`} />
    </svg>
  );
}
