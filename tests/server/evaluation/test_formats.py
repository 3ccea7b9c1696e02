"""Benchmark files of each published layout, written by us: what the product sees, and that references pass."""

from __future__ import annotations

import json
import shutil
from pathlib import Path
from typing import Any

import pytest

from glosswright_server.documents import Snapshot
from glosswright_server.engine.engine import Engine
from glosswright_server.errors import UsageError
from glosswright_server.evaluation.formats import FORMATS
from glosswright_server.evaluation.formats.load import load
from glosswright_server.evaluation.hidden import Judge
from glosswright_server.evaluation.problem import Problem
from glosswright_server.intent.model import IntentKind
from glosswright_server.settings import Settings

from .support import PROBLEMS, SECRET, run_unguarded, write_rows

pytestmark = pytest.mark.timeout(60)

HUMANEVAL = PROBLEMS[0]
XL = {**PROBLEMS[1], "language": "Python", "natural_language": "Chinese", "description": "返回 a 减 b。"}
PLUS = {
    "task_id": "Own/plus",
    "prompt": 'def halves(xs: list) -> list:\n    """Halve each number of xs."""\n',
    "entry_point": "halves",
    "canonical_solution": "    return [x / 2 for x in xs]\n",
    "contract": "\n    assert isinstance(xs, list) # $_CONTRACT_$\n",
    "base_input": [[[1, 2]], [[]]],
    "plus_input": [[[0.1, 3]]],
    "atol": 0,
}
MBPP = {
    "task_id": 602,
    "text": 'Write a function to find "the first" letter\\mark that stands twice.',
    "code": "import re\r\ndef helper(s):\r\n  return s\r\ndef first_twice(text, start=0):\r\n"
    "  for i, c in enumerate(helper(text)):\r\n    if c in text[:i]:\r\n      return c\r\n",
    "test_list": [f'assert first_twice("abca") == "a", "{SECRET}"', 'assert first_twice("abc") is None'],
    "test_setup_code": "",
    "challenge_test_list": ['assert first_twice("xyx") == "x"'],
}
SANITIZED = {
    "task_id": 7,
    "prompt": "Write a function to sum the two sides of pairs.",
    "code": "class Pair(object):\n    def __init__(self, a, b):\n        self.a = a\n        self.b = b\n"
    "def sides(pairs: list) -> int:\n    return sum(p.a + p.b for p in pairs)\n",
    "test_imports": ["import math"],
    "test_list": ["assert sides([Pair(1, 2)]) == math.floor(3.5)"],
}
JS = {
    "name": "Own_0_twice",
    "language": "js",
    "prompt": "//Return n times two.\n// >>> twice(2)\n// 4\nfunction twice(n){\n",
    "doctests": "transform",
    "tests": "const assert = require('node:assert');\n\nfunction test() {\n  let candidate = twice;\n"
    f"  assert.deepEqual(candidate(4), 8); // {SECRET}\n}}\n\ntest();",
    "stop_tokens": ["\nfunction ", "\n/*", "\n//", "\nconsole.log"],
}


def one(tmp_path: Path, row: dict[str, Any], **options: Any) -> Problem:
    """The only problem of a file with this row."""
    (problem,) = load(write_rows(tmp_path / "rows.jsonl", [row]), **options)
    return problem


@pytest.mark.parametrize(
    ("row", "id", "name"),
    [
        (HUMANEVAL, "Own/0", "add"),
        (XL, "Own/1/Chinese", "subtract"),
        (PLUS, "Own/plus", "halves"),
        (MBPP, "602", "first_twice"),
        (SANITIZED, "7", "sides"),
        (JS, "Own_0_twice", "twice"),
    ],
)
def test_the_product_finds_what_is_asked(tmp_path: Path, row: dict[str, Any], id: str, name: str) -> None:
    """At the cursor the product offers the body of the function under test, and no test shows in the document."""
    problem = one(tmp_path, row)
    task = problem.task
    snapshot = Snapshot(uri=f"file:///{task.file_name}", language_id=task.language, version=1, text=task.document)
    intent = Engine(Settings()).actions(snapshot, task.cursor, task.cursor)[0]
    assert (problem.id, intent.kind, intent.name) == (id, IntentKind.BODY, name)
    assert SECRET not in repr(task)
    assert SECRET not in repr(problem)


