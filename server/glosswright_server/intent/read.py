"""What the user asks for at one place of one document: the entry to this package.

`read_intent` answers for a cursor, `actions_at` for a cursor or selection whose user wants to see what could be done
there. Both are pure, never raise on any text and offset, and look at no more than a window around the cursor when the
document is too long to parse. They decide what is wanted, not whether a model can deliver it.
"""

from __future__ import annotations

import re
from dataclasses import replace

from glosswright_server.intent import place
from glosswright_server.intent.comments import Comment, comment_above, comment_at
from glosswright_server.intent.functions import Unfinished, unfinished_in
from glosswright_server.intent.languages import BlockStyle, Language
from glosswright_server.intent.lines import Line, indent_at, is_blank, line_at, line_below
from glosswright_server.intent.model import Extent, Intent, IntentKind, Trigger
from glosswright_server.intent.roles import Role
from glosswright_server.intent.stubs import without_todo
from glosswright_server.intent.tree import MAX_PARSED, Tree, climb, parse
from glosswright_server.intent.wording import is_finished

WINDOW = 60_000
"""Code points read on either side of the cursor in a document longer than `tree.MAX_PARSED`."""

_MAX_SELECTED_LINES = 200
_CLOSERS = ")]}>\"'`;, \t\u200b"


def read_intent(
    text: str, offset: int, language: Language, *, trigger: Trigger = Trigger.AUTOMATIC, tree: Tree | None = None
) -> Intent:
    """What is wanted at `offset` (code points; clamped to the text).

    `tree`, an earlier tree of this document, makes parsing incremental; it need not be of the same text.
    """
    offset = _clamped(text, offset)
    if len(text) > MAX_PARSED:
        low, high = _window(text, offset, offset)
        return _shifted(read_intent(text[low:high], offset - low, language, trigger=trigger), low)
    if "\0" in text:
        return _none(language, offset, "not a text")
    if trigger is not Trigger.EXPLICIT and not text.strip():
        return _none(language, offset, "an empty document")
    return _Reader(parse(text, language, tree), offset, trigger).read()


def actions_at(text: str, start: int, end: int, language: Language, tree: Tree | None = None) -> tuple[Intent, ...]:
    """What could be asked for at the cursor or selection `start..end`, nearest first: code for each comment that it
    touches, a body for each function without one. The user is asked to choose, so all triggers are explicit."""
    start, end = sorted((_clamped(text, start), _clamped(text, end)))
    if len(text) > MAX_PARSED:
        low, high = _window(text, start, min(end, start + WINDOW))
        found = actions_at(text[low:high], start - low, min(end, high) - low, language)
        return tuple(_shifted(intent, low) for intent in found)
    if "\0" in text:
        return ()
    tree = parse(text, language, tree)
    functions = [one for one in unfinished_in(tree, start, end) if one.start <= end and _is_within(tree, one, start)]
    intents = [
        _code_for(tree, one) for one in _comments_touching(tree, start, end) if not _is_part(text, one, functions)
    ]
    intents += [_body(tree, one, start, "in a function without a body") for one in functions]
    unique = {(intent.kind, intent.start, intent.end): intent for intent in intents}
    return tuple(unique.values())


