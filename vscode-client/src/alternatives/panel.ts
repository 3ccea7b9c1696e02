/**
 * *Show alternatives*: a panel beside the editor, with every candidate, its verdict, and a button that puts it in.
 *
 * The user opens it, so it takes the focus then and never later. It asks the server and keeps no code beyond its own
 * life; whether the document is still the one that was asked about is for the server to say.
 */
import { randomBytes, randomUUID } from "node:crypto";
import * as vscode from "vscode";
import type { LanguageClient } from "vscode-languageclient/node";

import { sentenceOf } from "../editor";
import type { WorkProgress } from "../progress";
import { AlternativesRequest, InsertRequest, type Alternatives, type Place } from "../protocol";
import { askedFor, cardsOf, messageOf, type PanelMessage, type PanelState } from "./cards";
import { page } from "./page";

export interface PanelParts {
  readonly extension: vscode.Uri;
  /** The client that is running; throws with a sentence for the user when there is none. */
  readonly client: () => LanguageClient;
  readonly progress: WorkProgress;
  readonly explain: (markdown: string) => Promise<void>;
}

export class AlternativesPanel implements vscode.Disposable {
  private panel: vscode.WebviewPanel | undefined;
  private state: PanelState = { kind: "nothing", message: "", canRetry: false };
  private answer: Alternatives | undefined;
  private place: { readonly document: vscode.TextDocument; readonly position: vscode.Position } | undefined;
  private asking: vscode.CancellationTokenSource | undefined;

  constructor(private readonly parts: PanelParts) {}

  /** Ask for alternatives at a place and show them. */
  async show(document: vscode.TextDocument, position: vscode.Position): Promise<void> {
    this.place = { document, position };
    this.open();
    await this.ask();
  }

  dispose(): void {
    this.panel?.dispose();
  }

  private open(): void {
    if (this.panel !== undefined) {
      this.panel.reveal(undefined, false);
      return;
    }
    const media = vscode.Uri.joinPath(this.parts.extension, "media");
    const dist = vscode.Uri.joinPath(this.parts.extension, "dist");
    const panel = vscode.window.createWebviewPanel(
      "glosswright.alternatives",
      "Alternatives",
      { viewColumn: vscode.ViewColumn.Beside, preserveFocus: false },
      { enableScripts: true, localResourceRoots: [media, dist] },
    );
    this.panel = panel;
    panel.webview.onDidReceiveMessage((value: unknown) => {
      const message = messageOf(value);
      if (message !== undefined) {
        void this.take(message);
      }
    });
    panel.onDidDispose(() => {
      this.panel = undefined;
      this.answer = undefined;
      this.asking?.cancel();
    });
    panel.webview.html = page({
      source: panel.webview.cspSource,
      script: panel.webview.asWebviewUri(vscode.Uri.joinPath(dist, "alternatives.js")).toString(),
      style: panel.webview.asWebviewUri(vscode.Uri.joinPath(media, "panel.css")).toString(),
      nonce: randomBytes(16).toString("base64url"),
    });
  }

  private async ask(): Promise<void> {
    const place = this.place;
    if (place === undefined) {
      return;
    }
    this.asking?.cancel();
    const asking = new vscode.CancellationTokenSource();
    this.asking = asking;
    this.answer = undefined;
    this.draw({ kind: "working", message: "" });
    const workDoneToken = randomUUID();
    const release = this.parts.progress.claim(workDoneToken, (message) => {
      if (this.asking === asking) {
        this.draw({ kind: "working", message });
      }
    });
    try {
      const client = this.parts.client();
      const params: Place & { workDoneToken: string } = {
        workDoneToken,
        textDocument: client.code2ProtocolConverter.asTextDocumentIdentifier(place.document),
        position: client.code2ProtocolConverter.asPosition(place.position),
      };
      const answer = await client.sendRequest(AlternativesRequest, params, asking.token);
      if (this.asking === asking) {
        this.answer = answer ?? undefined;
        this.draw(
          answer === null || answer.items.length === 0
            ? { kind: "nothing", message: answer === null ? "Cancelled." : "No usable code came.", canRetry: true }
            : { kind: "cards", request: askedFor(answer.intent.request), cards: cardsOf(answer), note: "" },
        );
      }
    } catch (error) {
      if (this.asking === asking) {
        const message = asking.token.isCancellationRequested ? "Cancelled." : sentenceOf(error);
        this.draw({ kind: "nothing", message, canRetry: true });
      }
    } finally {
      release();
      asking.dispose();
    }
  }

  private async take(message: PanelMessage): Promise<void> {
    switch (message.kind) {
      case "ready":
        this.draw(this.state);
        return;
      case "cancel":
        this.asking?.cancel();
        return;
      case "again":
        await this.ask();
        return;
      default: {
        const item = this.answer?.items.find((each) => each.id === message.id);
        if (item === undefined) {
          return;
        }
        if (message.kind === "copy") {
          await vscode.env.clipboard.writeText(item.text);
        } else if (message.kind === "why") {
          await this.parts.explain(item.markdown);
        } else {
          await this.insert(item.id);
        }
      }
    }
  }

  private async insert(id: string): Promise<void> {
    const place = this.place;
    if (place === undefined) {
      return;
    }
    try {
      const { applied, reason } = await this.parts.client().sendRequest(InsertRequest, { id });
      if (!applied) {
        throw new Error(reason ?? "The editor did not take the code.");
      }
    } catch (error) {
      this.note(sentenceOf(error));
      return;
    }
    this.panel?.dispose();
    await vscode.window.showTextDocument(place.document, { preserveFocus: false });
  }

  /** Say something above the cards that are there. */
  private note(text: string): void {
    if (this.state.kind === "cards") {
      this.draw({ ...this.state, note: text });
    }
  }

  private draw(state: PanelState): void {
    this.state = state;
    void this.panel?.webview.postMessage(state);
  }
}
