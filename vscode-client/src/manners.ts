/**
 * When ghost text would disturb: pure rules, asked before the server is.
 *
 * Newer versions of VS Code keep quiet in a snippet by themselves (`editor.inlineSuggest.suppressInSnippetMode`), and
 * all of them while the rename box has the focus. What an extension can see of a snippet is looked at all the same,
 * for the versions before.
 */

export interface Moment {
  /** Whether the user asked, rather than stopped typing. */
  readonly byHand: boolean;
  /** The setting `editor.inlineSuggest.enabled` for this document. */
  readonly inlineSuggest: boolean;
  readonly paused: boolean;
  /** The selections of the editor that shows the document; undefined where none does. */
  readonly selections: readonly { readonly isEmpty: boolean }[] | undefined;
}

/** Whether nothing must be shown. */
export function isUnwelcome({ byHand, inlineSuggest, paused, selections = [] }: Moment): boolean {
  // A tab stop with a placeholder is selected; tab stops that mirror one another are several cursors.
  const isInSnippet = selections.length > 1 || selections.some((selection) => !selection.isEmpty);
  return paused || (!byHand && (!inlineSuggest || isInSnippet));
}
