/** The private environment is made with a real Python and a real pip, from a wheel small enough to write by hand here. */
import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import * as fs from "node:fs";
import * as os from "node:os";
import * as path from "node:path";
import { after, before, describe as group, test } from "node:test";
import { brotliCompressSync } from "node:zlib";

import { complaint, describe, findPython, PrivateEnvironment, SetUpFailed, type Python } from "../../src/server/environment";
import { SERVER_ARGS } from "../../src/server/launch";
import { fits, probeServer, reasonOf } from "../../src/server/probe";

const WRITE_WHEEL = `
import sys, zipfile
path, version = sys.argv[1:]
info = f"glosswright-{version}.dist-info"
with zipfile.ZipFile(path, "w") as wheel:
    wheel.writestr("glosswright_server/__init__.py", "")
    wheel.writestr("glosswright_model/__init__.py", "")
    wheel.writestr(f"{info}/METADATA", f"Metadata-Version: 2.1\\nName: glosswright\\nVersion: {version}\\nProvides-Extra: llamacpp\\n")
    wheel.writestr(f"{info}/WHEEL", "Wheel-Version: 1.0\\nGenerator: test\\nRoot-Is-Purelib: true\\nTag: py3-none-any\\n")
    wheel.writestr(f"{info}/RECORD", "")
`;

const names = ["python3", "python3.12", "python3.11", "python3.10", "python3.13"];
const wanted: Python[] = names.map((command) => ({ command, args: [] }));

group("with a real Python", () => {
  let folder = "";
  let python: Python | undefined;
  let refused: string[] = [];

  before(async () => {
    folder = fs.mkdtempSync(path.join(os.tmpdir(), "glosswright-environment-"));
    ({ python, refused } = await findPython(wanted, folder));
  });
  after(() => fs.rmSync(folder, { recursive: true, force: true }));

  function bench(name: string) {
    assert.ok(python);
    const wheels = path.join(folder, name, "wheels");
    const storage = path.join(folder, name, "storage");
    fs.mkdirSync(wheels, { recursive: true });
    fs.mkdirSync(storage, { recursive: true });
    const write = (version: string): void => {
      const wheel = path.join(wheels, `glosswright-${version}-py3-none-any.whl`);
      const written = spawnSync(python?.command ?? "", ["-c", WRITE_WHEEL, wheel, version], { encoding: "utf8" });
      assert.equal(written.status, 0, written.stderr);
      fs.writeFileSync(`${wheel}.br`, brotliCompressSync(fs.readFileSync(wheel)));
      fs.rmSync(wheel);
    };
    write("1.0");
    return { storage, wheels, write, environment: new PrivateEnvironment(storage, wheels), python };
  }

  const options = { onStep: () => undefined, signal: new AbortController().signal };

  test("it is made, answers with its version, and knows when it is out of date", async (t) => {
    if (python === undefined) {
      t.skip(`no suitable Python: ${refused.join("; ")}`);
      return;
    }
    const { environment, storage, wheels, write, python: with_ } = bench("made");
    const left = path.join(storage, "environment-0123456789ab");
    fs.mkdirSync(left);
    assert.equal(environment.python, undefined);
    assert.equal(await environment.create({ ...options, python: with_ }), true);
    assert.equal(await environment.isCurrent(), true);
    assert.equal(fs.existsSync(left), false, "what other builds left is removed");
    const made = environment.python;
    assert.ok(made);
    assert.equal(await probeServer({ origin: "private", command: made, args: SERVER_ARGS }, folder), "1.0");

    fs.rmSync(path.join(wheels, "glosswright-1.0-py3-none-any.whl.br"));
    write("1.1");
    assert.equal(await environment.isCurrent(), false);
    assert.equal(environment.python, made, "the old one serves until the new one is there");
  });

  test("a cancel leaves nothing behind", async (t) => {
    if (python === undefined) {
      t.skip(`no suitable Python: ${refused.join("; ")}`);
      return;
    }
    const { environment, storage, python: with_ } = bench("cancelled");
    const stop = new AbortController();
    const steps: string[] = [];
    const onStep = (step: string): void => {
      steps.push(step);
      setTimeout(() => stop.abort(), 200);
    };
    assert.equal(await environment.create({ python: with_, onStep, signal: stop.signal }), false);
    assert.deepEqual(steps.slice(0, 1), ["Making a virtual environment"]);
    assert.equal(environment.python, undefined);
    assert.deepEqual(fs.readdirSync(storage), []);
  });

  test("a failure says so, and leaves nothing behind", async (t) => {
    if (python === undefined) {
      t.skip(`no suitable Python: ${refused.join("; ")}`);
      return;
    }
    const { environment, storage } = bench("broken");
    // It answers, but makes no environment.
    const broken = { command: process.execPath, args: ["-e", "process.exit(1)"] };
    await assert.rejects(environment.create({ ...options, python: broken }), SetUpFailed);
    assert.deepEqual(fs.readdirSync(storage), []);
  });
});

