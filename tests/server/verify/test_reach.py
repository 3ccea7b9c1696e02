"""Which parts of a candidate its examples never reach, told by the lines that ran."""

from __future__ import annotations

import ast
import sys
from pathlib import Path
from typing import Any

import pytest

from glosswright_server.verify.reach import SpreadOut, spread_out

OURS = sorted(Path(__file__).parents[3].joinpath("server/glosswright_server/verify").rglob("*.py"))


def missed(body: str, *calls: str) -> list[str]:
    """The parts of `def f(x, y=None)` that these calls do not run; traced here, by lines, as the sandbox does it."""
    lines = [line for line in body.split("\n") if line.strip()]
    margin = len(lines[0]) - len(lines[0].lstrip())
    source = ast.unparse(ast.parse("def f(x, y=None):\n" + "\n".join("    " + line[margin:] for line in lines)))
    spread = spread_out(source, "f")
    assert spread is not None
    space: dict[str, Any] = {}
    exec(compile(spread.source, "<program>", "exec"), space)
    ran: set[int] = set()

    def trace(frame: Any, event: str, _: Any) -> Any:
        if frame.f_code.co_filename != "<program>":
            return None
        ran.add(frame.f_lineno)
        return trace

    before = sys.gettrace()
    for call in calls:
        code = compile(call, "<call>", "eval")
        sys.settrace(trace)
        try:
            eval(code, space)
        except ValueError:
            pass
        finally:
            sys.settrace(before)
    return [part.text for part in spread.never_ran(ran, there(space["f"].__code__))]


def there(code: Any) -> set[int]:
    """The lines of a code object and of those in it."""
    inner = [one for one in code.co_consts if hasattr(one, "co_lines")]
    return {line for _, _, line in code.co_lines() if line}.union(*map(there, inner))


BRANCH = """
if x < 0:
    return -1
return x
"""
LOOP = """
for one in x:
    if one == 3:
        break
    y = one
else:
    y = 0
return y
"""
HANDLED = """
try:
    return int(x)
except ValueError as why:
    y = str(why)
    return y
finally:
    print(end='')
"""
NESTED = """
def inner(z):
    if z:
        return 1
    return 2
return inner(x)
"""
RAISING = """
if x is None:
    raise ValueError('x')
return x
"""


@pytest.mark.parametrize(
    ("body", "calls", "expected"),
    [
        (BRANCH, ["f(1)"], ["return -1"]),
        (BRANCH, ["f(-1)"], ["return x"]),
        (BRANCH, ["f(1)", "f(-1)"], []),
        (BRANCH, [], ["if x < 0:"]),
        (LOOP, ["f([1])"], ["break"]),
        (LOOP, ["f([3])"], ["y = one", "y = 0"]),
        (LOOP, ["f([1, 3])", "f([])"], []),
        (HANDLED, ["f('1')"], ["y = str(why)"]),
        (HANDLED, ["f('1')", "f('a')"], []),
        (NESTED, ["f(1)"], ["return 2"]),
        (RAISING, ["f(1)"], ["raise ValueError('x')"]),
        (RAISING, ["f(1)", "f(None)"], []),
        ("return 1 if x else 0", ["f(1)"], ["0"]),
        ("return 1 if x else 0", ["f(1)", "f(0)"], []),
        ("return x and y", ["f(0, 1)"], ["y"]),
        ("return x and y", ["f(1, 1)"], []),
        ("return x > 1 or y > 1 or x + y > 1", ["f(0, 2)"], ["x + y > 1"]),
        ("return [one + 1 for one in x]", ["f([])"], ["one + 1"]),
        ("return [one + 1 for one in x if one > 1]", ["f([1])"], ["one + 1"]),
        ("return {one: 2 for one in x}", ["f([])"], ["2"]),
        ("return sum(one for one in x)", ["f([1])"], []),
        ("return sorted(x, key=lambda one: -one)", ["f([])"], ["-one"]),
        ("return sorted(x, key=lambda one: -one)", ["f([1, 2])"], []),
        ("return f'{x if x else y}'", ["f(1)"], []),
        ("pass", ["f(1)"], []),
        ("while True:\n    x -= 1\n    if x < 0:\n        return x", ["f(3)"], []),
        ("if False:\n    return 1\nreturn 2", ["f(3)"], []),
        ("global z\nz = (1 if x else\n 'é' if y else '…')\nreturn z", ["f(0, 1)"], ["1", "'…'"]),
    ],
)  # fmt: skip
def test_what_never_ran(body: str, calls: list[str], expected: list[str]) -> None:
    """Statements and parts of expressions, each told once; what the compiler leaves out is not missed."""
    assert missed(body, *calls) == expected


@pytest.mark.parametrize("path", OURS, ids=lambda path: path.stem)
def test_a_program_stays_the_same(path: Path) -> None:
    """However code is written, spreading it out changes no meaning: our own functions are the proof."""
    for node in ast.parse(path.read_text(encoding="utf-8")).body:
        if not isinstance(node, (ast.FunctionDef, ast.AsyncFunctionDef)):
            continue
        source = ast.unparse(node)
        spread = spread_out(source, node.name)
        assert spread is not None
        assert ast.dump(ast.parse(spread.source)) == ast.dump(ast.parse(source))
        assert spread.parts


def test_which_function() -> None:
    """Methods are found in their class; of several definitions the last one counts; what is not there gives nothing."""
    source = "def f():\n    return 1\nclass C:\n    def f(self):\n        return 2\ndef f():\n    return 3\n"

    def texts(target: str) -> list[str]:
        found = spread_out(source, target)
        return [part.text for part in found.parts] if found is not None else []

    assert texts("f") == ["return 3"]
    assert texts("C.f") == ["return 2"]
    assert texts("g") == texts("D.f") == texts("") == []
    assert spread_out("def f(:", "f") is None


def test_its_own_exceptions() -> None:
    """Those that it raises by name are known, so that raising them is not taken for breaking down."""
    found = spread_out(
        "def f(x):\n    if x:\n        raise ValueError('x')\n    elif x is None:\n        raise a.Own\n    raise\n",
        "f",
    )
    assert found is not None
    assert found.raises == {"ValueError", "Own"}


def test_long_code_is_cut() -> None:
    """A label is no place for a screenful."""
    found = spread_out(f"def f():\n    return {'a' * 500}", "f")
    assert isinstance(found, SpreadOut)
    assert [len(part.text) for part in found.parts] == [60]
