"""Python examples as people write them, and how each comes out."""

from __future__ import annotations

import sys
import time
from contextlib import asynccontextmanager
from types import SimpleNamespace

import pytest

from glosswright_server.intent.contract import Example, ExampleKind
from glosswright_server.verify.sandbox import availability, run_examples
from glosswright_server.verify.sandbox import process as running_module
from glosswright_server.verify.sandbox import run as run_module
from glosswright_server.verify.sandbox.model import Program, SandboxOptions
from glosswright_server.verify.verdict import Outcome

SOURCE = """
import asyncio, collections, dataclasses, datetime, decimal, enum, math, re, sys, warnings

class Colour(enum.IntEnum):
    RED = 1

@dataclasses.dataclass
class Point:
    x: int
    y: int = 0

Pair = collections.namedtuple("Pair", "a b")

def f(x): return x + 1

async def slow(x):
    await asyncio.sleep(0.001)
    return x

counter = 0
def count():
    global counter
    counter += 1
    return counter

def say(x):
    warnings.warn("not on standard output")
    print(x, end="")
    print(x, file=sys.stderr)
"""
PASS = [
    ("f(1)", "2"), ("f(0.5)", "1.5"), ("f(1) == 2", "True"), ("f(1) == 2", "", "holds"), ("assert f(1) == 2", "",
    "holds"),
    ("Point(1)", "Point(x=1, y=0)"), ("Point(1, 2)", "Point(1, 2)"), ("Pair(1, 2)", "(1, 2)"), ("Pair(1, 2)",
    "Pair(a=1, b=2)"),
    ("Colour.RED", "1"), ("Colour.RED", "Colour.RED"), ("collections.Counter('aab')", "{'a': 2, 'b': 1}"),
    ("collections.OrderedDict(a=1)", "{'a': 1}"), ("datetime.date(2020, 1, 2)", "datetime.date(2020, 1, 2)"),
    ("decimal.Decimal('1.50')", "decimal.Decimal('1.5')"), ("math.pi / 2", "1.5707963"), ("f(math.e)", "math.e + 1"),
    ("await slow(3)", "3"), ("asyncio.run(slow(3))", "3"), ("await asyncio.to_thread(f, 1)", "2"),
    ("[f(x) for x in range(3)]", "[1, 2, 3]"),
    ("list(range(50))", "[0, 1, ..., 49]"),
    ("bytearray(b'ab')", "bytearray(b'ab')"), ("1j * 1j", "-1"), ("{3, 1}", "{1, 3}"), ("frozenset('a')",
    "frozenset({'a'})"),
    ("'\\ud800'", "'\\ud800'"), ("object()", "<object object at 0x...>"), ("None", "None"), ("2 ** 200", "2 ** 200"),
    ("print(f(1))", "2", "prints"), ("for x in 1, 2:\n    print(x)", "1\n2", "prints"), ("say('x')", "x", "prints"),
    ("print('a'); f(1)", "a\n2", "prints"), ("f('')", "TypeError", "raises"), ("{}['x']", "LookupError: 'x'",
    "raises"),
    ("sys.exit(3)", "SystemExit", "raises"), ("f(1) > 1 and f(2) > 2", "", "holds"),
    ("open('x', 'w').write('abc')", "3"),
    ("__name__", "'program'"), ("re.sub('a', 'b', 'aa')", "'bb'"), ("x = 3\nf(x)", "4"), ("NotImplemented",
    "NotImplemented"),
]  # fmt: skip
FAIL = [
    ("f(1)", "3", "gave 2, expected 3"), ("True", "1", "gave True, expected 1"), ("(1, 2)", "[1, 2]",
    "gave (1, 2), expected [1, 2]"),
    ("Point(1)", "Point(2)", "gave Point(x=1, y=0), expected Point(x=2, y=0)"), ("f('')", "1", "raised TypeError"),
    ("nobody", "1", "raised NameError: name 'nobody' is not defined"), ("f(", "1", "raised SyntaxError"),
    ("'hello world'[:8]", "'hello...'", "gave 'hello wo'"), ("'a   b'", "'a b'", "expected 'a b'"),
    ("1234567.25", "1234567", "gave"), ("1234567.891", "1234567.9", "gave"), ("1 / 3", "0.33", "gave"),
    ("f(1)", "<Point>", "gave 2, expected <Point>"), ("'\\n'", "' '", "gave '\\n', expected ' '"),
]  # fmt: skip
UNKNOWN = [
    ("open('/etc/hostname').read()", "'x'", "needs files"), ("open('data.csv').read()", "'x'", "needs files"),
    ("__import__('urllib.request').request.urlopen('http://127.0.0.1:9')", "1", "needs the network"),
    ("__import__('socket').socket()", "1", "needs the network"), ("__import__('subprocess').run(['ls'])", "1",
    "which the sandbox does not give"),
    ("__import__('no_such_module')", "1",
    "it needs the module 'no_such_module', which is not available to the sandbox"),
    ("f(1)", "nobody(1)", "the expected nobody(1) cannot be computed: NameError"),
]  # fmt: skip


