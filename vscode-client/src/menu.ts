/** The entries of the status bar's menu, for a state. Pure. */
import type { Life } from "./server/supervisor";

export interface MenuState {
  readonly life: Life["kind"];
  readonly paused: boolean;
  /** The language of the active document; undefined where there is none. */
  readonly language: string | undefined;
  readonly languagePaused: boolean;
  readonly model: string;
}

export interface MenuEntry {
  readonly label: string;
  readonly description?: string;
  /** A command, or "settings" or "walkthrough". */
  readonly command: string;
}

/** What is offered, the most wanted first; "line" separates. */
export function menuOf(state: MenuState): (MenuEntry | "line")[] {
  const running = state.life === "running";
  const entries: (MenuEntry | "line")[] = [];
  if (state.life === "missing") {
    entries.push({ label: "$(cloud-download) Set up the server", command: "glosswright.setUp" });
    entries.push({ label: "$(folder-opened) Choose a Python that has it…", command: "glosswright.choosePython" }, "line");
  }
  if (running && state.language !== undefined && !state.paused) {
    entries.push(
      { label: "$(comment) Generate code from comment", command: "glosswright.generateFromComment" },
      { label: "$(symbol-function) Implement function", command: "glosswright.implementFunction" },
      { label: "$(list-selection) Show alternatives", command: "glosswright.showAlternatives" },
      { label: "$(question) Why this suggestion?", command: "glosswright.whySuggestion" },
      "line",
    );
  }
  if (state.paused) {
    entries.push({ label: "$(play) Resume", command: "glosswright.resume" });
  } else {
    entries.push({ label: "$(debug-pause) Pause", description: "in this window", command: "glosswright.pause" });
    if (state.language !== undefined) {
      entries.push(
        state.languagePaused
          ? { label: `$(play) Resume for ${state.language}`, command: "glosswright.resumeLanguage" }
          : { label: `$(debug-pause) Pause for ${state.language}`, command: "glosswright.pauseLanguage" },
      );
    }
  }
  entries.push("line");
  if (running) {
    entries.push({ label: "$(package) Choose model…", description: state.model, command: "glosswright.chooseModel" });
  }
  entries.push(
    { label: "$(debug-restart) Restart the server", command: "glosswright.restartServer" },
    { label: "$(pulse) Doctor", description: "what is installed, how fast it is", command: "glosswright.runDoctor" },
    { label: "$(output) Show log", command: "glosswright.showLog" },
    { label: "$(gear) Settings", command: "settings" },
    { label: "$(book) First steps", command: "walkthrough" },
  );
  return entries;
}
