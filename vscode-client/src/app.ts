/**
 * The extension put together: one server, kept running; its state in the status bar; what the user paused.
 *
 * Commands are in `commands.ts`; this is what they act on.
 */
import * as vscode from "vscode";
import type { LanguageClient } from "vscode-languageclient/node";
import { WorkDoneProgressCancelNotification } from "vscode-languageclient/node";
import * as path from "node:path";

import { AlternativesPanel } from "./alternatives/panel";
import { placeArgument, Unavailable } from "./editor";
import { middlewareFor, tell } from "./middleware";
import { Offers } from "./offers";
import { Pages } from "./pages";
import { Pauses } from "./pauses";
import { WorkProgress } from "./progress";
import {
  DocumentStatusNotification,
  FeedbackNotification,
  knows,
  PauseRequest,
  StatusNotification,
  type DocumentStatus,
  type Status,
} from "./protocol";
import { screen } from "./screen";
import { PrivateEnvironment } from "./server/environment";
import { Session } from "./server/session";
import { Supervisor, type Life } from "./server/supervisor";
import { initializationOptions, KEY_VARIABLE, keyName, restrictedNames, type Section } from "./settings";
import { SetUp } from "./setup";
import { StatusItem } from "./status/item";
import { view } from "./status/view";

export const MENU = "glosswright.menu";

/** Documents in which code may be asked for: files, new ones, and the cells of notebooks. Not the editor's own pages. */
const DOCUMENTS = [{ scheme: "file" }, { scheme: "untitled" }, { scheme: "vscode-notebook-cell" }];

export class App implements vscode.Disposable {
  readonly log = vscode.window.createOutputChannel("Glosswright", { log: true });
  readonly pages: Pages;
  readonly pauses = new Pauses((language, paused) => {
    void this.tellPause(language, paused);
    void vscode.commands.executeCommand("setContext", "glosswright.paused", this.pauses.all);
    this.refresh();
  });
  readonly setUp: SetUp;
  readonly alternatives: AlternativesPanel;
  readonly supervisor: Supervisor<Session>;
  private readonly item = new StatusItem(MENU);
  private readonly restricted: readonly string[];
  private readonly storage: string;
  private readonly progress = new WorkProgress(screen, (token) => {
    void this.supervisor.server?.client.sendNotification(WorkDoneProgressCancelNotification.type, { token });
  });
  private readonly offers = new Offers((feedback) => {
    void this.supervisor.server?.client.sendNotification(FeedbackNotification, feedback);
  });
  private status: Status | undefined;
  private readonly documents = new Map<string, DocumentStatus>();

  constructor(private readonly context: vscode.ExtensionContext) {
    this.pages = new Pages(context.extensionUri);
    this.storage = context.globalStorageUri.fsPath;
    this.restricted = restrictedNames(context.extension.packageJSON);
    const wheels = path.join(context.extensionPath, "server");
    this.setUp = new SetUp(context, this.log, new PrivateEnvironment(this.storage, wheels), this.storage);
    this.alternatives = new AlternativesPanel({
      extension: context.extensionUri,
      client: () => this.client,
      progress: this.progress,
      explain: (markdown) => this.explain(markdown),
    });
    const clock = { now: () => Date.now(), after: (ms: number, action: () => void) => screen.after(ms, action) };
    this.supervisor = new Supervisor(
      () => this.begin(),
      clock,
      (life) => this.lifeIs(life),
    );
    context.subscriptions.push(
      this,
      this.log,
      this.pages,
      this.alternatives,
      this.item,
      this.offers,
      vscode.window.onDidChangeActiveTextEditor(() => this.refresh()),
      vscode.workspace.onDidGrantWorkspaceTrust(() => void this.supervisor.restart()),
      vscode.workspace.onDidChangeConfiguration((event) => {
        const names = [...this.restricted, "server.python"].map((name) => `glosswright.${name}`);
        if (names.some((name) => event.affectsConfiguration(name))) {
          void this.supervisor.restart();
        }
      }),
    );
    this.refresh();
  }

  /** The client of the running server. Throws Unavailable, with a sentence for the user, when none runs. */
  get client(): LanguageClient {
    const session = this.supervisor.server;
    if (session === undefined) {
      throw new Unavailable("The server is not running; the status bar says why.");
    }
    return session.client;
  }

