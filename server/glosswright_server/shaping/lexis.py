"""Where comments, strings and brackets stand in the lines of an answer, for every language spoken here.

`Scanner` reads complete lines one after the other in O(n) and keeps the little state that reaches over a line end (open
brackets, an open string or comment). It is no parser: it knows nothing of grammar, never fails, and is only as right as
ending an answer needs.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from enum import Enum


class Blocks(Enum):
    """How a language marks its blocks."""

    OFFSIDE = "indentation"
    BRACES = "braces"
    WORDS = "words"
    SEMICOLON = "semicolon"
    BLANK = "blank lines"


@dataclass(frozen=True, slots=True)
class Quote:
    """One way to write a string."""

    open: str
    close: str
    multiline: bool = False
    escape: str = "\\"
    """The character that takes the next one out of play; "" when there is none."""
    holes: bool = False
    """Whether `${` opens code inside the string."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Lexis:
    """The lexical facts of one language that matter for finding the end of a statement."""

    blocks: Blocks
    line_comments: tuple[str, ...] = ()
    block_comments: tuple[tuple[str, str], ...] = ()
    quotes: tuple[Quote, ...] = ()
    chars: bool = False
    """Whether `'x'` is a character (and a lone `'` is not the start of a string)."""
    regex: bool = False
    """Whether `/…/` is a regular expression where a value may stand."""
    brackets: str = "()[]{}"
    openers: frozenset[str] = frozenset()
    """Words that open a block wherever a statement may begin."""
    anywhere: frozenset[str] = frozenset()
    """Words that open a block wherever they stand."""
    closers: frozenset[str] = frozenset()
    closers_lead: bool = False
    """Whether a closing word counts only where a statement may begin (`echo done` closes nothing)."""
    unit: str = "    "
    """What one level of indentation is when the file does not show it."""


@dataclass(frozen=True, slots=True)
class Line:
    """One scanned line."""

    text: str
    code: str
    """The line with comments and the inside of strings blanked out; same length as `text`, trailing blanks included."""
    inside: bool
    """Whether the line begins within a string or a comment, where white space is not ours to change."""
    start_depth: int
    depth: int
    open_after: bool
    """Whether a string, a comment, a bracket or an escaped line end reaches into the next line."""
    excess: int
    """Index of the first closing bracket or word that nothing before it opened; -1 when there is none."""
    begins: bool = False
    """Whether a statement of the answer's outermost level begins here; known to `extent.Boundary` alone."""


