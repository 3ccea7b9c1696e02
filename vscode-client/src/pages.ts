/** Pages that the extension shows beside the code: explanations and reports. The focus stays where it is. */
import * as vscode from "vscode";

const SCHEME = "glosswright";

export class Pages implements vscode.TextDocumentContentProvider, vscode.Disposable {
  private readonly texts = new Map<string, string>();
  private readonly changed = new vscode.EventEmitter<vscode.Uri>();
  readonly onDidChange = this.changed.event;
  private readonly registration = vscode.workspace.registerTextDocumentContentProvider(SCHEME, this);
  private panel: vscode.WebviewPanel | undefined;

  /** `extension` is the folder that the style sheet lies in. */
  constructor(private readonly extension: vscode.Uri) {}

  provideTextDocumentContent(uri: vscode.Uri): string {
    return this.texts.get(uri.toString()) ?? "";
  }

  /** Show Markdown, drawn, beside the active editor. Nothing in it is run, and nothing is fetched for it. */
  async showMarkdown(title: string, markdown: string): Promise<void> {
    const html = await vscode.commands.executeCommand<string>("markdown.api.render", markdown);
    if (this.panel === undefined) {
      this.panel = vscode.window.createWebviewPanel(
        "glosswright.page",
        title,
        { viewColumn: vscode.ViewColumn.Beside, preserveFocus: true },
        { enableScripts: false, localResourceRoots: [vscode.Uri.joinPath(this.extension, "media")] },
      );
      this.panel.onDidDispose(() => {
        this.panel = undefined;
      });
    } else {
      this.panel.reveal(undefined, true);
    }
    const { webview } = this.panel;
    const style = webview.asWebviewUri(vscode.Uri.joinPath(this.extension, "media", "panel.css")).toString();
    this.panel.title = title;
    webview.html = `<!DOCTYPE html>
<html lang="en">
<head>
<meta charset="UTF-8">
<meta http-equiv="Content-Security-Policy" content="default-src 'none'; style-src ${webview.cspSource}">
<link rel="stylesheet" href="${style}">
</head>
<body><main aria-label="${title}">${html}</main></body>
</html>`;
  }

  /** Show plain text in an editor. */
  async showText(name: string, text: string): Promise<void> {
    const uri = vscode.Uri.from({ scheme: SCHEME, path: `/${name}` });
    this.texts.set(uri.toString(), text);
    this.changed.fire(uri);
    const document = await vscode.workspace.openTextDocument(uri);
    await vscode.window.showTextDocument(document, { preview: true });
  }

  dispose(): void {
    this.registration.dispose();
    this.changed.dispose();
    this.panel?.dispose();
  }
}
