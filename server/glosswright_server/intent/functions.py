"""Functions that have a header but no body yet, and where their body goes.

A body counts as missing when it is empty or holds nothing but a docstring, a placeholder (`pass`, `...`, `todo!()`,
`throw new Error("not implemented")`) and comments. Whether the cursor asks for it is the business of `read`; nothing
here looks at cursors. Anonymous callbacks with an empty body are code as often as not and are left alone.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass

import tree_sitter

from glosswright_server.intent.comments import Comment, comment_above, comment_at
from glosswright_server.intent.languages import BlockStyle
from glosswright_server.intent.lines import Line, indent_at, indent_unit, line_above, line_at, line_below
from glosswright_server.intent.roles import Role
from glosswright_server.intent.stubs import docstring_text, is_placeholder, is_todo, without_todo
from glosswright_server.intent.tree import Tree, climb


@dataclass(frozen=True, slots=True, kw_only=True)
class Unfinished:
    """A function without a body. Offsets are code points."""

    name: str
    start: int
    """Where it begins, its doc comment, decorators and attributes included."""
    header_start: int
    opened: int
    """After what opens the body: `:`, `{`, or the header itself (Ruby)."""
    closed: int
    """Before what closes the body: `}` or `end`; in Python where its last known piece ends."""
    signature: str
    request: str
    """Docstring or doc comment, then what TODO comments in the body add."""
    indent: str
    """Indentation of the header's line."""
    body_indent: str
    doc: tuple[int, int] | None
    """The docstring inside the body, quotes included."""
    placeholder: tuple[int, int] | None
    """What the body replaces."""
    notes: tuple[Comment, ...]
    """Comments in the body that ask for something; they stay."""
    style: BlockStyle
    declared_only: bool
    """Abstract, overload or protocol: empty on purpose."""


def unfinished_in(tree: Tree, start: int, end: int) -> Iterator[Unfinished]:
    """Functions without a body on or near `start..end`, last and innermost first; see `Unfinished.start` for a test."""
    grammar = tree.language.grammar
    if grammar is None or tree.root is None:
        return
    low, high = _reach(tree, start, end)
    types = grammar.functions | grammar.anonymous
    nodes = list(tree.find(low, high, lambda node: node.type in types))
    for node in reversed(nodes):
        one = _unfinished(tree, node)
        if one is not None:
            yield one


def _reach(tree: Tree, start: int, end: int) -> tuple[int, int]:
    """The range in which a function that concerns `start..end` must lie: up to a header above blank lines, down to a
    header below a doc comment."""
    text = tree.text
    above: Line | None = line_at(text, start)
    low = start
    for _ in range(60):
        above = line_above(text, above) if above is not None else None
        if above is None:
            break
        low = above.end
        content = text[above.start : above.end].strip()
        if content and not content.startswith(tree.language.line_comments):
            low = _above_stray_docstring(tree, above) or low
            break
    comment = comment_at(tree, end)
    if comment is None or not comment.own_line:
        return low, end
    below = line_below(text, line_at(text, comment.end))
    for _ in range(_MAX_ATTRIBUTES):
        if below is None or not _ATTRIBUTE.match(text, below.start, below.end):
            break
        below = line_below(text, below)
    return low, below.end if below is not None else end


def _unfinished(tree: Tree, node: tree_sitter.Node) -> Unfinished | None:
    grammar, text = tree.language.grammar, tree.text
    assert grammar is not None
    name = _name(tree, node, named_only=node.type in grammar.functions)
    body = node.child_by_field_name("body")
    if not name or node.is_error:
        return None
    frame = _frame(tree, node, body)
    if frame is None:
        return None
    opened, closed, statements = frame
    doc, rest = None, statements
    if tree.language.style is BlockStyle.INDENTATION:
        # A docstring below the function's own imports is none to Python, but to its author it is.
        imports = next((at for at, one in enumerate(statements) if not one.type.startswith("import_")), 0)
        doc = _docstring(tree, statements[imports:])
        rest = statements[imports + 1 :] if doc else statements
    if not all(is_placeholder(tree.text_of(statement)) for statement in rest):
        return None
    outer = _outermost(node)
    signed = outer if node.type in grammar.anonymous else node
    indent = indent_at(text, line_at(text, outer.start_byte))
    comments = _comments_within(tree, opened, closed)
    todos = [comment for comment in comments if is_todo(comment.text)]
    wishful = [c for c in comments if c not in todos and c.role is Role.REQUEST]
    notes = tuple(c for c in wishful if c.own_line)
    pieces = [(one.start_byte, one.end_byte) for one in rest] + [(c.start, c.end) for c in todos]
    # What stands right of a placeholder (`pass  # later`) is about the placeholder and goes with it.
    pieces += [(c.start, c.end) for c in comments if not c.own_line and rest and c.start >= rest[0].end_byte]
    # What stands before a note stays, or the note would go with it.
    if notes and any(piece[0] > notes[-1].start for piece in pieces):
        pieces = [piece for piece in pieces if piece[0] > notes[-1].start]
    placeholder = (min(p[0] for p in pieces), max(p[1] for p in pieces)) if pieces else None
    above = _doc_comment(tree, outer)
    wishes = [docstring_text(text[doc[0] : doc[1]])] if doc else []
    if above is not None and not doc:
        wishes.append(above.text)
    wishes += [wish for todo in todos if (wish := without_todo(todo.text))]
    wishes += [comment.text for comment in wishful]
    return Unfinished(
        name=name,
        start=above.start if above is not None else outer.start_byte,
        header_start=node.start_byte,
        opened=opened,
        closed=closed,
        signature=text[signed.start_byte : opened].strip().removesuffix("{").rstrip(),
        request="\n\n".join(wish for wish in wishes if wish),
        indent=indent,
        body_indent=_body_indent(tree, indent, opened, doc, placeholder, notes),
        doc=doc,
        placeholder=placeholder,
        notes=notes,
        style=tree.language.style,
        declared_only=_declared_only(tree, node, outer),
    )