@pytest.mark.parametrize(
    ("outcome", "cases"), [(Outcome.PASSED, PASS), (Outcome.FAILED, FAIL), (Outcome.NOT_APPLICABLE, UNKNOWN)]
)
async def test_examples(run, outcome: Outcome, cases: list[tuple[str, ...]]) -> None:
    """A table of examples in one run, each in a session of its own."""
    kinds = [case if outcome is Outcome.PASSED else case[:2] for case in cases]
    examples = [
        Example(expression=case[0], expected=case[1], kind=ExampleKind((*case, "value")[2]), session=number)
        for number, case in enumerate(kinds)
    ]
    report = await run(SOURCE, *examples, wall_s=20)
    assert report.sandbox
    assert report.elapsed_ms > 0
    for case, result in zip(cases, report.results, strict=True):
        assert result.outcome is outcome, f"{case}: {result.outcome.value} {result.detail}"
        if outcome is not Outcome.PASSED:
            assert case[2] in result.detail


async def test_assertions_are_pythons(run) -> None:
    """An assertion asks what Python would answer, also of objects that only their class can compare; that is said."""
    source = """
from decimal import Decimal
from fractions import Fraction
class Money:
    def __init__(self, n): self.n = n
    def __eq__(self, other): return self.n == (other.n if isinstance(other, Money) else other)
class Liar:
    def __eq__(self, other): return True
"""
    inside = ("{2: 1}.keys() == {2}", "Fraction(1, 2) == 0.5", "3 == Decimal(3)", "Money(2) == 2", "[Money(2)] == [2]")
    outside = ("True in (0, 1)", "True == 1", "not_one() not in (0, 1)")
    fails = ("Fraction(1, 2) == 0.25", "Money(2) == 3", "Liar() == 2", "abs(4 - 3) < 1", "abs(f() - 3) < 1")
    source += "def not_one(): return 3\ndef f(): return 4\n"
    examples = [(text, "", "holds") for text in (*inside, *outside, *fails)]
    found = (await run(source, *examples, ("Fraction(1, 2)", "0.5"), ("Money(2)", "2"))).results
    said = [(r.outcome, r.detail) for r in found]
    assert said[: len(inside)] == [(Outcome.PASSED, "compared inside the sandbox")] * len(inside), said
    assert said[len(inside) :][: len(outside)] == [(Outcome.PASSED, "")] * len(outside), said
    assert {outcome for outcome, _ in said[len(inside) + len(outside) :]} == {Outcome.FAILED}, said


async def test_sessions(run) -> None:
    """Examples of one session share names; those of another do not see them."""
    examples = [
        Example(expression="x", expected="5", setup="x = f(4)", session=0),
        Example(expression="x", expected="5", session=0),
        Example(expression="x", expected="5", session=1),
        Example(expression="1", expected="ValueError", kind=ExampleKind.RAISES, setup="raise ValueError", session=2),
        Example(expression="1", expected="1", setup="import no_such_module", session=3),
        Example(expression="1", expected="1", setup="bytearray(1 << 50)", session=4),
    ]
    report = await run(SOURCE, *examples)
    assert [(r.outcome.name, r.detail) for r in report.results] == [
        ("PASSED", ""),
        ("PASSED", ""),
        ("FAILED", "raised NameError: name 'x' is not defined"),
        ("FAILED", "raised ValueError in the lines before"),
        ("NOT_APPLICABLE", "it needs the module 'no_such_module', which is not available to the sandbox"),
        ("FAILED", "needs more than 512 MiB"),
    ]


