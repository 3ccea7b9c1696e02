"""JavaScript: the part of a file that a candidate and its examples need, as one script without `import` and `export`.

Works like `program_python`, over tree-sitter's nodes: the text of each statement that is kept stays as it is, without
comments. `import` becomes `require`; a module that node does not bring is named in `Program.modules`. JSX,
`import.meta` and TypeScript are not translated.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass

import tree_sitter

from glosswright_server.intent.contract import Example, ExampleKind
from glosswright_server.intent.languages import LANGUAGES
from glosswright_server.intent.model import Intent
from glosswright_server.intent.tree import Tree, parse
from glosswright_server.verify.program_javascript_effects import (
    JavaScriptEffects,
    bound_by,
    find,
    read_by,
)
from glosswright_server.verify.program_javascript_place import NoTarget, Target, find_target
from glosswright_server.verify.sandbox.model import Program

_NODE = """
assert async_hooks buffer child_process cluster console constants crypto dgram dns events fs http http2 https module net
os path perf_hooks process punycode querystring readline repl stream string_decoder timers tls tty url util v8 vm
worker_threads zlib
"""
"""Modules that node brings."""
_IDENTIFIER = re.compile(r"[A-Za-z_$][\w$]*")


@dataclass(slots=True)
class _Piece:
    """One top-level statement."""

    node: tree_sitter.Node
    source: str
    own: bool
    binds: set[str]
    changes: set[str]
    defines: bool


def javascript_program(text: str, intent: Intent, insertion: str, examples: tuple[Example, ...]) -> Program:
    """See `program.program_for`. Never raises."""
    try:
        return _Builder(text, intent, insertion, examples).program()
    except NoTarget as none:
        return Program(source="", language="javascript", why_not=str(none))


class _Builder:
    def __init__(self, text: str, intent: Intent, insertion: str, examples: tuple[Example, ...]) -> None:
        code = text[: intent.start] + insertion + text[intent.end :]
        self._start = intent.start + len(insertion) - len(insertion.lstrip())
        self._end = intent.start + len(insertion.rstrip())
        self._intent = intent
        self._examples = examples
        self._tree = parse(code, LANGUAGES["javascript"])
        self._called = _read_by_examples(examples)
        self._strict = False
        nodes = list(self._statements())
        effects = JavaScriptEffects(self._tree, [_declared(node) for node in nodes])
        self._pieces = [self._piece(node, effects) for node in nodes]

    def program(self) -> Program:
        if self._tree.root is None:
            raise NoTarget("The file cannot be parsed.")
        if self._start >= self._end:
            raise NoTarget("The suggestion is empty.")
        if self._tree.has_error(self._start, self._end):
            raise NoTarget("The code around the suggestion does not parse.")
        own = [piece for piece in self._pieces if piece.own]
        if not own:
            raise NoTarget("The suggestion is no statement of its own.")
        target = find_target(self._tree, [one.node for one in own], self._start, self._end, self._intent, self._called)
        if target.is_async and not any("await" in f"{one.setup}\n{one.expression}" for one in self._examples):
            raise NoTarget(f"`{target.name}` is asynchronous, and its examples do not await it.")
        kept = self._slice(own, target)
        for piece in kept:
            _refuse(piece)
        lines = ['"use strict";'] if self._strict else []
        lines += [piece.source for piece in kept]
        lines += [alias] if (alias := self._alias(target)) else []
        modules = sorted({name for piece in kept for name in self._modules(piece.node)})
        return Program(
            source="\n".join(lines) + "\n", language="javascript", target=target.name, modules=tuple(modules)
        )

    def _statements(self) -> Iterator[tree_sitter.Node]:
        for node in self._tree.root.named_children if self._tree.root is not None else ():
            text = self._tree.text_of(node)
            self._strict |= node.type in ("import_statement", "export_statement") or text[1:11] == "use strict"
            if node.type not in ("comment", "hash_bang_line", "ERROR") and not node.has_error:
                yield node

    def _piece(self, node: tree_sitter.Node, effects: JavaScriptEffects) -> _Piece:
        own = node.start_byte < self._end and node.end_byte > self._start
        declared = _declared(node)
        name, value = _exported(self._tree, node)
        if value is not None:
            binds, source = {name}, f"const {name} = {_bare(self._tree, value)};"
        elif node.type == "import_statement":
            binds, source = bound_by(self._tree, node), _required(self._tree, node)
        else:
            binds, source = bound_by(self._tree, declared), _bare(self._tree, declared)
        return _Piece(node, source, own, binds, effects.changed_by(node), effects.defines(declared))

    def _slice(self, own: list[_Piece], target: Target) -> list[_Piece]:
        """The statements that are kept, in the file's order."""
        kept = [piece for piece in own if not target.name or piece.node == target.top or _is_definition(piece.node)]
        for piece in kept:
            if target.name and not piece.defines:
                raise NoTarget(f"`{target.name}` is defined among code that is not run for examples.")
        wanted = dict.fromkeys(self._called, True)
        seen: set[str] = set()
        fresh = list(kept)
        while fresh or wanted:
            while fresh:
                read, local = read_by(self._tree, fresh.pop().node)
                for name in read - seen:
                    # A name that is local here may be meant, and then nothing else is needed.
                    wanted[name] = wanted.get(name, False) or name not in local
            if not wanted:
                break
            name, surely = wanted.popitem()
            seen.add(name)
            for piece in self._binders(name, surely, target):
                if not any(piece is one for one in kept):
                    kept.append(piece)
                    fresh.append(piece)
        return sorted(kept, key=lambda piece: piece.node.start_byte)

    def _binders(self, name: str, surely: bool, target: Target) -> list[_Piece]:
        pieces = [piece for piece in self._pieces if name in piece.binds]
        pieces += [
            piece for piece in self._pieces if name in piece.changes and any(name in one.binds for one in pieces)
        ]
        found = [piece for piece in pieces if piece.defines or (piece.own and not target.name)]
        if len(found) < len(pieces) and surely:
            raise NoTarget(f"It needs `{name}`, which is set by code that is not run for examples.")
        if not pieces and surely and self._is_lost(name):
            raise NoTarget(f"It needs `{name}`, and the code that defines it does not parse.")
        return found

    def _is_lost(self, name: str) -> bool:
        """Whether a name that no statement binds is declared in a part of the file that does not parse."""
        if self._tree.root is None or not self._tree.root.has_error:
            return False
        declared = re.compile(rf"\b(?:function\*?|class|const|let|var)\s+{re.escape(name)}(?![\w$])")
        return bool(declared.search(self._tree.text))

    def _alias(self, target: Target) -> str:
        """A function by the method's own name, for examples that call it so."""
        owner, _, name = target.name.rpartition(".")
        if not owner or name not in self._called or any(name in piece.binds for piece in self._pieces):
            return ""
        if not _IDENTIFIER.fullmatch(name):
            return ""
        if target.is_static:
            return f"const {name} = (...args) => {owner}.{name}(...args);"
        if not target.is_stateless:
            raise NoTarget(f"Its examples call `{name}` without saying on which `{owner}`.")
        return f"const {name} = (...args) => new {owner}().{name}(...args);"

    def _modules(self, node: tree_sitter.Node) -> Iterator[str]:
        """Modules that are imported below `node` and not node's own."""
        for part in find(node, lambda one: one.type in ("import_statement", "call_expression")):
            function = part.child_by_field_name("function")
            if function is not None and self._tree.text_of(function) not in ("require", "import"):
                continue
            holder = part.child_by_field_name("arguments") if function is not None else part
            strings = [one for one in holder.named_children if one.type == "string"] if holder is not None else []
            for one in strings[:1]:
                path = self._tree.text_of(one)[1:-1]
                name = path if path.startswith(".") else "/".join(path.split("/")[: 2 if path.startswith("@") else 1])
                if name.removeprefix("node:") not in _NODE.split() and not name.startswith("node:"):
                    yield name


