"""Functions that a body calls, that the file has not, and that the model goes on to write below it.

Small models like to: `return is_balanced(text)`, and behind the function a `def is_balanced`. Such a definition is part
of the answer; whatever else comes behind a body, the end of the answer. Python only: elsewhere a missing name is not
told from one that comes from another file. Reads text and decides; changes none.
"""

from __future__ import annotations

import builtins
import keyword
import re
from collections.abc import Iterable, Sequence
from dataclasses import replace

from glosswright_server.intent.model import Extent, Intent, IntentKind
from glosswright_server.shaping import repeats
from glosswright_server.shaping.extent import Boundary, Head, head_of, leading, width_of
from glosswright_server.shaping.lexis import Lexis, Line
from glosswright_server.shaping.margins import fit, joined

MOST = 3
"""Helpers of one answer."""

_MOST_ABOVE = 3  # comments and decorators above a helper
_CALL = re.compile(r"(?<![\w.])([A-Za-z_]\w*)[ \t]*\(")
_OWN_CALL = re.compile(r"(?<![\w.])(?:self|cls)\.([A-Za-z_]\w*)[ \t]*\(")
_HEADER = re.compile(r"[ \t]*(?:async[ \t]+)?def[ \t]+([A-Za-z_]\w*)[ \t]*\(")
_METHOD = re.compile(r"[ \t]*(?:async[ \t]+)?def[ \t]+\w+[ \t]*\([ \t]*(?:self|cls)\b")
_STAR = re.compile(r"^[ \t]*from[ \t]+\S+[ \t]+import[ \t]+\*", re.MULTILINE)  # whatever it calls may come from there
_KNOWN = frozenset(dir(builtins)) | frozenset(keyword.kwlist) | frozenset(keyword.softkwlist)


class Helpers:
    """Follows what comes behind one body. `begins` and `admits` before a line, `add` after it."""

    def __init__(self, text: str, intent: Intent, lexis: Lexis, *, tab: int) -> None:
        self._indent = ""  # of the function that the body belongs to, and so of its helpers
        self._text = text
        self._intent = intent
        self._lexis = lexis
        self._tab = tab
        self._open: Boundary | None = None
        self._done: list[Boundary] = []
        self._above: list[str] = []
        self._wanted: set[str] = set()
        self.begun = False
        """Whether the body has ended, and what comes is looked at here."""
        self._is_method = False
        self._column = 0

    def fitted(self, unit: str) -> str:
        """The helpers that came to their end as they stand below the body, in order; "" for none."""
        gap = "\n\n" if self._indent else "\n\n\n"
        return "".join(gap + self._fitted(boundary.lines[: boundary.whole], unit) for boundary in self._done)

    def _fitted(self, lines: list[Line], unit: str) -> str:
        told = fit(lines, self._lexis, base=self._column, indent=self._indent, unit=unit, midline=False, absolute=False)
        return self._indent + joined(told, lines)

    def begin(self, lines: Sequence[Line], base: int) -> bool:
        """The body has ended; whether it calls what only a helper could give. `base` is its margin as the model writes
        it, in columns."""
        header = _header(self._text, self._intent)
        if header is None:
            return False
        self._indent = leading(header)
        self._is_method = bool(self._indent) and _METHOD.match(header) is not None
        inside = width_of(self._intent.indent, self._tab) - width_of(self._indent, self._tab)
        self._column = max(0, base - inside)
        self._wanted = self._missing(lines)
        self.begun = bool(self._wanted)
        return self.begun

    def admits(self, head: Head) -> bool:
        """Whether a line that begins so may belong to a helper."""
        if self._open is not None:
            if self._open.admits(head):
                return True
            self.close()
        if head.width != self._column or not self._wanted or len(self._done) >= MOST:
            return False
        return head.word in ("", "def", "async") or (head.word in ("#", "@") and len(self._above) < _MOST_ABOVE)

    def add(self, text: str) -> bool:
        """Take a whole line; whether the answer ends before it."""
        head = head_of(text + "\n", self._tab)
        if head is not None and not self.admits(head):
            return True
        if self._open is not None:
            self._open.add(text)
            runs_on = repeats.runaway([line.text for line in self._open.lines[-repeats.WINDOW :]]) >= 0
            self._open = None if runs_on else self._open
            return runs_on
        if head is None:
            return False
        if head.word in ("#", "@"):
            self._above.append(text)
            return False
        found = _HEADER.match(text)
        if found is None or found[1] not in self._wanted or (self._is_method and _METHOD.match(text) is None):
            return True
        intent = replace(self._intent, kind=IntentKind.COMMENT, extent=Extent.STATEMENT, indent=" " * self._column)
        self._open = Boundary(intent, self._lexis, left="", below="", tab=self._tab)
        for line in (*self._above, text):
            self._open.add(line)
        self._above = []
        return False

    def close(self) -> None:
        """The text has ended: a helper whose statements are whole counts."""
        boundary, self._open = self._open, None
        if boundary is None or not boundary.whole_now:
            return
        self._done.append(boundary)
        self._wanted |= self._missing(boundary.lines)
        self._wanted -= {name for one in self._done if (name := _defined(one.lines))}

    def _missing(self, lines: Iterable[Line]) -> set[str]:
        """The names that these lines call and nothing defines."""
        code = "\n".join(line.code for line in lines)
        called = set((_OWN_CALL if self._is_method else _CALL).findall(code)) - _KNOWN
        return {name for name in called if not _defines(name, code) and not _defines(name, self._text)}


def _header(text: str, intent: Intent) -> str | None:
    """The line with the header of the function whose body is asked for; None where there is none, or no helper can be
    told from what the file imports."""
    if intent.language != "python" or intent.kind is not IntentKind.BODY or not intent.name:
        return None
    if _STAR.search(text):
        return None
    pattern = rf"^[ \t]*(?:async[ \t]+)?def[ \t]+{re.escape(intent.name)}\b.*"
    headers = re.findall(pattern, text[: intent.start], re.MULTILINE)
    return headers[-1] if headers and len(leading(headers[-1])) < len(intent.indent) else None


def _defined(lines: Sequence[Line]) -> str:
    found = next((match for line in lines if (match := _HEADER.match(line.code))), None)
    return found[1] if found else ""


def _defines(name: str, code: str) -> bool:
    """Whether `code` seems to bind `name`; where that is not certain it does, and no helper is waited for."""
    word = re.escape(name)
    return (
        re.search(
            rf"\b(?:def|class|import|as|for)\s+{word}\b|[,(]\s*{word}\s*[,:=)\n]|\b{word}\s*(?::[^=\n]*)?=(?!=)", code
        )
        is not None
    )
