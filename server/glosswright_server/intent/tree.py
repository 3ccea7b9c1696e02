"""A parsed document whose node offsets are code point offsets. It keeps no documents and knows nothing of requests.

tree-sitter counts bytes. Instead of mapping bytes to code points, the parser is handed a stand-in of the text with
exactly one ASCII byte per code point: letters of other scripts become "x", other characters (emoji, full-width
punctuation, lone surrogates, NUL) become U+0001, which no grammar takes for code. Structure is the same, and each byte
offset *is* a code point offset. Never read `Node.text`: it shows the stand-in; use `Tree.text_of`.
"""

from __future__ import annotations

import re
import time
from collections.abc import Callable, Collection, Iterator

import tree_sitter

from glosswright_server.intent.languages import Language, load_grammar

MAX_PARSED = 300_000
"""Longest text, in code points, that is parsed: 0.1 s of work for ordinary code."""
MAX_PARSE_S = 0.4
"""Processor seconds after which a parse is given up: text in the wrong language can take 6 s per million characters."""
MAX_CLIMB = 60
"""Levels that are looked at above a node: a line of 100,000 dashes parses as a tree 50,000 levels deep."""
_RETRY_AFTER = 50  # texts of a document that are not parsed after one that took too long
_CHUNK = 1 << 16

_FOREIGN = re.compile(r"[^\x01-\x7f]+")
_LONE_CR = re.compile(r"\r(?!\n)")


class Tree:
    """The syntax tree of one text. `root` is None for a language without a grammar, and for a text that is too long
    (`MAX_PARSED`) or took too long (`MAX_PARSE_S`)."""

    __slots__ = ("_parsed", "_resting", "_source", "language", "text")

    def __init__(
        self,
        text: str,
        language: Language,
        source: bytes = b"",
        parsed: tree_sitter.Tree | None = None,
        resting: int = 0,
    ) -> None:
        self.text = text
        self.language = language
        self._source = source
        self._parsed = parsed
        self._resting = resting

    @property
    def root(self) -> tree_sitter.Node | None:
        return None if self._parsed is None else self._parsed.root_node

    def text_of(self, node: tree_sitter.Node) -> str:
        """The document's text under `node`."""
        return self.text[node.start_byte : node.end_byte]

    def node_at(self, start: int, end: int | None = None) -> tree_sitter.Node | None:
        """The smallest node that covers `start..end` (default: the character at `start`)."""
        if self.root is None:
            return None
        return self.root.descendant_for_byte_range(start, start + 1 if end is None else end)

    def ancestors(self, offset: int) -> Iterator[tree_sitter.Node]:
        """The node at `offset` and its parents, innermost first; `MAX_CLIMB` of them at most."""
        yield from climb(self.node_at(offset, offset))

    def enclosing(self, offset: int, types: Collection[str]) -> tree_sitter.Node | None:
        """The innermost node of one of `types` around `offset`."""
        return next((node for node in self.ancestors(offset) if node.type in types), None)

    def find(self, start: int, end: int, wanted: Callable[[tree_sitter.Node], bool]) -> Iterator[tree_sitter.Node]:
        """Every wanted node that touches `start..end`, parents before children. Only that range is visited."""
        stack = [self.root] if self.root is not None else []
        while stack:
            node = stack.pop()
            if node.end_byte < start or node.start_byte > end:
                continue
            if wanted(node):
                yield node
            stack.extend(reversed(node.children))

    def has_error(self, start: int, end: int) -> bool:
        """Whether the parser met an error, or missed a token, somewhere in `start..end`."""
        stack = [self.root] if self.root is not None else []
        while stack:
            node = stack.pop()
            if not node.has_error or node.end_byte < start or node.start_byte > end:
                continue
            if node.is_error or node.is_missing:
                return True
            stack.extend(node.children)
        return False

    def in_string(self, offset: int) -> bool:
        """Whether `offset` stands between the quotes of a string, and not in code inside it."""
        grammar = self.language.grammar
        if grammar is None or self.root is None or offset == 0:
            return False
        for node in climb(self.node_at(offset - 1, offset)):
            if node.type in grammar.holes and node.start_byte < offset < node.end_byte:
                return False
            if node.type in grammar.strings and self._is_quoted(node):
                return node.start_byte < offset < node.end_byte or (
                    offset == node.end_byte and self._is_open(node, offset)
                )
        return False

    def _is_quoted(self, node: tree_sitter.Node) -> bool:
        # SQL's `literal` is a number as well.
        return node.type != "literal" or self.text[node.start_byte : node.start_byte + 1] in ("'", '"')

    @staticmethod
    def _is_open(node: tree_sitter.Node, offset: int) -> bool:
        last = node.child(node.child_count - 1) if node.child_count else None
        return last is not None and last.is_missing and last.start_byte == offset