async def test_missing_module(run) -> None:
    """A module that the sandbox does not have is nothing against the code: nothing was run, and the report says why."""
    report = await run("import no_such_module", ("1", "1"))
    assert report.why_not == "it needs the module 'no_such_module', which is not available to the sandbox"
    assert (report.sandbox, report.ran, report.passed) == ("", 0, 0)
    assert report.results[0].outcome is Outcome.NOT_APPLICABLE


async def test_load_that_reads_files(run) -> None:
    """Nor is a file that the module wants at once."""
    report = await run("data = open('/etc/hostname').read()", ("1", "1"))
    assert report.results[0].outcome is Outcome.NOT_APPLICABLE
    assert "needs files" in report.results[0].detail


async def test_module_of_its_package(run) -> None:
    """A sibling that the file imports lies outside of the sandbox as any module of the project does."""
    report = await run("from .other import g\ndef f(): return g()", ("f()", "1"))
    assert report.results[0].outcome is Outcome.NOT_APPLICABLE
    assert "another module of its package" in report.results[0].detail


async def test_load_without_end(run) -> None:
    """A module that never finishes loading fails every example, in the time that all of them had."""
    report = await run("while True: pass", ("1", "1"), ("2", "2"), wall_s=0.7)
    assert {r.detail for r in report.results} == {"the code does not load: it did not end within 0.7 s"}


async def test_wall_limit(run) -> None:
    """The limit of the whole holds over examples that keep to theirs."""
    slow = [Example(expression="__import__('time').sleep(0.3)", expected="None", session=n) for n in range(20)]
    report = await run("", *slow, wall_s=1)
    assert report.elapsed_ms < 4000
    assert report.results[-1].detail == "not reached"


async def test_start_is_not_counted(run, monkeypatch: pytest.MonkeyPatch) -> None:
    """The time that a busy machine needs to start the interpreter is not taken from the code."""
    skipped = [0.0]

    @asynccontextmanager
    async def slowly(*arguments):
        skipped[0] += 5.0
        async with running_module.running(*arguments) as inside:
            yield inside

    monkeypatch.setattr(run_module, "running", slowly)
    monkeypatch.setattr(run_module, "time", SimpleNamespace(monotonic=lambda: time.monotonic() + skipped[0]))
    assert (await run("", ("1", "1"), wall_s=5.0)).all_passed


async def test_program_that_cannot_run(run) -> None:
    """What the program's maker says of it is passed on, and nothing is started."""
    report = await run("", ("1", "1"), why_not="The file does not parse.")
    assert (report.why_not, report.sandbox, report.results[0].detail) == ("The file does not parse.", "", "not run")


async def test_no_examples(run) -> None:
    """Nothing to run is no success."""
    assert not (await run("x = 1")).all_passed


@pytest.mark.parametrize(
    ("language", "options", "said"),
    [
        ("python", SandboxOptions(python="/no/such/python"), "cannot be started; set `verify.python`"),
        ("python", SandboxOptions(python="/bin/true"), "does not answer as a Python does"),
        ("javascript", SandboxOptions(node="/no/such/node"), "cannot be started; set `verify.node`"),
        ("javascript", SandboxOptions(node="/bin/true"), "does not answer as node does"),
        ("rust", SandboxOptions(), "for Python and JavaScript only"),
    ],
)
async def test_unusable(run, language: str, options: SandboxOptions, said: str) -> None:
    """An interpreter that cannot run examples is named, with the setting to change, and nothing is run."""
    found = availability(language, options)
    assert said in found.why_not
    assert found.sandbox == ""
    report = await run_examples(Program(source="", language=language), (Example(expression="1"),), options)
    assert report.why_not == found.why_not


async def test_interpreter_of_the_user(run, scratch) -> None:
    """The program named in the setting runs, with its own modules, though it has none of ours."""
    options = SandboxOptions(python=sys.executable, scratch=scratch)
    examples = (Example(expression="pytest.__name__", expected="'pytest'"),)
    report = await run_examples(Program(source="import pytest", language="python"), examples, options)
    assert report.all_passed, report
