/** The panel shows code that a model wrote: as text, under a strict policy, and named for those who cannot see it. */
import assert from "node:assert/strict";
import { test } from "node:test";

import { askedFor, cardsOf, dedented, messageOf } from "../../src/alternatives/cards";
import { page } from "../../src/alternatives/page";
import type { Alternative, Alternatives } from "../../src/protocol";

function item(id: string, more: Partial<Alternative> = {}): Alternative {
  const base = { text: "    return 1\n", label: "✓ parses", passed: true, best: false, times: 1, detail: "", markdown: "" };
  return { id, ...base, edit: {}, facts: {}, ...more };
}

function answer(...items: Alternative[]): Alternatives {
  const nowhere = { line: 0, character: 0 };
  return { uri: "file:///a.py", version: 1, intent: { kind: "body", request: "", range: { start: nowhere, end: nowhere } }, items };
}

test("cards keep the server's order, and their names say all that the eye sees", () => {
  const cards = cardsOf(answer(item("s1", { best: true, times: 2 }), item("s2", { passed: false, detail: "It raises.", label: "✗ 1/3" })));
  assert.deepEqual(cards.map((card) => card.name), [
    "Alternative 1 of 2: ✓ parses, best",
    "Alternative 2 of 2: ✗ 1/3",
  ]);
  assert.deepEqual(cards.map((card) => card.notes), [["The model gave this 2 times."], ["It raises."]]);
});

test("the heading has one line of what was asked for", () => {
  assert.equal(askedFor("Count the vowels."), "Count the vowels.");
  assert.equal(askedFor("\nCount the vowels.\r\n\r\n>>> count('a')\n1\n"), "Count the vowels. …");
  assert.equal(askedFor(""), "");
});

for (const [text, shown] of [
  ["    a\n      b\n", "a\n  b"],
  ["\n\n\ta\n\t\tb\n\n", "a\n\tb"],
  ["a\n    b", "a\n    b"],
  ["    a\n\n    b", "a\n\nb"],
  ["  a\r\n  b\r\n", "a\nb"],
  ["", ""],
] as const) {
  test(`${JSON.stringify(text)} is shown as ${JSON.stringify(shown)}`, () => assert.equal(dedented(text), shown));
}

for (const [value, message] of [
  [{ kind: "insert", id: "s1" }, { kind: "insert", id: "s1" }],
  [{ kind: "cancel" }, { kind: "cancel" }],
  [{ kind: "insert" }, undefined],
  [{ kind: "insert", id: 3 }, undefined],
  [{ kind: "eval", id: "s1" }, undefined],
  ["insert", undefined],
  [null, undefined],
] as const) {
  test(`the page's ${JSON.stringify(value)} is ${message ? "heard" : "ignored"}`, () => assert.deepEqual(messageOf(value), message));
}

test("the page lets in its own script and style, and nothing else", () => {
  const html = page({ source: "https://own", script: "https://own/a.js", style: "https://own/a.css", nonce: "n0nce" });
  const policy = /Content-Security-Policy" content="([^"]*)"/.exec(html)?.[1];
  assert.equal(policy, "default-src 'none'; style-src https://own; script-src 'nonce-n0nce'");
  assert.equal(html.match(/<script/g)?.length, 1);
  assert.doesNotMatch(html, /unsafe-inline|onclick|style="/);
});