  /** The client, when its server has this request. Throws Unavailable when not. */
  clientFor(method: string): LanguageClient {
    const client = this.client;
    if (!knows(client.initializeResult, method)) {
      throw new Unavailable(`The server is too old for this (it has no \`${method}\`); update it.`);
    }
    return client;
  }

  get known(): { status: Status | undefined; life: Life } {
    return { status: this.status, life: this.supervisor.life };
  }

  /** *Why this suggestion?*, for a place or for what was taken last. */
  async why(place: object | undefined): Promise<void> {
    const answer: unknown = await this.client.sendRequest("workspace/executeCommand", {
      command: "glosswright.why",
      arguments: place === undefined ? [{ show: false }] : [{ ...place, show: false }],
    });
    const markdown = (answer as { markdown?: string } | null)?.markdown;
    if (markdown === undefined) {
      throw new Unavailable("No suggestion of this session is known here; put the cursor on code that one put in.");
    }
    await this.explain(markdown);
  }

  explain(markdown: string): Promise<void> {
    return this.pages.showMarkdown("Why this suggestion?", `# Why this suggestion?\n\n${markdown}`);
  }

  /** The place of the active editor's cursor, as the server's commands take it. */
  placeOf(editor: vscode.TextEditor): { uri: string; position: { line: number; character: number } } {
    return placeArgument(this.client, editor.document, editor.selection.active);
  }

  /** The name under which the key of the endpoint that is set is kept; undefined where none is set. */
  get keyName(): string | undefined {
    return keyName(vscode.workspace.getConfiguration("glosswright").get<string>("endpoint.url", ""));
  }

  dispose(): void {
    this.progress.clear();
  }

  private async begin(): Promise<Session> {
    const launch = await this.setUp.find();
    const section = vscode.workspace.getConfiguration().get<Section>("glosswright", {});
    const configuredKey = (section.endpoint as Section | undefined)?.apiKeyEnv;
    const name = this.keyName;
    const key = name === undefined || configuredKey ? undefined : await this.context.secrets.get(name);
    return Session.start({
      launch,
      cwd: this.storage,
      env: key === undefined ? {} : { [KEY_VARIABLE]: key },
      log: this.log,
      client: {
        documentSelector: DOCUMENTS,
        initializationOptions: initializationOptions(plain(section), vscode.workspace.isTrusted, key !== undefined),
        middleware: middlewareFor({
          pauses: this.pauses,
          progress: this.progress,
          offers: this.offers,
          restricted: this.restricted,
          client: () => this.client,
          why: (place) => this.why(place as object).catch(tell),
        }),
      },
      prepare: (client) => {
        client.onNotification(StatusNotification, (status) => {
          this.status = status;
          this.refresh();
        });
        client.onNotification(DocumentStatusNotification, (status) => {
          this.documents.set(client.protocol2CodeConverter.asUri(status.uri).toString(), status);
          this.refresh();
        });
      },
    });
  }

  private lifeIs(life: Life): void {
    this.log.info(`Server: ${"message" in life ? `${life.kind} (${life.message})` : life.kind}`);
    if (life.kind !== "running") {
      this.status = undefined;
      this.documents.clear();
      this.progress.clear();
    } else {
      if (this.pauses.all) {
        void this.tellPause(undefined, true);
      }
      for (const language of this.pauses.languages) {
        void this.tellPause(language, true);
      }
    }
    void vscode.commands.executeCommand("setContext", "glosswright.running", life.kind === "running");
    this.refresh();
  }

  /** The middleware keeps quiet already; a server that knows pauses ends what it is at as well. */
  private async tellPause(language: string | undefined, paused: boolean): Promise<void> {
    const client = this.supervisor.server?.client;
    if (client !== undefined && knows(client.initializeResult, PauseRequest.method)) {
      await client.sendRequest(PauseRequest, language === undefined ? { paused } : { paused, language }).catch(tell);
    }
  }

  private refresh(): void {
    const document = vscode.window.activeTextEditor?.document;
    const language = document?.languageId;
    const shown = view({
      life: this.supervisor.life,
      status: this.status,
      paused: this.pauses.all,
      pausedLanguage: language !== undefined && this.pauses.languages.has(language) ? language : undefined,
      document: document === undefined ? undefined : this.documents.get(document.uri.toString()),
      trusted: vscode.workspace.isTrusted,
    });
    this.item.show(shown);
  }
}

/** VS Code hands out settings behind proxies; what is sent must be plain data. */
function plain(section: Section): Section {
  return JSON.parse(JSON.stringify(section)) as Section;
}
