"""What is made of what clients tell, and of what documents show."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable
from pathlib import Path

import pytest

from glosswright_server.documents import Snapshot
from glosswright_server.feedback.file import FeedbackFile
from glosswright_server.feedback.impression import Impression, Outcome, Surface, impression_of, verdict_class
from glosswright_server.feedback.impressions import KEPT_AFTER_S, MOST_FOLLOWED, Impressions
from glosswright_server.feedback.kept import share_kept
from glosswright_server.intent.contract import Example, ExampleKind
from glosswright_server.verify.verdict import Beyond, Check, Dispute, ExampleResult, ExamplesReport, Verdict
from glosswright_server.verify.verdict import Outcome as CheckOutcome

from .support import URI, snapshot, suggestion

CODE = "def add(a, b):\n    return a + b\n"
TOP = "# add\n"


class Session:
    """Impressions, and a clock that a test moves."""

    def __init__(self) -> None:
        self.recorded: list[Impression] = []
        self.documents: dict[str, Snapshot] = {}
        self.timers: list[tuple[float, Callable[[], None]]] = []
        self.impressions = Impressions(
            self.recorded.append, self.documents.get, lambda s, work: self.timers.append((s, work)), now=lambda: 5.0
        )

    @property
    def last(self) -> Impression:
        return self.recorded[-1]

    def offer(
        self, offer_id: str = "s1", text: str = CODE, surface: Surface = Surface.INLINE, shown: bool = True
    ) -> None:
        self.made = suggestion(text, len(TOP))
        self.impressions.offered(offer_id, snapshot(TOP), self.made, surface, shown=shown)

    def minute_later(self, text: str | None) -> None:
        if text is not None:
            self.documents[URI] = snapshot(text)
        [(seconds, work)] = self.timers
        assert seconds == KEPT_AFTER_S
        work()


def test_shown_then_accepted_then_kept() -> None:
    """The ordinary life of a suggestion is one impression, told three times."""
    session = Session()
    session.offer()
    session.impressions.accepted("s1")
    session.impressions.accepted("s1")
    session.minute_later(TOP + CODE)
    assert [one.outcome for one in session.recorded] == [Outcome.SHOWN, Outcome.ACCEPTED, Outcome.ACCEPTED]
    assert {one.number for one in session.recorded} == {1}
    assert session.last.kept == 1.0


def test_nothing_of_the_code_is_recorded() -> None:
    """No field holds a piece of the document, of the code, of the request or of a path."""
    session = Session()
    intent = dataclasses.replace(suggestion("x").intent, request="add two SECRET numbers", name="SECRET", why="SECRET")
    made = dataclasses.replace(suggestion("SECRET = 1\n", model="/home/me/SECRET/model.gguf"), intent=intent)
    made = dataclasses.replace(made, verdict=Verdict((Check("SECRET", CheckOutcome.FAILED, "SECRET"),)))
    session.impressions.offered("s1", snapshot("SECRET"), made, Surface.INLINE, shown=True)
    session.impressions.accepted("s1")
    assert "SECRET" not in repr(session.recorded)
    assert session.last.model == "model.gguf"


def test_a_name_that_no_file_can_hold(tmp_path: Path) -> None:
    """An endpoint names its model as it likes: half a surrogate pair in it does not end all counting."""
    session = Session()
    made = suggestion("x = 1\n", model="qwen\ud800")
    session.impressions.offered("s1", snapshot(TOP), made, Surface.INLINE, shown=True)
    FeedbackFile(tmp_path).write(session.recorded)
    assert [one.model for one in FeedbackFile(tmp_path).read()] == ["qwen?"]


def test_typing_along_is_one_suggestion() -> None:
    """Ghost text is asked for at each key; its rest is the same suggestion."""
    session = Session()
    session.offer("s1")
    whole = session.made
    for index in range(1, 5):
        session.impressions.edited(snapshot(TOP + CODE[:index]), len(TOP) + index)
        rest = dataclasses.replace(whole, start=len(TOP) + index, end=len(TOP) + index, text=CODE[index:])
        session.impressions.offered(f"s{index + 1}", snapshot(TOP + CODE[:index]), rest, Surface.INLINE, shown=True)
    session.impressions.accepted("s5")
    assert [(one.number, one.outcome) for one in session.recorded] == [(1, Outcome.SHOWN), (1, Outcome.ACCEPTED)]


def test_one_of_several_is_taken() -> None:
    """Candidates side by side are one suggestion; what counts of it is the one that was taken."""
    session = Session()
    session.offer("s1")
    other = dataclasses.replace(session.made, text="class Adder:\n    pass\n", verdict=Verdict(SOUND))
    session.impressions.offered("s2", snapshot(TOP), other, Surface.INLINE, shown=False)
    session.impressions.edited(snapshot(TOP + CODE[:5]), len(TOP) + 5)  # along the first
    session.impressions.edited(snapshot(TOP + "class"), len(TOP) + 5)  # along the second
    session.impressions.accepted("s2")
    session.minute_later(TOP + other.text)
    assert [(one.number, one.outcome) for one in session.recorded] == [
        (1, Outcome.SHOWN),
        (1, Outcome.ACCEPTED),
        (1, Outcome.ACCEPTED),
    ]
    assert session.recorded[0].verdict == "not checked"
    assert session.last.verdict == "checks hold"
    assert session.last.kept == 1.0


def test_typing_something_else_dismisses() -> None:
    """Standard clients do not tell it: what is typed does."""
    session = Session()
    session.offer()
    session.impressions.edited(snapshot(TOP + "x"), len(TOP) + 1)
    assert session.last.outcome is Outcome.DISMISSED
    # Going back into it and taking it after all counts as taken.
    session.impressions.accepted("s1")
    assert session.last.outcome is Outcome.ACCEPTED
    session.impressions.dismissed("s1")
    assert session.last.outcome is Outcome.ACCEPTED


@pytest.mark.parametrize("what", ["another suggestion", "the document is closed", "said", "an edit above"])
def test_other_ways_to_be_dismissed(what: str) -> None:
    """Ghost text is gone once another one stands there, its document is closed, or the client says so."""
    session = Session()
    session.offer()
    if what == "another suggestion":
        session.offer("s2", "other\n", shown=False)
    elif what == "the document is closed":
        session.impressions.closed(URI)
    elif what == "said":
        session.impressions.dismissed("s1")
    else:
        session.impressions.edited(snapshot("##" + TOP), 1)
    assert (session.last.number, session.last.outcome) == (1, Outcome.DISMISSED)


def test_actions_are_not_dismissed_by_typing() -> None:
    """A code action's edit is not on the screen."""
    session = Session()
    session.offer(surface=Surface.ACTION)
    session.impressions.edited(snapshot(TOP + "x"), len(TOP) + 1)
    session.impressions.closed(URI)
    assert [one.outcome for one in session.recorded] == [Outcome.SHOWN]


