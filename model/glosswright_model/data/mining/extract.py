"""Pairs of one source file, by its syntax tree: comment → statements, docstring → body, docstring → function.

A comment belongs to the statements right below it, up to a blank line, the next comment or the end of the block; a
docstring or a comment right above a function belongs to the function. Text in, plain values out: no files, no licences,
no judgement about duplicates. A file that a grammar reads in part yields what was read without errors.
"""

from __future__ import annotations

import inspect
import re
import time
from collections import Counter
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from functools import cache
from itertools import dropwhile, islice, takewhile

import tree_sitter

from glosswright_model.data.mining.functions import Body, body_of, function_in, is_function, outer_of
from glosswright_model.data.mining.languages import LANGUAGES, load_grammar
from glosswright_model.data.mining.mined_language import MinedLanguage
from glosswright_model.data.mining.prose import (
    comment_text,
    literal,
    quoted,
    summary,
    unwanted,
    without_declaration,
    without_name,
    without_sections,
)
from glosswright_model.data.pairs import PairKind

MAX_PARSE_S = 5.0
"""Processor time for one file. Some inputs make a grammar's error recovery take minutes."""
_CHUNK = 1 << 16
_MAX_SIBLINGS = 64
"""That are looked at behind a comment."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ExtractOptions:
    """What to take out of a file."""

    kinds: frozenset[PairKind] = frozenset({"statement", "body", "function"})
    whole_docstrings: bool = False
    """The whole docstring as the source, not its first paragraph alone."""
    max_statement_lines: int = 6
    """Lines of the statements below a comment. Where more belong to it, only the first statement is taken."""
    max_function_lines: int = 60


@dataclass(frozen=True, slots=True)
class Found:
    """A pair in one file."""

    source: str
    target: str
    kind: PairKind
    line: int
    """Of the comment or docstring, from 1."""
    context: str = ""


@dataclass(slots=True)
class Extraction:
    """What one file gave, and what was left out."""

    found: list[Found] = field(default_factory=list)
    left_out: Counter[str] = field(default_factory=Counter)
    """Comments and docstrings that made no pair, by reason."""
    given_up: bool = False
    """The grammar did not read the file in `MAX_PARSE_S`."""


def extract(source: bytes, language: str, options: ExtractOptions | None = None) -> Extraction:
    """The pairs of a file's UTF-8 text. Raises DataError where the language's grammar is not installed."""
    result = Extraction()
    tree = _parse(source, language)
    if tree is None:
        result.given_up = True
        return result
    _Extractor(source, LANGUAGES[language], options or ExtractOptions(), result).run(tree.root_node)
    result.found.sort(key=lambda one: one.line)
    return result


class _Extractor:
    def __init__(self, source: bytes, language: MinedLanguage, options: ExtractOptions, result: Extraction) -> None:
        self.source, self.language, self.options, self.result = source, language, options, result
        self.documented: set[int] = set()
        """Functions that a docstring has been found for."""
        self.docs: set[int] = set()
        """Comments that are docstrings."""

    def run(self, root: tree_sitter.Node) -> None:
        captures = tree_sitter.QueryCursor(_query(self.language.key)).captures(root)
        for function in captures.get("function", []):
            if is_function(function, self.language):
                self._docstring(function)
        parents: dict[int, tree_sitter.Node] = {}
        for comment in captures.get("comment", []):
            if comment.parent is not None and self._begins_line(comment):
                parents.setdefault(comment.parent.id, comment.parent)
        for parent in parents.values():
            self._comments_in(parent)

    # Docstrings.

    def _docstring(self, function: tree_sitter.Node) -> None:
        body = body_of(function, self.language)
        if body is None:
            return
        skipped = self.language.comments if self.language.docstrings else ()
        first, *rest = dropwhile(lambda node: node.type in skipped, body.nodes)
        string = first.named_children[0] if first.type == "expression_statement" and first.named_children else first
        comments: list[tree_sitter.Node] = []
        if string.type in self.language.docstrings:
            text = literal(_text(string)) if self.language.key == "python" else quoted(_text(string))
        elif comments := self._comments_inside(body.nodes):
            rest = rest[len(comments) - 1 :]
            name = function.child_by_field_name("name")
            text = without_name(comment_text([_text(comment) for comment in comments]), _text(name) if name else "")
            while rest and self._is_licence(rest[0]):
                comments.append(rest.pop(0))
        else:
            return
        statements = [node for node in rest if node.type not in self.language.comments]
        if text is None:
            self.result.left_out["no-prose"] += 1
            return
        self.documented.add(function.id)
        self.docs.update(comment.id for comment in comments)
        outer = outer_of(function, self.language)
        begin = next((node for node in rest if self._begins_line(node)), None)
        if not statements or begin is None:
            self.result.left_out["no-body"] += 1
            return
        code = self._dedented(begin.start_byte, self._body_end(body))
        if self.language.key == "python":
            signature = self._dedented(outer.start_byte, first.start_byte)
            inside = "\n".join("    " + line if line else "" for line in code.split("\n"))
            whole = f"{signature}\n{inside}"
        else:
            cut = (first.start_byte, self._next_text((comments or [first])[-1].end_byte))
            signature = self._dedented(outer.start_byte, begin.start_byte, without=cut).removesuffix("{").rstrip()
            whole = self._dedented(outer.start_byte, self._stop(outer), without=cut)
        self._function(inspect.cleandoc(text), signature, code, whole, string, outer, outer)

    def _comments_inside(self, nodes: list[tree_sitter.Node]) -> list[tree_sitter.Node]:
        """The comment that begins a body, where it is one that documents the function."""
        if nodes[0].type not in self.language.comments or not self._begins_line(nodes[0]):
            return []
        run = [nodes[0]]
        for node in nodes[1:]:
            if not self._goes_on(run, node):
                break
            run.append(node)
        return run if any(_text(node).startswith(self.language.docs_inside) for node in run) else []

    def _is_licence(self, node: tree_sitter.Node) -> bool:
        text = comment_text([_text(node)]) if node.type in self.language.comments else ""
        return bool(text) and unwanted(text, self.language.key) == "licence"

    # Comments.

    def _comments_in(self, parent: tree_sitter.Node) -> None:
        children = parent.children
        place = 0
        while place < len(children):
            first = children[place]
            if not self._is_comment(first) or not self._begins_line(first) or first.id in self.docs:
                place += 1
                continue
            if first.start_byte == 0 and self.source.startswith(b"#!"):
                place += 1
                continue
            run = [first]
            while place + len(run) < len(children) and self._goes_on(run, children[place + len(run)]):
                run.append(children[place + len(run)])
            place += len(run)
            if place < len(children):
                self._run(run, children[place : place + _MAX_SIBLINGS], parent)
            elif self.language.strays and (after := self._after_parent(parent, run[0].start_point.column)):
                self._run(run, after, after[0].parent or parent)

    def _is_comment(self, node: tree_sitter.Node) -> bool:
        return node.type in self.language.comments or (
            node.type in self.language.docs_above and _text(node).startswith(self.language.doc_word)
        )

    def _goes_on(self, run: list[tree_sitter.Node], after: tree_sitter.Node) -> bool:
        """Whether a node belongs to the comment that stands above it."""
        return (
            after.type in self.language.comments
            and run[0].type in self.language.comments
            and after.start_point.row == self._end_row(run[-1]) + 1
            and after.start_point.column == run[0].start_point.column
        )

    def _after_parent(self, parent: tree_sitter.Node, column: int) -> list[tree_sitter.Node]:
        """What follows a comment that the grammar counts to the node before it, if it is as far to the right."""
        node: tree_sitter.Node | None = parent
        while node is not None and node.next_sibling is None:
            node = node.parent
        after: list[tree_sitter.Node] = []
        while node is not None and (node := node.next_sibling) is not None and len(after) < _MAX_SIBLINGS:
            after.append(node)
        return after if after and after[0].start_point.column == column else []

    def _run(self, run: list[tree_sitter.Node], after: list[tree_sitter.Node], parent: tree_sitter.Node) -> None:
        in_block = parent.type in self.language.blocks
        if after[0].type in self.language.bodies:
            after, in_block = after[0].children, True
        after = list(islice(self._flat(after), _MAX_SIBLINGS))
        if not after:
            return
        if after[0].start_point.row != self._end_row(run[-1]) + 1 or not self._begins_line(after[0]):
            self.result.left_out["apart"] += run[0].type in self.language.comments
            return
        place = 0
        while place < len(after) - 1 and after[place].type in self.language.prefixes:
            if after[place + 1].start_point.row > self._row(after[place], self._stop(after[place])) + 1:
                break
            place += 1
        function = function_in(after[place], self.language)
        if place and after[place].type in self.language.prefixed:
            function = after[place]
        if run[0].type not in self.language.comments:
            text = without_declaration(quoted(_text(run[0])) or "")
            in_block = False
        else:
            text = comment_text([_text(comment) for comment in run])
        if function is not None and text:
            if function.id not in self.documented:
                self._documented(text, run[0], function, after, place)
        elif in_block:
            self._statements(text, run[0], after)

    def _flat(self, nodes: Iterable[tree_sitter.Node]) -> Iterator[tree_sitter.Node]:
        """Siblings, with the statements of blocks in their place: some grammars nest what people write in a row."""
        waiting = [iter(nodes)]
        while waiting:
            node = next(waiting[-1], None)
            if node is None:
                waiting.pop()
            elif node.type in self.language.bodies:
                waiting.append(iter(node.children))
            elif node.is_named or (node.text or b"").strip():
                yield node

    def _documented(
        self,
        text: str,
        comment: tree_sitter.Node,
        function: tree_sitter.Node,
        after: list[tree_sitter.Node],
        place: int,
    ) -> None:
        first, outer = after[0], after[place]
        if self.language.equations:
            last = self._last_equation(function, after[place + 1 :])
            signature = self._dedented(first.start_byte, after[place - 1].end_byte) if place else ""
            code = self._dedented(function.start_byte, self._stop(last))
            self._function(
                text, signature, code, self._dedented(first.start_byte, self._stop(last)), comment, first, last
            )
            return
        body = body_of(function, self.language)
        if body is None:
            self.result.left_out["no-body"] += 1
            return
        signature = self._signature(first, body)
        code = self._dedented(body.nodes[0].start_byte, self._body_end(body))
        whole = self._dedented(first.start_byte, self._stop(outer))
        self._function(text, signature, code, whole, comment, first, outer)

    def _last_equation(self, function: tree_sitter.Node, after: list[tree_sitter.Node]) -> tree_sitter.Node:
        last, name = function, function.child_by_field_name("name")
        for node in after:
            other = node.child_by_field_name("name")
            if node.type != function.type or name is None or other is None or other.text != name.text:
                break
            last = node
        return last

    def _statements(self, text: str, comment: tree_sitter.Node, after: list[tree_sitter.Node]) -> None:
        taken: list[tree_sitter.Node] = []
        for node in after:
            if not node.is_named:
                continue  # separators
            if taken and node.type in self.language.continued:
                taken.append(node)
                continue
            if node.type in self.language.comments and not self._begins_line(node):
                continue  # at the end of a statement's line
            if node.type in self.language.comments or not self._begins_line(node):
                break
            if taken and node.start_point.row > self._row(taken[-1], self._with_end(self._stop(taken[-1]))) + 1:
                break
            if node.type in self.language.skipped or function_in(node, self.language) is not None:
                break
            taken.append(node)
        if not taken:
            self.result.left_out["no-statement"] += 1
            return
        text = without_sections(text)
        limit = self.options.max_statement_lines
        if self._lines(taken[0], taken[-1]) > limit:
            more = takewhile(lambda node: node.type in self.language.continued, taken[1:])
            taken = [taken[0], *more]
        if self._lines(taken[0], taken[-1]) > limit:
            self.result.left_out["long-code"] += 1
        elif any(node.has_error for node in taken):
            self.result.left_out["errors"] += 1
        elif reason := unwanted(text, self.language.key):
            self.result.left_out[reason] += 1
        elif "statement" in self.options.kinds:
            code = self._dedented(taken[0].start_byte, self._with_end(self._stop(taken[-1])))
            if code.rstrip(";") in _TRIVIAL or _DECLARATION.fullmatch(code):
                self.result.left_out["no-statement"] += 1
            else:
                self._add(text, code, "statement", comment)

    # Both.

    def _function(
        self,
        text: str,
        signature: str,
        code: str,
        whole: str,
        comment: tree_sitter.Node,
        first: tree_sitter.Node,
        last: tree_sitter.Node,
    ) -> None:
        source = text.strip() if self.options.whole_docstrings else summary(text)
        if first.has_error or last.has_error:
            self.result.left_out["errors"] += 1
        elif self._lines(first, last) > self.options.max_function_lines:
            self.result.left_out["long-code"] += 1
        elif reason := unwanted(source, self.language.key):
            self.result.left_out[reason] += 1
        elif code.strip().rstrip(";") in _TRIVIAL or code.strip().startswith("raise NotImplementedError"):
            self.result.left_out["no-body"] += 1
        else:
            if "body" in self.options.kinds and signature:
                self._add(source, code, "body", comment, signature)
            if "function" in self.options.kinds:
                self._add(source, whole, "function", comment)

    def _add(self, source: str, target: str, kind: PairKind, comment: tree_sitter.Node, context: str = "") -> None:
        self.result.found.append(Found(source, target, kind, comment.start_point.row + 1, context))

    def _signature(self, first: tree_sitter.Node, body: Body) -> str:
        return self._dedented(first.start_byte, body.begin).removesuffix("{").rstrip()

    def _body_end(self, body: Body) -> int:
        if body.node is not None:
            return self._stop(body.node)
        nodes, column = list(body.nodes), body.nodes[0].start_point.column
        while self.language.strays and nodes[-1].type in self.language.comments:
            if nodes[-1].start_point.column >= column:
                break
            nodes.pop()
        return self._with_end(nodes[-1].end_byte)

    # Text.

    def _begins_line(self, node: tree_sitter.Node) -> bool:
        return not self.source[self._line_start(node.start_byte) : node.start_byte].strip()

    def _line_start(self, place: int) -> int:
        return self.source.rfind(b"\n", 0, place) + 1

    def _next_text(self, place: int) -> int:
        while self.source[place : place + 1].isspace():
            place += 1
        return place

    def _end_row(self, node: tree_sitter.Node) -> int:
        """The row of a node's last character; some grammars count the line's end to a comment."""
        return node.end_point.row - (
            1 if node.end_point.column == 0 and node.end_point.row > node.start_point.row else 0
        )

    def _stop(self, node: tree_sitter.Node) -> int:
        """The byte behind a node's code: without line ends, and without comments that belong to what follows."""
        stop, current = node.end_byte, node
        while self.language.strays and (children := current.children):
            kept = len(children)
            while kept and self._is_stray(children[kept - 1], node.start_point.column):
                kept -= 1
            if not kept:
                break
            if kept < len(children):
                stop = children[kept - 1].end_byte
            current = children[kept - 1]
        while stop > node.start_byte and self.source[stop - 1 : stop].isspace():
            stop -= 1
        return stop

    def _is_stray(self, node: tree_sitter.Node, column: int) -> bool:
        if node.type in self.language.comments:
            return node.start_point.column <= column or not self._begins_line(node)
        return not node.is_named and not (node.text or b"").strip()

    def _row(self, node: tree_sitter.Node, byte: int) -> int:
        """Of a byte in a node."""
        return node.start_point.row + self.source.count(b"\n", node.start_byte, byte)

    def _lines(self, first: tree_sitter.Node, last: tree_sitter.Node) -> int:
        return self._row(last, self._stop(last)) - first.start_point.row + 1

    def _with_end(self, stop: int) -> int:
        found = re.compile(self.language.ends.encode()).match(self.source, stop)
        return found.end() if found else stop

    def _dedented(self, begin: int, end: int, without: tuple[int, int] = (0, 0)) -> str:
        """A piece of the file without the indentation of its first line, where lines have it.

        without: bytes inside it that are left out.
        """
        margin = self.source[self._line_start(begin) : begin].decode()
        left, right = without if without[1] else (end, end)
        text = (self.source[begin:left] + self.source[right:end]).decode("utf-8", "replace").rstrip()
        margin = margin[: len(margin) - len(margin.lstrip())]
        return "\n".join(line.removeprefix(margin).rstrip("\r") for line in text.split("\n"))


