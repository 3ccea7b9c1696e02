/** One server at a time, started again after a death, never after a stop: driven here with a clock that stands still. */
import assert from "node:assert/strict";
import { test } from "node:test";

import { NoServer, Supervisor, type Life, type Running } from "../../src/server/supervisor";

class FakeServer implements Running {
  die!: (message: string) => void;
  readonly died = new Promise<string>((resolve) => {
    this.die = resolve;
  });
  stopped = false;

  stop(): Promise<void> {
    this.stopped = true;
    return Promise.resolve();
  }
}

class Bench {
  readonly servers: FakeServer[] = [];
  readonly lives: Life["kind"][] = [];
  readonly failures: Error[] = [];
  now = 0;
  timer: { ms: number; action: () => void } | undefined;
  /** Starts wait for this. */
  gate: Promise<void> = Promise.resolve();
  readonly supervisor = new Supervisor(
    async () => {
      await this.gate;
      const failure = this.failures.shift();
      if (failure !== undefined) {
        throw failure;
      }
      const server = new FakeServer();
      this.servers.push(server);
      return server;
    },
    {
      now: () => this.now,
      after: (ms, action) => {
        this.timer = { ms, action };
        return () => {
          this.timer = undefined;
        };
      },
    },
    (life) => this.lives.push(life.kind),
  );

  get last(): FakeServer {
    const server = this.servers.at(-1);
    assert.ok(server, "no server was started");
    return server;
  }

  /** Let the timer run out, and everything that follows. */
  async wake(): Promise<void> {
    const { timer } = this;
    this.timer = undefined;
    timer?.action();
    await settle();
  }
}

async function settle(): Promise<void> {
  for (let turn = 0; turn < 20; turn++) {
    await Promise.resolve();
  }
}

test("it starts, and says so", async () => {
  const bench = new Bench();
  await bench.supervisor.restart();
  assert.deepEqual(bench.lives, ["starting", "running"]);
  assert.equal(bench.supervisor.server, bench.last);
});

test("a server that dies is started again after a while", async () => {
  const bench = new Bench();
  await bench.supervisor.restart();
  bench.last.die("killed");
  await settle();
  assert.deepEqual(bench.supervisor.life, { kind: "waiting", message: "killed", delayMs: 1000 });
  assert.equal(bench.supervisor.server, undefined);
  await bench.wake();
  assert.equal(bench.supervisor.life.kind, "running");
  assert.equal(bench.servers.length, 2);
});

test("one that cannot live is given up, until the user asks", async () => {
  const bench = new Bench();
  await bench.supervisor.restart();
  for (let death = 0; death < 6; death++) {
    bench.last.die("again");
    await settle();
    await bench.wake();
  }
  assert.equal(bench.supervisor.life.kind, "failed");
  assert.equal(bench.servers.length, 6);
  await bench.supervisor.restart();
  assert.equal(bench.supervisor.life.kind, "running");
});

test("a restart ends the old server before the new one begins", async () => {
  const bench = new Bench();
  await bench.supervisor.restart();
  const first = bench.last;
  await bench.supervisor.restart();
  assert.ok(first.stopped);
  assert.notEqual(bench.last, first);
});

test("restarts asked for at once are one", async () => {
  const bench = new Bench();
  await Promise.all([bench.supervisor.restart(), bench.supervisor.restart(), bench.supervisor.restart()]);
  assert.equal(bench.servers.length, 1);
});

test("a stop while it starts ends what was started", async () => {
  const bench = new Bench();
  let open = (): void => undefined;
  bench.gate = new Promise((resolve) => {
    open = resolve;
  });
  const started = bench.supervisor.restart();
  await settle();
  const stopped = bench.supervisor.stop();
  open();
  await Promise.all([started, stopped]);
  assert.ok(bench.last.stopped);
  assert.equal(bench.supervisor.life.kind, "stopped");
});

test("after a stop nothing comes back, even if the server died just then", async () => {
  const bench = new Bench();
  await bench.supervisor.restart();
  bench.last.die("killed");
  await bench.supervisor.stop();
  await settle();
  assert.equal(bench.timer, undefined);
  assert.equal(bench.supervisor.life.kind, "stopped");
});

test("where there is no server, it is not tried again", async () => {
  const bench = new Bench();
  bench.failures.push(new NoServer("install one"));
  await bench.supervisor.restart();
  assert.deepEqual(bench.supervisor.life, { kind: "missing", message: "install one" });
  assert.equal(bench.timer, undefined);
});

test("a start that fails counts as a death", async () => {
  const bench = new Bench();
  bench.failures.push(new Error("port taken"));
  await bench.supervisor.restart();
  assert.deepEqual(bench.supervisor.life, { kind: "waiting", message: "port taken", delayMs: 1000 });
  await bench.wake();
  assert.equal(bench.supervisor.life.kind, "running");
});
