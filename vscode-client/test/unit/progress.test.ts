/** A Cancel must be there for what takes long, and nothing must pop up for what does not. */
import assert from "node:assert/strict";
import { test } from "node:test";

import { SHOW_AFTER_MS, WorkProgress, type Begin, type Screen } from "../../src/progress";

class FakeScreen implements Screen {
  readonly said: string[] = [];
  cancel: (() => void) | undefined;
  timers = new Map<() => void, number>();

  show(title: string, cancel: (() => void) | undefined) {
    this.said.push(`show ${title}`);
    this.cancel = cancel;
    return {
      report: (message: string, percentage: number | undefined) => this.said.push(`${message} ${percentage ?? "?"}`),
      close: () => this.said.push("close"),
    };
  }

  after(ms: number, action: () => void) {
    this.timers.set(action, ms);
    return () => {
      this.timers.delete(action);
    };
  }

  wake(): void {
    for (const action of [...this.timers.keys()]) {
      this.timers.delete(action);
      action();
    }
  }
}

const BEGIN: Begin = { kind: "begin", title: "Glosswright", cancellable: true, percentage: 0 };

function bench() {
  const screen = new FakeScreen();
  const cancelled: unknown[] = [];
  return { screen, cancelled, progress: new WorkProgress(screen, (token) => cancelled.push(token)) };
}

test("work that ends soon is never shown", () => {
  const { screen, progress } = bench();
  progress.take("t", BEGIN);
  progress.take("t", { kind: "report", message: "asking" });
  progress.take("t", { kind: "end" });
  screen.wake();
  assert.deepEqual(screen.said, []);
});

test("after a second it is shown, with what was said last, until it ends", () => {
  const { screen, progress } = bench();
  progress.take("t", BEGIN);
  progress.take("t", { kind: "report", message: "asking" });
  assert.deepEqual([...screen.timers.values()], [SHOW_AFTER_MS]);
  screen.wake();
  progress.take("t", { kind: "report", message: "writing" });
  progress.take("t", { kind: "end" });
  assert.deepEqual(screen.said, ["show Glosswright", "asking ?", "writing ?", "close"]);
});

test("the user's cancel reaches the server under its token", () => {
  const { screen, cancelled, progress } = bench();
  progress.take(7, BEGIN);
  screen.wake();
  screen.cancel?.();
  assert.deepEqual(cancelled, [7]);
});

test("what cannot be cancelled shows no button", () => {
  const { screen, progress } = bench();
  progress.take("t", { ...BEGIN, cancellable: false });
  screen.wake();
  assert.equal(screen.cancel, undefined);
});

test("the start of the model is not shown while it only loads", () => {
  const { screen, progress } = bench();
  progress.take("t", { ...BEGIN, title: "Glosswright model" });
  screen.wake();
  progress.take("t", { kind: "report", message: "loading" });
  assert.deepEqual(screen.said, []);
});

test("but its download is", () => {
  const { screen, progress } = bench();
  progress.take("t", { ...BEGIN, title: "Glosswright model" });
  screen.wake();
  progress.take("t", { kind: "report", message: "40 of 100 MB", percentage: 40 });
  assert.deepEqual(screen.said, ["show Glosswright model", "40 of 100 MB 40"]);
});

test("two works do not get into each other's way", () => {
  const { screen, progress } = bench();
  progress.take("a", BEGIN);
  progress.take("b", { ...BEGIN, title: "Other" });
  progress.take("a", { kind: "end" });
  screen.wake();
  assert.deepEqual(screen.said, ["show Other", " ?"]);
});

test("late and unknown messages are nothing", () => {
  const { screen, progress } = bench();
  progress.take("t", { kind: "report", message: "?" });
  progress.take("t", { kind: "end" });
  screen.wake();
  assert.deepEqual(screen.said, []);
});

test("when the server is gone, so is what it was at", () => {
  const { screen, progress } = bench();
  progress.take("t", BEGIN);
  screen.wake();
  progress.clear();
  assert.equal(screen.said.at(-1), "close");
});

test("what another part shows is left to it", () => {
  const { screen, progress } = bench();
  const told: string[] = [];
  const release = progress.claim("mine", (message) => told.push(message));
  progress.take("mine", BEGIN);
  progress.take("mine", { kind: "report", message: "writing" });
  progress.take("mine", { kind: "end", message: "done" });
  screen.wake();
  assert.deepEqual([told, screen.said], [["writing"], []]);
  release();
  progress.take("mine", BEGIN);
  screen.wake();
  assert.deepEqual(screen.said, ["show Glosswright", " ?"]);
});
