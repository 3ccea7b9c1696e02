/**
 * One server process and the language client that speaks with it, from start to end.
 *
 * It tells when the server dies and never restarts it: that is the supervisor's. Stopping is asked for politely, and
 * enforced after a while.
 */
import { spawn, type ChildProcess } from "node:child_process";
import { once } from "node:events";
import type { LogOutputChannel } from "vscode";
import {
  CloseAction,
  ErrorAction,
  LanguageClient,
  type LanguageClientOptions,
} from "vscode-languageclient/node";

import type { Launch } from "./launch";
import { pythonEnvironment } from "./probe";
import { kill } from "./run";
import type { Running } from "./supervisor";

const STOP_MS = 3000;
const ID = "glosswright";

export interface SessionOptions {
  readonly launch: Launch;
  /** The folder that the server runs in: the extension's own, never the workspace. */
  readonly cwd: string;
  /** What the server finds in its environment beside ours. */
  readonly env: NodeJS.ProcessEnv;
  readonly log: LogOutputChannel;
  readonly client: Pick<LanguageClientOptions, "documentSelector" | "initializationOptions" | "middleware">;
  /** Called before the client starts, so that no notification is missed. */
  readonly prepare: (client: LanguageClient) => void;
}

export class Session implements Running {
  readonly died: Promise<string>;
  private stopping = false;

  private constructor(
    readonly client: LanguageClient,
    readonly launch: Launch,
    private readonly child: ChildProcess,
    private readonly log: LogOutputChannel,
    lastWords: () => string,
  ) {
    this.died = new Promise((resolve) => {
      child.once("exit", (code, signal) => {
        log.info(`The server has ended (${signal ?? `exit code ${code ?? "unknown"}`}).`);
        if (!this.stopping) {
          const words = lastWords();
          resolve(`The server has ended (${signal ?? `exit code ${code ?? "unknown"}`}).${words && ` ${words}`}`);
        }
      });
    });
  }

  /** Start a server and shake hands with it. Rejects with a sentence for people. */
  static async start(options: SessionOptions): Promise<Session> {
    const { launch, log } = options;
    log.info(`Starting ${[launch.command, ...launch.args].join(" ")} (Glosswright ${launch.version}, ${launch.origin})`);
    const child = spawn(launch.command, [...launch.args], {
      cwd: options.cwd,
      env: pythonEnvironment(options.env),
      stdio: "pipe",
      windowsHide: true,
      // A group of its own: what is meant for the editor, Ctrl-C in its terminal say, is not for the server.
      detached: process.platform !== "win32",
    });
    await once(child, "spawn"); // rejects with the reason where it could not be started
    let last = "";
    child.stderr.on("data", (chunk: Buffer) => {
      last = chunk.toString("utf8").trim().split("\n").at(-1) ?? last;
    });
    const client = new LanguageClient(ID, "Glosswright", () => Promise.resolve(child), {
      ...options.client,
      outputChannel: log,
      // Failures are shown in the status bar, once, by whoever started this.
      initializationFailedHandler: () => false,
      errorHandler: {
        error: () => ({ action: ErrorAction.Continue, handled: true }),
        closed: () => ({ action: CloseAction.DoNotRestart, handled: true }),
      },
    });
    const session = new Session(client, launch, child, log, () => last);
    options.prepare(client);
    try {
      // A server that ends before it has answered would leave the handshake waiting.
      await Promise.race([client.start(), session.died.then((message) => Promise.reject(new Error(message)))]);
    } catch (error) {
      await session.stop();
      throw error;
    }
    return session;
  }

  async stop(): Promise<void> {
    this.stopping = true;
    const gone = this.child.exitCode !== null || this.child.signalCode !== null ? Promise.resolve() : once(this.child, "exit");
    try {
      await this.client.dispose(STOP_MS);
    } catch (error) {
      this.log.debug(`The client did not stop as it should: ${String(error)}`);
    }
    const late = new Promise<"late">((resolve) => setTimeout(resolve, STOP_MS, "late").unref());
    if ((await Promise.race([gone, late])) === "late") {
      this.log.warn("The server did not end when it was asked to; it is ended.");
      kill(this.child);
    }
  }
}
