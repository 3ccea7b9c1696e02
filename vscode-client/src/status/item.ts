/** The status bar item: shows a view, opens the menu. It never moves the focus and never pops up. */
import * as vscode from "vscode";

import type { View } from "./view";

const BACKGROUNDS = { error: "statusBarItem.errorBackground" } as const;

export class StatusItem implements vscode.Disposable {
  private readonly item = vscode.window.createStatusBarItem("glosswright.status", vscode.StatusBarAlignment.Right, 100);

  constructor(menu: string) {
    this.item.name = "Glosswright";
    this.item.command = menu;
    this.item.show();
  }

  show(view: View): void {
    this.item.text = view.text;
    this.item.tooltip = new vscode.MarkdownString(escaped(view.tooltip));
    this.item.accessibilityInformation = { label: view.label, role: "button" };
    this.item.backgroundColor = view.mood === "error" ? new vscode.ThemeColor(BACKGROUNDS.error) : undefined;
  }

  dispose(): void {
    this.item.dispose();
  }
}

/** Text as Markdown that shows just that text. */
function escaped(text: string): string {
  return text.replace(/[\\`*_{}[\]()#+\-.!<>|~$]/g, "\\$&");
}
