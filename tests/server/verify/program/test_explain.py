"""*Why this suggestion?*: everything that is known is said, and nothing that a document holds becomes markup."""

from __future__ import annotations

import re
from dataclasses import dataclass, replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from glosswright_server.intent.contract import Contract, Example, Parameter, Raised, Result
from glosswright_server.verify.explain import MAX_ITEMS, explain, plain_reason
from glosswright_server.verify.markdown import code, one_line, words
from glosswright_server.verify.verdict import Beyond, Check, Dispute, ExampleResult, ExamplesReport, Outcome, Verdict

PASSED, FAILED, SKIPPED = Outcome.PASSED, Outcome.FAILED, Outcome.NOT_APPLICABLE
ONE = Example(expression="add(1, 2)", expected="3", text="add(1, 2) == 3")
TWO = Example(expression="add(0, 0)", expected="1", text="add(0, 0) == 1")
CONTRACT = Contract(
    summary="Add two numbers.",
    parameters=(Parameter(name="a", type="int", description="the first"), Parameter(name="b")),
    returns=Result(type="int", description="the sum"),
    yields=Result(description="sums"),
    raises=(Raised(type="TypeError", description="for text"),),
    examples=(ONE, TWO),
    wishes=("O(1)",),
    unreadable=(">>> add(1,",),
)
CHECKS = (Check("parses", PASSED), Check("names resolve", FAILED, "`foo` is not defined"), Check("ends whole", SKIPPED))


@dataclass(frozen=True)
class Candidate:
    text: str
    verdict: Verdict
    temperature: float = 0.0
    mean_logprob: float | None = None
    repair: bool = False
    chosen: bool = False
    times: int = 1


def report(first: Outcome, second: Outcome) -> ExamplesReport:
    """Two examples and how they came out."""
    results = (ExampleResult(ONE, first), ExampleResult(TWO, second, "gave 0, expected 1" if second is FAILED else ""))
    return ExamplesReport(results=results, sandbox="Landlock + seccomp", elapsed_ms=41.7)


def story(verdict: Verdict, contract: Contract | None = CONTRACT, tried: tuple[Candidate, ...] = ()) -> str:
    return explain(
        why="cursor below a comment",
        contract=contract,
        verdict=verdict,
        model="qwen2.5-coder-0.5b",
        total_ms=4123.4,
        tokens=88,
        tried=tried,
    )


def test_the_whole_story() -> None:
    """What a person reads: one example of everything, word for word."""
    failing = Verdict(CHECKS[:1], report(PASSED, FAILED), ("import math",))
    other = Verdict(CHECKS[:1], report(FAILED, FAILED))
    tried = (
        Candidate("return b", other, mean_logprob=-0.124),
        Candidate("return a", failing, temperature=0.6, mean_logprob=-0.5, chosen=True),
        Candidate("return c", other, temperature=0.9, repair=True, times=2),
    )
    assert story(failing, tried=tried) == (
        "### ✗ 1/2 examples\n"
        "\n"
        "**Asked for**: cursor below a comment\n"
        "\n"
        "> Add two numbers.\n"
        "\n"
        "- `a` (`int`): the first\n"
        "- `b`\n"
        "- returns (`int`): the sum\n"
        "- yields: sums\n"
        "- raises `TypeError`: for text\n"
        "- wish: O(1)\n"
        "\n"
        "**Examples**: 1 of 2 passed, run in a sandbox (Landlock + seccomp) in 42 ms\n"
        "1. ✓ `add(1, 2) == 3`\n"
        "2. ✗ `add(0, 0) == 1`: gave 0, expected 1\n"
        "\n"
        "Not understood, so not checked: `>>> add(1,`\n"
        "\n"
        "**No candidate satisfies example 2**: it may be the example that is wrong.\n"
        "\n"
        "**Checks** (without running it)\n"
        "- ✓ parses\n"
        "- adds `import math`\n"
        "\n"
        "**Candidates**: 4 tried, 3 of them different\n"
        "1. ✗ 0/2 examples · greedy · mean log-probability -0.12\n"
        "2. **✗ 1/2 examples · temperature 0.6 · mean log-probability -0.50 · chosen**\n"
        "3. ✗ 0/2 examples · temperature 0.9 · second try, shown what failed · came 2 times\n"
        "\n"
        "**Model**: `qwen2.5-coder-0.5b` · 4.1 s · 88 tokens\n"
    )


DISPUTE = Dispute(call="add(0, 1)", here="gives 2", there="gives 1")