@pytest.mark.parametrize("row", [HUMANEVAL, XL, PLUS, MBPP, SANITIZED])
async def test_references_pass_and_others_fail(tmp_path: Path, row: dict[str, Any]) -> None:
    """The hidden tests accept the reference and nothing that returns something else."""
    problem = one(tmp_path, row)
    assert problem.solution is not None
    judge = Judge(run_unguarded)
    assert (await judge.judge(problem.solution, problem.tests, "python")).passed
    wrong = problem.solution.replace("return ", "return 1 and ''; ")
    assert (await judge.judge(wrong, problem.tests, "python")).reason in ("AssertionError", "TypeError")


@pytest.mark.skipif(shutil.which("node") is None, reason="needs node")
@pytest.mark.parametrize(
    ("body", "passed"), [("return n * 2;", True), ("return n + 2;", False), ("process.exit(0)", False)]
)
async def test_javascript(tmp_path: Path, body: str, passed: bool) -> None:
    """The brace that the prompt lacks stands in the document; an early exit is no success."""
    problem = one(tmp_path, JS)
    task = problem.task
    assert task.document == f"{JS['prompt']}    \n}}\n"
    file = task.document[: task.cursor] + body + task.document[task.cursor :]
    assert (await Judge(run_unguarded).judge(file, problem.tests, "javascript")).passed is passed
    assert task.stop == tuple(JS["stop_tokens"])


def test_mbpp_stub(tmp_path: Path) -> None:
    """Header and sentence, as a user would write them: no import, no helper, no assert; quoted for Python."""
    assert one(tmp_path, MBPP).task.document == (
        "def first_twice(text, start=0):\n"
        '    """Write a function to find "the first" letter\\\\mark that stands twice."""\n'
    )
    document = one(tmp_path, SANITIZED).task.document
    assert document.startswith("class Pair(object):\n")
    assert document.endswith(
        'def sides(pairs: list) -> int:\n    """Write a function to sum the two sides of pairs."""\n'
    )


@pytest.mark.parametrize("text", ['Ends with "quotes"', 'Has """three""" of them', "Back\\", "Two\nlines"])
def test_mbpp_sentences_stay_what_they_are(tmp_path: Path, text: str) -> None:
    """Whatever the sentence holds, the stub's docstring says it."""
    document = one(tmp_path, {**MBPP, "text": text}).task.document
    space: dict[str, Any] = {}
    exec(document, space)
    assert "\n".join(line.strip() for line in space["first_twice"].__doc__.strip().split("\n")) == text


def test_mbpp_shows_its_asserts_when_asked(tmp_path: Path) -> None:
    """Some protocols show them; the challenges stay hidden."""
    document = one(tmp_path, MBPP, show_tests=True).task.document
    assert f'\n    assert first_twice("abca") == "a", "{SECRET}"\n' in document
    assert "xyx" not in document


@pytest.mark.parametrize(
    ("got", "passed"),
    [
        ("[0.5, 1.0]", False),
        ("[x / 2 + 1e-9 for x in xs]", True),
        ("[x / 2 + 1e-3 for x in xs]", False),
        ("tuple(x / 2 for x in xs)", False),
        ("xs.clear() or []", False),
    ],
)
async def test_plus_compares_within_its_tolerance(tmp_path: Path, got: str, passed: bool) -> None:
    """Floats may differ by 1e-6 where the file says 0; types and lengths may not; inputs are copied."""
    problem = one(tmp_path, PLUS)
    file = f"{problem.task.document}    return {got}\n"
    assert (await Judge(run_unguarded).judge(file, problem.tests, "python")).passed is passed


@pytest.mark.parametrize(("root", "passed"), [("-0.5", True), ("-0.50001", True), ("0.5", False)])
async def test_any_root_will_do(tmp_path: Path, root: str, passed: bool) -> None:
    """`find_zero` is judged by what its root makes of the polynomial."""
    poly = "def poly(xs, x):\n    return sum(c * x ** i for i, c in enumerate(xs))\n\n\n"
    row = {
        **PLUS,
        "prompt": f'{poly}def find_zero(xs):\n    """Find a zero."""\n',
        "entry_point": "find_zero",
        "canonical_solution": "    return 99\n",
        "base_input": [[[1, 2]]],
        "plus_input": [],
        "atol": 0.0001,
    }
    problem = one(tmp_path, row)
    file = f"{problem.task.document}    return {root}\n"
    assert (await Judge(run_unguarded).judge(file, problem.tests, "python")).passed is passed


