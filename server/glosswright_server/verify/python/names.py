"""Does every name in the candidate resolve, and which imports would make it? pyflakes follows the scopes.

Only what stands in the candidate is blamed, and only what fails whenever it is reached. Names that a file's top-level
calls use without binding them (a build script's `Environment(...)`) come from somewhere else, and are taken as bound.
"""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from functools import cached_property

from glosswright_server.verify.python.missing import import_for, is_installed
from glosswright_server.verify.python.module_names import ModuleNames
from glosswright_server.verify.python.modules import absent_module
from glosswright_server.verify.python.parsed import FUNCTIONS, LOOPS, SCOPES, Function, Parsed, names_bound_by
from glosswright_server.verify.verdict import Check, Outcome

NAME = "names resolve"
_SHOWN = 3


def names_resolve(parsed: Parsed, module: ModuleNames, text: str) -> tuple[Check, tuple[str, ...]]:
    """The check, and the import statements that the candidate, or the header above it, lacks.

    `text` is the user's file without the candidate.
    """
    unknown: dict[str, list[ast.AST]] = {}
    in_header: dict[str, list[ast.AST]] = {}
    faults: list[str] = []
    nodes = {(n.lineno, n.col_offset, n.id): n for n in parsed.nodes if isinstance(n, ast.Name)}
    scopes = _Scopes(parsed)
    annotations = _in_annotations(parsed) if module.for_typing else frozenset[int]()
    for name, line, column, is_local in _complaints(parsed.module, module):
        place = parsed.offset(line, column)
        use = nodes.get((line, column, name))
        if name in module.for_typing and (use is None or id(use) in annotations):
            continue  # in quotes, or where only a type checker looks
        if parsed.excerpt.start <= place < parsed.excerpt.end:
            if is_local or scopes.binds(name, place):
                if not scopes.may_come_round_again(line):
                    faults.append(f"`{name}` is used before it has a value")
            elif not is_local:
                unknown.setdefault(name, []).extend([use] if use else [])
        elif use is not None and not module.postponed_annotations and _is_in_header(parsed, use):
            in_header.setdefault(name, []).append(use)
    parents: dict[ast.AST, ast.AST] = {}
    if unknown or in_header:
        parents = {child: node for node in parsed.nodes for child in ast.iter_child_nodes(node)}
    imports: list[str] = []
    open_names: list[str] = []
    for name, uses in unknown.items():
        if len(open_names) > _SHOWN:  # it fails anyway, and each look-up touches the disk
            break
        if statement := "" if module.unbounded else _import_of(name, uses, parents, module):
            imports.append(statement)
        elif not _comes_from_elsewhere(name, text):
            open_names.append(name)
    missing = tuple(imports)
    if module.unbounded:
        in_header.clear()
    imports += [found for name, uses in in_header.items() if (found := import_for(name, uses, parents))]
    if faults:
        return Check(NAME, Outcome.FAILED, faults[0]), ()
    absent, is_sure = absent_module(parsed, text)
    if absent and (is_sure or not open_names or module.unbounded):
        detail = f"no module `{absent}` is installed where Glosswright runs"
        return Check(NAME, Outcome.FAILED if is_sure else Outcome.NOT_APPLICABLE, detail), ()
    if open_names and module.unbounded:
        return Check(NAME, Outcome.NOT_APPLICABLE, "a star import may bind anything"), ()
    if open_names and open_names[0] in module.for_typing:
        return Check(NAME, Outcome.FAILED, f"`{open_names[0]}` is imported for type checkers only"), ()
    if open_names:
        verb = "is not defined" if len(open_names) == 1 else "are not defined"
        shown = ", ".join(f"`{name}`" for name in open_names[:_SHOWN]) + (" …" if len(open_names) > _SHOWN else "")
        return Check(NAME, Outcome.FAILED, f"{shown} {verb}"), ()
    detail = f"with {'; '.join(missing)}" if missing else ""
    return Check(NAME, Outcome.PASSED, detail), tuple(dict.fromkeys(imports))