def _frame(
    tree: Tree, node: tree_sitter.Node, body: tree_sitter.Node | None
) -> tuple[int, int, list[tree_sitter.Node]] | None:
    """Where the body opens and closes, and its statements; None where the node has no place for one."""
    comments = tree.language.grammar.comments if tree.language.grammar else frozenset()
    if tree.language.style is BlockStyle.INDENTATION:
        colon = next((child for child in reversed(node.children) if child.type == ":"), None)
        if body is None or colon is None:
            return None
        statements = _statements(body, comments)
        # A docstring written at the header's own indentation is still meant as one.
        if not statements and (stray := _stray_docstring(tree, node)) is not None:
            statements = [stray]
        return colon.end_byte, max(colon.end_byte, statements[-1].end_byte if statements else 0), statements
    if tree.language.style is BlockStyle.END:
        last = node.children[-1]
        if last.type != "end" or last.is_missing:
            return None
        header = node.child_by_field_name("parameters") or node.child_by_field_name("name")
        if header is None:
            return None
        return header.end_byte, last.start_byte, _statements(body, comments) if body is not None else []
    if body is None or len(body.children) < 2 or body.children[0].type != "{" or body.children[-1].type != "}":
        return None
    if body.children[-1].is_missing or body.children[0].is_missing:
        return None
    return body.children[0].end_byte, body.children[-1].start_byte, _statements(body, comments)


def _statements(body: tree_sitter.Node, comments: frozenset[str]) -> list[tree_sitter.Node]:
    found = []
    for child in body.named_children:
        if child.type == "statement_list":
            found += _statements(child, comments)
        elif child.type not in comments:
            found.append(child)
    return found


def _stray_docstring(tree: Tree, node: tree_sitter.Node) -> tree_sitter.Node | None:
    after = node.next_named_sibling
    if after is None or after.start_point[0] != node.end_point[0] + 1 or _docstring(tree, [after]) is None:
        return None
    return after


def _above_stray_docstring(tree: Tree, line: Line) -> int | None:
    """Where the header ends whose docstring, at the header's indentation, ends on `line`."""
    if tree.language.style is not BlockStyle.INDENTATION:
        return None
    around = climb(tree.node_at(line.end - 1, line.end))
    node = next((node for node in around if node.type == "expression_statement"), None)
    header = node.prev_named_sibling if node is not None and _docstring(tree, [node]) is not None else None
    return header.end_byte if header is not None and header.type == "function_definition" else None


def _docstring(tree: Tree, statements: list[tree_sitter.Node]) -> tuple[int, int] | None:
    """The range of a docstring that opens the body."""
    if not statements or statements[0].type != "expression_statement" or statements[0].named_child_count != 1:
        return None
    string = statements[0].named_children[0]
    if string.type not in ("string", "concatenated_string"):
        return None
    return string.start_byte, string.end_byte


def _name(tree: Tree, node: tree_sitter.Node, named_only: bool) -> str:
    named = node.child_by_field_name("name")
    if named is not None:
        return tree.text_of(named)
    declarator = node.child_by_field_name("declarator")
    while declarator is not None:
        inner = declarator.child_by_field_name("declarator")
        if inner is None and declarator.type == "reference_declarator":
            inner = next((c for c in declarator.named_children if c.type == "function_declarator"), None)
        if inner is None:
            return tree.text_of(declarator)
        declarator = inner
    if named_only or node.parent is None:
        return ""
    holder = node.parent
    for field in ("name", "key", "left", "property"):
        named = holder.child_by_field_name(field)
        if named is not None and named.end_byte <= node.start_byte:
            return tree.text_of(named)
    return ""


