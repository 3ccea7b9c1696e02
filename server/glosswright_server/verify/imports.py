"""Where import statements go in a Python file, and as what text: below the imports that are there, else below docstring
and comments. One place, one edit; nothing that stands in the file is changed, and line ends are the file's own.
"""

from __future__ import annotations

import ast
import re
import sys

import tree_sitter

from glosswright_server.intent.languages import LANGUAGES
from glosswright_server.intent.tree import Tree, parse

_IMPORTS = frozenset(("import_statement", "import_from_statement"))
_HEADING = re.compile(r"#!|#.*coding[:=]|# *-\*-")
_LONGEST = 100  # columns of a line to which a name is added


def import_edit(
    text: str,
    language: str,
    statements: tuple[str, ...],
    *,
    gap: tuple[int, int] | None = None,
    tree: Tree | None = None,
) -> tuple[int, str] | None:
    """The code point offset in `text`, and what to put in there; None when there is nothing to add.

    `gap` is the range that the candidate replaces: the place found never lies within it. `tree` is the tree of `text`,
    when the caller has it. Statements that the file has among its imports already are left out. Never raises.
    """
    wanted = _merged(statements)
    if language != "python" or not wanted:
        return None
    tree = tree if tree is not None and tree.text == text else parse(text, LANGUAGES["python"])
    children = tree.root.children if tree.root is not None else []
    head = _Head(tree, children, len(text) if gap is None else gap[0])
    wanted = [one for one in wanted if one not in {_flat(tree.text_of(node)) for node in head.imports}]
    if not wanted:
        return None
    edit = _into_existing(tree, head.imports, wanted) or _new_lines(text, head, wanted)
    if gap is not None and gap[0] < edit[0] <= gap[1]:
        edit = _at_top(text, head, wanted)
    return edit


class _Head:
    """The beginning of a module: where its parts end. Offsets are code points."""

    def __init__(self, tree: Tree, children: list[tree_sitter.Node], limit: int) -> None:
        text = tree.text
        self.top = _after_heading(text)
        """Below `#!`, the coding line, and a comment that stands by itself and not at `limit`, where code is put in."""
        below = _after_lone_comment(text, self.top)
        if below < limit:
            self.top = below
        self.docstring_end = -1
        self.future_end = -1
        self.imports: list[tree_sitter.Node] = []
        """The first run of imports, comments between them allowed."""
        for node in children:
            if node.type == "comment" or (node.type == "expression_statement" and node.end_byte <= self.top):
                continue
            if node.type == "future_import_statement" and not self.imports:
                self.future_end = node.end_byte
            elif node.type in _IMPORTS:
                self.imports.append(node)
            elif _is_string(node) and self.docstring_end < 0 and self.future_end < 0 and not self.imports:
                self.docstring_end = node.end_byte
            else:
                break


def _is_string(node: tree_sitter.Node) -> bool:
    return (
        node.type == "expression_statement"
        and node.named_child_count == 1
        and node.named_children[0].type in ("string", "concatenated_string")
    )


def _after_heading(text: str) -> int:
    at = 1 if text.startswith("\ufeff") else 0
    for _ in range(2):
        end = _line_end(text, at)
        if not _HEADING.match(text, at, end):
            break
        at = _next_line(text, end)
    return at


def _after_lone_comment(text: str, at: int) -> int:
    """Below a comment and the blank line after it (a licence, say), when code follows; else `at`."""
    found = re.compile(r"(?:[ \t]*#[^\r\n]*(?:\r\n|\n|\r))+[ \t]*(?:\r\n|\n|\r)(?=\s*[^\s#])").match(text, at)
    return found.end() if found else at


def _merged(statements: tuple[str, ...]) -> list[str]:
    """One `from` statement for each module, sorted: `import` first, as the usual tools have it."""
    plain, by_module = [], dict[str, set[str]]()
    for statement in dict.fromkeys(statements):
        try:
            [node] = ast.parse(statement).body
        except (SyntaxError, ValueError):
            continue
        if isinstance(node, ast.ImportFrom) and node.module and not node.level:
            by_module.setdefault(node.module, set()).update(ast.unparse(one) for one in node.names)
        elif isinstance(node, ast.Import):
            plain.append(ast.unparse(node))
    froms = [f"from {module} import {', '.join(sorted(names))}" for module, names in sorted(by_module.items())]
    return [*sorted(plain), *froms]


