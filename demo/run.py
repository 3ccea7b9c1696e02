"""The demo: seven real files, a real language server process, a real client library, the real default model.

Opens an LSP session with pygls' client, asks at each file's comment or docstring, and prints what came back with its
verdict and speed. Exits non-zero when any file got no code that passed its checks. `--svg FILE` also saves a picture.
"""

from __future__ import annotations

import argparse
import asyncio
import dataclasses
import sys
import textwrap
import time
from pathlib import Path
from typing import Any

from lsprotocol import types as lsp
from pygls.lsp.client import LanguageClient
from rich.console import Console, Group
from rich.panel import Panel
from rich.progress import BarColumn, Progress, TaskID, TextColumn, TimeElapsedColumn
from rich.syntax import Syntax
from rich.text import Text

FILES = Path(__file__).parent / "files"
TIMEOUT_S = 900
"""For one request; the first may have to wait until the model is loaded."""


@dataclasses.dataclass(frozen=True)
class Stop:
    """One place the demo asks at."""

    file: str
    language: str
    title: str
    line: int
    """1-based line of the cursor."""
    way: str
    """"inline" (ghost text) or "action" (a code action with resolve)."""


STOPS = (
    Stop("word_count.py", "python", "Python, a comment", 11, "inline"),
    Stop("runs.py", "python", "Python, a docstring with an empty body", 11, "inline"),
    Stop("account.py", "python", "Python, a method in a class", 18, "action"),
    Stop("temperature.py", "python", "Python, a comment in Chinese", 9, "inline"),
    Stop("cart.js", "javascript", "JavaScript, a JSDoc comment", 11, "action"),
    Stop("stack.go", "go", "Go, a doc comment", 14, "action"),
    Stop("report.sql", "sql", "SQL, a comment", 5, "inline"),
)


@dataclasses.dataclass
class Answer:
    """What came back at one stop."""

    code: str = ""
    facts: dict[str, Any] = dataclasses.field(default_factory=dict)


class Session:
    """An LSP session with a language server process of our own."""

    def __init__(self, console: Console, command: list[str]) -> None:
        self._command = command
        self._client = LanguageClient("glosswright-demo", "1")
        self._bars = Progress(
            TextColumn("{task.description}"),
            BarColumn(),
            TextColumn("{task.fields[message]}"),
            TimeElapsedColumn(),
            console=console,
            transient=True,
        )
        self._tasks: dict[str | int, TaskID] = {}
        self._texts: dict[str, str] = {}
        client = self._client

        @client.feature(lsp.WINDOW_WORK_DONE_PROGRESS_CREATE)
        def on_create(params: lsp.WorkDoneProgressCreateParams) -> None:
            self._tasks[params.token] = self._bars.add_task("", total=100, message="")

        @client.feature(lsp.PROGRESS)
        def on_progress(params: lsp.ProgressParams) -> None:
            self._show(params.token, params.value)

        @client.feature(lsp.WINDOW_SHOW_MESSAGE)
        def on_message(params: lsp.ShowMessageParams) -> None:
            console.print(f"[yellow]server: {params.message}[/]")

        @client.feature("glosswright/status")
        def on_status(params: Any) -> None:
            """The bars show the same; a real client would put this into its status line."""

    async def __aenter__(self) -> Session:
        await self._client.start_io(*self._command)
        self._bars.start()
        await self._client.initialize_async(
            lsp.InitializeParams(
                process_id=None,
                client_info=lsp.ClientInfo(name="glosswright-demo"),
                root_uri=FILES.as_uri(),
                # An editor's user is asked once for each workspace; whoever runs the demo is shown what it does.
                # What the demo accepts says nothing of what the user does.
                initialization_options={"verify": {"runExamples": "always"}, "feedback": {"enabled": False}},
                capabilities=lsp.ClientCapabilities(
                    window=lsp.WindowClientCapabilities(work_done_progress=True),
                    workspace=lsp.WorkspaceClientCapabilities(
                        workspace_edit=lsp.WorkspaceEditClientCapabilities(document_changes=True)
                    ),
                    text_document=lsp.TextDocumentClientCapabilities(
                        inline_completion=lsp.InlineCompletionClientCapabilities(),
                        code_action=lsp.CodeActionClientCapabilities(
                            resolve_support=lsp.ClientCodeActionResolveOptions(properties=["edit"]), data_support=True
                        ),
                    ),
                ),
            )
        )
        self._client.initialized(lsp.InitializedParams())
        return self

    async def __aexit__(self, *_: object) -> None:
        self._bars.stop()
        await self._client.shutdown_async(None)
        self._client.exit(None)
        await self._client.stop()

    async def ask(self, stop: Stop) -> Answer:
        """Open the file and ask at the stop's place."""
        path = FILES / stop.file
        uri = path.as_uri()
        text = self._texts[uri] = path.read_text(encoding="utf-8")
        self._client.text_document_did_open(
            lsp.DidOpenTextDocumentParams(lsp.TextDocumentItem(uri, lsp.LanguageKind(stop.language), 1, text))
        )
        lines = text.split("\n")
        place = lsp.Position(stop.line - 1, len(lines[stop.line - 1]))
        document = lsp.TextDocumentIdentifier(uri)
        return await (self._inline(document, place) if stop.way == "inline" else self._action(document, place))

    async def _inline(self, document: lsp.TextDocumentIdentifier, place: lsp.Position) -> Answer:
        context = lsp.InlineCompletionContext(trigger_kind=lsp.InlineCompletionTriggerKind.Invoked)
        found = await self._client.text_document_inline_completion_async(
            lsp.InlineCompletionParams(context=context, text_document=document, position=place)
        )
        items = found.items if isinstance(found, lsp.InlineCompletionList) else found or []
        if not items:
            return Answer()
        arguments = (items[0].command.arguments if items[0].command else None) or [{}]
        start = items[0].range.start if items[0].range else place
        return Answer(self._margin(document, start) + str(items[0].insert_text), dict(arguments[0]))

    async def _action(self, document: lsp.TextDocumentIdentifier, place: lsp.Position) -> Answer:
        actions = await self._client.text_document_code_action_async(
            lsp.CodeActionParams(
                text_document=document,
                range=lsp.Range(place, place),
                context=lsp.CodeActionContext(diagnostics=[], only=[lsp.CodeActionKind.RefactorRewrite]),
            )
        )
        actions = [action for action in actions or [] if isinstance(action, lsp.CodeAction)]
        if not actions:
            return Answer()
        resolved = await self._client.code_action_resolve_async(actions[0])
        changes = resolved.edit.document_changes if resolved.edit else None
        if not changes or not isinstance(changes[0], lsp.TextDocumentEdit):
            return Answer()
        data = resolved.data if isinstance(resolved.data, dict) else {}
        # A missing import comes as a second edit, further up.
        edit = max(changes[0].edits, key=lambda one: one.range.start.line)
        code = self._margin(document, edit.range.start) + getattr(edit, "new_text", "")
        return Answer(code, dict(data.get("facts", {})))

    def _margin(self, document: lsp.TextDocumentIdentifier, start: lsp.Position) -> str:
        """The indentation that stands left of an edit already, so that the code is shown as it will look."""
        left = self._texts[document.uri].split("\n")[start.line][: start.character]
        return left if not left.strip() else ""

    def _show(self, token: str | int, value: object) -> None:
        """Draw a `$/progress` notification; its value has no type in the protocol, so it comes as it is."""
        task = self._tasks.get(token)
        if task is None:
            return

        def get(name: str) -> Any:
            return value.get(name) if isinstance(value, dict) else getattr(value, name, None)

        if get("kind") == "end":
            self._bars.remove_task(task)
            del self._tasks[token]
            return
        if get("title"):
            self._bars.update(task, description=get("title"))
        self._bars.update(task, completed=get("percentage"), message=get("message") or "")


