/** Ghost text in the middle of a snippet takes the Tab key from the user: when it would disturb it must not come. */
import assert from "node:assert/strict";
import { test } from "node:test";

import { isUnwelcome, type Moment } from "../../src/manners";

const cursor = { isEmpty: true };
const selected = { isEmpty: false };
const USUAL: Moment = { byHand: false, inlineSuggest: true, paused: false, selections: [cursor] };

const cases: [string, Partial<Moment>, boolean][] = [
  ["typing", {}, false],
  ["a document that no editor shows", { selections: undefined }, false],
  ["a placeholder is selected", { selections: [selected] }, true],
  ["several cursors", { selections: [cursor, cursor] }, true],
  ["ghost text is turned off in the editor", { inlineSuggest: false }, true],
  ["turned off, but asked for by hand", { inlineSuggest: false, byHand: true }, false],
  ["asked for by hand, with a selection", { selections: [selected], byHand: true }, false],
  ["paused", { paused: true }, true],
  ["paused, and asked for by hand", { paused: true, byHand: true }, true],
];

for (const [name, moment, unwelcome] of cases) {
  test(name, () => assert.equal(isUnwelcome({ ...USUAL, ...moment }), unwelcome));
}