@pytest.mark.parametrize(
    ("beyond", "label", "lines", "sentence"),
    [
        (
            Beyond(followed=True, compared=2, agree=2, calls=60),
            "✓ 2/2 examples",
            "- ✓ 2 others that pass them give the same for 60 other calls\n"
            "- ✓ the examples, or calls that others answer alike, run all of it",
            "All 2 examples passed in the sandbox.",
        ),
        (
            Beyond(followed=True, compared=1, calls=60, dispute=DISPUTE),
            "✓ 2/2 examples, disputed",
            "- ✗ `add(0, 1)` gives 2 here, another answer that passes the examples gives 1: one of them is wrong\n"
            "- ✓ the examples, or calls that others answer alike, run all of it",
            "All 2 examples passed in the sandbox, but add(0, 1) gives 2 here; another that passes them gives 1.",
        ),
        (
            Beyond(untried=("return `x`", "y = 1"), followed=True, rejected=3),
            "✓ 2/2 examples, unconfirmed",
            "- ✗ the model's other answers fail an example, so none of them could be compared with it\n"
            "- – no example runs `` return `x` ``, `y = 1`",
            "All 2 examples passed in the sandbox, but the model's other answers fail one, so there is nothing to "
            "confirm it.",
        ),
        (
            Beyond(untried=("return x",), followed=True, rejected=3, repeated=True),
            "✓ 2/2 examples",
            "- ✓ the model gave the same program again\n- – no example runs `return x`",
            "All 2 examples passed in the sandbox.",
        ),
        (
            Beyond(followed=False),
            "✓ 2/2 examples",
            "- – no other answer was there to compare it with",
            "All 2 examples passed in the sandbox.",
        ),
        (
            Beyond(compared=1, agree=1, calls=3),
            "✓ 2/2 examples",
            "- ✓ another answer that passes the examples gives the same for 3 other calls",
            "All 2 examples passed in the sandbox.",
        ),
    ],
)
def test_what_lies_beyond_the_examples(beyond: Beyond, label: str, lines: str, sentence: str) -> None:
    """A reservation is in the label, in the story and in the notice; agreement is told where somebody asks."""
    verdict = Verdict(CHECKS[:1], report(PASSED, PASSED), beyond=beyond)
    assert verdict.label == label
    assert f"**Beyond the examples**\n{lines}\n\n" in story(verdict)
    assert plain_reason(verdict) == sentence


def test_beyond_examples_that_fail_nothing_is_told() -> None:
    """What fails an example needs no second opinion."""
    verdict = Verdict(CHECKS[:1], report(PASSED, FAILED), beyond=Beyond(compared=1, dispute=DISPUTE))
    assert verdict.label == "✗ 1/2 examples"
    assert "Beyond" not in story(verdict)


def test_checks_show_what_failed_and_what_did_not_apply() -> None:
    """Three marks: what failed first, each with its detail; the rest at a glance."""
    text = story(Verdict(CHECKS))
    assert "- ✗ names resolve: \\`foo\\` is not defined\n- ✓ parses\n- – ends whole" in text
    assert "**Examples**: 2 found, not run." in text


def test_examples_that_were_not_run_say_why() -> None:
    """The reason stands where the result would."""
    report = ExamplesReport(results=(ExampleResult(ONE, SKIPPED),), why_not="There is no sandbox on this system.")
    text = story(Verdict(CHECKS[:1], report))
    assert "**Examples**: not run. There is no sandbox on this system." in text
    assert "1. – `add(1, 2) == 3`" in text


def test_nothing_known_gives_little() -> None:
    """No empty sections."""
    text = explain(why="", contract=None, verdict=Verdict(()), model="", total_ms=0, tokens=0)
    assert text == "### not checked\n"
    assert story(Verdict(()), Contract()).count("**") == 4


def test_one_failing_candidate_does_not_blame_the_example() -> None:
    """It takes several candidates to suspect an example, and all of them have to fail it."""
    failing = Verdict((), report(PASSED, FAILED))
    passing = Verdict((), report(FAILED, PASSED))
    assert "No candidate" not in story(failing, tried=(Candidate("a", failing),))
    assert "No candidate" not in story(failing, tried=(Candidate("a", failing), Candidate("b", passing)))
    assert "No candidate" in story(failing, tried=(Candidate("a", failing, times=5),)), "five times the same code"
    not_run = Verdict(CHECKS)
    assert "No candidate" in story(
        failing, tried=(Candidate("a", failing), Candidate("b", failing), Candidate("c", not_run))
    )
    unable = Verdict((), report(SKIPPED, SKIPPED))
    assert "No candidate" not in story(
        unable, tried=(Candidate("a", failing), Candidate("b", failing), Candidate("c", unable))
    ), "it was not tried on what is shown"


