/**
 * The extension in a real extension host, with a real server and a model that plays a script. What a key would do is
 * done by the command behind the key; keys themselves are pressed by the tests on the screen.
 */
import assert from "node:assert/strict";
import { execFileSync } from "node:child_process";
import * as path from "node:path";
import * as vscode from "vscode";
import { LanguageClient } from "vscode-languageclient/node";

import { pause, runAll, until, type HostTest } from "./runner";

/** What the scripted model answers (see tests/editors/vscode/conftest.py). */
const ADD = "def add(a, b):\n    return a + b\n";

const tests: HostTest[] = [
  ["the extension is active, and its server runs", async () => {
    const extension = vscode.extensions.getExtension("glosswright.glosswright");
    assert.ok(extension);
    await extension.activate();
    assert.equal(extension.extensionKind, vscode.ExtensionKind.Workspace);
    await until("the server's commands are there", async () =>
      (await vscode.commands.getCommands(true)).includes("glosswright.status"),
    );
  }],

  ["ghost text is accepted with its exact text, and undone", async () => {
    const editor = await open("ghost.py", "# add two numbers\n");
    put(editor, 1, 0);
    await acceptGhostText(editor);
    assert.equal(editor.document.getText(), `# add two numbers\n${ADD}`.trimEnd());
    await vscode.commands.executeCommand("undo");
    assert.equal(editor.document.getText(), "# add two numbers\n");
  }],

  ["a word of ghost text that is accepted is counted", async () => {
    const before = countedInPart();
    const editor = await open("word.py", "# add two numbers\n");
    put(editor, 1, 0);
    await until("a word was taken", async () => {
      await vscode.commands.executeCommand("editor.action.inlineSuggest.trigger");
      await pause(500);
      await vscode.commands.executeCommand("editor.action.inlineSuggest.acceptNextWord");
      return editor.document.getText() !== "# add two numbers\n";
    });
    assert.equal(editor.document.getText(), "# add two numbers\ndef");
    await until("it is counted", () => countedInPart() === before + 1);
  }],

  ["the light bulb offers and resolves", async () => {
    const editor = await open("bulb.py", "# add two numbers\n\n");
    const actions = await codeActions(editor.document, 0, 1);
    const action = actions.find((each) => each.title === "Generate code from this comment");
    assert.ok(action?.edit, JSON.stringify(actions.map((each) => each.title)));
    await vscode.workspace.applyEdit(action.edit);
    assert.match(editor.document.getText(), /^# add two numbers\ndef add\(a, b\):\n {4}return a \+ b\n/);
  }],

  ["the command Generate Code from Comment puts it in", async () => {
    const editor = await open("command.py", "# add two numbers\n\nx = 1\n");
    put(editor, 0, 5);
    await vscode.commands.executeCommand("glosswright.generateFromComment");
    assert.equal(editor.document.getText(), `# add two numbers\n${ADD}\nx = 1\n`);
  }],

  ["the command Implement Function replaces the placeholder", async () => {
    const editor = await open("body.py", 'def plus(a, b):\n    """Return the sum."""\n    pass\n');
    put(editor, 2, 4);
    await vscode.commands.executeCommand("glosswright.implementFunction");
    assert.equal(editor.document.getText(), 'def plus(a, b):\n    """Return the sum."""\n    return a + b\n');
  }],

  ["Why This Suggestion? opens beside the code", async () => {
    const editor = await open("why.py", "# add two numbers\n\n");
    put(editor, 0, 5);
    await vscode.commands.executeCommand("glosswright.generateFromComment");
    put(editor, 1, 3);
    await vscode.commands.executeCommand("glosswright.whySuggestion");
    await until("a preview", () => labels().some((label) => label.includes("Why this suggestion?")));
    assert.equal(vscode.window.activeTextEditor?.document.fileName, editor.document.fileName, "the focus was taken");
  }],

  ["paused means nothing, until resumed", async () => {
    const editor = await open("paused.py", "# add two numbers\n");
    await vscode.commands.executeCommand("glosswright.pause");
    assert.deepEqual((await codeActions(editor.document, 0, 1)).map((each) => each.title), []);
    put(editor, 1, 0);
    await vscode.commands.executeCommand("editor.action.inlineSuggest.trigger");
    await pause(700);
    await vscode.commands.executeCommand("editor.action.inlineSuggest.commit");
    assert.equal(editor.document.getText(), "# add two numbers\n");
    await vscode.commands.executeCommand("glosswright.resume");
    assert.equal((await codeActions(editor.document, 0, 1)).length, 1);
  }],

  ["a language can be paused alone", async () => {
    const python = await open("language.py", "# add two numbers\n");
    await vscode.commands.executeCommand("glosswright.pauseLanguage");
    const script = await open("language.js", "// twice the number\n");
    assert.equal((await codeActions(python.document, 0, 1)).length, 0);
    assert.equal((await codeActions(script.document, 0, 1, "Generate")).length, 1);
    await vscode.commands.executeCommand("glosswright.resume");
    assert.equal((await codeActions(python.document, 0, 1)).length, 1);
  }],

  ["nothing comes into a snippet", async () => {
    const editor = await open("snippet.py", "# add two numbers\n");
    put(editor, 1, 0);
    await editor.insertSnippet(new vscode.SnippetString("${1:name}$0"));
    // What typing would ask for by itself, here by the event of typing: the suggestion begins with it.
    await vscode.commands.executeCommand("type", { text: "d" });
    await pause(1500);
    await vscode.commands.executeCommand("editor.action.inlineSuggest.commit");
    assert.equal(editor.document.getText(), "# add two numbers\nd");
    await vscode.commands.executeCommand("leaveSnippet");
  }],

  ["beside TypeScript's server, each answers", async () => {
    const editor = await open("beside.js", "// twice the number\nconst beside = [1];\nbeside.fi\n");
    const list = await until("TypeScript's completions", async () => {
      const found = await vscode.commands.executeCommand<vscode.CompletionList>(
        "vscode.executeCompletionItemProvider", editor.document.uri, new vscode.Position(2, 9));
      return found.items.some((each) => labelOf(each) === "filter") ? found : undefined;
    }, 30_000);
    assert.ok(list);
    const titles = (await codeActions(editor.document, 0, 1, "Generate")).map((each) => each.title);
    assert.deepEqual(titles, ["Generate code from this comment"]);
  }],

  ["beside Ruff's language server, each answers for itself", async () => {
    const command = process.env.GLOSSWRIGHT_HOST_RUFF ?? "ruff";
    const ruff = new LanguageClient("ruff", "Ruff", { command, args: ["server"] }, {
      documentSelector: [{ scheme: "file", language: "python" }],
    });
    await ruff.start();
    try {
      const editor = await open("ruff.py", "import os\n# add two numbers\n");
      const { uri } = editor.document;
      const told = (): string[] => vscode.languages.getDiagnostics(uri).map((each) => each.source ?? "");
      await until("the unused import is told", () => told().includes("Ruff"), 30_000);
      put(editor, 2, 0);
      await acceptGhostText(editor);
      assert.equal(editor.document.getText(), `import os\n# add two numbers\n${ADD}`.trimEnd());
      const theirs = await vscode.commands.executeCommand<vscode.CodeAction[]>(
        "vscode.executeCodeActionProvider", uri, new vscode.Range(0, 7, 0, 7));
      assert.ok(theirs.some((each) => each.title.includes("unused import")), JSON.stringify(theirs.map((each) => each.title)));
      assert.equal((await codeActions(editor.document, 1, 1)).length, 1);
      const formatted = await vscode.commands.executeCommand<vscode.TextEdit[] | undefined>(
        "vscode.executeFormatDocumentProvider", uri, { tabSize: 4, insertSpaces: true });
      assert.ok(formatted?.length, "formatting is still Ruff's");
      await until("what is told is told by Ruff", () => told().length > 0);
      assert.deepEqual([...new Set(told())], ["Ruff"]);
    } finally {
      await ruff.stop();
    }
  }],

  ["a notebook's cell gets code", async () => {
    const cell = new vscode.NotebookCellData(vscode.NotebookCellKind.Code, "# add two numbers\n", "python");
    const notebook = await vscode.workspace.openNotebookDocument("jupyter-notebook", new vscode.NotebookData([cell]));
    await vscode.window.showNotebookDocument(notebook);
    const document = notebook.cellAt(0).document;
    const actions = await until("an action", async () => {
      const found = await codeActions(document, 0, 1);
      return found.length > 0 ? found : undefined;
    });
    const edit = actions[0]?.edit;
    assert.ok(edit);
    await vscode.workspace.applyEdit(edit);
    assert.match(document.getText(), /^# add two numbers\ndef add\(a, b\):\n {4}return a \+ b/);
  }],

  ["both folders of the workspace are served", async () => {
    const folders = (vscode.workspace.workspaceFolders ?? []).map((folder) => folder.uri.fsPath);
    assert.equal(folders.length, 2);
    for (const folder of folders) {
      const editor = await open("root.py", "# add two numbers\n", folder);
      assert.equal((await codeActions(editor.document, 0, 1)).length, 1, folder);
    }
  }],

  ["a setting of the user's is heeded at once", async () => {
    const editor = await open("setting.py", "# add two numbers\n");
    const settings = vscode.workspace.getConfiguration("glosswright");
    await settings.update("disabledLanguages", ["python"], vscode.ConfigurationTarget.Global);
    await until("silence", async () => (await codeActions(editor.document, 0, 1)).length === 0);
    await settings.update("disabledLanguages", undefined, vscode.ConfigurationTarget.Global);
    await until("an offer", async () => (await codeActions(editor.document, 0, 1)).length === 1);
  }],

  ["a restart brings a new server", async () => {
    const editor = await open("restart.py", "# add two numbers\n");
    await vscode.commands.executeCommand("glosswright.restartServer");
    await until("an offer", async () => (await codeActions(editor.document, 0, 1)).length === 1);
  }],
];

export function activate(): void {
  const file = process.env.GLOSSWRIGHT_HOST_RESULT;
  if (file !== undefined) {
    void runAll(tests, file);
  }
}

async function open(name: string, text: string, folder?: string): Promise<vscode.TextEditor> {
  const root = folder ?? vscode.workspace.workspaceFolders?.[0]?.uri.fsPath ?? "";
  const uri = vscode.Uri.file(path.join(root, name));
  await vscode.workspace.fs.writeFile(uri, Buffer.from(text));
  const document = await vscode.workspace.openTextDocument(uri);
  return vscode.window.showTextDocument(document, vscode.ViewColumn.One);
}

function put(editor: vscode.TextEditor, line: number, character: number): void {
  const at = new vscode.Position(line, character);
  editor.selection = new vscode.Selection(at, at);
}

/** Trigger, and take what comes as soon as there is something to take. */
async function acceptGhostText(editor: vscode.TextEditor): Promise<void> {
  const before = editor.document.getText();
  await until("ghost text was taken", async () => {
    await vscode.commands.executeCommand("editor.action.inlineSuggest.trigger");
    await pause(500);
    await vscode.commands.executeCommand("editor.action.inlineSuggest.commit");
    return editor.document.getText() !== before;
  });
}

/** How many suggestions were accepted in part, as `glosswright stats` says. */
function countedInPart(): number {
  const python = vscode.workspace.getConfiguration("glosswright").get("server.python", "");
  const program = "from glosswright_server.__main__ import main; main(['stats', '--json'])";
  const said = execFileSync(python, ["-c", program], { encoding: "utf8" });
  return (JSON.parse(said) as { total: { partlyAccepted: number } }).total.partlyAccepted;
}

/** Our actions at a line, resolved. */
async function codeActions(
  document: vscode.TextDocument,
  line: number,
  resolve: number,
  only = "",
): Promise<vscode.CodeAction[]> {
  const range = new vscode.Range(line, 2, line, 2);
  const found = await vscode.commands.executeCommand<(vscode.CodeAction | vscode.Command)[]>(
    "vscode.executeCodeActionProvider", document.uri, range, undefined, resolve);
  return found.filter((each): each is vscode.CodeAction => "edit" in each || "kind" in each)
    .filter((each) => each.title.startsWith(only || "Generate") || (!only && each.title.startsWith("Implement")));
}

function labels(): string[] {
  return vscode.window.tabGroups.all.flatMap((group) => group.tabs).map((tab) => tab.label);
}

function labelOf(item: vscode.CompletionItem): string {
  return typeof item.label === "string" ? item.label : item.label.label;
}
