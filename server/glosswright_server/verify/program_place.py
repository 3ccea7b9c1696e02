"""Where Python statements stand in their text, and which function or class a candidate makes."""

from __future__ import annotations

import ast
import re
import warnings
from collections.abc import Sequence
from dataclasses import dataclass

from glosswright_server.intent.languages import LANGUAGES
from glosswright_server.intent.model import Intent, IntentKind
from glosswright_server.intent.tree import parse

Definition = (ast.FunctionDef, ast.AsyncFunctionDef, ast.ClassDef)
"""What `isinstance` takes for a definition."""
_Function = (ast.FunctionDef, ast.AsyncFunctionDef)
_LINE_END = re.compile(r"\r\n|\r|\n")


@dataclass(frozen=True, slots=True)
class Place:
    """A statement with the code points it covers, decorators included."""

    node: ast.stmt
    start: int
    end: int
    lines: _Lines

    @staticmethod
    def all_of(module: ast.Module, code: str, offset: int) -> list[Place]:
        """The statements of a module whose text `code` begins at `offset` of the file."""
        lines = _Lines(code, offset)
        return [lines.place(node) for node in module.body]

    def inner(self) -> list[Place]:
        """The definitions that stand right in this one's body, in branches too."""
        found: list[Place] = []
        stack: list[ast.AST] = list(reversed(list(ast.iter_child_nodes(self.node))))
        while stack:
            node = stack.pop()
            if isinstance(node, Definition):
                found.append(self.lines.place(node))
            elif not isinstance(node, ast.expr):
                stack.extend(reversed(list(ast.iter_child_nodes(node))))
        return found


class _Lines:
    """Turns the positions of `ast` (line from 1, UTF-8 bytes) into code point offsets of the file."""

    def __init__(self, code: str, offset: int) -> None:
        self._code = code
        self._offset = offset
        self._starts = [0, *(match.end() for match in _LINE_END.finditer(code))]

    def place(self, node: ast.stmt) -> Place:
        start = self._at(node.lineno, node.col_offset)
        decorators = getattr(node, "decorator_list", [])
        if decorators:
            first = self._at(decorators[0].lineno, decorators[0].col_offset)
            start = max(self._code.rfind("@", 0, first), 0)
        end = self._at(node.end_lineno or node.lineno, node.end_col_offset or 0)
        return Place(node, start + self._offset, end + self._offset, self)

    def _at(self, line: int, column: int) -> int:
        start = self._starts[min(line, len(self._starts)) - 1]
        if column == 0:
            return start
        piece = self._code[start : start + column]
        if piece.isascii():
            return start + len(piece)
        return start + len(piece.encode("utf-8", "surrogatepass")[:column].decode("utf-8", "ignore"))


@dataclass(frozen=True, slots=True, kw_only=True)
class Target:
    """What examples call."""

    name: str = ""
    """`f`, `Stack` or `Stack.push`; "" where the candidate defines nothing."""
    place: Place | None = None
    """The top-level statement it stands in."""
    definition: ast.stmt | None = None
    inside: str = ""
    """The function it is hidden in; "" where it can be called."""
    owner: ast.ClassDef | None = None
    whole: bool = False
    """Whether the candidate made the header too, and not the body alone."""

    @property
    def is_static(self) -> bool:
        """Whether a method is called on its class."""
        names = {getattr(one, "id", "") for one in getattr(self.definition, "decorator_list", [])}
        return bool(names & {"staticmethod", "classmethod"})

    @property
    def is_stateless(self) -> bool:
        """Whether an object of the class has nothing to remember, so that any fresh one will do."""
        if self.owner is None or self.owner.decorator_list or self.owner.keywords:
            return False
        bases = [getattr(base, "id", "?") for base in self.owner.bases]
        makes = any(isinstance(node, _Function) and node.name in ("__init__", "__new__") for node in self.owner.body)
        return set(bases) <= {"object"} and not makes


def statements(code: str) -> tuple[list[Place], bool]:
    """The top-level statements of `code` that parse, and whether some do not."""
    marked = 1 if code.startswith("\ufeff") else 0
    try:
        return _parsed(code[marked:], marked), False
    except (SyntaxError, ValueError):
        pass  # a file in the making: what parses by itself is taken
    root = parse(code, LANGUAGES["python"]).root
    nodes = list(reversed(root.children)) if root is not None else []
    places: list[Place] = []
    while nodes:
        node = nodes.pop()
        if node.type == "ERROR":
            nodes.extend(child for child in reversed(node.children) if child.start_point[1] == 0 and child.is_named)
        elif node.start_point[1] == 0 and node.type != "comment":
            try:
                places += _parsed(code[node.start_byte : node.end_byte], node.start_byte)
            except (SyntaxError, ValueError):
                continue  # this statement is the broken one, or another
    return places, True


def _parsed(code: str, offset: int) -> list[Place]:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        return Place.all_of(ast.parse(code), code, offset)


def find_target(own: Sequence[Place], start: int, end: int, intent: Intent, called: set[str]) -> Target:
    """What the candidate at `start..end` makes. `own` are the top-level statements it touches; `called` are the names
    that examples use, which decide between several definitions."""
    around: list[Place] = []
    outermost = [place for each in own for place in ([each] if isinstance(each.node, Definition) else each.inner())]
    level = outermost
    while enclosing := next((p for p in level if isinstance(p.node, Definition) and p.start < start < p.end), None):
        around.append(enclosing)
        level = enclosing.inner()
    made = [place for place in level if start <= place.start < end]
    if around and (intent.kind is IntentKind.BODY or isinstance(around[-1].node, _Function)):
        return _reachable(own, around, called)
    if not made:
        if around:
            return _reachable(own, around, called)
        return Target(place=own[0], whole=True)
    return _reachable(own, [*around, _chosen(made, intent, called)], called, whole=True)


def _chosen(made: Sequence[Place], intent: Intent, called: set[str]) -> Place:
    """The definition that is meant: the one asked for, else the first that examples use, else the first public one."""
    wanted = [place for place in made if _name(place) == intent.name and intent.name]
    wanted += [place for place in made if _name(place) in called]
    wanted += [place for place in made if not _name(place).startswith("_") and _name(place) != "main"]
    return (wanted or list(made))[0]


def _reachable(own: Sequence[Place], path: list[Place], called: set[str], *, whole: bool = False) -> Target:
    hidden = next((at for at, place in enumerate(path[:-1]) if isinstance(place.node, _Function)), None)
    name = ".".join(map(_name, path))
    inside = ""
    if hidden is not None:
        # Examples may be about the function around it.
        if _name(path[hidden]) in called and _name(path[-1]) not in called:
            path = path[: hidden + 1]
            name = ".".join(map(_name, path))
        else:
            inside, name = _name(path[hidden]), _name(path[-1])
    top = next(place for place in own if place.start <= path[0].start < max(place.end, place.start + 1))
    owner = path[-2].node if len(path) > 1 and isinstance(path[-2].node, ast.ClassDef) else None
    return Target(name=name, place=top, definition=path[-1].node, inside=inside, owner=owner, whole=whole)


def _name(place: Place) -> str:
    return str(getattr(place.node, "name", ""))
