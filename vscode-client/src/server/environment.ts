/**
 * The extension's private Python environment: a venv in its own storage, holding the server that ships with it.
 *
 * Each build of the server gets a folder of its own, and a note says which one counts: an old environment works until
 * the new one is complete, and what was begun and not finished is removed. No other environment is ever touched.
 */
import { createHash } from "node:crypto";
import * as fs from "node:fs/promises";
import { existsSync, readFileSync } from "node:fs";
import * as path from "node:path";
import { promisify } from "node:util";
import { brotliDecompress } from "node:zlib";

import { probePython, pythonEnvironment } from "./probe";
import { run, type Ran } from "./run";

/** How a Python is called: the `py` launcher of Windows takes an argument before everything else. */
export interface Python {
  readonly command: string;
  readonly args: readonly string[];
}

export interface CreateOptions {
  readonly python: Python;
  readonly onStep: (step: string) => void;
  readonly signal: AbortSignal;
}

/** The environment could not be made; the message says why, and what to do. */
export class SetUpFailed extends Error {}

const decompress = promisify(brotliDecompress);
/** What the name of a wheel ends in that is compressed as a whole: a third smaller than as a zip file. */
const COMPRESSED = ".br";

/** Which environment counts. */
interface Note {
  /** SHA-256 of the wheel that it holds. */
  readonly digest: string;
}

export class PrivateEnvironment {
  private readonly note: string;

  /** `storage` is the extension's own folder; `wheels` the folder with the one wheel, compressed, that ships with it. */
  constructor(
    private readonly storage: string,
    private readonly wheels: string,
    private readonly platform: NodeJS.Platform = process.platform,
  ) {
    this.note = path.join(storage, "environment.json");
  }

  /** Its interpreter, when there is a complete one, of whichever build. */
  get python(): string | undefined {
    const digest = this.digest;
    const python = digest === undefined ? undefined : this.interpreter(digest);
    return python !== undefined && existsSync(python) ? python : undefined;
  }

  /** Whether it is complete and holds the very server that ships with the extension. */
  async isCurrent(): Promise<boolean> {
    const wheel = await this.wheel();
    return this.python !== undefined && wheel !== undefined && this.digest === (await digestOf(wheel));
  }

  /** Make it, beside an older one if there is one. Rejects with SetUpFailed; resolved with false after a cancel. */
  async create(options: CreateOptions): Promise<boolean> {
    const wheel = await this.wheel();
    if (wheel === undefined) {
      throw new SetUpFailed("This build of the extension carries no server; set `glosswright.server.python` instead.");
    }
    const digest = await digestOf(wheel);
    const folder = this.folder(digest);
    const { command, args } = options.python;
    await fs.mkdir(this.storage, { recursive: true });
    await fs.rm(folder, { recursive: true, force: true });
    const unpacked = path.join(this.storage, path.basename(wheel, COMPRESSED));
    let complete = false;
    try {
      await fs.writeFile(unpacked, await decompress(await fs.readFile(wheel)));
      options.onStep("Making a virtual environment");
      const pip = ["-m", "pip", "install", "--disable-pip-version-check", "--no-input", "--progress-bar", "off"];
      complete =
        (await this.step(command, [...args, "-m", "venv", folder], options)) &&
        (await this.step(this.interpreter(digest), [...pip, `${unpacked}[llamacpp]`], options));
    } finally {
      await remove(unpacked);
      if (!complete) {
        await remove(folder);
      }
    }
    if (complete) {
      await fs.writeFile(this.note, JSON.stringify({ digest } satisfies Note));
      await this.sweep(path.basename(folder));
    }
    return complete;
  }

  private get digest(): string | undefined {
    try {
      const note = JSON.parse(readFileSync(this.note, "utf8")) as Partial<Note> | null;
      // It becomes part of a path: nothing but a digest will do.
      return /^[0-9a-f]{64}$/.exec(note?.digest ?? "")?.[0];
    } catch {
      return undefined;
    }
  }