def _import_of(name: str, uses: list[ast.AST], parents: dict[ast.AST, ast.AST], module: ModuleNames) -> str:
    """The import that would bind `name`. What is imported for type checkers only may be so because importing it would
    go round in a circle, so of that only what comes from outside the project is offered."""
    statement = module.for_typing.get(name, "")
    if not statement:
        return import_for(name, uses, parents)
    source = re.match(r"(?:from|import)\s+(\w+)", statement)
    return statement if source is not None and is_installed(source[1]) else ""


def _in_annotations(parsed: Parsed) -> frozenset[int]:
    """The identities of all nodes that stand in annotations."""
    roots: list[ast.AST | None] = []
    for node in parsed.nodes:
        if isinstance(node, FUNCTIONS):
            roots.append(node.returns)
        elif isinstance(node, (ast.arg, ast.AnnAssign)):
            roots.append(node.annotation)
    return frozenset(id(node) for root in roots if root is not None for node in ast.walk(root))


def _complaints(tree: ast.Module, module: ModuleNames) -> Iterator[tuple[str, int, int, bool]]:
    """Name, line, column, and whether it is a local without a value."""
    from pyflakes import checker, messages  # imported late: not before there is something to judge

    for message in checker.Checker(tree, builtins=set(module.bound), withDoctest=False).messages:
        if isinstance(message, (messages.UndefinedName, messages.UndefinedLocal)):
            yield message.message_args[0], message.lineno, message.col, isinstance(message, messages.UndefinedLocal)


class _Scopes:
    """Functions and loops of the excerpt; looked for once, when something is complained of at all."""

    def __init__(self, parsed: Parsed) -> None:
        self._parsed = parsed

    def binds(self, name: str, place: int) -> bool:
        """Whether a function around `place` binds the name itself, if too late."""
        return any(first <= place < last and name in names for first, last, names in self._functions)

    def may_come_round_again(self, line: int) -> bool:
        """Whether a loop, or a function that is called later, holds the line: what is bound below may be by then."""
        return any(first <= line <= last for first, last in self._repeated)

    @cached_property
    def _functions(self) -> list[tuple[int, int, set[str]]]:
        found, offset = [], self._parsed.offset
        for node in self._parsed.nodes:
            if isinstance(node, FUNCTIONS):
                end = offset(node.end_lineno or 0, node.end_col_offset or 0)
                found.append((offset(node.lineno, node.col_offset), end, _own_names(node)))
        return found

    @cached_property
    def _repeated(self) -> list[tuple[int, int]]:
        function = self._parsed.function
        nodes = [node for node in self._parsed.new_nodes if isinstance(node, (*LOOPS, *SCOPES))]
        nodes += [node for node in ast.walk(function) if isinstance(node, LOOPS)] if function is not None else []
        return [(node.lineno, node.end_lineno or node.lineno) for node in nodes]


def _own_names(function: Function) -> set[str]:
    found: set[str] = set()
    stack: list[ast.AST] = list(function.body)
    while stack:
        node = stack.pop()
        if isinstance(node, (*FUNCTIONS, ast.ClassDef)):
            found.add(node.name)
        elif not isinstance(node, (ast.Lambda, ast.ListComp, ast.SetComp, ast.DictComp, ast.GeneratorExp)):
            if not isinstance(node, (ast.Global, ast.Nonlocal)):
                found.update(names_bound_by(node))
            stack.extend(ast.iter_child_nodes(node))
    return found


def _is_in_header(parsed: Parsed, use: ast.Name) -> bool:
    """Whether a name stands in the annotations, defaults or decorators of the function that is being written."""
    function = parsed.function
    if function is None:
        return False
    header = [*function.decorator_list, function.args, *([function.returns] if function.returns else [])]
    return any(node is use for part in header for node in ast.walk(part))


def _comes_from_elsewhere(name: str, text: str) -> bool:
    return re.search(rf"^(?:\w+[ \t]*=[ \t]*)?{re.escape(name)}[ \t]*\(", text, re.MULTILINE) is not None
