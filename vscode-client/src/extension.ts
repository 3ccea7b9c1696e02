/** Where VS Code enters and leaves. */
import * as fs from "node:fs/promises";
import type * as vscode from "vscode";

import { App } from "./app";
import { registerCommands } from "./commands";
import { onInterpreterChange } from "./server/pythons";
import { MISSING } from "./setup";

let app: App | undefined;

export async function activate(context: vscode.ExtensionContext): Promise<void> {
  // The server and every Python that is asked run in there.
  await fs.mkdir(context.globalStorageUri.fsPath, { recursive: true });
  app = new App(context);
  registerCommands(app, context);
  void begin(app, context);
}

/** The server is told to end, and waited for: VS Code gives a few seconds. */
export async function deactivate(): Promise<void> {
  await app?.supervisor.stop();
  app = undefined;
}

async function begin(started: App, context: vscode.ExtensionContext): Promise<void> {
  context.subscriptions.push(
    await onInterpreterChange(() => {
      const life = started.supervisor.life.kind;
      if (life === "missing" || started.supervisor.server?.launch.origin === "active") {
        void started.supervisor.restart();
      }
    }),
  );
  await started.supervisor.restart();
  const { life } = started.supervisor;
  if (life.kind === "missing") {
    if (life.message === MISSING && (await started.setUp.offer())) {
      await started.supervisor.restart();
    }
    return;
  }
  // The extension was updated: its own environment follows, while the old one serves.
  const { launch } = started.supervisor.server ?? {};
  if (launch?.origin === "private" && !(await started.setUp.environment.isCurrent()) && (await started.setUp.make())) {
    await started.supervisor.restart();
  }
}
