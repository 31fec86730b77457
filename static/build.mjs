// Builds everything the browser gets that is not authored as it is served: CSS, fonts, the icon sprite and
// the TypeScript islands, into static/build/. `node static/build.mjs [--watch] [--dev]`; an island whose
// entry does not exist is left out.
import { spawn } from "node:child_process";
import { cp, mkdir, readFile, watch, writeFile } from "node:fs/promises";
import { existsSync } from "node:fs";
import { createRequire } from "node:module";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";

const here = dirname(fileURLToPath(import.meta.url));
const root = dirname(here);
const out = join(here, "build");
const require = createRequire(import.meta.url);
const watching = process.argv.includes("--watch");
const minify = !watching && !process.argv.includes("--dev");

const FONTS = {
  "@fontsource-variable/inter": ["inter-latin-wght-normal", "inter-latin-ext-wght-normal", "inter-latin-wght-italic"],
  "@fontsource-variable/jetbrains-mono": ["jetbrains-mono-latin-wght-normal", "jetbrains-mono-latin-ext-wght-normal"],
};
const ISLANDS = ["team-canvas", "run-trace"];

const packageFolder = (name) => dirname(require.resolve(`${name}/package.json`));

async function fonts() {
  await mkdir(join(out, "fonts"), { recursive: true });
  for (const [family, files] of Object.entries(FONTS)) {
    for (const file of files) {
      await cp(join(packageFolder(family), "files", `${file}.woff2`), join(out, "fonts", `${file}.woff2`));
    }
  }
}

/** One sprite of the icons named in icons.json; `{% icon "house" %}` refers to its symbols. */
async function icons() {
  const names = JSON.parse(await readFile(join(here, "icons.json"), "utf8"));
  const folder = join(packageFolder("lucide-static"), "icons");
  const symbols = await Promise.all(
    names.map(async (name) => {
      const svg = await readFile(join(folder, `${name}.svg`), "utf8");
      const body = svg.slice(svg.indexOf(">", svg.indexOf("<svg")) + 1, svg.lastIndexOf("</svg>"));
      return `<symbol id="${name}" viewBox="0 0 24 24">${body.replace(/\s*\n\s*/g, "")}</symbol>`;
    }),
  );
  await writeFile(join(out, "icons.svg"), `<svg xmlns="http://www.w3.org/2000/svg">${symbols.join("")}</svg>\n`);
}

/** Runs Tailwind's command line with the Node that runs this file, so that no `node` on PATH is needed. */
function css() {
  const cli = join(packageFolder("@tailwindcss/cli"), "dist", "index.mjs");
  const args = [cli, "-i", join(here, "css", "troupe.css"), "-o", join(out, "troupe.css")];
  if (minify) args.push("--minify");
  if (watching) args.push("--watch=always");
  const child = spawn(process.execPath, args, { cwd: root, stdio: ["ignore", "ignore", "pipe"] });
  let said = "";
  child.stderr.on("data", (chunk) => {
    said += chunk;
    if (watching) process.stderr.write(chunk);
  });
  return new Promise((resolve, reject) => {
    child.on("error", reject);
    child.on("exit", (code) => (code ? reject(new Error(`Tailwind failed:\n${said}`)) : resolve()));
  });
}

async function islands() {
  const entries = ISLANDS.filter((name) => existsSync(join(here, "islands", name, "main.tsx")));
  if (!entries.length) return;
  const esbuild = await import("esbuild");
  const options = {
    entryPoints: entries.map((name) => ({ in: join(here, "islands", name, "main.tsx"), out: name })),
    outdir: out,
    bundle: true,
    format: "esm",
    target: "es2022",
    jsx: "automatic",
    minify,
    sourcemap: minify ? false : "linked",
    define: { "process.env.NODE_ENV": minify ? '"production"' : '"development"' },
    logLevel: "warning",
    legalComments: "eof",
  };
  // the layout engine runs in a thread of its own, loaded only when somebody tidies a drawing
  await cp(join(packageFolder("elkjs"), "lib", "elk-worker.min.js"), join(out, "elk-worker.js"));
  if (!watching) return void (await esbuild.build(options));
  await (await esbuild.context(options)).watch();
}

async function watchIcons() {
  for await (const { filename } of watch(here)) if (filename === "icons.json") await icons();
}

async function main() {
  const started = performance.now();
  await mkdir(out, { recursive: true });
  const jobs = [fonts(), icons(), islands(), css()];
  if (watching) jobs.push(watchIcons());
  await Promise.all(jobs);
  console.log(`Built static/build in ${((performance.now() - started) / 1000).toFixed(1)} s`);
}

await main().catch((error) => {
  console.error(error.message);
  process.exit(1);
});
