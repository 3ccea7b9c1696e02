/** *Choose model…*: the catalogue, the download of what is not there yet, and the setting that makes it the one. */
import * as vscode from "vscode";

import type { App } from "../app";
import { ModelsRequest, PullModelRequest, StopModelRequest } from "../protocol";
import { choicesOf, type Choice } from "./choices";

const FILE = "$(folder-opened) A GGUF file of your own…";

/** Let the user choose, fetch, switch. What was fetched when a download is cancelled is kept for the next one. */
export async function chooseModel(app: App): Promise<void> {
  const client = app.clientFor(ModelsRequest.method);
  const models = await client.sendRequest(ModelsRequest, {});
  const items: (vscode.QuickPickItem & { choice?: Choice })[] = choicesOf(models).map((choice) => ({
    label: choice.label,
    description: choice.description,
    detail: choice.detail,
    choice,
  }));
  items.push({ label: "", kind: vscode.QuickPickItemKind.Separator }, { label: FILE });
  const chosen = await vscode.window.showQuickPick(items, {
    title: models.endpoint
      ? `Choose a model (not asked while the endpoint ${models.endpoint} is set)`
      : "Choose a model; one that is not on this machine is downloaded",
    placeHolder: "Name, size, licence, measured speed",
    matchOnDescription: true,
    matchOnDetail: true,
  });
  if (chosen === undefined) {
    return;
  }
  const model = chosen.choice?.model;
  if (model === undefined) {
    const file = await vscode.window.showOpenDialog({ canSelectMany: false, filters: { GGUF: ["gguf"] } });
    if (file?.[0] !== undefined) {
      await use(app, file[0].fsPath);
    }
    return;
  }
  // The server shows the download as progress, with its Cancel; then the answer is null.
  if (!model.installed && (await client.sendRequest(PullModelRequest, { name: model.name })) === null) {
    return;
  }
  if (!model.current) {
    await use(app, model.name);
  }
}

/** Make a model the user's. The changed setting restarts the language server. */
async function use(app: App, name: string): Promise<void> {
  await app.clientFor(StopModelRequest.method).sendRequest(StopModelRequest, {});
  await vscode.workspace.getConfiguration("glosswright").update("model.name", name, vscode.ConfigurationTarget.Global);
}
