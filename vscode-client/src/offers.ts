/** Remembers what ghost text was offered in which document, and tells of each part of it that was accepted. */
import * as vscode from "vscode";

import { acceptedLength, type Offered } from "./parts";
import type { Feedback } from "./protocol";

type Answer = vscode.InlineCompletionItem[] | vscode.InlineCompletionList | null | undefined;

export class Offers implements vscode.Disposable {
  private readonly offers = new Map<string, readonly Offered[]>();
  private readonly subscriptions: vscode.Disposable[];

  constructor(private readonly tell: (feedback: Feedback) => void) {
    this.subscriptions = [
      vscode.workspace.onDidChangeTextDocument((event) => this.changed(event)),
      vscode.workspace.onDidCloseTextDocument((document) => this.offers.delete(document.uri.toString())),
    ];
  }

  /** The server's answer for a place in a document. */
  given(document: vscode.TextDocument, position: vscode.Position, answer: Answer): void {
    const items = Array.isArray(answer) ? answer : (answer?.items ?? []);
    const offers = items.flatMap((item): Offered[] => {
      const id = (item.command?.arguments?.[0] as { id?: unknown } | undefined)?.id;
      return typeof id === "string" && typeof item.insertText === "string"
        ? [{ id, text: item.insertText, start: document.offsetAt(item.range?.start ?? position) }]
        : [];
    });
    if (offers.length > 0) {
      this.offers.set(document.uri.toString(), offers);
    }
  }

  dispose(): void {
    vscode.Disposable.from(...this.subscriptions).dispose();
  }

  private changed({ document, contentChanges }: vscode.TextDocumentChangeEvent): void {
    const [change, more] = contentChanges;
    if (change === undefined || more !== undefined) {
      return;
    }
    for (const offered of this.offers.get(document.uri.toString()) ?? []) {
      const between = new vscode.Range(document.positionAt(offered.start), document.positionAt(change.rangeOffset));
      const length = acceptedLength(offered, document.getText(between), {
        offset: change.rangeOffset,
        deleted: change.rangeLength,
        text: change.text,
      });
      if (length !== undefined) {
        this.tell({ id: offered.id, event: "partlyAccepted", acceptedLength: length });
        return;
      }
    }
  }
}
