"""JavaScript examples, and the same hostilities from there."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from glosswright_server.intent.contract import Example, ExampleKind
from glosswright_server.verify.verdict import Outcome

SOURCE = """
const offset = 1;
function f(x) { return x + offset; }
async function slow(x) { await null; return x; }
class Point { constructor(x) { this.x = x; } }
const boom = () => { throw new RangeError("no"); };
"""
PASS = [
    ("f(1)", "2"), ("f(1);", "2;"), ("f('a')", "'a1'"), ("[1, [2]]", "[1, [2]]"), ("({a: 1, b: {c: null}})",
    "{a: 1, 'b': {c: null}}"),
    ("{a: 1}", "{a: 1}"), ("undefined", "undefined"), ("0 / 0", "NaN"), ("-1 / 0", "-Infinity"), ("0.1 + 0.2",
    "0.3"), ("-0.75", "-0.75"),
    ("9227465", "9227465"), ("Math.PI", "3.14159"), ("[-1 / 3]", "[-0.333333]"), ("255", "0xff"),
    ("1e-310", "1e-310"), ("2n ** 70n", "1180591620717411303424n"), ("await slow(3)", "3"), ("slow(3)", "3"),
    ("new Point(1)", "new Point(1)"),
    ("new Map([[1, {a: 2}]])", "new Map([[1, {a: 2}]])"), ("new Set([1, 2])", "new Set([2, 1])"), ("f(1) === 2",
    "true"),
    ("f(1) === 2", "", "holds"), ("f(1) > 1 && true", "", "holds"), ("console.log(f(1), [1])", "2 [ 1 ]",
    "prints"), ("boom()", "RangeError", "raises"),
    ("boom()", "Error", "raises"), ("null.x", "TypeError", "raises"), ("const y = 3; f(y)", "4"), ("new Point(1)",
    "Point { x: 1 }"),
    ("'\\ud83d\\ude00'", "'😀'"), ("[undefined, null]", "[undefined, null]"), ("console.assert(f(1) === 2)", "",
    "holds"),
]  # fmt: skip
FAIL = [
    ("f(1)", "3", "gave 2, expected 3"), ("f(1)", "'2'", "gave 2, expected '2'"), ("null", "undefined",
    "gave null"), ("[1]", "[1, 2]", "gave [1]"),
    ("'hello world'.slice(0, 8)", "'hello...'", 'gave "hello wo"'), ("'a   b'", "'a b'", "expected 'a b'"),
    ("9227465", "9227464", "gave 9227465"), ("2.0000000000000004", "2", "gave"), ("1 / 3", "0.33", "gave"),
    ("[new Point('abc')]", "[new Point('a...')]", "gave"),
    ("boom()", "1", "raised RangeError: no"), ("(() => { throw 'text' })()", "1", "raised String"), ("f(", "1",
    "raised SyntaxError"),
    ("new Point(1)", "new Point(2)", "expected"), ("nobody", "1", "raised ReferenceError: nobody is not defined"),
    ("Promise.reject(new Error('late'))", "1", "raised Error: late"),
]  # fmt: skip


@pytest.mark.parametrize(("outcome", "cases"), [(Outcome.PASSED, PASS), (Outcome.FAILED, FAIL)])
async def test_examples(run_script, outcome: Outcome, cases: list[tuple[str, ...]]) -> None:
    """A table of examples in one run."""
    examples = [case if outcome is Outcome.PASSED else case[:2] for case in cases]
    report = await run_script(SOURCE, *examples, wall_s=20)
    for case, result in zip(cases, report.results, strict=True):
        assert result.outcome is outcome, f"{case}: {result.outcome.value} {result.detail}"
        if outcome is not Outcome.PASSED:
            assert case[2] in result.detail


async def test_sessions(run_script) -> None:
    """The names that one session declares can be declared again in another."""
    examples = [
        Example(expression="f(y)", expected="4", setup="const y = 3;", session=0),
        Example(expression="f(y)", expected="4", session=0),
        Example(expression="f(y)", expected="5", setup="const y = 4;", session=1),
        Example(expression="typeof y", expected="'undefined'", session=2),
    ]
    report = await run_script(SOURCE, *examples)
    assert report.all_passed, report.results


NEVER = {
    "reads": ("require('fs').readFileSync('/etc/passwd', 'utf8')", "needs files"),
    "lists home": (f"require('fs').readdirSync({str(Path.home())!r})", "needs files"),
    "writes": ("require('fs').writeFileSync('/tmp/glosswright-was-here', 'x')", "needs files"),
    "starts a program": ("require('child_process').execFileSync('/bin/true')", "the sandbox does not give"),
    "starts node": ("require('child_process').fork('x')", ""),
    "connects": ("new Promise((_, no) => require('net').connect(80, '127.0.0.1').on('error', no))", "does not give"),
    "sends": ("new Promise((_, no) => require('dgram').createSocket('udp4').on('error', no).bind(0))", "does not give"),
    "connects and looks away": ("new Promise(() => require('net').connect(80, '127.0.0.1'))", "does not give"),
    "looks up": ("new Promise((_, no) => require('dns').lookup('localhost.invalid', no))", "does not give"),
    "fails as fetch does": (
        "new Promise((_, no) => require('net').connect(80, '127.0.0.1').on('error', "
        "cause => no(new TypeError('fetch failed', { cause }))))",
        "does not give",
    ),
    "throws later": (
        "new Promise(() => setTimeout(() => { throw new RangeError('late'); }))",
        "raised RangeError: late",
    ),
    "signals": ("process.kill(process.ppid, 'SIGUSR1')", "the sandbox does not give"),
    "loops": ("(() => { while (true); })()", "did not end within 1 s"),
    "waits": ("new Promise(() => {})", "did not end within 1 s"),
    "recurses": ("(function g() { return g(); })()", "raised RangeError"),
    "leaves": ("process.exit(0)", "ended the interpreter"),
    "leaves at once": ("process.reallyExit(0)", "ended the interpreter"),
    "needs a module": ("require('no-such-module')", "it needs the module 'no-such-module'"),
    "needs a sibling": ("require('./other.js')", "it needs the module './other.js'"),
    "throws nothing": ("(() => { throw undefined; })()", "raised"),
    "throws a proxy": ("(() => { throw new Proxy({}, {get() { throw 1; }}); })()", "raised"),
    "is a proxy": ("new Proxy({}, {get() { return 'a secret'; }, ownKeys() { while (true); }})", "gave"),
    "has getters": ("({get a() { while (true); }})", "gave"),
    "converts": ("({toString() { return 'a secret'; }, toJSON() { return 'a secret'; }})", "gave"),
    "is deep": ("(() => { let a = []; for (let n = 0; n < 1e5; n++) a = [a]; return a; })()", "too large"),
    "is long": ("'x'.repeat(1e8)", "too large"),
    "is sparse": ("(() => { const a = []; a.length = 4e9; return a; })()", "too large"),
    "forges": (
        "(() => { for (let n = 3; n < 64; n++) try { "
        'require(\'fs\').writeSync(n, \'["0","value",["T"],""]\\n\') } catch {} })()',
        "wrote to the checker's channel",
    ),
    "patches": (
        "(() => { Array.isArray = () => false; JSON.stringify = () => 'a secret'; "
        "Object.prototype.toJSON = () => 'a secret';"
        " String.prototype.toString = () => 'a secret'; Reflect.apply = () => 'a secret'; return 1; })()",
        "gave 1",
    ),
    "binds": ("process.binding('spawn_sync')", ""),
    "takes memory": ("(() => { const a = []; while (true) a.push(Buffer.alloc(1e7, 1)); })()", "memory|MiB"),
    "takes the heap": (
        "(() => { const a = []; while (true) a.push(new Array(1e5).fill(1.5)); })()",
        "memory|MiB|end within",
    ),
}


@pytest.mark.parametrize("name", NEVER)
async def test_hostile(run_script, name: str) -> None:
    """What is refused to Python is refused to node."""
    expression, said = NEVER[name]
    example = Example(expression=expression, expected="'a secret'")
    report = await run_script("", example, wall_s=6, example_s=1 if said.startswith("did") else 5, memory_mb=128)
    [result] = report.results
    assert result.outcome is not Outcome.PASSED, result
    assert any(part in result.detail for part in said.split("|")), result.detail
    assert not Path("/tmp/glosswright-was-here").exists()


async def test_goes_on_after_what_nobody_caught(run_script) -> None:
    """It counts for the example that was waited for, not for those after it."""
    report = await run_script("", ("new Promise(() => setTimeout(() => { throw 1; }))", "1"), ("1", "1"))
    assert [r.outcome for r in report.results] == [Outcome.FAILED, Outcome.PASSED], report.results


async def test_inherits_nothing(run_script, monkeypatch: pytest.MonkeyPatch) -> None:
    """No key of the environment reaches it."""
    monkeypatch.setenv("OPENAI_API_KEY", "a secret")
    report = await run_script(
        "", ("Object.keys(process.env).filter(k => /KEY|USER/.test(k))", "[]"), ("process.env.PATH", "''")
    )
    assert report.all_passed, report.results
    assert "OPENAI_API_KEY" in os.environ


async def test_inside_comparison_was_taken_before(run_script) -> None:
    """Patching the comparison does not help where values must be compared inside."""
    source = "require('util').isDeepStrictEqual = () => true; require('assert').deepStrictEqual = () => {};"
    report = await run_script(
        source, Example(expression="new Map([[1, 2]])", expected="new Map([[1, 3]])", kind=ExampleKind.VALUE)
    )
    assert report.results[0].outcome is Outcome.FAILED
