/**
 * Interpreters that this machine offers: what the Python extension has active, and the usual names.
 *
 * The Python extension is asked, never required. Nothing is run here.
 */
import * as vscode from "vscode";

import type { Python } from "./environment";

/** The part of the Python extension's public API that is used. */
interface PythonExtension {
  readonly environments?: {
    getActiveEnvironmentPath(resource?: vscode.Uri): { readonly path: string };
    resolveEnvironment(
      environment: unknown,
    ): Promise<{ readonly executable: { readonly uri?: vscode.Uri } } | undefined>;
    readonly onDidChangeActiveEnvironmentPath: vscode.Event<unknown>;
  };
}

const PYTHON_EXTENSION = "ms-python.python";

/** The interpreter that the Python extension has active for a folder, if any. */
export async function activeInterpreter(folder: vscode.Uri | undefined): Promise<string | undefined> {
  const environments = (await api())?.environments;
  if (environments === undefined) {
    return undefined;
  }
  try {
    const active = environments.getActiveEnvironmentPath(folder);
    return (await environments.resolveEnvironment(active))?.executable.uri?.fsPath;
  } catch {
    return undefined; // another extension's trouble is not ours
  }
}

/** Calls `listener` when the user chooses another interpreter. */
export async function onInterpreterChange(listener: () => void): Promise<vscode.Disposable> {
  return (await api())?.environments?.onDidChangeActiveEnvironmentPath(listener) ?? new vscode.Disposable(() => undefined);
}

/** Names to try for an interpreter that a private environment can be made with. */
export function usualPythons(platform: NodeJS.Platform): Python[] {
  const plain = (command: string): Python => ({ command, args: [] });
  const versions = ["3.12", "3.13", "3.11", "3.10"];
  return platform === "win32"
    ? [...versions.map((version) => ({ command: "py", args: [`-${version}`] })), plain("python")]
    : [plain("python3"), ...versions.map((version) => plain(`python${version}`)), plain("python")];
}

async function api(): Promise<PythonExtension | undefined> {
  const extension = vscode.extensions.getExtension<PythonExtension>(PYTHON_EXTENSION);
  try {
    return await extension?.activate();
  } catch {
    return undefined;
  }
}
