/** Where the user is: the active editor's document and place, as the server takes them. */
import * as vscode from "vscode";
import type { LanguageClient } from "vscode-languageclient/node";

/** Something that the user can mend; the message is a sentence for them. */
export class Unavailable extends Error {}

/** The active editor. Throws Unavailable where there is none. */
export function activeEditor(): vscode.TextEditor {
  const editor = vscode.window.activeTextEditor;
  if (editor === undefined) {
    throw new Unavailable("Open a file first, and put the cursor on a comment or into a function.");
  }
  return editor;
}

/** The argument of the server's commands for a place. */
export function placeArgument(
  client: LanguageClient,
  document: vscode.TextDocument,
  position: vscode.Position,
): { uri: string; position: { line: number; character: number } } {
  return {
    uri: client.code2ProtocolConverter.asUri(document.uri),
    position: client.code2ProtocolConverter.asPosition(position),
  };
}

/** What of an error is for the user: the server's sentence, without the wrapping of the protocol. */
export function sentenceOf(error: unknown): string {
  const message = (error instanceof Error ? error.message : String(error)).trim();
  const sentence = message.charAt(0).toUpperCase() + message.slice(1);
  return /[.!?]$/.test(sentence) ? sentence : `${sentence}.`;
}
