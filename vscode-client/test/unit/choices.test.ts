/** Before half a gigabyte is fetched, the user must see its size, its licence and how fast such a model is here. */
import assert from "node:assert/strict";
import { test } from "node:test";

import { choicesOf, size } from "../../src/models/choices";
import type { Model } from "../../src/protocol";

const SMALL: Model = {
  name: "small",
  title: "Small, Q4",
  licence: "Apache-2.0",
  sizeBytes: 491_400_064,
  default: true,
  installed: true,
  current: true,
  speed: { decodeTokensPerS: 16.2, prefillTokensPerS: 143, device: "cpu" },
};

test("one that is here and measured", () => {
  const [choice] = choicesOf({ models: [SMALL], endpoint: "" });
  assert.equal(choice?.label, "$(check) small");
  assert.equal(choice.description, "491 MB · Apache-2.0");
  assert.equal(choice.detail, "Small, Q4 · on this machine · 16 tokens/s on this CPU · default");
});

test("one that is not", () => {
  const big = { ...SMALL, name: "big", sizeBytes: 1_117_320_768, default: false, installed: false, current: false, speed: null };
  const [choice] = choicesOf({ models: [big], endpoint: "" });
  assert.equal(choice?.label, "big");
  assert.equal(choice.description, "1.1 GB · Apache-2.0");
  assert.equal(choice.detail, "Small, Q4 · to be downloaded · speed not measured yet");
});

test("a file of the user's own may have neither size nor licence", () => {
  const own: Model = { name: "/m/own.gguf", title: "own", licence: "", sizeBytes: null, installed: true, current: true };
  assert.equal(choicesOf({ models: [own], endpoint: "" })[0]?.description, "");
  assert.equal(size(undefined), "");
});
