/**
 * Which program is the language server: the user's setting, the active Python, the private environment, or the PATH.
 *
 * Nothing that a workspace brings along is run before the user has trusted it: its interpreter is not asked, and
 * programs inside its folders are not looked at. What is returned has answered with its version.
 */
import * as path from "node:path";

export type Origin = "setting" | "active" | "private" | "path";

/** A program that may be the language server. */
export interface Candidate {
  readonly origin: Origin;
  readonly command: string;
  /** What makes a Python the server; empty for `glosswright` itself. */
  readonly args: readonly string[];
}

export interface Launch extends Candidate {
  readonly version: string;
}

export interface Places {
  /** The setting `server.python`; "" where it is not set. */
  readonly setting: string;
  /** The interpreter that the Python extension has active. */
  readonly active: string | undefined;
  /** The private environment's interpreter, when that environment is complete. */
  readonly own: string | undefined;
  /** The value of PATH. */
  readonly path: string;
  /** Folders of the workspace. */
  readonly folders: readonly string[];
  readonly trusted: boolean;
  readonly platform: NodeJS.Platform;
  readonly exists: (file: string) => boolean;
}

export const SERVER_ARGS = ["-m", "glosswright_server"] as const;

/** What is asked for its version, in this order. With the setting, nothing but the setting. */
export function candidates(places: Places): Candidate[] {
  if (places.setting) {
    return [{ origin: "setting", command: places.setting, args: SERVER_ARGS }];
  }
  const found: Candidate[] = [];
  if (places.active !== undefined && places.trusted) {
    found.push({ origin: "active", command: places.active, args: SERVER_ARGS });
  }
  if (places.own !== undefined) {
    found.push({ origin: "private", command: places.own, args: SERVER_ARGS });
  }
  const installed = onPath("glosswright", places);
  if (installed !== undefined) {
    found.push({ origin: "path", command: installed, args: [] });
  }
  return found;
}

/** The first candidate that answers; each one that did not is told with its reason. */
export async function choose(
  found: readonly Candidate[],
  probe: (candidate: Candidate) => Promise<string | Error>,
): Promise<{ launch: Launch | undefined; refused: { candidate: Candidate; reason: string }[] }> {
  const refused = [];
  for (const candidate of found) {
    const answer = await probe(candidate);
    if (typeof answer === "string") {
      return { launch: { ...candidate, version: answer }, refused };
    }
    refused.push({ candidate, reason: answer.message });
  }
  return { launch: undefined, refused };
}

/** The full path of a program on the PATH, outside the workspace. */
export function onPath(program: string, places: Pick<Places, "path" | "folders" | "platform" | "exists">): string | undefined {
  const paths = places.platform === "win32" ? path.win32 : path.posix;
  const name = places.platform === "win32" ? `${program}.exe` : program;
  for (const folder of places.path.split(paths.delimiter)) {
    // A relative entry means whatever folder one happens to be in: the workspace, perhaps.
    if (folder && paths.isAbsolute(folder) && !places.folders.some((around) => isInside(folder, around, places.platform))) {
      const file = paths.join(folder, name);
      if (places.exists(file)) {
        return file;
      }
    }
  }
  return undefined;
}

/** Whether `file` is `folder` or lies in it. */
export function isInside(file: string, folder: string, platform: NodeJS.Platform): boolean {
  const paths = platform === "win32" ? path.win32 : path.posix;
  const way = paths.relative(folder, file);
  return way === "" || (way !== ".." && !way.startsWith(`..${paths.sep}`) && !paths.isAbsolute(way));
}
