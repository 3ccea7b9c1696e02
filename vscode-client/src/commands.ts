/** The commands of the palette and of the status bar's menu. Each does one thing; what fails is told in a sentence. */
import * as vscode from "vscode";
import { ExecuteCommandRequest } from "vscode-languageclient/node";

import { MENU, type App } from "./app";
import { activeEditor, Unavailable } from "./editor";
import { menuOf, type MenuEntry } from "./menu";
import { tell } from "./middleware";
import { chooseModel } from "./models/choose";
import { AlternativesRequest, DoctorRequest, type Applied } from "./protocol";

const SETTINGS = "@ext:glosswright.glosswright";
const WALKTHROUGH = "glosswright.glosswright#glosswright.start";

/** Register every command. */
export function registerCommands(app: App, context: vscode.ExtensionContext): void {
  const actions: Record<string, () => unknown> = {
    [MENU]: () => menu(app),
    "glosswright.generateFromComment": () => write(app, "glosswright.generate"),
    "glosswright.implementFunction": () => write(app, "glosswright.implement"),
    "glosswright.showAlternatives": () => {
      app.clientFor(AlternativesRequest.method);
      const editor = activeEditor();
      return app.alternatives.show(editor.document, editor.selection.active);
    },
    "glosswright.whySuggestion": async () => {
      const editor = vscode.window.activeTextEditor;
      await app.why(editor === undefined ? undefined : app.placeOf(editor));
    },
    "glosswright.chooseModel": () => chooseModel(app),
    "glosswright.restartServer": () => app.supervisor.restart(),
    "glosswright.showLog": () => app.log.show(true),
    "glosswright.runDoctor": () => doctor(app),
    "glosswright.pause": () => app.pauses.set(undefined, true),
    "glosswright.resume": () => app.pauses.set(undefined, false),
    "glosswright.pauseLanguage": () => app.pauses.set(activeEditor().document.languageId, true),
    "glosswright.resumeLanguage": () => app.pauses.set(activeEditor().document.languageId, false),
    "glosswright.setUp": () => setUp(app),
    "glosswright.choosePython": () => app.setUp.choosePython(),
    "glosswright.setEndpointKey": () => setKey(app, context.secrets),
    "glosswright.forgetEndpointKey": () => forgetKey(app, context.secrets),
    "glosswright.askAboutExamples": () => askAboutExamples(app),
  };
  for (const [name, action] of Object.entries(actions)) {
    const guarded = async (): Promise<void> => {
      try {
        await action();
      } catch (error) {
        tell(error);
      }
    };
    context.subscriptions.push(vscode.commands.registerCommand(name, guarded));
  }
}

async function write(app: App, command: string): Promise<void> {
  const editor = activeEditor();
  const answer = (await app.client.sendRequest(ExecuteCommandRequest.type, {
    command,
    arguments: [app.placeOf(editor)],
  })) as Applied | null;
  if (answer?.applied === false) {
    throw new Unavailable(answer.reason ?? "The editor did not take the code.");
  }
}

async function doctor(app: App): Promise<void> {
  const session = app.supervisor.server;
  if (session === undefined) {
    const life = app.supervisor.life;
    const lines = [`The server is not running: ${"message" in life ? life.message : life.kind}.`, "", "Tried:"];
    const tried = app.setUp.refused.length > 0 ? app.setUp.refused : ["nothing was found that could be tried"];
    await app.pages.showText("Doctor.txt", [...lines, ...tried.map((line) => `- ${line}`), ""].join("\n"));
    return;
  }
  const answer = await app.clientFor(DoctorRequest.method).sendRequest(DoctorRequest, { measure: true });
  if (answer !== null) {
    const where = `Server: ${[session.launch.command, ...session.launch.args].join(" ")} (${session.launch.origin})`;
    await app.pages.showText("Doctor.txt", `${where}\n${answer.text.trimEnd()}\n`);
  }
}

async function setUp(app: App): Promise<void> {
  if (app.supervisor.server?.launch.origin === "private") {
    await app.supervisor.stop(); // it would be made anew below a server that runs from it
  }
  await app.setUp.make();
  await app.supervisor.restart();
}

async function setKey(app: App, secrets: vscode.SecretStorage): Promise<void> {
  const name = app.keyName;
  if (name === undefined) {
    throw new Unavailable("Set `glosswright.endpoint.url` first: a key belongs to the server it is for.");
  }
  const key = await vscode.window.showInputBox({
    title: `API key for ${name.replace(/^[^:]*:/, "")}`,
    prompt: "It is kept in the editor's secret storage and handed to the language server alone.",
    password: true,
    ignoreFocusOut: true,
    validateInput: (text) => (/^[\x21-\x7e]+$/.test(text.trim()) ? undefined : "A key is one word of plain characters."),
  });
  if (key !== undefined) {
    await secrets.store(name, key.trim());
    await app.supervisor.restart();
  }
}

async function forgetKey(app: App, secrets: vscode.SecretStorage): Promise<void> {
  const name = app.keyName;
  if (name !== undefined) {
    await secrets.delete(name);
    await app.supervisor.restart();
  }
}

async function askAboutExamples(app: App): Promise<void> {
  if (!vscode.workspace.isTrusted) {
    throw new Unavailable("This workspace is not trusted, so nothing of it is run. Trust it first.");
  }
  const document = vscode.window.activeTextEditor?.document;
  const uri = document === undefined ? [] : [{ uri: app.client.code2ProtocolConverter.asUri(document.uri) }];
  await app.client.sendRequest(ExecuteCommandRequest.type, { command: "glosswright.trust", arguments: uri });
}

async function menu(app: App): Promise<void> {
  const language = vscode.window.activeTextEditor?.document.languageId;
  const { status, life } = app.known;
  const entries = menuOf({
    life: life.kind,
    paused: app.pauses.all,
    language,
    languagePaused: language !== undefined && app.pauses.languages.has(language),
    model: status?.model ?? "",
  });
  const items = entries.map((entry) =>
    entry === "line"
      ? { label: "", kind: vscode.QuickPickItemKind.Separator }
      : { label: entry.label, ...(entry.description ? { description: entry.description } : {}), entry },
  );
  const chosen = await vscode.window.showQuickPick<vscode.QuickPickItem & { entry?: MenuEntry }>(items, {
    title: "Glosswright",
    placeHolder: "What to do?",
  });
  switch (chosen?.entry?.command) {
    case undefined:
      return;
    case "settings":
      await vscode.commands.executeCommand("workbench.action.openSettings", SETTINGS);
      return;
    case "walkthrough":
      await vscode.commands.executeCommand("workbench.action.openWalkthrough", WALKTHROUGH, false);
      return;
    default:
      // The click has taken the keyboard to the status bar: who has chosen goes on in the file.
      await vscode.commands.executeCommand("workbench.action.focusActiveEditorGroup");
      await vscode.commands.executeCommand(chosen?.entry?.command ?? "");
  }
}
