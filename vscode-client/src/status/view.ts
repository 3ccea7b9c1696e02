/**
 * What the status bar shows for what is known, in words and in one sign, for eyes and for screen readers.
 *
 * Pure: whoever holds the item puts this into it.
 */
import type { DocumentStatus, Status } from "../protocol";
import type { Life } from "../server/supervisor";

/** The five states that a user is told apart. */
export type Mood = "ready" | "loading" | "generating" | "off" | "error";

export interface Known {
  readonly life: Life;
  /** What the server said last; undefined before it said anything. */
  readonly status: Status | undefined;
  readonly paused: boolean;
  /** The language of the active document, when it is paused there. */
  readonly pausedLanguage: string | undefined;
  /** About the active document. */
  readonly document: DocumentStatus | undefined;
  readonly trusted: boolean;
}

export interface View {
  readonly mood: Mood;
  /** With a codicon, as the status bar takes it. */
  readonly text: string;
  readonly tooltip: string;
  /** The same for a screen reader: words only. */
  readonly label: string;
}

const ICONS: Record<Mood, string> = {
  ready: "$(sparkle)",
  loading: "$(loading~spin)",
  generating: "$(sync~spin)",
  off: "$(circle-slash)",
  error: "$(error)",
};

/** What to show. */
export function view(known: Known): View {
  const { mood, words } = judge(known);
  const percentage = mood === "loading" ? known.status?.percentage : undefined;
  const short = typeof percentage === "number" ? ` ${percentage} %` : "";
  const model = known.status?.model && known.life.kind === "running" ? `Model: ${known.status.model}` : "";
  const limited = known.trusted ? "" : "This workspace is not trusted: examples are not run.";
  const tooltip = [`Glosswright: ${words}`, model, limited, "Click for the menu."].filter(Boolean).join("\n\n");
  return { mood, text: `${ICONS[mood]} Glosswright${short}`, tooltip, label: `Glosswright, ${words}, opens a menu` };
}

function judge({ life, status, paused, pausedLanguage, document }: Known): { mood: Mood; words: string } {
  switch (life.kind) {
    case "stopped":
      return { mood: "off", words: "stopped" };
    case "missing":
      return { mood: "off", words: life.message };
    case "starting":
      return { mood: "loading", words: "the server is starting" };
    case "waiting":
      return { mood: "error", words: `${life.message} It is started again in ${life.delayMs / 1000} s.` };
    case "failed":
      return { mood: "error", words: `${life.message} It is not started again by itself.` };
    case "running":
      break;
  }
  if (paused) {
    return { mood: "off", words: "paused" };
  }
  if (pausedLanguage !== undefined) {
    return { mood: "off", words: `paused for ${pausedLanguage}` };
  }
  if (document?.offered === false && document.reason !== "paused") {
    return { mood: "off", words: `nothing is offered in this file${document.detail ? `: ${document.detail}` : ""}` };
  }
  const said = status?.message ?? "";
  switch (status?.state) {
    case "starting":
    case "loading":
      return { mood: "loading", words: said || "the model is being loaded" };
    case "downloading":
      return { mood: "loading", words: said || "the model is being downloaded" };
    case "generating":
      return { mood: "generating", words: "generating code" };
    case "error":
      return { mood: "error", words: said || "something went wrong; the log says more" };
    case "off":
      // Until a model is needed there is none, and nothing is wrong with that.
      return status.enabled === false ? { mood: "off", words: said || "turned off in the settings" } : { mood: "ready", words: said || "ready" };
    case "ready":
    case undefined:
      return { mood: "ready", words: said ? `ready; last: ${said}` : "ready" };
  }
}