class _Reader:
    """One reading; holds what every rule needs."""

    def __init__(self, tree: Tree, offset: int, trigger: Trigger) -> None:
        self.tree = tree
        self.text = tree.text
        self.offset = offset
        self.trigger = trigger
        self.explicit = trigger is Trigger.EXPLICIT
        self.line = line_at(tree.text, offset)
        self.blank = is_blank(tree.text, self.line)

    def read(self) -> Intent:
        """The rules, most specific first."""
        function = _function_around(self.tree, self.offset)
        if function is not None and function.declared_only and not self.explicit:
            function = None
        comment = comment_at(self.tree, self.offset)
        if comment is not None:
            return self._in_comment(comment, function)
        if self.blank and (below := self._below_comment(function)) is not None:
            return below
        in_open_string = _in_open_string(self.tree, self.offset)
        if function is not None and not in_open_string and (body := self._in_function(function)) is not None:
            return body
        if in_open_string or self.tree.in_string(self.offset):
            return self._continue("inside a string") if self.explicit else self._nothing("inside a string")
        if not self.explicit and _ends_docstring(self.tree, self.offset):
            return self._nothing("at the end of a docstring whose body is there already")
        return self._continue("at the cursor")

    def _in_comment(self, comment: Comment, function: Unfinished | None) -> Intent:
        if comment.role is Role.UNCLOSED:
            return self._nothing("inside a comment that is not closed")
        at_end = self.offset >= comment.end
        if function is not None and _is_part(self.text, comment, [function]):
            placeholder = function.placeholder
            waits = at_end and comment.own_line and placeholder is not None and placeholder[0] <= comment.start
            if self.explicit or (waits and self.trigger is Trigger.PAUSED):
                return _body(self.tree, function, self.offset, "at a comment of a function without a body")
            return self._nothing("inside a comment that is being typed")
        if function is not None and at_end and self.trigger is not Trigger.AUTOMATIC and _leads(comment, function):
            return _body(self.tree, function, self.offset, "at a comment above a placeholder")
        if self.explicit:
            if comment.role in (Role.REQUEST, Role.CODE, Role.HEADING):
                return _code_for(self.tree, comment)
            if at_end and comment.own_line:
                return _intent(
                    self.tree,
                    IntentKind.CONTINUE,
                    Extent.BLOCK,
                    place.after_comment(self.tree, comment),
                    "below a note",
                )
            return self._nothing(f"a comment that asks for nothing ({comment.role.value})")
        if self.trigger is Trigger.AUTOMATIC or not at_end:
            return self._nothing("inside a comment that is being typed")
        if not comment.own_line:
            return self._nothing("a comment beside code")
        if comment.role is not Role.REQUEST or not is_finished(comment.text):
            return self._nothing(f"a comment that asks for nothing yet ({comment.role.value})")
        if _is_followed_by_code(self.tree, comment):
            return self._nothing("the comment's code is there already")
        return _code_for(self.tree, comment)

    def _below_comment(self, function: Unfinished | None) -> Intent | None:
        comment = comment_above(self.tree, self.line, blank_lines=1)
        if comment is None or comment.role is not Role.REQUEST or self.tree.in_string(self.offset):
            return None
        if function is not None and _is_part(self.text, comment, [function]):
            return None
        indent = place.comment_indent(self.tree, comment)
        before = self.text[self.line.start : self.offset]
        if before and before != indent and indent.startswith(before):
            return None  # the user has stepped out of the comment's block
        where = place.on_blank_line(self.text, self.offset, indent)
        return _intent(self.tree, IntentKind.COMMENT, Extent.BLOCK, where, "below a comment", _wish(comment))

    def _in_function(self, function: Unfinished) -> Intent | None:
        """The body, if the cursor is where one would write it."""
        if self.offset < function.opened:
            return None
        if not self.explicit and _has_left(function, self.line, self.offset):
            return None
        doc = function.doc
        if doc is not None and doc[0] < self.offset <= doc[1] and not self.explicit:
            closed = self.offset == doc[1] and self.trigger is Trigger.PAUSED
            if not closed:
                return self._nothing("inside a docstring that is being typed")
        return _body(self.tree, function, self.offset, "in a function without a body")

    def _continue(self, why: str) -> Intent:
        rest = self.text[self.offset : self.line.end]
        if self.blank:
            extent, indent = Extent.BLOCK, self.text[self.line.start : self.offset]
        else:
            extent = Extent.LINE if rest.strip(_CLOSERS) else Extent.STATEMENT
            indent = indent_at(self.text, self.line)
        where = place.Place(self.offset, self.offset, "", "", indent)
        return _intent(self.tree, IntentKind.CONTINUE, extent, where, why)

    def _nothing(self, why: str) -> Intent:
        return _none(self.tree.language, self.offset, why)


# Making the values


def _intent(tree: Tree, kind: IntentKind, extent: Extent, where: place.Place, why: str, request: str = "") -> Intent:
    return Intent(
        kind=kind,
        language=tree.language.key,
        extent=extent,
        start=where.start,
        end=where.end,
        lead=where.lead,
        tail=where.tail,
        indent=where.indent,
        request=request,
        why=why,
    )


def _none(language: Language, offset: int, why: str) -> Intent:
    return Intent(kind=IntentKind.NONE, language=language.key, extent=Extent.LINE, start=offset, end=offset, why=why)


def _code_for(tree: Tree, comment: Comment) -> Intent:
    where = place.after_comment(tree, comment)
    return _intent(tree, IntentKind.COMMENT, Extent.BLOCK, where, "at a comment", _wish(comment))


def _body(tree: Tree, function: Unfinished, offset: int, why: str) -> Intent:
    where = place.body_of(tree, function, offset)
    intent = _intent(tree, IntentKind.BODY, Extent.BODY, where, why, function.request)
    return replace(intent, name=function.name, signature=function.signature)


def _wish(comment: Comment) -> str:
    return without_todo(comment.text) or comment.text


def _shifted(intent: Intent, by: int) -> Intent:
    return replace(intent, start=intent.start + by, end=intent.end + by)


# Questions about places


def _clamped(text: str, offset: int) -> int:
    offset = min(max(offset, 0), len(text))
    return offset - 1 if offset and text[offset - 1 : offset + 1] == "\r\n" else offset