class Scanner:
    """Reads lines; `line()` for each, in order."""

    __slots__ = ("_comment", "_escaped", "_here", "_lexis", "_pattern", "_quote", "_words", "stack")

    def __init__(self, lexis: Lexis) -> None:
        self._lexis = lexis
        self._pattern = _pattern(lexis)
        self._quote: Quote | None = None
        self._comment = ""
        self._here = ""
        self._escaped = False
        self._words = 0
        self.stack: list[str] = []

    @property
    def depth(self) -> int:
        """Open brackets and block words."""
        return len(self.stack) + self._words

    @property
    def neutral(self) -> bool:
        """Whether the next line begins outside of strings and comments, and no escaped line end comes before it."""
        return not (self._quote or self._comment or self._here or self._escaped)

    def line(self, text: str) -> Line:
        """Read one line (without its line end)."""
        inside = bool(self._quote or self._comment or self._here)
        start_depth = self.depth
        if self._here:
            closed = text.strip() == self._here
            if closed:
                self._here = ""
            return Line(text, _hollow(text, closed=closed), True, start_depth, start_depth, bool(self._here), -1)
        code, excess = self._scan(text)
        if self._lexis.blocks is Blocks.WORDS:
            excess = self._count_words(code, excess)
            self._open_heredoc(text, code)
        stripped = text.rstrip()
        self._escaped = (
            self._quote is None and not self._comment and stripped.endswith("\\") and code.rstrip().endswith("\\")
        )
        open_after = not self.neutral or self._in_round()
        return Line(text, code, inside, start_depth, self.depth, open_after, excess)

    def _in_round(self) -> bool:
        braces_are_blocks = self._lexis.blocks in (Blocks.BRACES, Blocks.WORDS)
        return any(not (braces_are_blocks and bracket == "{") for bracket in self.stack)

    def _scan(self, text: str) -> tuple[str, int]:
        out: list[str] = []
        pos, excess = 0, -1
        length = len(text)
        while pos < length:
            if self._comment:
                stop = text.find(self._comment, pos)
                after = length if stop < 0 else stop + len(self._comment)
                if stop >= 0:
                    self._comment = ""
                out.append(" " * (after - pos))
                pos = after
                continue
            if self._quote is not None:
                after = self._through_string(text, pos)
                out.append(_hollow(text[pos:after], closed=self._quote is None))
                pos = after
                continue
            found = self._pattern.search(text, pos)
            if found is None:
                out.append(text[pos:])
                break
            out.append(text[pos : found.start()])
            pos, excess = self._piece(text, found, out, excess)
        if self._quote is not None and not self._quote.multiline and not (self._quote.escape and text.endswith("\\")):
            self._quote = None
        return "".join(out), excess

    def _piece(self, text: str, found: re.Match[str], out: list[str], excess: int) -> tuple[int, int]:
        """Take one piece of interest; returns the position after it and the index of the first excess closer."""
        piece, at = found.group(), found.start()
        kind = found.lastgroup
        if kind == "line_comment":
            if piece == "#" and self._lexis.blocks is Blocks.WORDS and at and text[at - 1] not in " \t;":
                out.append(" ")  # `$#` and `${#list}` in a shell, `#{}` in Ruby
                return at + 1, excess
            out.append(" " * (len(text) - at))
            return len(text), excess
        if kind == "block_comment":
            self._comment = next(close for opener, close in self._lexis.block_comments if opener == piece)
            out.append(" " * len(piece))
        elif kind == "quote":
            self._quote = next(quote for quote in self._lexis.quotes if quote.open == piece)
            out.append(piece)
        elif kind == "char":
            out.append(_hollow(piece, closed=True))
        elif kind == "regex":
            before = "".join(out).rstrip()
            if (
                before
                and before[-1] not in "(,=:[!&|?{};+-*%<>~^"
                and not re.search(r"\b(return|typeof|case|in|of)$", before)
            ):
                out.append("/")
                return at + 1, excess
            out.append(_hollow(piece, closed=True))
        elif piece in "([{":
            self.stack.append(piece)
            out.append(piece)
        else:
            excess = self._close(piece, at, excess)
            out.append(piece)
        return found.end(), excess

    def _close(self, piece: str, at: int, excess: int) -> int:
        if not self.stack:
            if self._lexis.blocks is Blocks.WORDS and piece == ")":
                return excess  # `pattern)` of a shell's case
            return at if excess < 0 else excess
        opener = self.stack.pop()
        if opener == "${" and piece == "}":
            self._quote = next((quote for quote in self._lexis.quotes if quote.holes), None)
        return excess

    def _through_string(self, text: str, pos: int) -> int:
        """Position after the string that is open at `pos`, or the line's end; notes when the string is closed."""
        quote = self._quote
        assert quote is not None
        while pos < len(text):
            if quote.escape and text[pos] == quote.escape:
                pos += 2
                continue
            if text.startswith(quote.close, pos):
                self._quote = None
                return pos + len(quote.close)
            if quote.holes and text.startswith("${", pos):
                self.stack.append("${")
                self._quote = None
                return pos + 2
            pos += 1
        return len(text)

    def _count_words(self, code: str, excess: int) -> int:
        lexis = self._lexis
        fresh, looped = True, False
        for found in re.finditer(r"[A-Za-z_]\w*[?!:]?|[;=|&({]+|\S", code):
            word = found.group()
            if code[found.start() - 1 : found.start()] in (".", ":", "$", "-", "/") and found.start():
                fresh = False
                continue
            if word in lexis.closers and (fresh or not lexis.closers_lead):
                if self._words:
                    self._words -= 1
                elif excess < 0:
                    excess = found.start()
            elif (word in lexis.openers and fresh) or word in lexis.anywhere:
                if not (word == "do" and looped):
                    self._words += 1
                looped = looped or word in ("while", "until", "for")
            fresh = word in ("then", "do", "else", "begin") or word[0] in ";=|&({"
        return excess

    def _open_heredoc(self, text: str, code: str) -> None:
        found = re.search(r"<<[~-]?(['\"]?)([A-Z_][A-Z0-9_]*)\1", text)
        if found and code[found.start() : found.start() + 2] == "<<":
            self._here = found.group(2)