_TRIVIAL = frozenset(
    {
        "",
        "pass",
        "...",
        "return",
        "return None",
        "return null",
        "continue",
        "break",
        "nil",
        "return nil",
        "undefined",
        "()",
    }
)
"""Code that says nothing about its comment, without a semicolon."""
_DECLARATION = re.compile(r"\.PHONY\b[^\n]*|\(declare\b.*", re.S)
"""A statement that is there for the tool alone: what follows it is what the comment speaks of, and too long."""


def _parse(source: bytes, language: str) -> tree_sitter.Tree | None:
    deadline = time.thread_time() + MAX_PARSE_S

    def read(offset: int, _: object) -> bytes:
        return source[offset : offset + _CHUNK]

    def is_late(_: int, __: bool) -> bool:
        return time.thread_time() > deadline

    try:
        return tree_sitter.Parser(load_grammar(language)).parse(read, progress_callback=is_late)
    except ValueError:  # "Parsing failed": how the binding says that the callback stopped it
        return None


@cache  # one entry per language
def _query(key: str) -> tree_sitter.Query:
    language = LANGUAGES[key]
    patterns = [f"({name}) @comment" for name in sorted(language.comments)]
    patterns += [f"({name}) @comment" for name in sorted(language.docs_above)]
    if language.docstrings or language.docs_inside:
        patterns += [f"({name}) @function" for name in sorted(language.functions)]
    query: tree_sitter.Query = tree_sitter.Query(load_grammar(key), "\n".join(patterns))
    return query


def _text(node: tree_sitter.Node) -> str:
    return (node.text or b"").decode("utf-8", "replace")
