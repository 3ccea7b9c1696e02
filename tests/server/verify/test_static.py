"""Static verdicts: what a candidate adds to a file counts, not what was broken before."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from glosswright_server.intent.contract import Example, ExampleKind
from glosswright_server.intent.languages import LANGUAGES
from glosswright_server.intent.model import Extent, Intent, IntentKind
from glosswright_server.intent.tree import parse
from glosswright_server.verify import Check, Outcome, Verdict, judge
from glosswright_server.verify.verdict import ExampleResult, ExamplesReport

PASSED, FAILED, SKIPPED = Outcome.PASSED, Outcome.FAILED, Outcome.NOT_APPLICABLE
EXTENTS = {IntentKind.BODY: Extent.BODY, IntentKind.COMMENT: Extent.BLOCK, IntentKind.CONTINUE: Extent.LINE}


def check(
    document: str,
    insertion: str,
    parses: Outcome,
    whole: Outcome,
    *,
    kind: IntentKind,
    language: str,
    indent: str = "    ",
) -> None:
    """Judge `insertion` in place of what stands between the marks (or at the one mark) of `document`."""
    start, end = document.index("▮"), document.rindex("▮")
    lead = insertion[: len(insertion) - len(insertion.lstrip())]
    intent = Intent(
        kind=kind,
        language=language,
        extent=EXTENTS[kind],
        start=start,
        end=start if start == end else end - 1,
        lead=lead,
        indent=indent,
    )
    verdict = judge(document.replace("▮", ""), intent, insertion)
    outcomes = {one.name: one.outcome for one in verdict.checks}
    assert (outcomes["parses"], outcomes["ends whole"]) == (parses, whole), verdict


@pytest.mark.parametrize(
    ("document", "insertion", "parses", "whole"),
    [
        ("def f(a):▮\n\nx = 1\n", "\n    return a", PASSED, PASSED),
        ("def f(a):\n    ▮pass▮\n", "return a", PASSED, PASSED),
        ("def f(a):▮\n", "\n    return (a", FAILED, FAILED),
        ("def f(a):▮\n", "\n    return [a for", FAILED, FAILED),
        ("def f(a):▮\n", "\n    return 'a", FAILED, None),
        ("def f(a):▮\n", "\n    if a:", FAILED, PASSED),
        ("def f(a):▮\n", "\n    Here is the code for you", FAILED, PASSED),
        # Broken elsewhere: not this candidate's fault.
        ("def f(a):▮\n\n\ndef g(:\n    pass\n", "\n    return a", PASSED, PASSED),
        ("class = 1\n\n\ndef f(a):▮\n", "\n    return a", PASSED, PASSED),
        ("def f(a):▮\n\n\ndef g(:\n    pass\n", "\n    return (a", FAILED, FAILED),
        # tree-sitter is lenient here, Python is not.
        ("def f(a):▮\n", "\n    return a\n  x = 2", FAILED, PASSED),
        ("def f(a):▮\n", "\n    f(a=1, 2)", FAILED, PASSED),
        ("def 求和(数):▮\n", '\n    return "和：" + 数  # 👋', PASSED, PASSED),
    ],
)
def test_python_bodies(document: str, insertion: str, parses: Outcome, whole: Outcome | None) -> None:
    """Bodies, whole and broken, in files that are whole or broken elsewhere."""
    if whole is None:  # an open string: one of the two checks must see it
        intent = Intent(kind=IntentKind.BODY, language="python", extent=Extent.BODY, start=document.index("▮"), end=9)
        assert not judge(document.replace("▮", ""), intent, insertion).passed
    else:
        check(document, insertion, parses, whole, kind=IntentKind.BODY, language="python")


@pytest.mark.parametrize(
    ("language", "document", "good", "bad"),
    [
        ("javascript", "function f(a) {▮}\n", "\n  return a;\n", "\n  return (a;\n"),
        ("typescript", "function f(a: number): number {▮}\n", "\n  return a as number;\n", "\n  return {a: ;\n"),
        ("go", "package p\n\nfunc f(a int) int {▮}\n", "\n\treturn a\n", "\n\treturn a +\n"),
        ("rust", "fn f(a: i32) -> i32 {▮}\n", "\n    a + 1\n", "\n    a + }\n"),
        ("java", "class A { int f(int a) {▮} }\n", "\n  return a;\n", "\n  return a\n"),
        ("c", "int f(int a) {▮}\n", "\n  return a;\n", "\n  return a[;\n"),
        ("ruby", "def f(a)▮\nend\n", "\n  a.map { |x| x }", "\n  a.map { |x| x"),
        ("bash", "f() {▮\n}\n", '\n  echo "$1"', '\n  if [ "$1" ]; then'),
        ("sql", "-- all\n▮\n", "SELECT * FROM t;", "SELECT FROM FROM (;"),
    ],
)
def test_other_languages(language: str, document: str, good: str, bad: str) -> None:
    """Every language with a grammar is judged; one good and one broken candidate each."""
    at = document.index("▮")
    intent = Intent(kind=IntentKind.BODY, language=language, extent=Extent.BODY, start=at, end=at)
    text = document.replace("▮", "")
    assert judge(text, intent, good).passed
    assert not judge(text, intent, bad).passed


def test_continuing_an_unfinished_line() -> None:
    """`foo(` was an error before: going on with the line must not be blamed for what is still open."""
    check("x = foo(▮\ny = 2\n", "a, b)", PASSED, SKIPPED, kind=IntentKind.CONTINUE, language="python", indent="")
    check("x = ▮\n", "foo(a, b", PASSED, SKIPPED, kind=IntentKind.CONTINUE, language="python", indent="")
    check("x = 1▮\n", " + ) 2", FAILED, SKIPPED, kind=IntentKind.CONTINUE, language="python", indent="")


def test_a_gap_in_broken_code_is_judged_alone() -> None:
    """Inside code that the parser cannot follow, only the candidate itself can be judged, if at all."""
    broken = "x = [[(\n# add\n▮\n)]}}\n"
    intent = Intent(kind=IntentKind.COMMENT, language="python", extent=Extent.BLOCK, start=15, end=15)
    verdicts = [judge(broken.replace("▮", ""), intent, code) for code in ("y = 1", "y = = 1")]
    assert [one.checks[0].outcome for one in verdicts] == [PASSED, FAILED]
    script = "function f( {{ [\n// add\n▮\n]]]\n"
    at = script.index("▮")
    intent = Intent(kind=IntentKind.COMMENT, language="javascript", extent=Extent.BLOCK, start=at, end=at)
    assert judge(script.replace("▮", ""), intent, "let y = = 1;").checks[0].outcome is not PASSED


@pytest.mark.parametrize("language", ["plain", "text", "lua", "no such language"])
def test_languages_without_a_grammar(language: str) -> None:
    """Nothing is claimed that was not checked: the label must not say "parses"."""
    intent = Intent(kind=IntentKind.COMMENT, language=language, extent=Extent.BLOCK, start=0, end=0)
    verdict = judge("", intent, "any (text")
    assert [one.outcome for one in verdict.checks] == [SKIPPED, SKIPPED, PASSED]
    assert verdict.label == "✓ not a repeat"


@pytest.mark.parametrize(
    ("after", "insertion", "outcome"),
    [
        ("\nreturn total\n", "return total", FAILED),
        ("\n    x = 1\n    y = 2\n", "x = 1\ny = 2", FAILED),
        ("\n    x = 1\n    y = 2\n", "x = 1\nz = 2", PASSED),
        ("\n}\n", "}", PASSED),
        ("\n", "   \n", FAILED),
    ],
)
def test_repeats(after: str, insertion: str, outcome: Outcome) -> None:
    """What stands below already, and white space, are no suggestions."""
    intent = Intent(kind=IntentKind.COMMENT, language="plain", extent=Extent.BLOCK, start=3, end=3)
    assert judge("# x" + after, intent, insertion).checks[2].outcome is outcome


def test_a_tree_of_the_caller_is_used_only_for_the_same_text() -> None:
    """A stale tree would blame the candidate for edits made since."""
    text = "def f(a):\n"
    intent = Intent(kind=IntentKind.BODY, language="python", extent=Extent.BODY, start=9, end=9)
    for tree in (parse(text, LANGUAGES["python"]), parse("def (", LANGUAGES["python"])):
        assert judge(text, intent, "\n    return a", before=tree).passed


def test_labels_for_people() -> None:
    """The few words beside a suggestion say what failed, else what was checked."""
    passed, failed = Check("parses", PASSED), Check("ends whole", FAILED)
    assert Verdict((passed, failed)).label == "✗ ends whole"
    assert Verdict((passed,)).label == "✓ parses"
    assert Verdict((Check("parses", SKIPPED),)).label == "not checked"


@given(
    st.text(max_size=60),
    st.text(max_size=60) | st.sampled_from(["\n    return 1", "'''", "(((", "\0", "\ud800"]),
    st.sampled_from(["python", "javascript", "rust", "sql", "plain"]),
    st.sampled_from(list(Extent)),
    st.integers(0, 60),
)
@settings(max_examples=200, deadline=None)
def test_never_raises(text: str, insertion: str, language: str, extent: Extent, at: int) -> None:
    """A verdict on any text whatever: a check that raises would take the suggestion down with it."""
    at = min(at, len(text))
    intent = Intent(kind=IntentKind.COMMENT, language=language, extent=extent, start=at, end=at)
    assert judge(text, intent, insertion).checks


@pytest.mark.parametrize(
    ("document", "insertion", "language"),
    [
        ("while ▮:\n    pass\n", "1:", "python"),
        ("for i in ▮:\n    print(i)\n", "range(1, n + 1):", "python"),
        ("def f(a, b) ▮:\n    return a\n", "-> int:", "python"),
        ("if ▮:\n    x = 1\nelif y:\n    z = 2\n", "0 <= n < 1:", "python"),
        ("switch (x) {\n  case ▮:\n    break;\n}\n", "1:", "javascript"),
    ],
)
def test_a_line_that_was_unfinished_is_not_excused_for_being_wrong(
    document: str, insertion: str, language: str
) -> None:
    """The file did not parse before, and does not parse after: the second is the candidate's fault."""
    at = document.index("▮")
    intent = Intent(kind=IntentKind.CONTINUE, language=language, extent=Extent.LINE, start=at, end=at)
    assert judge(document.replace("▮", ""), intent, insertion).checks[0].outcome is FAILED