def show(console: Console, stop: Stop, answer: Answer, waited_s: float) -> bool:
    """Print one stop; returns whether code came back that passed its checks."""
    facts = answer.facts
    good = bool(answer.code) and bool(facts.get("passed"))
    asked = Text(str(facts.get("request") or "(nothing came back)").strip(), style="italic")
    code = Syntax(
        textwrap.dedent(answer.code.strip("\r\n")),
        stop.language,
        theme="ansi_dark",
        background_color="default",
        word_wrap=True,
    )
    line = Text()
    line.append(str(facts.get("verdict", "no verdict")), style="bold green" if good else "bold red")
    if facts:
        line.append(f"   first token {facts['firstTokenMs'] / 1000:.2f} s", style="cyan")
        line.append(f"   {facts['tokensPerSecond']:.1f} tokens/s   {facts['tokens']} tokens   {waited_s:.1f} s in all")
    console.print(
        Panel(
            Group(asked, Text(), code, Text(), line),
            title=f"[bold]{stop.title}[/]  {stop.file}:{stop.line}",
            title_align="left",
            border_style="green" if good else "red",
            width=110,
        )
    )
    return good


async def run(console: Console, command: list[str]) -> int:
    """Walk through all stops; returns the exit status."""
    good, model, started = 0, "", time.monotonic()
    async with Session(console, command) as session:
        for stop in STOPS:
            asked_at = time.monotonic()
            answer = await asyncio.wait_for(session.ask(stop), TIMEOUT_S)
            good += show(console, stop, answer, time.monotonic() - asked_at)
            model = answer.facts.get("model", model)
    console.print(
        f"[bold]{good} of {len(STOPS)}[/] answers passed their checks, in {time.monotonic() - started:.0f} s."
    )
    console.print(f"Model: {model}. Everything ran on this machine.")
    return 0 if good == len(STOPS) else 1


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--svg", type=Path, help="also save the output as a picture")
    parser.add_argument("server", nargs="*", help="command that starts the language server")
    arguments = parser.parse_args()
    console = Console(record=arguments.svg is not None, highlight=False, width=112 if arguments.svg else None)
    status = asyncio.run(run(console, arguments.server or [sys.executable, "-m", "glosswright_server"]))
    if arguments.svg:
        console.save_svg(str(arguments.svg), title="make demo")
    return status


if __name__ == "__main__":
    sys.exit(main())
