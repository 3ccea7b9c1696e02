/** Programs are run without a shell, to their end, or until they are cancelled: then all of what they started ends. */
import assert from "node:assert/strict";
import * as os from "node:os";
import { test } from "node:test";

import { run } from "../../src/server/run";

const NODE = process.execPath;
const cwd = os.tmpdir();

test("output, lines and exit code come back", async () => {
  const lines: string[] = [];
  const script = "console.log('a'); console.error('b'); process.exitCode = 3";
  const ran = await run(NODE, ["-e", script], { cwd, onLine: (line) => lines.push(line) });
  assert.deepEqual(ran, { code: 3, stdout: "a\n", stderr: "b\n", cancelled: false });
  assert.deepEqual(lines.sort(), ["a", "b"]);
});

test("arguments are not for a shell", async () => {
  const ran = await run(NODE, ["-p", "process.argv[1]", "$(echo no); `no`"], { cwd });
  assert.equal(ran.stdout, "$(echo no); `no`\n");
});

test("a program that is not there says so", async () => {
  const ran = await run("/no/such/program", [], { cwd });
  assert.equal(ran.code, undefined);
  assert.match(ran.stderr, /ENOENT/);
});

test("time runs out", async () => {
  const ran = await run(NODE, ["-e", "setInterval(() => {}, 1000)"], { cwd, timeoutMs: 200 });
  assert.deepEqual([ran.code, ran.cancelled], [undefined, false]);
  assert.match(ran.stderr, /no answer within 200 ms/);
});

test("a cancel ends the program and what it started", { skip: process.platform === "win32" }, async () => {
  const stop = new AbortController();
  const script = `
    const child = require("node:child_process").spawn(process.execPath, ["-e", "setInterval(() => {}, 1000)"]);
    console.log(child.pid);
    setInterval(() => {}, 1000);`;
  let grandchild = 0;
  const ran = await run(NODE, ["-e", script], {
    cwd,
    signal: stop.signal,
    onLine: (line) => {
      grandchild = Number(line);
      stop.abort();
    },
  });
  assert.ok(ran.cancelled);
  await gone(grandchild);
});

test("what was cancelled before it began does not begin", async () => {
  const ran = await run(NODE, ["-e", "0"], { cwd, signal: AbortSignal.abort() });
  assert.ok(ran.cancelled);
});

async function gone(pid: number): Promise<void> {
  const end = Date.now() + 5000;
  while (Date.now() < end) {
    try {
      process.kill(pid, 0);
    } catch {
      return;
    }
    await new Promise((resolve) => setTimeout(resolve, 20));
  }
  assert.fail(`process ${pid} is still there`);
}