def test_what_was_not_shown_does_not_count() -> None:
    """An item of a list that nobody looked at, or that the client says it has not shown, is no impression."""
    session = Session()
    session.offer(surface=Surface.LIST, shown=False)
    session.impressions.dismissed("s1")
    assert session.recorded == []
    session.impressions.shown("s1")
    session.impressions.shown("s1")
    assert [one.outcome for one in session.recorded] == [Outcome.SHOWN]


def test_acceptance_shows_that_it_was_shown() -> None:
    """A client that tells only of acceptance is understood."""
    session = Session()
    session.offer(shown=False)
    session.impressions.accepted("s1")
    assert [one.outcome for one in session.recorded] == [Outcome.ACCEPTED]


def test_part_by_part() -> None:
    """Lengths count UTF-16 units from the start; the whole of it in parts is the whole."""
    session = Session()
    session.offer(text="s = '😀'\nt = 1\n")
    session.impressions.partly_accepted("s1", 3)
    assert session.last.outcome is Outcome.PARTLY_ACCEPTED
    session.impressions.partly_accepted("s1", 8)  # up to the quote behind the emoji, which is two units
    session.minute_later(TOP + "s = '😀'\n")
    assert session.last.kept == 1.0
    session.impressions.partly_accepted("s1", 15)
    assert session.last.outcome is Outcome.ACCEPTED


