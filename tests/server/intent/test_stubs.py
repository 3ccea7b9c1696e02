"""What stands for a body that is not written yet, and what only looks like it."""

from __future__ import annotations

import pytest

from glosswright_server.intent.stubs import docstring_text, is_placeholder, is_todo, without_todo


@pytest.mark.parametrize(
    "statement",
    [
        "pass",
        "...",
        ":",
        "raise NotImplementedError",
        'raise NotImplementedError("later")',
        "raise NotImplementedError, 'later'",
        'throw new Error("Not implemented");',
        "throw new Error(`TODO: implement`)",
        "throw new UnsupportedOperationException();",
        "throw new NotImplementedException()",
        'throw std::logic_error("not yet implemented");',
        "todo!()",
        'todo!("sort");',
        "unimplemented![]",
        'panic("not implemented")',
        'panic!("implement me")',
        'panic("TODO")',
    ],
)
def test_placeholders(statement: str) -> None:
    """Each is somebody's habit."""
    assert is_placeholder(statement)


@pytest.mark.parametrize(
    "statement",
    [
        "return None",
        "passed",
        'raise ValueError("not implemented")',
        'throw new Error("todo list is empty")',
        "throw new Error(notImplemented)",
        'panic("stack overflow")',
        "todo()",
        "....",
    ],
)
def test_code_that_looks_like_a_placeholder(statement: str) -> None:
    """Replacing real code would be the worst that intent can do."""
    assert not is_placeholder(statement)


@pytest.mark.parametrize(
    ("text", "todo", "wish"),
    [
        ("TODO: sort by name", True, "sort by name"),
        ("TODO(ann): sort", True, "sort"),
        ("FIXME sort", True, "sort"),
        ("TODO", True, ""),
        ("todo - implement me!", True, ""),
        ("your code here", True, ""),
        ("Not implemented yet", False, "Not implemented yet"),
        ("not yet implemented.", True, ""),
        ("待办：排序", True, "排序"),
        ("TODO: a\nTODO: b\nc", True, "a\nb\nc"),
        ("sort the list", False, "sort the list"),
        ("insert the code of the user", False, "insert the code of the user"),
        ("implement quicksort", False, "implement quicksort"),
        ("todos are listed", False, "todos are listed"),
    ],
)
def test_todo(text: str, todo: bool, wish: str) -> None:
    """A TODO is a wish when it says more than that something is to be done."""
    assert is_todo(text) is todo
    assert without_todo(text) == wish


@pytest.mark.parametrize(
    ("raw", "said"),
    [
        ('"""Sort."""', "Sort."),
        ("r'''Sort.'''", "Sort."),
        ("'Sort.'", "Sort."),
        ('"""Sort.\r\n\r\n    >>> f()\r\n      1\r\n    """', "Sort.\n\n>>> f()\n  1"),
        ('"""\n    Sort.\n    """', "Sort."),
        ('""""""', ""),
        # escapes are read as Python reads them …
        (r'"""f("a\\nb\\")"""', r'f("a\nb\")'),
        (r"""'It\'s "so".'""", """It's "so"."""),
        (r'"""\u00e9\x41\101\N{BULLET}"""', "éAA•"),
        ('"""a \\\r\n  b"""', "a   b"),
        (r'"One.\n\n>>> f(1)\n1"', "One.\n\n>>> f(1)\n1"),
        # … but for what is plainly meant as it is written,
        (r'"""f("a\nb\t\0\x1b\u200b\ud800")"""', r'f("a\nb\t\0\x1b\u200b\ud800")'),
        (r'"""\d+ \N{NO SUCH} \x4 \U99999999 \N"""', r"\d+ \N{NO SUCH} \x4 \U99999999 \N"),
        # and in raw strings nothing is an escape.
        (r'r"""f("a\\nb")"""', r'f("a\\nb")'),
        (r'f"""f("a\\nb")"""', r'f("a\\nb")'),
    ],
)
def test_docstring_text(raw: str, said: str) -> None:
    """The margin goes, the shape of examples stays; an example's backslashes are those that `doctest` would see."""
    assert docstring_text(raw) == said
