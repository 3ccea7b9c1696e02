/** Paused means silent, at once and in all the right places: for a language, or for everything. */
import assert from "node:assert/strict";
import { test } from "node:test";

import { Pauses } from "../../src/pauses";

test("a language is paused alone", () => {
  const told: unknown[] = [];
  const pauses = new Pauses((language, paused) => told.push([language, paused]));
  pauses.set("python", true);
  assert.ok(pauses.has("python"));
  assert.ok(!pauses.has("go"));
  pauses.set("python", false);
  assert.ok(!pauses.has("python"));
  assert.deepEqual(told, [["python", true], ["python", false]]);
});

test("resuming everything leaves nothing paused", () => {
  const pauses = new Pauses(() => undefined);
  pauses.set("python", true);
  pauses.set(undefined, true);
  assert.ok(pauses.has("go"));
  pauses.set(undefined, false);
  assert.ok(!pauses.has("go"));
  assert.ok(!pauses.has("python"));
});
