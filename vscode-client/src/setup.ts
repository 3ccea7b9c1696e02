/**
 * Finding the server, and making the private environment where there is none: what the user sees of both.
 *
 * An offer is made once; after that the status bar and the walkthrough are there. Nothing is installed without a yes.
 */
import * as vscode from "vscode";
import { existsSync } from "node:fs";

import { findPython, type PrivateEnvironment, type Python } from "./server/environment";
import { candidates, choose, type Launch } from "./server/launch";
import { activeInterpreter, usualPythons } from "./server/pythons";
import { probeServer } from "./server/probe";
import { NoServer } from "./server/supervisor";

const OFFERED = "setUpOffered";
const SET_UP = "Set up";
const CHOOSE = "Choose Python…";
const NOT_NOW = "Not now";
export const MISSING = "there is no server yet; run “Glosswright: Set Up”";

export class SetUp {
  /** Why the last search found nothing, or what it passed over; for the doctor. */
  refused: readonly string[] = [];
  private making: Promise<boolean> | undefined;

  constructor(
    private readonly context: vscode.ExtensionContext,
    private readonly log: vscode.LogOutputChannel,
    readonly environment: PrivateEnvironment,
    private readonly storage: string,
  ) {}

  /** The server to start. Rejects with NoServer where there is none. */
  async find(): Promise<Launch> {
    const setting = vscode.workspace.getConfiguration("glosswright").get<string>("server.python", "").trim();
    const found = candidates({
      setting,
      active: vscode.workspace.isTrusted ? await activeInterpreter(vscode.workspace.workspaceFolders?.[0]?.uri) : undefined,
      own: this.environment.python,
      path: process.env.PATH ?? "",
      folders: (vscode.workspace.workspaceFolders ?? []).map((folder) => folder.uri.fsPath),
      trusted: vscode.workspace.isTrusted,
      platform: process.platform,
      exists: existsSync,
    });
    const { launch, refused } = await choose(found, (candidate) => probeServer(candidate, this.storage));
    this.refused = refused.map(({ candidate, reason }) => `${candidate.command} (${candidate.origin}): ${reason}`);
    for (const line of this.refused) {
      this.log.info(`Not the server: ${line}`);
    }
    if (launch === undefined) {
      throw new NoServer(
        setting ? `\`glosswright.server.python\` does not work: ${refused[0]?.reason ?? "no reason is known"}` : MISSING,
      );
    }
    return launch;
  }

  /** Offer to set up, unless that was done before. Resolved with whether there is a server now. */
  async offer(): Promise<boolean> {
    if (this.context.globalState.get<boolean>(OFFERED, false)) {
      return false;
    }
    await this.context.globalState.update(OFFERED, true);
    const answer = await vscode.window.showInformationMessage(
      "Glosswright needs its server, a Python program. Set it up in an environment of its own? (about 60 MB to download; nothing else on this machine is changed)",
      SET_UP,
      CHOOSE,
      NOT_NOW,
    );
    if (answer === CHOOSE) {
      return this.choosePython();
    }
    return answer === SET_UP && this.make();
  }

  /** Make the private environment, with progress and cancel. Resolved with whether it is there. */
  make(): Promise<boolean> {
    this.making ??= this.makeNow().finally(() => {
      this.making = undefined;
    });
    return this.making;
  }

  /** Let the user name an interpreter that has Glosswright. Resolved with whether one was named. */
  async choosePython(): Promise<boolean> {
    const chosen = await vscode.window.showOpenDialog({
      title: "A Python interpreter that has Glosswright installed",
      canSelectMany: false,
    });
    const file = chosen?.[0]?.fsPath;
    if (file === undefined) {
      return false;
    }
    const answer = await probeServer({ origin: "setting", command: file, args: ["-m", "glosswright_server"] }, this.storage);
    if (answer instanceof Error) {
      void vscode.window.showWarningMessage(`Glosswright: ${file} cannot be used: ${answer.message}.`);
      return false;
    }
    await vscode.workspace
      .getConfiguration("glosswright")
      .update("server.python", file, vscode.ConfigurationTarget.Global);
    return true;
  }

  private async makeNow(): Promise<boolean> {
    const { python, refused } = await findPython(await this.pythons(), this.storage);
    if (python === undefined) {
      this.log.warn(`No Python for the environment:\n${refused.join("\n")}`);
      void vscode.window.showWarningMessage(
        "Glosswright: no Python 3.10 to 3.13 that can make virtual environments was found; the log names those that were tried. Install one (python.org, or your system's packages) and run “Glosswright: Set Up” again.",
      );
      return false;
    }
    const options = { location: vscode.ProgressLocation.Notification, title: "Setting up Glosswright", cancellable: true };
    try {
      return await vscode.window.withProgress(options, (progress, token) => {
        const stop = new AbortController();
        token.onCancellationRequested(() => stop.abort());
        return this.environment.create({
          python,
          signal: stop.signal,
          onStep: (step) => {
            this.log.info(step);
            progress.report({ message: step });
          },
        });
      });
    } catch (error) {
      const message = error instanceof Error ? error.message : String(error);
      this.log.error(message);
      void vscode.window.showWarningMessage(`Glosswright: ${message}`);
      return false;
    }
  }

  private async pythons(): Promise<Python[]> {
    const active = vscode.workspace.isTrusted
      ? await activeInterpreter(vscode.workspace.workspaceFolders?.[0]?.uri)
      : undefined;
    const usual = usualPythons(process.platform);
    return active === undefined ? usual : [...usual, { command: active, args: [] }];
  }
}
