"""Python: the part of a file that a candidate and its examples need, without what the file does when it is started.

The file is cut into its top-level statements; from the candidate's own and from the examples' names, everything they
look up is followed to the statements that bind it. Statements that act are never kept; where one of them would set a
name that is needed, there is no program. Annotations of functions are left out where nothing can see them, so that
`import torch` for a type alone does not stand in the way. A file that does not parse gives the statements that do.
"""

from __future__ import annotations

import ast
import builtins
import re
import sys
import warnings
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from glosswright_server.intent.contract import Example
from glosswright_server.intent.model import Intent
from glosswright_server.verify.program_bare import bare
from glosswright_server.verify.program_effects import Effects, is_main_guard
from glosswright_server.verify.program_names import bound_by, changed_by, read_by, read_by_examples
from glosswright_server.verify.program_place import Definition, Place, Target, find_target, statements
from glosswright_server.verify.sandbox.model import Program

_BUILTINS = frozenset(dir(builtins)) | {"__name__", "__file__", "__doc__", "__builtins__", "__spec__", "__package__"}
_CELL = re.compile(r"^[ \t]*(?:%%?[A-Za-z]\w*|![A-Za-z./])", re.MULTILINE)
_TEMPLATE = re.compile(r"\{%.*%\}|\{\{.*\}\}|<%.*%>")


class _NoProgram(Exception):
    """Why there is none, one sentence for the user."""


@dataclass(slots=True)
class _Piece:
    """One top-level statement."""

    place: Place
    node: ast.stmt
    own: bool
    """Whether the candidate stands in it, or it in the candidate."""
    binds: set[str]
    changes: set[str]
    defines: bool
    """False where it acts: then it is never kept."""


def python_program(
    text: str, intent: Intent, insertion: str, imports: tuple[str, ...], examples: tuple[Example, ...]
) -> Program:
    """See `program.program_for`. Never raises."""
    try:
        return _Builder(text, intent, insertion, imports, examples).program()
    except _NoProgram as none:
        why = str(none)
    except (SyntaxError, ValueError):
        why = "The code with the suggestion in it is not valid Python."
    except (RecursionError, MemoryError):
        why = "The code is nested too deeply to take a program from."
    return Program(source="", language="python", why_not=why)


