/** The page's side of the alternatives panel: draws the state it is sent, and tells what was clicked. Text only. */
/// <reference lib="dom" />
import type { Card, PanelMessage, PanelState } from "./cards";

declare function acquireVsCodeApi(): { postMessage(message: PanelMessage): void };

const editor = acquireVsCodeApi();
const at = (id: string): HTMLElement => {
  const found = document.getElementById(id);
  if (found === null) {
    throw new Error(`the page lacks #${id}`);
  }
  return found;
};

function button(text: string, label: string, className: string, message: PanelMessage): HTMLButtonElement {
  const made = document.createElement("button");
  made.textContent = text;
  made.className = className;
  made.setAttribute("aria-label", label);
  made.addEventListener("click", () => editor.postMessage(message));
  return made;
}

function drawn(card: Card): HTMLLIElement {
  const item = document.createElement("li");
  const article = document.createElement("article");
  article.setAttribute("aria-label", card.name);
  const verdict = document.createElement("h2");
  verdict.className = card.passed ? "passed" : "failed";
  verdict.textContent = card.verdict;
  if (card.best) {
    const best = document.createElement("span");
    best.className = "best";
    best.textContent = "best";
    verdict.append(" ", best);
  }
  const code = document.createElement("pre");
  code.tabIndex = 0;
  code.setAttribute("aria-label", "Code");
  code.textContent = card.code;
  const actions = document.createElement("div");
  actions.className = "actions";
  actions.append(
    button("Insert", `Insert: ${card.name}`, "primary", { kind: "insert", id: card.id }),
    button("Copy", `Copy: ${card.name}`, "", { kind: "copy", id: card.id }),
    button("Why?", `Why this suggestion? ${card.name}`, "", { kind: "why", id: card.id }),
  );
  const notes = card.notes.map((text) => {
    const note = document.createElement("p");
    note.textContent = text;
    return note;
  });
  article.append(verdict, ...notes, code, actions);
  item.append(article);
  return item;
}

function working(message: string): string {
  return `Generating alternatives${message ? `: ${message}` : ""}…`;
}

function draw(state: PanelState): void {
  const status = at("status");
  const actions = at("actions");
  const cards = at("cards");
  if (state.kind === "working" && document.body.dataset.state === "working") {
    status.textContent = working(state.message); // the button stays, and the focus on it
    return;
  }
  cards.replaceChildren();
  actions.replaceChildren();
  document.body.dataset.state = state.kind;
  switch (state.kind) {
    case "working":
      status.textContent = working(state.message);
      actions.append(button("Cancel", "Cancel", "", { kind: "cancel" }));
      break;
    case "nothing":
      status.textContent = state.message;
      if (state.canRetry) {
        actions.append(button("Try again", "Try again", "primary", { kind: "again" }));
      }
      break;
    case "cards": {
      const count = `${state.cards.length} ${state.cards.length === 1 ? "alternative" : "alternatives"}`;
      status.textContent = state.note || `${count}${state.request ? ` for “${state.request}”` : ""}, best first.`;
      cards.append(...state.cards.map(drawn));
      cards.querySelector("button")?.focus();
    }
  }
}

window.addEventListener("message", (event: MessageEvent<PanelState>) => draw(event.data));
editor.postMessage({ kind: "ready" });
