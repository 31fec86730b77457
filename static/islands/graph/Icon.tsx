// Icons come from the sprite that static/build.mjs makes of static/icons.json: a kind may name any of them.
const SPRITE = new URL("icons.svg", import.meta.url).href;
const PREFIX = "icon-"; // the sprite's ids are words that a page may use itself
let inlined = false;

/** Puts the sprite into the page, so that icons drawn later need no request and outlast a lost connection. */
export async function inlineSprite(): Promise<void> {
  try {
    const response = await fetch(SPRITE);
    if (!response.ok) return;
    const sprite = new DOMParser().parseFromString(await response.text(), "image/svg+xml").documentElement;
    for (const symbol of sprite.querySelectorAll("symbol")) symbol.id = PREFIX + symbol.id;
    sprite.setAttribute("class", "hidden");
    sprite.setAttribute("aria-hidden", "true");
    document.body.append(sprite);
    inlined = true;
  } catch {
    // the sprite is referred to where it is
  }
}

export function Icon({ name, size, label }: { name: string; size?: number; label?: string }) {
  const style = size ? { width: size, height: size } : undefined;
  const described = label ? { role: "img", "aria-label": label } : { "aria-hidden": true };
  const id = name || "circle-dashed";
  return (
    <svg className="icon" style={style} {...described}>
      <use href={inlined ? `#${PREFIX}${id}` : `${SPRITE}#${id}`} />
    </svg>
  );
}
