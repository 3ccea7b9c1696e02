/** The status bar is the one thing that is always there: each state must be told truly, in a sign and in words. */
import assert from "node:assert/strict";
import { test } from "node:test";

import { view, type Known, type Mood } from "../../src/status/view";

const RUNNING: Known = {
  life: { kind: "running" },
  status: { state: "ready", model: "qwen" },
  paused: false,
  pausedLanguage: undefined,
  document: undefined,
  trusted: true,
};
const excluded = { uri: "file:///a/.env", offered: false, reason: "excluded", detail: "excluded by `.env`" };

const cases: [string, Partial<Known>, Mood, RegExp][] = [
  ["before anything", { life: { kind: "stopped" }, status: undefined }, "off", /stopped/],
  ["without a server", { life: { kind: "missing", message: "run Set Up" } }, "off", /run Set Up/],
  ["while it starts", { life: { kind: "starting" }, status: undefined }, "loading", /starting/],
  ["between two lives", { life: { kind: "waiting", message: "It died.", delayMs: 2000 } }, "error", /It died\. .* 2 s/],
  ["given up", { life: { kind: "failed", message: "It died." } }, "error", /not started again/],
  ["ready", {}, "ready", /ready/],
  ["ready, with the last verdict", { status: { state: "ready", message: "✓ 3/3 examples" } }, "ready", /✓ 3\/3 examples/],
  ["before the first word", { status: undefined }, "ready", /ready/],
  ["no model yet", { status: { state: "off", enabled: true, message: "no model was needed yet" } }, "ready", /needed yet/],
  ["turned off", { status: { state: "off", enabled: false } }, "off", /turned off/],
  ["loading", { status: { state: "loading" } }, "loading", /being loaded/],
  ["downloading", { status: { state: "downloading", percentage: 40 } }, "loading", /downloaded/],
  ["generating", { status: { state: "generating" } }, "generating", /generating/],
  ["an error", { status: { state: "error", message: "no route" } }, "error", /no route/],
  ["paused", { paused: true, status: { state: "generating" } }, "off", /paused/],
  ["paused here", { pausedLanguage: "python" }, "off", /paused for python/],
  ["an excluded file", { document: excluded }, "off", /excluded by/],
];

for (const [name, known, mood, words] of cases) {
  test(name, () => {
    const shown = view({ ...RUNNING, ...known });
    assert.equal(shown.mood, mood);
    assert.match(shown.tooltip, words);
    assert.match(shown.label, words);
    assert.doesNotMatch(shown.label, /\$\(/, "a screen reader would read the icon's name");
  });
}

test("each mood has its own icon", () => {
  const icons = new Set(cases.map(([, known]) => /\$\([^)]+\)/.exec(view({ ...RUNNING, ...known }).text)?.[0]));
  assert.equal(icons.size, 5);
});

test("the percentage stands in the bar", () => {
  assert.match(view({ ...RUNNING, status: { state: "downloading", percentage: 40 } }).text, /40 %/);
});

test("that a workspace is not trusted is said", () => {
  assert.match(view({ ...RUNNING, trusted: false }).tooltip, /not trusted/);
});
