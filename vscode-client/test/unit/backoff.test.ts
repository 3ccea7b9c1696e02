/** A server that dies again and again must neither be started in a loop nor be given up after one bad moment. */
import assert from "node:assert/strict";
import { test } from "node:test";

import { Backoff, FIRST_DELAY_MS, HEALTHY_MS, MAX_DEATHS } from "../../src/server/backoff";

test("each death in a row doubles the wait, and after five there is no more", () => {
  const backoff = new Backoff();
  const waits = Array.from({ length: MAX_DEATHS + 1 }, () => backoff.died(10));
  assert.deepEqual(waits, [1, 2, 4, 8, 16].map((factor) => factor * FIRST_DELAY_MS).concat([undefined] as never[]));
});

test("a death after a healthy life is the first one again", () => {
  const backoff = new Backoff();
  backoff.died(10);
  backoff.died(10);
  assert.equal(backoff.died(HEALTHY_MS), FIRST_DELAY_MS);
});

test("the user's own start makes up for everything", () => {
  const backoff = new Backoff();
  for (let death = 0; death <= MAX_DEATHS; death++) {
    backoff.died(0);
  }
  backoff.reset();
  assert.equal(backoff.died(0), FIRST_DELAY_MS);
});