def _into_existing(tree: Tree, imports: list[tree_sitter.Node], wanted: list[str]) -> tuple[int, str] | None:
    """A name added to the `from` statement that is there, when that is all there is to do."""
    found = re.fullmatch(r"from (\S+) import (.+)", wanted[0]) if len(wanted) == 1 else None
    for node in imports if found is not None else ():
        module = node.child_by_field_name("module_name")
        names = node.children_by_field_name("name")
        if found is None or module is None or tree.text_of(module) != found[1] or not names or node.has_error:
            continue
        there = {tree.text_of(one) for one in names}
        lacking = [one for one in found[2].split(", ") if one not in there]
        at = names[-1].end_byte
        line = _line_end(tree.text, at) - (tree.text.rfind("\n", 0, at) + 1)
        added = "".join(f", {one}" for one in lacking)
        if lacking and line + len(added) <= _LONGEST:
            return at, added
    return None


def _new_lines(text: str, head: _Head, wanted: list[str]) -> tuple[int, str]:
    eol = _eol(text)
    block = eol.join(wanted)
    # Those that share a line with code cannot be added to.
    usable = [node for node in head.imports if _ends_line(text, node.end_byte)]
    standard = [node for node in usable if _is_standard(text[node.start_byte : node.end_byte])]
    if all(_is_standard(one) for one in wanted) and usable and not standard:
        at = usable[0].start_byte
        if at == text.rfind("\n", 0, at) + 1:
            return at, block + eol * 2
    after = (standard if all(_is_standard(one) for one in wanted) else usable)[-1:]
    if after:
        return _line_end(text, after[0].end_byte), eol + block
    if head.imports:
        return _at_top(text, head, wanted)
    end = max(head.docstring_end, head.future_end)
    if end >= 0 and _ends_line(text, end):
        end = _line_end(text, end)
        return end, eol * 2 + block + _gap_below(text, end, eol)
    return _at_top(text, head, wanted)


def _at_top(text: str, head: _Head, wanted: list[str]) -> tuple[int, str]:
    """Right below `#!`, the coding line, docstring and `__future__`; before everything else."""
    eol = _eol(text)
    at = head.top
    if head.docstring_end >= 0 or head.future_end >= 0:
        at = _next_line(text, _line_end(text, max(head.docstring_end, head.future_end)))
    first = "" if at == 0 or text[at - 1] in "\n\r\ufeff" else eol
    rest = text[at:].lstrip("\r\n")
    lines = 2 if re.match(r"(?:async def|def|class|@)", rest) else 1
    there = text[at : len(text) - len(rest)].count("\n") if rest else lines
    return at, first + eol.join(wanted) + eol + eol * max(0, lines - there)


def _gap_below(text: str, end: int, eol: str) -> str:
    """A blank line where code follows at once."""
    following = _line_end(text, _next_line(text, end))
    return eol if text[_next_line(text, end) : following].strip() else ""


def _ends_line(text: str, at: int) -> bool:
    return re.fullmatch(r"[ \t\f]*(?:#.*)?", text[at : _line_end(text, at)]) is not None


def _is_standard(statement: str) -> bool:
    found = re.match(r"(?:import|from)\s+(\w+)", statement)
    return found is not None and found[1] in sys.stdlib_module_names


def _flat(statement: str) -> str:
    return " ".join(statement.split())


def _eol(text: str) -> str:
    at = text.find("\n")
    if at < 0:
        return "\r" if "\r" in text else "\n"
    return "\r\n" if text[at - 1 : at] == "\r" else "\n"


def _line_end(text: str, at: int) -> int:
    found = re.compile(r"[\r\n]").search(text, at)
    return found.start() if found else len(text)


def _next_line(text: str, end: int) -> int:
    return end + (2 if text.startswith("\r\n", end) else 1 if end < len(text) else 0)
