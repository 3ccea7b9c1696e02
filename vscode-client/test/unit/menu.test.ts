/** The menu and the manifest name the same commands, and what cannot be done now is not offered. */
import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { test } from "node:test";

import { menuOf, type MenuState } from "../../src/menu";

const USUAL: MenuState = { life: "running", paused: false, language: "python", languagePaused: false, model: "qwen" };

function commands(state: Partial<MenuState>): string[] {
  return menuOf({ ...USUAL, ...state }).flatMap((entry) => (entry === "line" ? [] : [entry.command]));
}

const manifest = JSON.parse(readFileSync("package.json", "utf8")) as {
  contributes: { commands: { command: string }[]; menus: Record<string, { command?: string }[]>; walkthroughs: unknown };
};
const known = new Set(manifest.contributes.commands.map((each) => each.command));

test("every entry, in every state, is a command of the manifest", () => {
  const states: Partial<MenuState>[] = [{}, { paused: true }, { languagePaused: true }, { life: "missing" }, { life: "failed" }];
  for (const command of states.flatMap(commands)) {
    assert.ok(known.has(command) || command === "settings" || command === "walkthrough", command);
  }
});

test("every command of the manifest is registered, and the other way round", () => {
  const source = readFileSync("src/commands.ts", "utf8") + readFileSync("src/app.ts", "utf8");
  for (const command of known) {
    assert.ok(source.includes(`"${command}"`), command);
  }
  for (const [, registered] of source.matchAll(/"(glosswright\.\w+)": \(/g)) {
    assert.ok(known.has(registered ?? ""), registered);
  }
});

test("menus and walkthrough name known commands", () => {
  const text = JSON.stringify([manifest.contributes.menus, manifest.contributes.walkthroughs]);
  for (const [, named] of text.matchAll(/(?:command:|"command":")(glosswright\.\w+)/g)) {
    assert.ok(known.has(named ?? ""), named);
  }
});

test("pause and resume stand in for each other", () => {
  assert.ok(commands({}).includes("glosswright.pause"));
  assert.ok(!commands({ paused: true }).includes("glosswright.pause"));
  assert.ok(commands({ paused: true }).includes("glosswright.resume"));
  assert.ok(commands({ languagePaused: true }).includes("glosswright.resumeLanguage"));
});

test("without a server only what needs none is offered, setting one up first", () => {
  const offered = commands({ life: "missing" });
  assert.equal(offered[0], "glosswright.setUp");
  assert.ok(!offered.includes("glosswright.generateFromComment"));
  assert.ok(!offered.includes("glosswright.chooseModel"));
  assert.ok(offered.includes("glosswright.runDoctor"));
});