def climb(node: tree_sitter.Node | None) -> Iterator[tree_sitter.Node]:
    """`node` and its parents, innermost first, `MAX_CLIMB` at most, as each step costs the depth of the tree."""
    for _ in range(MAX_CLIMB):
        if node is None:
            return
        yield node
        node = node.parent


def parse(text: str, language: Language, old: Tree | None = None) -> Tree:
    """Parse `text`. With `old`, the tree of an earlier text of the same document, only what changed is parsed again.

    Never raises: where there is nothing to parse with, or it takes too long, the tree has no root.
    """
    if old is not None and old.language is not language:
        old = None
    if old is not None and old.text == text:
        return old
    grammar = load_grammar(language.grammar) if language.grammar is not None else None
    if grammar is None or len(text) > MAX_PARSED:
        return Tree(text, language)
    if old is not None and old._resting:
        return Tree(text, language, resting=old._resting - 1)
    source = stand_in(text)
    base = _edited(old._parsed, old._source, source) if old is not None and old._parsed is not None else None
    parsed = _parsed_in_time(grammar, source, base)
    return Tree(text, language, source, parsed, resting=0 if parsed is not None else _RETRY_AFTER)


def _parsed_in_time(
    grammar: tree_sitter.Language, source: bytes, base: tree_sitter.Tree | None
) -> tree_sitter.Tree | None:
    """The tree, or None when `MAX_PARSE_S` did not suffice (processor time: a busy machine changes nothing)."""
    deadline = time.thread_time() + MAX_PARSE_S

    def read(offset: int, _: object) -> bytes:
        return source[offset : offset + _CHUNK]

    def is_late(_: int, __: bool) -> bool:
        return time.thread_time() > deadline

    parser = tree_sitter.Parser(grammar)
    try:
        if base is None:
            return parser.parse(read, progress_callback=is_late)
        return parser.parse(read, base, progress_callback=is_late)
    except ValueError:  # "Parsing failed": how the binding says that the callback stopped it
        return None


def stand_in(text: str) -> bytes:
    """`text` with one ASCII byte per code point (see the module's docstring); `len` of both is equal."""
    if not text.isascii() or "\0" in text:
        text = _FOREIGN.sub(lambda run: "".join(map(_stand_in, run[0])), text)
    if "\r" in text:
        text = _LONE_CR.sub("\n", text)
    return text.encode("ascii")


def _stand_in(character: str) -> str:
    if character.isalnum() or character.isidentifier():
        return "x"
    return " " if character.isspace() or character == "\ufeff" else "\x01"


def _edited(parsed: tree_sitter.Tree, old: bytes, new: bytes) -> tree_sitter.Tree:
    """A copy of `parsed` told of the one replacement that turns `old` into `new`."""
    shorter = min(len(old), len(new))
    start = _common(shorter, lambda n: old[:n] == new[:n])
    tail = _common(shorter - start, lambda n: n == 0 or old[-n:] == new[-n:])
    tree = parsed.copy()
    tree.edit(
        start_byte=start,
        old_end_byte=len(old) - tail,
        new_end_byte=len(new) - tail,
        start_point=_point(new, start),
        old_end_point=_point(old, len(old) - tail),
        new_end_point=_point(new, len(new) - tail),
    )
    return tree


def _common(most: int, equal: Callable[[int], bool]) -> int:
    """The largest n <= `most` with `equal(n)`, by bisection: slices compare at memory speed, characters do not."""
    low = 0
    while low < most:
        middle = (low + most + 1) // 2
        if equal(middle):
            low = middle
        else:
            most = middle - 1
    return low


def _point(source: bytes, offset: int) -> tuple[int, int]:
    return source.count(b"\n", 0, offset), offset - (source.rfind(b"\n", 0, offset) + 1)
