"""Answers that pass their examples, looked at beyond them: which code those ran, and what others make of more input."""

from __future__ import annotations

import json
from collections.abc import Sequence

import pytest

from glosswright_server.engine import examine

from .test_candidates import PLAIN, RIGHT, TWICE, Stage, code, needs_sandbox

pytestmark = [pytest.mark.timeout(60), needs_sandbox]

SHOUT = '''def shout(text):
    """Return the text in capitals, with a mark behind it.

    >>> shout("ab")
    'AB!'
    """
    ▮
'''
GOOD, SAME = "    return text.upper() + '!'\n", "    return f'{text}!'.upper()\n"
FIRST_TWO = "    return text[:2].upper() + '!'\n"
PICKY = "    if text[0] == '?':\n        return text\n    return text.upper() + '!'\n"
BREAKS = "    return text[0].upper() + text[1:].upper() + '!'\n"
ASKING = "asking for a second opinion"


def opinions(*said: str | Sequence[str], **candidates: object) -> Stage:
    """A stage on which second opinions are asked for."""
    return Stage(*said, candidates={"secondOpinion": True, **candidates})


async def test_one_more_round_is_asked_for() -> None:
    """The first passes: one batch in another form follows, told as progress, and what agrees is told."""
    stage = opinions(GOOD, [SAME, GOOD])
    suggestion = await stage.implement(SHOUT)
    assert suggestion is not None
    assert suggestion.label == "✓ 1/1 examples"
    assert len(stage.requests) == 2
    assert stage.requests[1].prompt != stage.requests[0].prompt
    assert ASKING in stage.steps
    beyond = suggestion.verdict.beyond
    assert beyond is not None
    assert (beyond.compared, beyond.agree, beyond.untried, beyond.dispute) == (1, 1, (), None)
    assert beyond.calls > 20
    facts = json.loads(json.dumps(suggestion.facts()))
    assert facts["beyond"]["agree"] == 1
    assert facts["beyond"]["reservation"] == ""


async def test_two_that_differ_are_disputed() -> None:
    """One of them is wrong; the label says so and the facts name a call with both values."""
    suggestion = await opinions(GOOD, [FIRST_TWO]).implement(SHOUT)
    assert suggestion is not None
    assert suggestion.label == "✓ 1/1 examples, disputed"
    dispute = suggestion.facts()["beyond"]["dispute"]
    assert dispute["call"].startswith("shout(")
    assert dispute["here"] != dispute["there"]
    assert suggestion.verdict.proven, "its examples pass all the same"
    assert suggestion.verdict.passed


async def test_a_majority_does_not_dethrone_the_first() -> None:
    """Of three that pass two agree; the first one differs, stays, and is disputed."""
    suggestion = await opinions(GOOD, [FIRST_TWO, "    return (text[0:2] + '!').upper()\n"]).implement(SHOUT)
    assert code(suggestion) == "text.upper() + '!'"
    assert suggestion is not None
    assert [one.verdict.label for one in suggestion.tried] == ["✓ 1/1 examples, disputed"] * 3


async def test_what_breaks_down_gives_way() -> None:
    """An IndexError on the empty text, where another answers."""
    suggestion = await opinions(BREAKS, [GOOD]).implement(SHOUT)
    assert suggestion is not None
    assert code(suggestion) == "text.upper() + '!'"
    assert suggestion.label == "✓ 1/1 examples"
    dispute = suggestion.tried[0].verdict.beyond.dispute  # type: ignore[union-attr] # it was looked at
    assert dispute is not None
    assert (dispute.call, dispute.here, dispute.there) == ("shout('')", "raises IndexError", "gives '!'")


async def test_code_that_no_example_runs() -> None:
    """It is told to who asks; without another round too, for it costs next to nothing."""
    for wanted, rounds in ((True, 2), (False, 1)):
        stage = opinions(PICKY, [PICKY], secondOpinion=wanted)
        suggestion = await stage.implement(SHOUT)
        assert suggestion is not None
        assert suggestion.label == "✓ 1/1 examples"
        assert suggestion.facts()["beyond"]["untried"] == ["return text"]
        assert len(stage.requests) == rounds


async def test_where_nothing_confirms_it() -> None:
    """All other answers fail the example: another form is asked for once more, and then the label says so."""
    stage = opinions(GOOD, ["    return text\n", "    return text + '!'\n"], ["    return text * 2\n"])
    suggestion = await stage.implement(SHOUT)
    assert suggestion is not None
    assert suggestion.label == "✓ 1/1 examples, unconfirmed"
    assert len({request.prompt for request in stage.requests}) == len(stage.requests) == 3
    assert stage.steps.count(ASKING) == 2
    assert suggestion.facts()["beyond"]["rejected"] == 3


@pytest.mark.parametrize(
    ("said", "requests"),
    [
        ([GOOD, ["    return text\n", GOOD]], 2),
        ([GOOD, ["    return text\n"], [SAME]], 3),
        (["    return text\n", [GOOD, "    return text * 2\n"], [SAME]], 3),
    ],
)
async def test_what_confirms_it(said: list[str | list[str]], requests: int) -> None:
    """The same program once more, or one that passes in a later round."""
    stage = opinions(*said)
    suggestion = await stage.implement(SHOUT)
    assert suggestion is not None
    assert suggestion.label == "✓ 1/1 examples"
    assert len(stage.requests) == requests


async def test_no_round_where_there_is_nothing_to_compare() -> None:
    """Without examples, with examples that cannot be varied, or where only one answer may be had."""
    stage = opinions(RIGHT)
    await stage.implement(PLAIN)
    assert len(stage.requests) == 1
    stage = opinions("    return (text or 'ab').upper() + '!'\n")
    await stage.implement(SHOUT.replace('"ab"', "").replace("(text)", "(text='')"))
    assert len(stage.requests) == 1
    stage = opinions(GOOD, count=1)
    suggestion = await stage.implement(SHOUT)
    assert len(stage.requests) == 1
    assert suggestion is not None
    assert suggestion.label == "✓ 1/1 examples"


async def test_a_batch_that_held_one_holds_the_opinions_too() -> None:
    """No further round is asked for where the first answer failed and a batch was made anyway."""
    stage = opinions("    return text\n", [GOOD, SAME, FIRST_TWO[:-1]])
    suggestion = await stage.implement(SHOUT)
    assert suggestion is not None
    assert len(stage.requests) == 2
    assert ASKING not in stage.steps
    assert suggestion.verdict.beyond is not None
    assert suggestion.verdict.beyond.agree == 1


async def test_without_time_nothing_is_looked_at(monkeypatch: pytest.MonkeyPatch) -> None:
    """The examples' verdict stands as it is."""
    monkeypatch.setattr(examine, "_SHORTEST_LOOK_S", 1e9)
    suggestion = await opinions(GOOD, [SAME]).implement(SHOUT)
    assert suggestion is not None
    assert suggestion.verdict.beyond is None
    assert suggestion.label == "✓ 1/1 examples"


async def test_examples_that_share_a_session() -> None:
    """Lines before an example are run when it is looked at, too: all of the code is reached."""
    marked = TWICE.replace(">>> twice(5)\n    10", ">>> five = 5\n    >>> twice(five)\n    10")
    suggestion = await opinions("    if x == 5:\n        return 10\n    return x + x\n", [RIGHT]).implement(marked)
    assert suggestion is not None
    assert [one.verdict.beyond.untried for one in suggestion.tried if one.verdict.beyond] == [(), ()]
    assert code(suggestion)