  private folder(digest: string): string {
    return path.join(this.storage, `environment-${digest.slice(0, 12)}`);
  }

  private interpreter(digest: string): string {
    return path.join(this.folder(digest), ...(this.platform === "win32" ? ["Scripts", "python.exe"] : ["bin", "python"]));
  }

  /** One command; false when it was cancelled. */
  private async step(command: string, args: string[], options: CreateOptions): Promise<boolean> {
    const ran = await run(command, args, {
      cwd: this.storage,
      env: pythonEnvironment(),
      signal: options.signal,
      onLine: (line) => {
        const step = describe(line);
        if (step) {
          options.onStep(step);
        }
      },
    });
    if (!ran.cancelled && ran.code !== 0) {
      throw new SetUpFailed(complaint(ran));
    }
    return !ran.cancelled;
  }

  /** Remove the environments of other builds; one that is still in use may stay until the next time. */
  private async sweep(keep: string): Promise<void> {
    const names = await fs.readdir(this.storage);
    const old = names.filter((name) => name.startsWith("environment-") && name !== keep);
    await Promise.all(old.map((name) => remove(path.join(this.storage, name))));
  }

  private async wheel(): Promise<string | undefined> {
    const names = await fs.readdir(this.wheels).catch(() => []);
    const name = names.find((each) => each.startsWith("glosswright-") && each.endsWith(`.whl${COMPRESSED}`));
    return name === undefined ? undefined : path.join(this.wheels, name);
  }
}

/** The first Python that can hold Glosswright; each that cannot is told with its reason. */
export async function findPython(
  wanted: readonly Python[],
  cwd: string,
): Promise<{ python: Python | undefined; refused: string[] }> {
  const refused: string[] = [];
  for (const python of wanted) {
    const wrong = await probePython(python.command, python.args, cwd);
    if (wrong === undefined) {
      return { python, refused };
    }
    refused.push(`${[python.command, ...python.args].join(" ")}: ${wrong.message}`);
  }
  return { python: undefined, refused };
}

/** What a line of pip's output says that is worth showing; "" for nothing. */
export function describe(line: string): string {
  const collecting = /^Collecting ([\w.-]+)/.exec(line)?.[1];
  if (collecting !== undefined) {
    return `Looking up ${collecting}`;
  }
  const download = /^ *Downloading (?:\S*\/)?([\w.]+?)-\d\S* \(([^)]+)\)/.exec(line);
  if (download !== null) {
    return `Downloading ${download[1] ?? ""} (${download[2] ?? ""})`;
  }
  if (/^ *Building wheel/.test(line)) {
    return "Building a package";
  }
  return line.startsWith("Installing collected packages") ? "Installing" : "";
}

/** What went wrong, from pip's or venv's last words, in a sentence or two. */
export function complaint(ran: Pick<Ran, "stdout" | "stderr">): string {
  const said = `${ran.stdout}\n${ran.stderr}`;
  if (/ensurepip is not|No module named venv/.test(said)) {
    return "This Python cannot make virtual environments. On Debian and Ubuntu: sudo apt-get install python3-venv.";
  }
  if (said.includes('No space left')) {
    return "The disk is full; about 300 MB are needed.";
  }
  if (/Failed to establish a new connection|Temporary failure in name resolution|Name or service not known|No matching distribution/.test(said)) {
    return "The packages could not be fetched. Is there a connection? A proxy or an index of your own is set up in pip's configuration.";
  }
  const words = said.split("\n").map((line) => line.trim());
  const last = words.filter((line) => line.startsWith("ERROR")).at(-1) ?? words.filter(Boolean).at(-1) ?? "";
  return `The environment could not be made. ${last}`.trim();
}

async function remove(what: string): Promise<void> {
  await fs.rm(what, { recursive: true, force: true, maxRetries: 3 }).catch(() => undefined);
}

async function digestOf(file: string): Promise<string> {
  return createHash("sha256").update(await fs.readFile(file)).digest("hex");
}
