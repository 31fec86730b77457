// [data-schema-builder]: a typed output built by form. The textarea with the JSON Schema is what is sent; rows are a
// view of it, offered where they can say what it says. Without this module there is the textarea.
import { fromRows, nameProblem, toRows } from "./schema-rows.js";

const parse = (text) => {
  try {
    return text.trim() ? JSON.parse(text) : {};
  } catch {
    return null;
  }
};

function read(node) {
  const rest = node.dataset.type === node.querySelector("[data-type]").value ? JSON.parse(node.dataset.rest || "{}") : {};
  return {
    name: node.querySelector("[data-name]").value.trim(),
    type: node.querySelector("[data-type]").value,
    required: node.querySelector("[data-required]").checked,
    description: node.querySelector("[data-about]").value.trim(),
    choices: node.querySelector("[data-choices]").value.split(",").map((one) => one.trim()).filter(Boolean),
    rest,
  };
}

class Builder {
  constructor(root) {
    this.root = root;
    this.text = root.querySelector("[data-output-json] textarea");
    this.rows = root.querySelector("[data-schema-rows]");
    const typed = this.mode() !== "text";
    this.show(typed ? (this.draw() ? "form" : "json") : "text");
    root.addEventListener("change", (event) => event.target.name === "output" && this.choose(event.target.value));
    this.rows.addEventListener("input", () => this.write());
    root.addEventListener("click", (event) => this.press(event));
  }

  mode() {
    return this.root.querySelector('[name="output"]:checked')?.value ?? "text";
  }

  show(mode) {
    const chosen = this.root.querySelector(`[name="output"][value="${mode}"]`);
    if (chosen) chosen.checked = true;
    this.root.querySelector("[data-schema-form]").hidden = false;
    this.root.querySelector("[data-output-text]").hidden = mode !== "text";
    this.root.querySelector("[data-output-form]").hidden = mode !== "form";
    this.root.querySelector("[data-output-json]").hidden = mode !== "json";
    this.root.querySelector("[data-schema-beyond]").hidden = true;
  }

  choose(mode) {
    if (mode !== "form" || this.draw()) return this.show(mode);
    this.show("json");
    this.root.querySelector("[data-schema-beyond]").hidden = false;
  }

  /** Whether the schema can be shown as rows; then it is. */
  draw() {
    const rows = toRows(parse(this.text.value));
    if (!rows) return false;
    this.rows.replaceChildren(...rows.map((row) => this.node(row)));
    if (!rows.length) this.add();
    return true;
  }

  node(row) {
    const node = this.root.querySelector("[data-schema-row]").content.firstElementChild.cloneNode(true);
    node.dataset.rest = JSON.stringify(row.rest);
    node.dataset.type = row.type;
    node.querySelector("[data-name]").value = row.name;
    node.querySelector("[data-type]").value = row.type;
    node.querySelector("[data-required]").checked = row.required;
    node.querySelector("[data-about]").value = row.description;
    node.querySelector("[data-choices]").value = row.choices.join(", ");
    node.querySelector("[data-choices]").hidden = row.type !== "choice";
    return node;
  }

  add() {
    const node = this.node({ name: "", type: "text", required: true, description: "", choices: [], rest: {} });
    this.rows.append(node);
    return node;
  }

  press(event) {
    if (event.target.closest("[data-schema-add]")) this.add().querySelector("[data-name]").focus();
    const remove = event.target.closest("[data-remove]");
    if (!remove) return;
    remove.closest("[data-row]").remove();
    this.write();
    this.text.dispatchEvent(new Event("input", { bubbles: true }));
  }

  write() {
    const nodes = [...this.rows.querySelectorAll("[data-row]")];
    const rows = nodes.map(read);
    nodes.forEach((node, at) => {
      node.querySelector("[data-choices]").hidden = rows[at].type !== "choice";
      const wrong = node.querySelector("[data-wrong]");
      wrong.textContent = nameProblem(rows, at) || (rows[at].type === "choice" && !rows[at].choices.length ? "Name its choices." : "");
      wrong.hidden = !wrong.textContent;
    });
    const before = parse(this.text.value);
    this.text.value = JSON.stringify(fromRows(rows, before && Object.keys(before).length ? before : undefined), null, 2);
  }
}

const built = new WeakSet();
function build() {
  for (const root of document.querySelectorAll("[data-schema-builder]")) {
    if (built.has(root)) continue;
    built.add(root);
    new Builder(root);
  }
}
build();
document.addEventListener("htmx:after:swap", build);