test("a build without the server says so", async () => {
  const environment = new PrivateEnvironment(os.tmpdir(), "/no/such/folder");
  const options = { python: { command: "python3", args: [] }, onStep: () => undefined, signal: AbortSignal.abort() };
  await assert.rejects(environment.create(options), /carries no server/);
});

test("a note that was tampered with leads nowhere", (t) => {
  const storage = fs.mkdtempSync(path.join(os.tmpdir(), "glosswright-note-"));
  t.after(() => fs.rmSync(storage, { recursive: true }));
  for (const note of ['{"digest": "../../../bin"}', "{}", "null", "no JSON"]) {
    fs.writeFileSync(path.join(storage, "environment.json"), note);
    assert.equal(new PrivateEnvironment(storage, "/no").python, undefined, note);
  }
});

for (const [line, step] of [
  ["Collecting xllamacpp>=2026.10 (from glosswright==0.1.0)", "Looking up xllamacpp"],
  ["  Downloading xllamacpp-2026.10.1-cp312-cp312-manylinux_2_28_x86_64.whl (21.3 MB)", "Downloading xllamacpp (21.3 MB)"],
  ["  Downloading https://host/a/tree_sitter-0.26.0-cp312.whl (600 kB)", "Downloading tree_sitter (600 kB)"],
  ["Installing collected packages: a, b", "Installing"],
  ["Requirement already satisfied: pip", ""],
] as const) {
  test(`pip's “${line.slice(0, 30)}…” is shown as “${step}”`, () => assert.equal(describe(line), step));
}

for (const [stderr, told] of [
  ["ERROR: No matching distribution found for x", /could not be fetched/],
  ["The virtual environment was not created because ensurepip is not available", /python3-venv/],
  ["OSError: [Errno 28] No space left on device", /disk is full/],
  ["ERROR: something else\n", /something else/],
] as const) {
  test(`“${stderr.trim()}” becomes advice`, () => assert.match(complaint({ stdout: "", stderr }), told));
}

for (const [stderr, reason] of [
  ["ModuleNotFoundError: No module named 'glosswright_server'", "Glosswright is not installed there"],
  ["importlib.metadata.PackageNotFoundError: x\nNo module named glosswright", "Glosswright is not installed there"],
  ["ModuleNotFoundError: No module named 'ensurepip'", /python3-venv/],
  ["spawn /no/python ENOENT", "there is no such program"],
  ["", "it gave no reason"],
] as const) {
  test(`“${stderr.slice(0, 40)}” is told as a reason`, () =>
    typeof reason === "string" ? assert.equal(reasonOf(stderr), reason) : assert.match(reasonOf(stderr), reason));
}

test("Pythons that are too old or too new are told apart", () => {
  assert.deepEqual([9, 10, 13, 14].map((minor) => fits(3, minor)), [false, true, true, false]);
});
