"""One keystroke in a document of 5,000 and of 50,000 lines: this store beside pygls' TextDocument.

    python tests/bench/bench_documents.py

Prints a table of milliseconds per edit (median) and the ratio. It measures; it asserts nothing.
"""

from __future__ import annotations

import statistics
import time
from collections.abc import Callable

from lsprotocol import types
from pygls.workspace import Workspace

from glosswright_server.documents import Change, DocumentStore, Position

URI = "file:///bench.py"
EDITS = 30
LINE = {"ASCII": "    total = total + price * count  # sum\n", "CJK": "    total = total + price * count  # 合計\n"}


def time_edits(edit: Callable[[int, int], None], line: int) -> float:
    """The median time of typing one character at `line`, in milliseconds."""
    times = []
    for number in range(EDITS):
        started = time.perf_counter()
        edit(line, number)
        times.append(time.perf_counter() - started)
    return 1000 * statistics.median(times)


def own_store(text: str) -> Callable[[int, int], None]:
    """Typing into the document store, up to and including the offset of the cursor afterwards."""
    store = DocumentStore(max_document_chars=10_000_000)
    store.open(URI, "python", 0, text)
    version = 0

    def edit(line: int, column: int) -> None:
        nonlocal version
        version += 1
        place = Position(line, column)
        store.change(URI, version, [Change((place, place), "x")])
        snapshot = store.get(URI)
        assert snapshot is not None
        snapshot.offset_at(Position(line, column + 1))

    return edit


def pygls_workspace(text: str) -> Callable[[int, int], None]:
    """The same with pygls."""
    workspace = Workspace(None, types.TextDocumentSyncKind.Incremental)
    workspace.put_text_document(types.TextDocumentItem(uri=URI, language_id="python", version=0, text=text))
    version = 0

    def edit(line: int, column: int) -> None:
        nonlocal version
        version += 1
        span = types.Range(types.Position(line, column), types.Position(line, column))
        change = types.TextDocumentContentChangePartial(range=span, text="x")
        workspace.update_text_document(types.VersionedTextDocumentIdentifier(version=version, uri=URI), change)
        workspace.get_text_document(URI).offset_at_position(types.Position(line, column + 1))

    return edit


def main() -> None:
    """Print the table."""
    print(f"{'lines':>6} {'text':>6} {'where':>7} {'own ms':>8} {'pygls ms':>9} {'ratio':>6}")
    for lines in (5_000, 50_000):
        for name, line_text in LINE.items():
            for where, line in (("top", 3), ("middle", lines // 2), ("bottom", lines - 3)):
                own = time_edits(own_store(line_text * lines), line)
                other = time_edits(pygls_workspace(line_text * lines), line)
                print(f"{lines:>6} {name:>6} {where:>7} {own:>8.3f} {other:>9.2f} {other / own:>5.0f}x")


if __name__ == "__main__":
    main()
