// Bundles the extension into dist/extension.js, and with `--tests` the unit tests and the extension-host suite as well.
// What goes into the package beside it is listed in .vscodeignore. The licences of what is bundled go into dist/NOTICES.txt.
import { build } from "esbuild";
import { readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";

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
const { metafile } = await build({
  ...common,
  entryPoints: ["src/extension.ts"],
  outfile: "dist/extension.js",
  minify: !tests,
  sourcemap: tests,
  metafile: true,
});
writeFileSync("dist/NOTICES.txt", notices(Object.keys(metafile.inputs)));
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

/** The licence of each package that these files come from. A package without one must not be shipped. */
function notices(files) {
  const folders = new Set(files.map((file) => /^.*node_modules\/(?:@[^/]+\/)?[^/]+/.exec(file)?.[0]).filter(Boolean));
  return [...folders]
    .sort()
    .map((folder) => {
      const { name, version, license } = JSON.parse(readFileSync(`${folder}/package.json`, "utf8"));
      const file = readdirSync(folder).find((entry) => /^licen[cs]e/i.test(entry));
      if (file === undefined) {
        throw new Error(`${name} ${version} comes without the text of its licence`);
      }
      return `${name} ${version} (${license})\n\n${readFileSync(`${folder}/${file}`, "utf8").trim()}\n`;
    })
    .join(`\n${"-".repeat(80)}\n\n`);
}