@pytest.mark.parametrize(
    ("examples", "weak"),
    [
        ([("f(1)", "True")], True),
        ([("f(1)", "True"), ("f(2)", "True")], True),
        ([("f(1)", "None")], True),
        ([("f(1)", "true")], True),
        ([("f(1)", "True"), ("f(2)", "False")], False),
        ([("f(1)", "2")], False),
        ([("f(1)", "'True'")], False),
        ([("f(1)", "True"), ("g(1)", "2")], False),
        ([("f(1)", None)], True),
        ([("f(1)", None), ("not f(2)", None)], False),
        ([("not f(1)", None), ("f(1)", "False")], True),
        ([("abs(f(1) - 2) < 0.1", None)], False),
    ],
)
def test_examples_that_a_constant_would_pass(examples: list[tuple[str, str | None]], weak: bool) -> None:
    """One `f(30) == True` passes for half of all wrong functions: it must not be called a proof."""
    results = tuple(
        ExampleResult(
            Example(
                expression=code, expected=expected or "", kind=ExampleKind.VALUE if expected else ExampleKind.HOLDS
            ),
            PASSED,
        )
        for code, expected in examples
    )
    verdict = Verdict((Check("parses", PASSED),), ExamplesReport(results=results, sandbox="walls"))
    assert verdict.passed
    assert verdict.proven is not weak
    assert verdict.label == f"✓ {len(examples)}/{len(examples)} examples" + (", weak" if weak else "")


@pytest.mark.parametrize("language", ["python", "javascript"])
def test_code_that_looks_other_than_it_reads(language: str) -> None:
    """Signs that turn the direction of text can hide what code does from whoever accepts it; Arabic and Hebrew, and
    the marks within their words, hide nothing."""
    document = {"python": "def f(a):\n", "javascript": "function f(a) {\n}\n"}[language]
    at = document.index("\n") + 1
    intent = Intent(
        kind=IntentKind.BODY, language=language, extent=Extent.BODY, start=at, end=at, lead="    ", indent="    "
    )
    for text, passes in (("'\u202e b'", False), ("'\u2067 b'", False), ("'שלום \u200f'", True), ("'b'", True)):
        verdict = judge(document, intent, f"    return a + {text}\n")
        assert verdict.passed is passes, verdict
        failed = [one for one in verdict.checks if one.outcome is FAILED]
        assert passes or "U+20" in failed[0].detail
