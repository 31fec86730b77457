// Runs the islands' unit tests: every *.test.ts is bundled by esbuild and given to Node's own test runner.
// `node static/test.mjs [words of a test's name]`
import { spawn } from "node:child_process";
import { mkdtemp, readdir, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import { build } from "esbuild";

const islands = join(dirname(fileURLToPath(import.meta.url)), "islands");
const names = (await readdir(islands, { recursive: true })).filter((name) => name.endsWith(".test.ts")).sort();
const out = await mkdtemp(join(tmpdir(), "troupe-islands-"));
try {
  await build({
    entryPoints: names.map((name) => join(islands, name)),
    outdir: out,
    outbase: islands,
    outExtension: { ".js": ".mjs" },
    bundle: true,
    platform: "node",
    format: "esm",
    jsx: "automatic",
    loader: { ".css": "empty" },
    sourcemap: "inline",
    logLevel: "warning",
  });
  const files = names.map((name) => join(out, name.replace(/\.ts$/, ".mjs")));
  const filter = process.argv[2] ? [`--test-name-pattern=${process.argv.slice(2).join(" ")}`] : [];
  const child = spawn(process.execPath, ["--enable-source-maps", "--test", ...filter, ...files], { stdio: "inherit" });
  process.exitCode = await new Promise((resolve) => child.on("exit", (code) => resolve(code ?? 1)));
} finally {
  await rm(out, { recursive: true, force: true });
}