@pytest.mark.parametrize("length", [0, -5])
def test_no_part_is_no_acceptance(length: int) -> None:
    """A length of nothing is not worth a count."""
    session = Session()
    session.offer()
    session.impressions.partly_accepted("s1", length)
    assert session.last.outcome is Outcome.SHOWN


def test_a_line_of_it() -> None:
    """Without a length the first line was taken."""
    session = Session()
    session.offer(text="\n" + CODE)
    session.impressions.partly_accepted("s1")
    session.minute_later(TOP + "\ndef add(a, b):\n    return 7\n")
    assert session.last.outcome is Outcome.PARTLY_ACCEPTED
    assert session.last.kept == 1.0


def test_a_closed_document_cannot_be_looked_at() -> None:
    """Whether it was kept is then not known, which is not the same as gone."""
    session = Session()
    session.offer()
    session.impressions.accepted("s1")
    session.minute_later(None)
    assert session.last.kept is None


def test_unknown_ids_and_many_suggestions() -> None:
    """Whatever a client sends is borne, and what is followed is bounded."""
    session = Session()
    for method in (session.impressions.shown, session.impressions.accepted, session.impressions.dismissed):
        method("nobody")
    session.impressions.partly_accepted("nobody", 3)
    for number in range(MOST_FOLLOWED + 50):
        session.offer(f"s{number}", surface=Surface.ACTION)
    before = len(session.recorded)
    session.impressions.accepted("s3")
    assert len(session.recorded) == before
    session.impressions.accepted(f"s{MOST_FOLLOWED}")
    assert session.last.outcome is Outcome.ACCEPTED


@pytest.mark.parametrize(
    ("text", "share"),
    [
        (TOP + CODE, 1.0),
        (TOP + "def add(a, b):\n\treturn a + b", 1.0),  # another indentation is the same code
        (TOP + "def add(a, b):\n    return b + a\n", 0.5),
        (TOP, 0.0),
        ("\n" * 100 + TOP + CODE, 1.0),
        ("\n" * 1000 + TOP + CODE, 0.0),  # so far off, it is other code
        (TOP + "x = def add(a, b):\n    return a + b\n", 1.0),
    ],
)
def test_share_kept(text: str, share: float) -> None:
    """Lines count, in their order, near where they were put."""
    assert share_kept(CODE, text, 1) == share


def report(*outcomes: CheckOutcome, expected: str = "3") -> ExamplesReport:
    example = Example(kind=ExampleKind.VALUE, text="f(1) == 3", expression="f(1)", expected=expected)
    return ExamplesReport(results=tuple(ExampleResult(example, outcome) for outcome in outcomes))


PASSED, FAILED, SKIPPED = CheckOutcome.PASSED, CheckOutcome.FAILED, CheckOutcome.NOT_APPLICABLE
DISPUTED = "examples pass, disputed"
SOUND = (Check("parses", PASSED),)


@pytest.mark.parametrize(
    ("verdict", "phrase"),
    [
        (Verdict(()), "not checked"),
        (Verdict(SOUND), "checks hold"),
        (Verdict(SOUND, report(SKIPPED)), "checks hold"),
        (Verdict((Check("parses", FAILED),), report(PASSED)), "fails a check"),
        (Verdict(SOUND, report(PASSED, FAILED)), "fails an example"),
        (Verdict(SOUND, report(PASSED, PASSED)), "all examples pass"),
        (Verdict(SOUND, report(PASSED, expected="True")), "weak examples pass"),
        (Verdict(SOUND, report(PASSED, SKIPPED)), "some examples pass"),
        (Verdict(SOUND, report(PASSED), beyond=Beyond(dispute=Dispute(call="f(0)", here="a", there="b"))), DISPUTED),
        (Verdict(SOUND, report(PASSED), beyond=Beyond(rejected=2)), "examples pass, unconfirmed"),
        (Verdict(SOUND, report(PASSED), beyond=Beyond(compared=2, agree=2)), "all examples pass"),
    ],
)
def test_verdicts_by_class(verdict: Verdict, phrase: str) -> None:
    """Few phrases, so that they can be counted by, and without a word of the code."""
    assert verdict_class(verdict) == phrase
    made = impression_of(suggestion("x", verdict=verdict), Surface.PANEL, session="s", number=1, now=0.0)
    assert made.verdict == phrase
