/**
 * Asks programs what they are: a Python for its version, a server candidate for Glosswright's.
 *
 * They run in the extension's own folder and import nothing from the folder they run in.
 */
import type { Candidate } from "./launch";
import { run } from "./run";

const PROBE_MS = 20_000;
const ASK_SERVER =
  "import importlib.metadata as m, glosswright_server, glosswright_model; print('glosswright', m.version('glosswright'))";
const ASK_PYTHON = "import sys, venv, ensurepip; print('python', *sys.version_info[:2])";

/** First and last Python that Glosswright runs on. */
export const PYTHONS = { first: [3, 10], last: [3, 13] } as const;

/** The environment for every Python that is started: nothing is imported from the current folder. */
export function pythonEnvironment(extra: NodeJS.ProcessEnv = {}): NodeJS.ProcessEnv {
  return { ...process.env, PYTHONSAFEPATH: "1", PYTHONUTF8: "1", ...extra };
}

/** The version of Glosswright that a candidate would run, or why it would not. */
export async function probeServer(candidate: Candidate, cwd: string): Promise<string | Error> {
  const args = candidate.args.length > 0 ? ["-c", ASK_SERVER] : ["--version"];
  const ran = await run(candidate.command, args, { cwd, env: pythonEnvironment(), timeoutMs: PROBE_MS });
  const version = /^glosswright (\S+)/m.exec(ran.stdout)?.[1];
  if (ran.code === 0 && version !== undefined) {
    return version;
  }
  return new Error(reasonOf(ran.stderr));
}

/** Whether an interpreter can hold Glosswright; the reason where it cannot. */
export async function probePython(command: string, args: readonly string[], cwd: string): Promise<Error | undefined> {
  const ran = await run(command, [...args, "-c", ASK_PYTHON], { cwd, env: pythonEnvironment(), timeoutMs: PROBE_MS });
  const version = /^python (\d+) (\d+)/m.exec(ran.stdout);
  if (ran.code !== 0 || version === null) {
    return new Error(reasonOf(ran.stderr));
  }
  return fits(Number(version[1]), Number(version[2]))
    ? undefined
    : new Error(`it is Python ${version[1] ?? ""}.${version[2] ?? ""}; Glosswright needs 3.10 to 3.13`);
}

/** Whether a Python of this version can run Glosswright. */
export function fits(major: number, minor: number): boolean {
  return major === 3 && minor >= PYTHONS.first[1] && minor <= PYTHONS.last[1];
}

/** The last line of what a program complained of, in words for people. */
export function reasonOf(stderr: string): string {
  const last = stderr.trim().split("\n").at(-1)?.trim() ?? "";
  const missing = /No module named '?([\w.]+)/.exec(last)?.[1];
  if (missing?.startsWith("glosswright")) {
    return "Glosswright is not installed there";
  }
  if (missing === "venv" || missing === "ensurepip") {
    return "it cannot make virtual environments (on Debian and Ubuntu: sudo apt-get install python3-venv)";
  }
  return last.includes('ENOENT') ? "there is no such program" : last || "it gave no reason";
}