def lexis_for(language: str) -> Lexis:
    """The lexis of a language by its key; unknown ones end at blank lines."""
    return _TABLE.get(language, _PLAIN)


def _hollow(piece: str, *, closed: bool) -> str:
    """Keep the length and the closing delimiter, so that the end of a line still shows that a value stands there."""
    if not piece:
        return piece
    return " " * (len(piece) - 1) + ('"' if closed else " ")


def _pattern(lexis: Lexis) -> re.Pattern[str]:
    parts: list[str] = []
    quotes = sorted((quote.open for quote in lexis.quotes), key=len, reverse=True)
    if lexis.block_comments:
        parts.append("(?P<block_comment>" + "|".join(re.escape(opener) for opener, _ in lexis.block_comments) + ")")
    if lexis.line_comments:
        parts.append("(?P<line_comment>" + "|".join(re.escape(mark) for mark in lexis.line_comments) + ")")
    if lexis.chars:
        parts.append(r"(?P<char>'(?:\\.[^'\n]{0,10}|[^'\\\n])')")
    if quotes:
        parts.append("(?P<quote>" + "|".join(re.escape(mark) for mark in quotes) + ")")
    if lexis.regex:
        parts.append(r"(?P<regex>/(?![/*\s])(?:\\.|\[(?:\\.|[^\]\\\n])*\]|[^/\\\[\n])+/[a-z]*)")
    parts.append("(?P<bracket>[" + re.escape(lexis.brackets) + "])")
    return re.compile("|".join(parts))


_DOUBLE = Quote('"', '"')
_SINGLE = Quote("'", "'")
_SLASHES = ("//",)
_STARS = (("/*", "*/"),)