def _window(text: str, start: int, end: int) -> tuple[int, int]:
    """A range of whole lines around `start..end`, or of part of a line that is longer than that."""
    low, high = max(0, start - WINDOW), min(len(text), end + WINDOW)
    if low:
        # A line that starts at the margin is a better place to begin than the middle of a block.
        top = re.compile(r"(?:\r\n|\n|\r(?!\n))(?=[^\s)\]}])").search(text, low, start)
        low = top.end() if top is not None else low
    if high < len(text):
        high = max(text.rfind("\n", end, high), text.rfind("\r", end, high)) + 1 or high
    return low, high


def _function_around(tree: Tree, offset: int) -> Unfinished | None:
    """The innermost function without a body around `offset`, documentation and the lines of a body to come included."""
    near = unfinished_in(tree, offset, offset)
    return next((one for one in near if one.start <= offset and _is_within(tree, one, offset)), None)


def _is_within(tree: Tree, function: Unfinished, offset: int) -> bool:
    """Whether `offset` is inside the function, the blank lines where a Python body would begin included."""
    text, last = tree.text, _last(function)
    if function.style is not BlockStyle.INDENTATION:
        return offset <= function.closed
    if offset <= line_at(text, last).end:
        return True
    here = line_at(text, offset)
    between = text[line_at(text, last).end : here.start]
    if between.strip() or not is_blank(text, here) or len(between) > 10_000:
        return False
    deeper = len(text[here.start : offset]) > len(function.indent)
    return deeper or len(re.findall(r"\r\n|\r|\n", between)) <= 2


def _has_left(function: Unfinished, line: Line, offset: int) -> bool:
    """Whether the cursor is below a placeholder and no deeper than the header: a stub that is left as it is."""
    if function.placeholder is None or function.style is not BlockStyle.INDENTATION:
        return False
    return line.start > function.placeholder[1] and offset - line.start <= len(function.indent)


def _last(function: Unfinished) -> int:
    """The end of the function's last piece."""
    ends = [function.closed, *(note.end for note in function.notes)]
    return max(ends + ([function.placeholder[1]] if function.placeholder is not None else []))


def _is_part(text: str, comment: Comment, functions: list[Unfinished]) -> bool:
    """Whether the comment belongs to a function without a body: its documentation, what stands beside its header, or a
    "TODO" in the body's place."""
    for one in functions:
        if one.start <= comment.start < one.opened:
            return True
        if not comment.own_line and one.opened <= comment.start <= max(line_at(text, one.opened).end, _last(one)):
            return True
        if one.placeholder is not None and one.placeholder[0] <= comment.start < one.placeholder[1]:
            return True
    return False


def _leads(comment: Comment, function: Unfinished) -> bool:
    """Whether the comment is the last wish above the placeholder of a body."""
    placeholder = function.placeholder
    return placeholder is not None and comment in function.notes[-1:] and comment.end < placeholder[0]


def _is_followed_by_code(tree: Tree, comment: Comment) -> bool:
    """Whether the next line is code on the comment's level: then that is what the comment describes."""
    text = tree.text
    below = line_below(text, line_at(text, comment.end))
    if below is None or is_blank(text, below) or indent_at(text, below) != comment.indent:
        return False
    content = text[below.start : below.end].strip()
    return bool(content.strip(_CLOSERS)) and not re.match(r"(?:end|fi|done|esac)\b", content)


def _comments_touching(tree: Tree, start: int, end: int) -> list[Comment]:
    """The comments that ask for something on the lines of `start..end`."""
    text = tree.text
    found: list[Comment] = []
    seen_to = -1
    line: Line | None = line_at(text, start)
    for _ in range(_MAX_SELECTED_LINES):
        if line is None or line.start > end:
            break
        comment = comment_at(tree, line.end) if line.end > seen_to else None
        if comment is not None:
            seen_to = comment.end
            if comment.role is Role.REQUEST and (comment.own_line or comment.start <= end):
                found.append(comment)
        line = line_below(text, line)
    return found


def _ends_docstring(tree: Tree, offset: int) -> bool:
    """Whether a string that is a statement of its own ends at `offset`: nothing can go on behind it on that line."""
    for node in climb(tree.node_at(offset - 1, offset) if offset else None):
        if node.end_byte != offset or node.type == "expression_statement":
            return node.end_byte == offset and [child.type for child in node.named_children] == ["string"]
    return False


def _in_open_string(tree: Tree, offset: int) -> bool:
    """Whether a Python string not yet closed reaches to `offset`; the parser shows its opening as an error."""
    if tree.root is None or not tree.root.has_error:
        return False
    near = max(0, offset - 4_000)
    for node in tree.find(near, offset, lambda node: node.type == "string_start"):
        if node.parent is None or not node.parent.is_error or node.end_byte > offset:
            continue
        quotes = tree.text_of(node).lstrip("rRbBuUfFtT")
        between = tree.text[node.end_byte : offset]
        if quotes not in between and (len(quotes) == 3 or "\n" not in between):
            return True
    return False
