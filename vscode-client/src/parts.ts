/**
 * Which part of ghost text was taken by a change of the document: pure rules.
 *
 * VS Code runs an item's command when the whole of it was accepted, and tells nobody of words and lines of it. A part
 * that was accepted comes in one piece where the ghost text went on; what is typed comes letter by letter.
 */

export interface Offered {
  /** The suggestion, as the server knows it. */
  readonly id: string;
  /** The item's text. */
  readonly text: string;
  /** Where in the document the text begins. */
  readonly start: number;
}

export interface Change {
  readonly offset: number;
  readonly deleted: number;
  readonly text: string;
}

/**
 * How much of the item's text stands in the document now, in UTF-16 code units; undefined where the change did not put a
 * part of it in. `between` is what stands from the item's start to the change.
 */
export function acceptedLength(offered: Offered, between: string, change: Change): number | undefined {
  // Brackets and quotes come in pairs as they are typed: a part that says something has a letter or a digit.
  if (change.deleted > 0 || /^.$/su.test(change.text) || !/[\p{L}\p{N}]/u.test(change.text)) {
    return undefined;
  }
  const text = lineFeeds(offered.text);
  const taken = lineFeeds(between + change.text);
  return change.offset >= offered.start && text.startsWith(taken) && text !== taken
    ? units(offered.text, taken.length)
    : undefined;
}

/** So many characters of a text with line feeds alone, counted in the text as it is. */
function units(text: string, withLineFeeds: number): number {
  let at = 0;
  for (let left = withLineFeeds; left > 0; left -= 1) {
    at += text.startsWith("\r\n", at) ? 2 : 1;
  }
  return at;
}

function lineFeeds(text: string): string {
  return text.replaceAll("\r\n", "\n");
}
