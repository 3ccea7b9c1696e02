/**
 * What is said between the extension and the server beyond LSP: docs/protocol-extensions.md, as types.
 *
 * A server that lacks one of the requests says so in its capabilities; `knows` asks.
 */
import { NotificationType, RequestType, type InitializeResult, type Range, type WorkspaceEdit } from "vscode-languageclient/node";

export type ServerState = "off" | "starting" | "downloading" | "loading" | "ready" | "generating" | "error";

export interface Status {
  readonly state: ServerState;
  readonly message?: string;
  readonly model?: string;
  /** 0 to 100, only while downloading. */
  readonly percentage?: number | null;
  readonly paused?: boolean;
  readonly pausedLanguages?: readonly string[];
  readonly enabled?: boolean;
  readonly disabledLanguages?: readonly string[];
}

export interface DocumentStatus {
  readonly uri: string;
  readonly offered: boolean;
  readonly reason: string;
  readonly detail: string;
}

export interface Facts {
  readonly verdict?: string;
  readonly passed?: boolean;
  readonly model?: string;
  readonly totalMs?: number;
}

export interface Speed {
  readonly decodeTokensPerS: number;
  readonly prefillTokensPerS: number | null;
  readonly device: string;
}

export interface Model {
  readonly name: string;
  readonly title: string;
  readonly licence: string;
  readonly sizeBytes?: number | null;
  readonly default?: boolean;
  readonly installed: boolean;
  readonly current: boolean;
  readonly speed?: Speed | null;
}

export interface Models {
  readonly models: readonly Model[];
  /** The setting `endpoint.url`: when it is not empty, the models are not asked. */
  readonly endpoint: string;
}

export interface Alternative {
  readonly id: string;
  readonly text: string;
  readonly label: string;
  readonly passed: boolean;
  readonly best: boolean;
  readonly times: number;
  readonly detail: string;
  readonly markdown: string;
  readonly edit: WorkspaceEdit;
  readonly facts: Facts;
}

export interface Alternatives {
  readonly uri: string;
  readonly version: number;
  readonly intent: { readonly kind: string; readonly request: string; readonly range: Range };
  readonly items: readonly Alternative[];
}

export interface Place {
  readonly textDocument: { readonly uri: string };
  readonly position: { readonly line: number; readonly character: number };
}

export interface Applied {
  readonly applied: boolean;
  readonly reason?: string;
}

/** What LSP cannot say of a suggestion. */
export interface Feedback {
  readonly id: string;
  readonly event: "partlyAccepted";
  /** In UTF-16 code units of the item's text. */
  readonly acceptedLength: number;
}

export const FeedbackNotification = new NotificationType<Feedback>("glosswright/feedback");
export const StatusNotification = new NotificationType<Status>("glosswright/status");
export const DocumentStatusNotification = new NotificationType<DocumentStatus>("glosswright/documentStatus");
export const PauseRequest = new RequestType<{ paused: boolean; language?: string }, Status, void>("glosswright/pause");
export const ModelsRequest = new RequestType<Record<string, never>, Models, void>("glosswright/models");
export const PullModelRequest = new RequestType<{ name: string }, { name: string; path: string } | null, void>(
  "glosswright/pullModel",
);
export const StopModelRequest = new RequestType<Record<string, never>, { stopped: boolean }, void>("glosswright/stopModel");
export const AlternativesRequest = new RequestType<Place & { count?: number }, Alternatives | null, void>(
  "glosswright/alternatives",
);
export const InsertRequest = new RequestType<{ id: string }, Applied, void>("glosswright/insert");
export const DoctorRequest = new RequestType<{ measure?: boolean }, { text: string; problems?: string[] } | null, void>(
  "glosswright/doctor",
);

/** Whether the server named a request or notification in its capabilities. */
export function knows(initialized: InitializeResult | undefined, method: string): boolean {
  const experimental = initialized?.capabilities.experimental as { glosswright?: unknown } | undefined;
  const methods = experimental?.glosswright;
  return Array.isArray(methods) && methods.includes(method);
}