def test_files_of_every_kind(tmp_path: Path) -> None:
    """Plain or gzipped whatever the name, one object a line or one array, with a byte order mark or without."""
    wanted = [row["task_id"] for row in PROBLEMS]
    paths = [write_rows(tmp_path / "a.jsonl.gz"), write_rows(tmp_path / "b.jsonl"), tmp_path / "c.json", tmp_path / "d"]
    paths[2].write_text(json.dumps(list(PROBLEMS)))
    paths[3].write_bytes(b"\xef\xbb\xbf" + (tmp_path / "b.jsonl").read_bytes() + b"\r\n\n")
    for path in paths:
        assert [problem.id for problem in load(path)] == wanted


def test_every_format_can_be_forced(tmp_path: Path) -> None:
    """A row with the fields of two formats is read as the one that is asked for."""
    both = {**PLUS, "test": "def check(candidate):\n    assert candidate([2]) == [1.0]\n"}
    assert "json.loads" in one(tmp_path, both).tests.code
    assert one(tmp_path, both, format="humaneval").tests.code.endswith("check(halves)\n")
    assert len(FORMATS) == 5


def without(row: dict[str, Any], name: str) -> dict[str, Any]:
    return {key: value for key, value in row.items() if key != name}


@pytest.mark.parametrize(
    ("rows", "says"),
    [
        ([HUMANEVAL, {**without(HUMANEVAL, "prompt"), "task_id": "x"}], ":2: the field `prompt` is missing"),
        ([HUMANEVAL, HUMANEVAL], ":2: there is a problem 'Own/0' above"),
        ([{**HUMANEVAL, "prompt": 3}], ":1: the field `prompt` must be a string"),
        ([{**HUMANEVAL, "task_id": True}], ":1: the field `task_id` must be a string or a number"),
        ([{**PLUS, "base_input": {}}], ":1: the field `base_input` must be a list"),
        ([{**PLUS, "atol": "x"}], ":1: the field `atol` must be a number"),
        ([{**MBPP, "test_list": ["assert 1", 2]}], ":1: the field `test_list` must be a list of strings"),
        ([{**MBPP, "test_list": []}], ":1: the field `test_list` must be"),
        ([{**MBPP, "code": "def f(:"}], ":1: the reference in `code` is not Python"),
        ([{**MBPP, "code": "x = 1"}], ":1: the tests call no function"),
        ([{**JS, "language": "lua"}], ":1: MultiPL-E can be judged here in JavaScript, not in 'lua'"),
        ([{**JS, "prompt": "function f()"}], ":1: the field `prompt` must end with"),
        ([{**XL, "language": "kotlin"}], ":1: HumanEval-XL can be judged here in Python, not in kotlin"),
        ([{"a": 1}], ":1: these fields belong to no known format"),
        ([[1]], ", problem 1: a problem must be a JSON object"),
        ([3], ":1: a problem must be a JSON object"),
        ([], "holds no problems"),
    ],
)
def test_wrong_rows(tmp_path: Path, rows: list[Any], says: str) -> None:
    """The message names file, line and field."""
    with pytest.raises(UsageError) as error:
        load(write_rows(tmp_path / "rows.jsonl", rows))
    assert str(error.value).startswith(f"{tmp_path / 'rows.jsonl'}")
    assert says in str(error.value)


@pytest.mark.parametrize(
    ("content", "says"),
    [
        (json.dumps(HUMANEVAL).encode() + b'\n{"torn', ":2: this is not JSON"),
        (b"[" * 100_000, "this is not JSON"),
        (b'[{"a": 1}]', ", problem 1: these fields belong"),
        (b"\x1f\x8b\x08\x00", "not a whole gzip file"),
        (b"\xff\xfe", "not UTF-8"),
    ],
)
def test_wrong_files(tmp_path: Path, content: bytes, says: str) -> None:
    """Torn, packed and foreign files are told apart."""
    path = tmp_path / "rows.jsonl"
    path.write_bytes(content)
    with pytest.raises(UsageError) as error:
        load(path)
    assert says in str(error.value)


def test_no_file(tmp_path: Path) -> None:
    """A folder and a name of nothing, said in a sentence."""
    for path in (tmp_path, tmp_path / "nothing"):
        with pytest.raises(UsageError, match="cannot be read"):
            load(path)
