// Bundles the extension into dist/extension.js, and with `--tests` the unit tests and the extension-host suite as well.
// What goes into the package beside it is listed in .vscodeignore.
import { build } from "esbuild";
import { readdirSync, rmSync } from "node:fs";

const tests = process.argv.includes("--tests");
const common = {
  bundle: true,
  platform: "node",
  format: "cjs",
  target: "node20",
  external: ["vscode"],
  logLevel: "warning",
};

rmSync("dist", { recursive: true, force: true });
await build({ ...common, entryPoints: ["src/extension.ts"], outfile: "dist/extension.js", minify: !tests, sourcemap: tests });
await build({
  ...common,
  platform: "browser",
  format: "iife",
  target: "es2022",
  entryPoints: ["src/alternatives/webview.ts"],
  outfile: "dist/alternatives.js",
  minify: !tests,
});
if (tests) {
  const unit = readdirSync("test/unit").filter((name) => name.endsWith(".test.ts"));
  await build({ ...common, entryPoints: unit.map((name) => `test/unit/${name}`), outdir: "dist/unit", sourcemap: "inline" });
  await build({ ...common, entryPoints: ["test/host/index.ts"], outfile: "dist/host/index.js", sourcemap: "inline" });
}
