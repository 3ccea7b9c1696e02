/**
 * Runs a program to its end: its output line by line, a time limit, and a cancel that ends what it started as well.
 *
 * No shell is ever involved. What the output means is for the caller to say.
 */
import { spawn, type ChildProcess } from "node:child_process";
import { createInterface } from "node:readline";

export interface RunOptions {
  readonly cwd: string;
  readonly env?: NodeJS.ProcessEnv;
  readonly timeoutMs?: number;
  readonly signal?: AbortSignal;
  /** Called for each line of either stream. */
  readonly onLine?: (line: string) => void;
}

export interface Ran {
  /** undefined when it could not be started, was cancelled or ran out of time. */
  readonly code: number | undefined;
  readonly stdout: string;
  /** Standard error, or why the program could not be run to its end. */
  readonly stderr: string;
  readonly cancelled: boolean;
}

/** Most characters that are kept of either stream; what comes first goes first. */
const MAX_CHARS = 200_000;

/** Run `command`. Never rejects. */
export function run(command: string, args: readonly string[], options: RunOptions): Promise<Ran> {
  if (options.signal?.aborted) {
    return Promise.resolve({ code: undefined, stdout: "", stderr: "cancelled", cancelled: true });
  }
  return new Promise((resolve) => {
    const child = spawn(command, [...args], {
      cwd: options.cwd,
      env: options.env ?? process.env,
      stdio: ["ignore", "pipe", "pipe"],
      // A group of its own, so that what it starts can be ended with it.
      detached: process.platform !== "win32",
      windowsHide: true,
    });
    const kept = { stdout: "", stderr: "" };
    let why = "";
    const end = (reason: string) => {
      why ||= reason;
      kill(child);
    };
    const cancel = () => end("cancelled");
    const timer =
      options.timeoutMs === undefined
        ? undefined
        : setTimeout(() => end(`no answer within ${options.timeoutMs ?? 0} ms`), options.timeoutMs);
    options.signal?.addEventListener("abort", cancel, { once: true });
    for (const name of ["stdout", "stderr"] as const) {
      createInterface({ input: child[name] }).on("line", (line) => {
        kept[name] = (kept[name] + line + "\n").slice(-MAX_CHARS);
        options.onLine?.(line);
      });
    }
    let done = false;
    const finish = (code: number | undefined, error: string) => {
      if (done) {
        return;
      }
      done = true;
      clearTimeout(timer);
      options.signal?.removeEventListener("abort", cancel);
      const cancelled = why === "cancelled";
      resolve({ code: why ? undefined : code, stdout: kept.stdout, stderr: why || error || kept.stderr, cancelled });
    };
    child.on("error", (error) => finish(undefined, error.message));
    child.on("close", (code) => finish(code ?? undefined, ""));
  });
}

/** End a process and, where it leads a group, the whole group. */
export function kill(child: ChildProcess): void {
  if (child.pid === undefined || child.exitCode !== null) {
    return;
  }
  if (process.platform === "win32") {
    spawn("taskkill", ["/pid", String(child.pid), "/t", "/f"], { stdio: "ignore", windowsHide: true });
    return;
  }
  try {
    process.kill(-child.pid, "SIGKILL");
  } catch {
    child.kill("SIGKILL");
  }
}
