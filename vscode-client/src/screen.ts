/** Progress as VS Code shows it in a notification, with a Cancel that can be seen. */
import * as vscode from "vscode";

import type { Screen, Shown } from "./progress";

export const screen: Screen = { show, after };

function show(title: string, cancel: (() => void) | undefined): Shown {
  let reporter: vscode.Progress<{ message?: string; increment?: number }> | undefined;
  let last: [message: string, percentage: number | undefined] = ["", undefined];
  let drawn = 0;
  const draw = (): void => {
    const [message, percentage] = last;
    const increment = Math.max(0, (percentage ?? 0) - drawn);
    drawn += reporter === undefined ? 0 : increment;
    reporter?.report({ message, increment });
  };
  let close = (): void => undefined;
  const closed = new Promise<void>((resolve) => {
    close = resolve;
  });
  const options = { location: vscode.ProgressLocation.Notification, title, cancellable: cancel !== undefined };
  void vscode.window.withProgress(options, (progress, token) => {
    reporter = progress;
    token.onCancellationRequested(() => cancel?.());
    draw();
    return closed;
  });
  return {
    report: (message, percentage) => {
      last = [message, percentage];
      draw();
    },
    close,
  };
}

function after(ms: number, action: () => void): () => void {
  const timer = setTimeout(action, ms);
  return () => clearTimeout(timer);
}