class _Builder:
    def __init__(
        self, text: str, intent: Intent, insertion: str, imports: tuple[str, ...], examples: tuple[Example, ...]
    ) -> None:
        self._code = text[: intent.start] + insertion + text[intent.end :]
        blank = len(insertion) - len(insertion.lstrip())
        self._start = intent.start + blank
        self._end = intent.start + len(insertion.rstrip())
        self._intent = intent
        self._examples = examples
        self._wanted_by_examples = read_by_examples(examples)
        places, self._broken = statements(self._code)
        effects = Effects(place.node for place in places)
        self._pieces = [self._piece(place, effects) for place in places]
        self._missing = list(_import_statements(imports))

    def program(self) -> Program:
        if self._start >= self._end:
            raise _NoProgram("The suggestion is empty.")
        own = [piece for piece in self._pieces if piece.own]
        if not own:
            raise _NoProgram(self._why_unreadable())
        places = [piece.place for piece in own]
        target = find_target(places, self._start, self._end, self._intent, self._wanted_by_examples)
        self._refuse(target)
        kept = self._slice(own, target)
        alias = self._alias(target)
        kept_nodes = [bare(piece.node, keep_headers=piece.own and target.whole) for piece in kept]
        top = [node for node in kept_nodes if _is_future(node)]
        rest = [node for node in kept_nodes if not _is_future(node)]
        body = [*top, *self._missing, *rest]
        source = ast.unparse(ast.Module(body=body, type_ignores=[])) + alias
        _compile(source)
        return Program(source=source + "\n", language="python", target=target.name, modules=_modules(body))

    def _piece(self, place: Place, effects: Effects) -> _Piece:
        own = place.start < self._end and place.end > self._start
        changes = {name for name in changed_by(place.node) if not effects.is_module(name)}
        return _Piece(place, place.node, own, bound_by(place.node), changes, effects.defines(place.node))

    def _why_unreadable(self) -> str:
        if not self._broken:
            return "The suggestion is no statement of its own."
        if _CELL.search(self._code):
            return "The file is a notebook's text, which cannot be run by itself."
        if _TEMPLATE.search(self._code):
            return "The file is a template, which cannot be run by itself."
        return "The code around the suggestion does not parse."

    def _refuse(self, target: Target) -> None:
        """Raise where examples cannot call the target, or would be wrong about it."""
        definition = target.definition
        if target.inside:
            raise _NoProgram(f"`{target.name}` is defined inside `{target.inside}`, where examples cannot call it.")
        if isinstance(definition, ast.AsyncFunctionDef) and not self._awaited():
            raise _NoProgram(f"`{target.name}` is asynchronous, and its examples do not await it.")

    def _awaited(self) -> bool:
        return any(re.search(r"\bawait\b|\.run\(", f"{one.setup}\n{one.expression}") for one in self._examples)

    def _slice(self, own: list[_Piece], target: Target) -> list[_Piece]:
        """The statements that are kept, in the file's order."""
        kept = [piece for piece in self._pieces if _is_future(piece.node)]
        kept += [piece for piece in own if self._belongs(piece, target)]
        for piece in kept:
            if not piece.defines and not (piece.own and target.definition is None):
                raise _NoProgram(_why_acts(piece.node, target.name))
        bound_here = {name for node in self._missing for name in bound_by(node)}
        wanted = [*self._wanted_by_examples]
        seen: set[str] = set()
        done: set[int] = set()
        fresh = list(kept)
        while fresh or wanted:
            while fresh:
                piece = fresh.pop()
                if id(piece) not in done:
                    done.add(id(piece))
                    wanted.extend(self._reads(piece, target))
            name = wanted.pop() if wanted else ""
            if not name or name in seen:
                continue
            seen.add(name)
            found = self._binders(name, target)
            if not found and name not in bound_here and name not in _BUILTINS:
                found = self._unbound(name, kept)
            for piece in found:
                if not any(piece is one for one in kept):
                    kept.append(piece)
                    fresh.append(piece)
        order = {id(piece): at for at, piece in enumerate(self._pieces)}
        return sorted(kept, key=lambda piece: order[id(piece)])

    def _belongs(self, piece: _Piece, target: Target) -> bool:
        """Whether a statement of the candidate's own is kept whether or not anything reads it."""
        if _is_future(piece.node) or is_main_guard(piece.node):
            return False
        return piece.place is target.place or target.definition is None or isinstance(piece.node, Definition)

    def _reads(self, piece: _Piece, target: Target) -> set[str]:
        node = bare(piece.node, keep_headers=piece.own and target.whole)
        return read_by(ast.unparse(node))

    def _binders(self, name: str, target: Target) -> list[_Piece]:
        """The statements that make `name` what it is. Raises `_NoProgram` where one of them acts."""
        pieces = [piece for piece in self._pieces if name in piece.binds]
        found = [piece for piece in pieces if piece.defines or (piece.own and target.definition is None)]
        acting = [piece for piece in pieces if not any(piece is one for one in found)]
        if found:
            acting = [piece for piece in acting if not is_main_guard(piece.node)]
            changing = [piece for piece in self._pieces if name in piece.changes and name not in piece.binds]
            found += [piece for piece in changing if piece.defines]
            acting += [piece for piece in changing if not piece.defines and not is_main_guard(piece.node)]
        if acting and not _is_redefined(found, acting):
            raise _NoProgram(f"It needs `{name}`, which is set by code that is not run for examples.")
        return found

    def _unbound(self, name: str, kept: Iterable[_Piece]) -> list[_Piece]:
        """What to do about a name that no statement binds, and that `kept` may need as soon as it is loaded."""
        stars = [piece for piece in self._pieces if "*" in piece.binds and piece.defines]
        if not stars and name in self._wanted_by_examples and name in sys.stdlib_module_names:
            self._missing.append(ast.Import(names=[ast.alias(name=name)]))
        elif not stars and self._broken:
            raise _NoProgram(f"It needs `{name}`, and the code that may define it does not parse.")
        elif not stars and any(name in read_by(ast.unparse(one.node)) for one in kept if _acts_for_the_file(one)):
            raise _NoProgram(f"It needs `{name}`, which the file does not define.")
        return stars

    def _alias(self, target: Target) -> str:
        """A function by the method's own name, for examples that call it so (`add(1, 2)` of `Solution.add`)."""
        owner, _, name = target.name.rpartition(".")
        if not owner or name not in self._wanted_by_examples or any(name in piece.binds for piece in self._pieces):
            return ""
        if target.is_static:
            return f"\n{name} = {target.name}"
        if not target.is_stateless:
            raise _NoProgram(f"Its examples call `{name}` without saying on which `{owner}`.")
        return f"\ndef {name}(*args, **kwargs):\n    return {owner}().{name}(*args, **kwargs)"