def test_long_lists_are_cut() -> None:
    """A thousand examples are not a page to read."""
    examples = tuple(replace(ONE, line=at) for at in range(50))
    text = story(Verdict(()), replace(CONTRACT, examples=examples, unreadable=("x",) * 9))
    assert f"{MAX_ITEMS}. `add" in text
    assert f"{MAX_ITEMS + 1}. `add" not in text
    assert f"and {50 - MAX_ITEMS} more" in text
    assert "and 4 more" in text


@pytest.mark.parametrize(
    ("verdict", "expected"),
    [
        (Verdict(CHECKS), "It fails the check “names resolve”: `foo` is not defined."),
        (Verdict(CHECKS[:1]), "It passed every check made without running it."),
        (Verdict(()), "It was not checked."),
        (Verdict((), report(PASSED, FAILED)), "Example 2 fails, add(0, 0) == 1: gave 0, expected 1."),
        (Verdict((), report(PASSED, PASSED)), "All 2 examples passed in the sandbox."),
        (Verdict((), report(PASSED, SKIPPED)), "1 of 2 examples ran, and it passed."),
        (
            Verdict((), ExamplesReport(results=(ExampleResult(ONE, PASSED),) * 2 + (ExampleResult(TWO, SKIPPED),))),
            "2 of 3 examples ran, and all of those passed.",
        ),
        (Verdict((), ExamplesReport(results=(ExampleResult(ONE, PASSED),))), "Its example passed in the sandbox."),
        (
            Verdict(CHECKS[:1], ExamplesReport(why_not="There is no sandbox.")),
            "It passed every check made without running it: There is no sandbox.",
        ),
    ],
)
def test_one_sentence_for_a_notice(verdict: Verdict, expected: str) -> None:
    """Plain text, the worst thing first."""
    assert plain_reason(verdict) == expected


def test_the_sentence_suspects_the_example_too() -> None:
    """Where every candidate fails it."""
    failing = Verdict((), report(PASSED, FAILED))
    tried = (Candidate("a", failing), Candidate("b", failing))
    assert (
        plain_reason(failing, tried) == "No candidate satisfies example 2, which may itself be wrong: add(0, 0) == 1."
    )


HOSTILE = [
    "[click](command:evil)",
    "![x](http://e.vil/a.png)",
    "<img src=x onerror=alert(1)>",
    "```\nfence\n```",
    "~~~\nfence",
    "# heading",
    "- item",
    "https://e.vil and www.e.vil",
    "a\n\n---\n\nb",
    "``` `` `",
    "\u202egnp.exe\u200b",
    "| a | b |",
    "&lt;b&gt; **bold** _it_ $x$",
    "1. one",
    "\ud800 lone",
]


@pytest.mark.parametrize("text", HOSTILE)
def test_text_of_others_stays_text(text: str) -> None:
    """In every place where it can turn up, document text makes no link, image, tag, list, heading or fence."""
    example = Example(expression=text, text=text)
    contract = Contract(
        summary=text,
        parameters=(Parameter(name=text, type=text, description=text),),
        raises=(Raised(type=text, description=text),),
        wishes=(text,),
        unreadable=(text,),
    )
    results = ExamplesReport(results=(ExampleResult(example, FAILED, text),), sandbox=text)
    verdict = Verdict((Check(text, FAILED, text),), results, (text,))
    whole = explain(
        why=text,
        contract=contract,
        verdict=verdict,
        model=text,
        total_ms=1,
        tokens=1,
        tried=[Candidate("a", verdict), Candidate("b", verdict, chosen=True)],
    )
    assert whole.encode()
    bare = _without_code(whole)
    assert not re.search(r"(?<!\\)[\[\]<>~|]", bare.replace("\n> ", "\n"))
    assert not re.search(r"https?://|www\.", bare)
    assert not re.search(r"^(?:```|~~~|---|# )", whole, re.MULTILINE)
    assert "\u202e" not in whole
    for line in whole.splitlines():
        assert re.match(r"(?:### |\*\*|> |- |\d+\. |Not understood|$)", line), line


def _without_code(markdown: str) -> str:
    """Markdown with its code spans blanked, by CommonMark's rule: a run of back-ticks ends at one of equal length."""
    return re.sub(r"(?<![\\`])(`+)(?!`)(.+?)(?<!`)\1(?!`)", "", markdown)


@given(st.text(max_size=300), st.integers(2, 50))
def test_a_line_is_one_line_within_its_limit(text: str, limit: int) -> None:
    """Whatever is in it, and it can be sent."""
    line = one_line(text, limit)
    assert len(line) <= limit
    assert len(line.splitlines()) <= 1
    line.encode()
    assert not re.search(r"(?<!\\)(?:\\\\)*[<>\[\]`]", words(text, limit))
    span = code(text, limit)
    assert _without_code(span) == ""
