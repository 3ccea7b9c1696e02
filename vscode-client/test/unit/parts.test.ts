/** What of ghost text was accepted word by word is read off the document: typing and completing must not look like it. */
import assert from "node:assert/strict";
import { test } from "node:test";

import { acceptedLength, type Change, type Offered } from "../../src/parts";

const offered: Offered = { id: "s1", text: "def add(a, b):\n    return a + b", start: 10 };
const insert = (text: string, offset = 10): Change => ({ offset, deleted: 0, text });

const cases: [string, string, Change, number | undefined, Partial<Offered>?][] = [
  ["its first word", "", insert("def"), 3],
  ["the next word", "def", insert(" add", 13), 7],
  ["a word after letters that were typed", "de", insert("f add", 12), 7],
  ["its first line", "", insert("def add(a, b):\n"), 15],
  ["the whole, which its command tells", "", insert(offered.text), undefined],
  ["a letter, typed", "", insert("d"), undefined],
  ["one letter that is two units", "", insert("𝒳"), undefined, { text: "𝒳 = 1" }],
  ["the length in UTF-16 units", "", insert("𝒳 = 1"), 6, { text: "𝒳 = 1 + 2" }],
  ["a pair of brackets, typed", "def add", insert("()", 17), undefined, { text: "def add():\n    pass" }],
  ["another word", "", insert("class"), undefined],
  ["a word in the place of one", "", { offset: 10, deleted: 1, text: "def" }, undefined],
  ["the same word elsewhere", "x = ", insert("def", 14), undefined],
  ["a change before it", "", insert("def", 3), undefined],
  ["lines that end otherwise in the document", "", insert("def add(a, b):\r\n    return"), 25],
  ["and in the item", "", insert("def add(a, b):\n    return"), 26, { text: offered.text.replace("\n", "\r\n") }],
];

for (const [name, between, change, length, other] of cases) {
  test(name, () => assert.equal(acceptedLength({ ...offered, ...other }, between, change), length));
}