_PYTHON = Lexis(
    blocks=Blocks.OFFSIDE,
    line_comments=("#",),
    quotes=(Quote('"""', '"""', True), Quote("'''", "'''", True), _DOUBLE, _SINGLE),
)
_C = Lexis(blocks=Blocks.BRACES, line_comments=_SLASHES, block_comments=_STARS, quotes=(_DOUBLE,), chars=True)
_JAVA = Lexis(
    blocks=Blocks.BRACES,
    line_comments=_SLASHES,
    block_comments=_STARS,
    quotes=(Quote('"""', '"""', True), _DOUBLE),
    chars=True,
)
_GO = Lexis(
    blocks=Blocks.BRACES,
    line_comments=_SLASHES,
    block_comments=_STARS,
    quotes=(_DOUBLE, Quote("`", "`", True, "")),
    chars=True,
    unit="\t",
)
_RUST = Lexis(
    blocks=Blocks.BRACES,
    line_comments=_SLASHES,
    block_comments=_STARS,
    quotes=(Quote('r##"', '"##', True, ""), Quote('r#"', '"#', True, ""), Quote('"', '"', True)),
    chars=True,
)
_SCRIPT = Lexis(
    blocks=Blocks.BRACES,
    line_comments=_SLASHES,
    block_comments=_STARS,
    quotes=(_DOUBLE, _SINGLE, Quote("`", "`", True, "\\", True)),
    regex=True,
    unit="  ",
)
_PHP = Lexis(
    blocks=Blocks.BRACES,
    line_comments=("//", "#"),
    block_comments=_STARS,
    quotes=(Quote('"', '"', True), Quote("'", "'", True)),
)
_RUBY = Lexis(
    blocks=Blocks.WORDS,
    line_comments=("#",),
    quotes=(Quote('"', '"', True), Quote("'", "'", True)),
    openers=frozenset({"def", "class", "module", "begin", "case", "for", "if", "unless", "while", "until"}),
    anywhere=frozenset({"do"}),
    closers=frozenset({"end"}),
    unit="  ",
)
_LUA = Lexis(
    blocks=Blocks.WORDS,
    line_comments=("--",),
    block_comments=(("--[[", "]]"),),
    quotes=(_DOUBLE, _SINGLE, Quote("[[", "]]", True, "")),
    openers=frozenset({"if", "repeat"}),
    anywhere=frozenset({"function", "do"}),
    closers=frozenset({"end", "until"}),
    unit="  ",
)
_BASH = Lexis(
    blocks=Blocks.WORDS,
    line_comments=("#",),
    quotes=(Quote('"', '"', True), Quote("'", "'", True, "")),
    openers=frozenset({"if", "case", "do"}),
    closers=frozenset({"fi", "esac", "done"}),
    closers_lead=True,
    unit="  ",
)
_HASHED = Lexis(blocks=Blocks.BRACES, line_comments=("#",), quotes=(Quote('"', '"', True), Quote("'", "'", True)))
_CSS = Lexis(blocks=Blocks.BRACES, line_comments=_SLASHES, block_comments=_STARS, quotes=(_DOUBLE, _SINGLE), unit="  ")
_ELIXIR = Lexis(
    blocks=Blocks.WORDS,
    line_comments=("#",),
    quotes=(Quote('"""', '"""', True), _DOUBLE, _SINGLE),
    anywhere=frozenset({"do", "fn"}),
    closers=frozenset({"end"}),
    unit="  ",
)
_JULIA = Lexis(
    blocks=Blocks.WORDS,
    line_comments=("#",),
    block_comments=(("#=", "=#"),),
    quotes=(Quote('"""', '"""', True), _DOUBLE),
    chars=True,
    openers=frozenset({"function", "if", "for", "while", "begin", "let", "struct", "module", "try", "macro", "quote"}),
    anywhere=frozenset({"do"}),
    closers=frozenset({"end"}),
)
_FISH = Lexis(
    blocks=Blocks.WORDS,
    line_comments=("#",),
    quotes=(Quote('"', '"', True), Quote("'", "'", True)),
    openers=frozenset({"function", "if", "for", "while", "switch", "begin"}),
    closers=frozenset({"end"}),
    closers_lead=True,
)
_SQL = Lexis(
    blocks=Blocks.SEMICOLON,
    line_comments=("--",),
    block_comments=_STARS,
    quotes=(Quote("'", "'", True, ""), Quote('"', '"', True, ""), Quote("$$", "$$", True, "")),
)
_PLAIN = Lexis(blocks=Blocks.BLANK, brackets="()[]{}")

_TABLE: dict[str, Lexis] = {
    "python": _PYTHON,
    "c": _C,
    "cpp": _C,
    "csharp": _C,
    "objective-c": _C,
    "dart": _C,
    "zig": _C,
    "java": _JAVA,
    "scala": _JAVA,
    "groovy": _JAVA,
    "css": _CSS,
    "scss": _CSS,
    "perl": _HASHED,
    "r": _HASHED,
    "awk": _HASHED,
    "powershell": _HASHED,
    "terraform": _HASHED,
    "elixir": _ELIXIR,
    "julia": _JULIA,
    "fish": _FISH,
    "kotlin": _JAVA,
    "swift": _JAVA,
    "go": _GO,
    "rust": _RUST,
    "javascript": _SCRIPT,
    "javascriptreact": _SCRIPT,
    "typescript": _SCRIPT,
    "typescriptreact": _SCRIPT,
    "tsx": _SCRIPT,
    "jsx": _SCRIPT,
    "php": _PHP,
    "ruby": _RUBY,
    "lua": _LUA,
    "bash": _BASH,
    "shellscript": _BASH,
    "sql": _SQL,
}