def _refuse(piece: _Piece) -> None:
    for _ in find(piece.node, lambda one: one.type.startswith("jsx")):
        raise NoTarget("It holds JSX, which node cannot run.")
    for _ in find(piece.node, lambda one: one.type == "meta_property" or one.type == "import.meta"):
        raise NoTarget("It uses `import.meta` or `new.target`, which a script of its own does not have.")


def _declared(node: tree_sitter.Node) -> tree_sitter.Node:
    """What an `export` exports; any other node itself."""
    declaration = node.child_by_field_name("declaration") if node.type == "export_statement" else None
    return declaration if declaration is not None else node


def _is_definition(node: tree_sitter.Node) -> bool:
    return _declared(node).child_by_field_name("name") is not None


def _exported(tree: Tree, node: tree_sitter.Node) -> tuple[str, tree_sitter.Node | None]:
    """Name and value of `exports.name = value`."""
    inner = node.named_children[0] if node.type == "expression_statement" and node.named_child_count else None
    if inner is None or inner.type != "assignment_expression":
        return "", None
    left, right = inner.child_by_field_name("left"), inner.child_by_field_name("right")
    match = re.fullmatch(r"(?:module\.)?exports\.([A-Za-z_$][\w$]*)", tree.text_of(left) if left is not None else "")
    return (match[1], right) if match and right is not None and tree.text_of(right) != match[1] else ("", None)


def _required(tree: Tree, node: tree_sitter.Node) -> str:
    """An `import` as calls of `require`."""
    source = node.child_by_field_name("source")
    module = tree.text_of(source) if source is not None else '""'
    lines = []
    clause = next((child for child in node.named_children if child.type == "import_clause"), None)
    for part in clause.named_children if clause is not None else ():
        if part.type == "identifier":
            name = tree.text_of(part)
            lines.append(f"const {name} = ((m) => m && m.__esModule ? m.default : m)(require({module}));")
        elif part.type == "namespace_import":
            lines.append(f"const {tree.text_of(part.named_children[0])} = require({module});")
        else:
            names = [tuple(map(tree.text_of, one.named_children)) for one in part.named_children if one.is_named]
            lines.append(f"const {{ {', '.join(': '.join(pair) for pair in names)} }} = require({module});")
    return "\n".join(lines)


def _bare(tree: Tree, node: tree_sitter.Node) -> str:
    """The text of `node` without comments."""
    pieces, at = [], node.start_byte
    for comment in find(node, lambda one: one.type == "comment"):
        # A line end in a comment may end a statement.
        pieces += [tree.text[at : comment.start_byte], "\n" if "\n" in tree.text_of(comment) else " "]
        at = comment.end_byte
    return "".join(pieces) + tree.text[at : node.end_byte]


def _read_by_examples(examples: tuple[Example, ...]) -> set[str]:
    read: set[str] = set()
    bound: set[str] = set()
    for example in examples:
        sources = [example.setup, example.expression]
        if example.kind is not ExampleKind.PRINTS:
            sources.append(example.expected)
        for source in sources:
            tree = parse(source, LANGUAGES["javascript"])
            if tree.root is not None:
                names = read_by(tree, tree.root)
                read |= names[0]
                bound |= names[1]
    return read - bound
