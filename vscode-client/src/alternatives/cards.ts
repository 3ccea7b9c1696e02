/** The state of the alternatives panel, and what its page shows of each alternative. Pure, shared by both sides. */
import type { Alternatives } from "../protocol";

export interface Card {
  readonly id: string;
  /** "Alternative 1 of 4: ✓ 3/3 examples, best" */
  readonly name: string;
  readonly verdict: string;
  readonly passed: boolean;
  readonly best: boolean;
  /** What is wrong, or how often it came; "" for nothing. */
  readonly notes: readonly string[];
  readonly code: string;
}

export type PanelState =
  | { readonly kind: "working"; readonly message: string }
  | { readonly kind: "cards"; readonly request: string; readonly cards: readonly Card[]; readonly note: string }
  | { readonly kind: "nothing"; readonly message: string; readonly canRetry: boolean };

/** What the page tells the extension. */
export type PanelMessage =
  | { readonly kind: "ready" }
  | { readonly kind: "cancel" }
  | { readonly kind: "again" }
  | { readonly kind: "insert" | "copy" | "why"; readonly id: string };

/** The cards of an answer, in its order: best first. */
export function cardsOf(answer: Alternatives): Card[] {
  return answer.items.map((item, index) => ({
    id: item.id,
    name: `Alternative ${index + 1} of ${answer.items.length}: ${item.label}${item.best ? ", best" : ""}`,
    verdict: item.label,
    passed: item.passed,
    best: item.best,
    notes: [item.detail, item.times > 1 ? `The model gave this ${item.times} times.` : ""].filter(Boolean),
    code: dedented(item.text),
  }));
}

/** What was asked for, in a line: the first of it. */
export function askedFor(request: string): string {
  const [first = "", ...more] = request.trim().split(/\r?\n/);
  return more.length > 0 ? `${first} …` : first;
}

/** A message from the page, or undefined where it is none: a page is not to be trusted with shapes. */
export function messageOf(value: unknown): PanelMessage | undefined {
  if (typeof value !== "object" || value === null) {
    return undefined;
  }
  const { kind, id } = value as { kind?: unknown; id?: unknown };
  if (kind === "ready" || kind === "cancel" || kind === "again") {
    return { kind };
  }
  return (kind === "insert" || kind === "copy" || kind === "why") && typeof id === "string" ? { kind, id } : undefined;
}

/** Code without the indentation that all its lines share, and without empty lines around it. */
export function dedented(text: string): string {
  const lines = text.replace(/\r\n?/g, "\n").replace(/^(?:[ \t]*\n)+|\s+$/g, "").split("\n");
  const margins = lines.filter((line) => line.trim()).map((line) => /^[ \t]*/.exec(line)?.[0] ?? "");
  let shared = margins[0] ?? "";
  for (const margin of margins) {
    while (!margin.startsWith(shared)) {
      shared = shared.slice(0, -1);
    }
  }
  return lines.map((line) => line.slice(Math.min(shared.length, line.length))).join("\n");
}
