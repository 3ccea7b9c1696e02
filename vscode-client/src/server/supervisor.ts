/**
 * Keeps one server running: starts it, starts it again with back-off when it dies, and stops it for good.
 *
 * At most one server exists at any time, and what was asked last wins. What a server is, how it is found and what the
 * user is told are for others: this knows no editor and no process.
 */
import { Backoff } from "./backoff";

/** A server that runs. */
export interface Running {
  /** Resolved with a sentence for people when the server ends without having been asked to. */
  readonly died: Promise<string>;
  /** End it; resolved when it is gone. Never rejects. */
  stop(): Promise<void>;
}

/** There is nothing that could be started: trying again would not help. The message says what to do. */
export class NoServer extends Error {}

export type Life =
  | { readonly kind: "stopped" }
  | { readonly kind: "starting" }
  | { readonly kind: "running" }
  | { readonly kind: "waiting"; readonly message: string; readonly delayMs: number }
  | { readonly kind: "missing"; readonly message: string }
  | { readonly kind: "failed"; readonly message: string };

export interface Clock {
  now(): number;
  /** Calls `action` after `ms`; what is returned takes it back. */
  after(ms: number, action: () => void): () => void;
}

export class Supervisor<Server extends Running> {
  private readonly backoff = new Backoff();
  private current: Server | undefined;
  private state: Life = { kind: "stopped" };
  /** Counts what was asked for, so that what is under way can tell that it is out of date. */
  private wish = 0;
  private takeBack: (() => void) | undefined;
  /** Ends when everything asked before has been done: starts and stops never overlap. */
  private queue: Promise<void> = Promise.resolve();

  /** `begin` starts a server; it rejects with NoServer where there is none, else with what went wrong. */
  constructor(
    private readonly begin: () => Promise<Server>,
    private readonly clock: Clock,
    private readonly onLife: (life: Life) => void,
  ) {}

  get life(): Life {
    return this.state;
  }

  /** The server, while it runs. */
  get server(): Server | undefined {
    return this.state.kind === "running" ? this.current : undefined;
  }

  /** Start the server, or end the one that runs and start anew. Resolved when that is done, well or not. */
  restart(): Promise<void> {
    this.backoff.reset();
    return this.enqueue(async (wish) => {
      await this.end();
      await this.start(wish);
    });
  }

  /** End the server for good. */
  stop(): Promise<void> {
    return this.enqueue(async () => {
      await this.end();
      this.tell({ kind: "stopped" });
    });
  }

  private enqueue(work: (wish: number) => Promise<void>): Promise<void> {
    const wish = ++this.wish;
    this.takeBack?.();
    this.takeBack = undefined;
    this.queue = this.queue.then(() => (wish === this.wish ? work(wish) : undefined));
    return this.queue;
  }

  private async start(wish: number): Promise<void> {
    this.tell({ kind: "starting" });
    const begun = this.clock.now();
    let server: Server;
    try {
      server = await this.begin();
    } catch (error) {
      if (wish !== this.wish) {
        return;
      }
      const message = error instanceof Error ? error.message : String(error);
      if (error instanceof NoServer) {
        this.tell({ kind: "missing", message });
      } else {
        this.tryLater(message, 0);
      }
      return;
    }
    this.current = server;
    void server.died.then((message) => {
      if (this.current !== server) {
        return;
      }
      this.current = undefined;
      if (wish === this.wish) {
        this.tryLater(message, this.clock.now() - begun);
      }
    });
    if (wish === this.wish) {
      this.tell({ kind: "running" });
    }
  }

  private async end(): Promise<void> {
    const server = this.current;
    this.current = undefined;
    await server?.stop();
  }

  private tryLater(message: string, livedMs: number): void {
    const delayMs = this.backoff.died(livedMs);
    if (delayMs === undefined) {
      this.tell({ kind: "failed", message });
      return;
    }
    this.tell({ kind: "waiting", message, delayMs });
    this.takeBack = this.clock.after(delayMs, () => {
      this.takeBack = undefined;
      void this.enqueue((wish) => this.start(wish));
    });
  }

  private tell(life: Life): void {
    this.state = life;
    this.onLife(life);
  }
}