def _acts_for_the_file(piece: _Piece) -> bool:
    """Whether a statement evaluates what it reads as soon as the program is loaded, and is none of the candidate's."""
    if piece.own or not isinstance(piece.node, (ast.Assign, ast.AnnAssign, ast.AugAssign)):
        return False
    return not any(isinstance(part, (ast.Lambda, ast.IfExp)) for part in ast.walk(piece.node))


def _is_redefined(found: Sequence[_Piece], acting: Sequence[_Piece]) -> bool:
    """Whether a function or class is defined after everything that acts on its name, which is then of no account."""
    last = max((one.place.start for one in found if isinstance(one.node, Definition)), default=-1)
    return last > max(one.place.start for one in acting)


def _import_statements(imports: Iterable[str]) -> Iterable[ast.stmt]:
    for statement in imports:
        try:
            body = ast.parse(statement.strip()).body
        except (SyntaxError, ValueError):
            continue  # advice that cannot be followed
        yield from (node for node in body if isinstance(node, (ast.Import, ast.ImportFrom)))


def _is_future(node: ast.stmt) -> bool:
    return isinstance(node, ast.ImportFrom) and node.module == "__future__" and node.level == 0


def _why_acts(node: ast.stmt, name: str) -> str:
    if isinstance(node, Definition):
        return f"Defining `{node.name}` runs more than a definition (a decorator or a default value)."
    return f"`{name}` is defined among code that is not run for examples."


def _modules(body: Iterable[ast.stmt]) -> tuple[str, ...]:
    """Top-level modules that are imported and not in the standard library; those whose absence is dealt with count
    not. A relative import gives its dots and name."""
    found: dict[str, None] = {}
    stack: list[ast.AST] = list(reversed(list(body)))
    while stack:
        node = stack.pop()
        if isinstance(node, ast.Try) and any(_catches_import(handler) for handler in node.handlers):
            stack.extend([*node.handlers, *node.orelse, *node.finalbody])
            continue
        if isinstance(node, ast.Import):
            found.update(dict.fromkeys(alias.name.split(".")[0] for alias in node.names))
        elif isinstance(node, ast.ImportFrom):
            found["." * node.level + (node.module or "").split(".")[0]] = None
        stack.extend(ast.iter_child_nodes(node))
    return tuple(sorted(name for name in found if name not in sys.stdlib_module_names))


def _catches_import(handler: ast.ExceptHandler) -> bool:
    if handler.type is None:
        return True
    names = {node.id for node in ast.walk(handler.type) if isinstance(node, ast.Name)}
    return bool(names & {"ImportError", "ModuleNotFoundError", "Exception"})


def _compile(source: str) -> None:
    """Raise SyntaxError where what was put together cannot be compiled. It is not run."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        compile(source, "<program>", "exec", dont_inherit=True)