_WRAPPERS = frozenset(
    (
        *("decorated_definition", "template_declaration", "export_statement", "expression_statement"),
        *("lexical_declaration", "variable_declaration", "variable_declarator", "assignment_expression"),
        *("public_field_definition", "field_definition", "pair"),
    )
)


def _outermost(node: tree_sitter.Node) -> tree_sitter.Node:
    """The statement that the function is, with decorators, `export`, `const f =` and `template<...>`."""
    while node.parent is not None and node.parent.type in _WRAPPERS:
        node = node.parent
    return node


_ATTRIBUTE = re.compile(r"[ \t]*(?:#!?\[|@\w)")  # Rust's #[inline], decorators, annotations
_MAX_ATTRIBUTES = 20


def _doc_comment(tree: Tree, outer: tree_sitter.Node) -> Comment | None:
    """The comment right above the function, attribute and annotation lines between allowed."""
    text = tree.text
    line = line_at(text, outer.start_byte)
    for _ in range(_MAX_ATTRIBUTES):
        above = line_above(text, line)
        if above is None or not _ATTRIBUTE.match(text, above.start, above.end):
            break
        line = above
    comment = comment_above(tree, line, 0)
    if comment is None or comment.role is not Role.REQUEST or comment.indent != indent_at(text, line):
        return None
    return comment


def _comments_within(tree: Tree, opened: int, closed: int) -> list[Comment]:
    """The comments of the body, in order; in Python those on deeper lines below the header as well."""
    grammar, text = tree.language.grammar, tree.text
    assert grammar is not None
    end = closed
    if tree.language.style is BlockStyle.INDENTATION:
        end = _deeper_lines_end(text, opened, closed)
    found: list[Comment] = []
    for node in tree.find(opened, end, lambda node: node.type in grammar.comments):
        if not opened <= node.start_byte < end or (found and node.start_byte < found[-1].end):
            continue
        comment = comment_at(tree, min(node.start_byte + 1, len(text)))
        if comment is not None and comment.start >= opened:
            found.append(comment)
    return found


def _deeper_lines_end(text: str, opened: int, closed: int) -> int:
    """Where the comment and blank lines end that follow `closed` and are indented deeper than the header."""
    header = line_at(text, opened)
    # The header may span lines; the line on which it closes has the indentation of its first or deeper ones.
    outer = len(indent_at(text, header))
    end = line_at(text, closed).end
    at = end
    while at < len(text):
        line = line_at(text, at + (2 if text.startswith("\r\n", at) else 1))
        content = text[line.start : line.end]
        if content.strip() and (not content.lstrip().startswith("#") or len(indent_at(text, line)) <= outer):
            break
        if content.strip():
            end = line.end
        at = line.end
        if at - closed > 20_000:
            break
    return end


def _body_indent(
    tree: Tree,
    indent: str,
    opened: int,
    doc: tuple[int, int] | None,
    placeholder: tuple[int, int] | None,
    notes: tuple[Comment, ...],
) -> str:
    """Indentation of the body: as its first piece on a line of its own shows it, else one level deeper."""
    text = tree.text
    places = [piece[0] for piece in (doc, placeholder) if piece] + [note.start for note in notes]
    for place in sorted(places):
        line = line_at(text, place)
        own = indent_at(text, line)
        if line.start > opened and not text[line.start : place].strip() and len(own) > len(indent):
            return own
    return indent + indent_unit(text, opened, tree.language.indent)


def _declared_only(tree: Tree, node: tree_sitter.Node, outer: tree_sitter.Node) -> bool:
    """Empty on purpose: abstract methods, overloads, methods of a Protocol or an interface."""
    grammar = tree.language.grammar
    assert grammar is not None
    if tree.language.style is not BlockStyle.INDENTATION:
        return bool(re.search(r"\babstract\b", tree.text[outer.start_byte : node.start_byte]))
    if re.search(r"@[\w.]*(?:abstract\w*|overload)\b", tree.text[outer.start_byte : node.start_byte]):
        return True
    owner = node.parent
    while owner is not None and owner.type not in grammar.classes and owner.type not in grammar.functions:
        owner = owner.parent
    bases = owner.child_by_field_name("superclasses") if owner is not None else None
    return bases is not None and bool(re.search(r"\bProtocol\b", tree.text_of(bases)))
