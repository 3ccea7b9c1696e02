/**
 * What is changed on the way between VS Code and the server: silence where it is due, settings that stay here, and
 * answers to people in words.
 */
import * as vscode from "vscode";
import {
  CodeActionResolveRequest,
  LSPErrorCodes,
  ResponseError,
  type LanguageClient,
  type Middleware,
} from "vscode-languageclient/node";

import { sentenceOf } from "./editor";
import { isUnwelcome } from "./manners";
import type { Offers } from "./offers";
import type { Paused } from "./pauses";
import type { WorkProgress } from "./progress";
import { laterConfiguration, type Section } from "./settings";

export interface MiddlewareParts {
  readonly pauses: Paused & { has(language: string): boolean };
  readonly progress: WorkProgress;
  readonly offers: Offers;
  readonly restricted: readonly string[];
  readonly client: () => LanguageClient;
  /** Shows *Why this suggestion?* for a place. */
  readonly why: (place: unknown) => Promise<void>;
}

/** The middleware of one client. */
export function middlewareFor(parts: MiddlewareParts): Middleware {
  const isPaused = (document: vscode.TextDocument) => parts.pauses.has(document.languageId);
  return {
    provideInlineCompletionItems: async (document, position, context, token, next) => {
      const moment = {
        byHand: context.triggerKind === vscode.InlineCompletionTriggerKind.Invoke,
        inlineSuggest: vscode.workspace.getConfiguration("editor", document).get("inlineSuggest.enabled", true),
        paused: isPaused(document),
        selections: vscode.window.visibleTextEditors.find((editor) => editor.document === document)?.selections,
      };
      if (isUnwelcome(moment)) {
        return null;
      }
      const answer = await next(document, position, context, token);
      parts.offers.given(document, position, answer);
      return answer;
    },
    provideCompletionItem: (document, position, context, token, next) =>
      isPaused(document) ? null : next(document, position, context, token),
    provideHover: (document, position, token, next) => (isPaused(document) ? null : next(document, position, token)),
    provideCodeActions: (document, range, context, token, next) =>
      isPaused(document) ? null : next(document, range, context, token),
    resolveCodeAction: async (item, token) => {
      const client = parts.client();
      try {
        const asked = await client.code2ProtocolConverter.asCodeAction(item, token);
        const answer = await client.sendRequest(CodeActionResolveRequest.type, asked, token);
        return await client.protocol2CodeConverter.asCodeAction(answer, token);
      } catch (error) {
        tell(error);
        return item;
      }
    },
    executeCommand: async (command, args, next) => {
      const place = args[0] as { show?: unknown } | undefined;
      if (command === "glosswright.why" && place?.show === true) {
        await parts.why({ ...place, show: false });
        return undefined;
      }
      return (await next(command, args)) as unknown;
    },
    handleWorkDoneProgress: (token, value) => parts.progress.take(token, value),
    workspace: {
      configuration: async (params, token, next) => {
        const answers = await next(params, token);
        return Array.isArray(answers) ? answers.map((answer) => later(answer, parts.restricted)) : answers;
      },
    },
  };
}

/** Tell the user what went wrong with something that they asked for; that they cancelled it they know. */
export function tell(error: unknown): void {
  const isCancel =
    error instanceof vscode.CancellationError ||
    (error instanceof ResponseError && error.code === LSPErrorCodes.RequestCancelled);
  if (!isCancel) {
    void vscode.window.showWarningMessage(`Glosswright: ${sentenceOf(error)}`);
  }
}

function later(answer: unknown, restricted: readonly string[]): unknown {
  return typeof answer === "object" && answer !== null ? laterConfiguration(answer as Section, restricted) : answer;
}
