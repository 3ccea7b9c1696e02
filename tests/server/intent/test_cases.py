"""Checks each case of `cases/*.txt` against `read_intent` or `actions_at`; `cases/README.md` explains the format."""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path

import pytest

from glosswright_server.intent import LANGUAGES, Intent, IntentKind, Trigger, actions_at, read_intent

CASES = Path(__file__).parent / "cases"
CURSOR, CODE = "▮", "«»"
FIELDS = {"request", "name", "signature", "indent", "extent", "cursor"}


@dataclass
class Case:
    language: str
    title: str
    before: str
    after: str | None = None
    kinds: dict[Trigger, str] = field(default_factory=dict)
    actions: list[str] | None = None
    expected: dict[str, str] = field(default_factory=dict)


def read_cases(path: Path) -> list[Case]:
    """The cases of one file; its name is the language."""
    cases = []
    for chunk in ("\n" + path.read_text(encoding="utf-8")).split("\n==== ")[1:]:
        title, _, rest = chunk.partition("\n")
        head, before, *after = rest.split("\n----\n")
        case = Case(path.stem, title.strip(), before, after[0] if after else None)
        line_end = "\n"
        for line in head.splitlines():
            key, _, value = line.partition(":")
            key, value = key.strip(), value.strip()
            if key in FIELDS:
                case.expected[key] = value.replace("\\n", "\n").replace("→", "\t").replace("·", " ")
            elif key == "actions":
                case.actions = value.split()
            elif key == "lines":
                line_end = {"crlf": "\r\n", "cr": "\r"}[value]
            else:
                for trigger in key.split("+"):
                    case.kinds[Trigger(trigger.strip())] = value
        case.before = _as_file(case.before, line_end)
        case.after = None if case.after is None else _as_file(case.after, line_end)
        assert case.kinds or case.actions is not None, f"{title}: expects nothing"
        cases.append(case)
    return cases


def _as_file(written: str, line_end: str) -> str:
    return written.rstrip("\n").replace("¶", "").replace("→", "\t").replace("\n", line_end)


ALL = [case for path in sorted(CASES.glob("*.txt")) for case in read_cases(path)]


def inserted(text: str, intent: Intent) -> str:
    """The document with `«»` where the code would stand."""
    return text[: intent.start] + intent.lead + CODE + intent.tail + text[intent.end :]


def check(case: Case, text: str, cursor: int, intent: Intent, kind: str) -> None:
    assert intent.kind.value == kind, intent.why
    assert intent.why
    if kind == IntentKind.NONE.value:
        return
    if case.after is not None and kind != IntentKind.CONTINUE.value:
        assert inserted(text, intent) == case.after
    for name, value in case.expected.items():
        if name == "cursor":
            assert value == "inside"
            assert "\n" not in text[intent.start : intent.end]
            assert intent.start <= cursor <= intent.end
        else:
            actual = getattr(intent, name)
            assert str(getattr(actual, "value", actual)) == value, name


@pytest.mark.parametrize("case", ALL, ids=lambda case: f"{case.language}: {case.title}")
def test_case(case: Case) -> None:
    """What people and editors do at a cursor, one readable case each."""
    places = case.before.split(CURSOR)
    assert 2 <= len(places) <= 3, "one cursor, or two marks for a selection"
    text = "".join(places)
    start = len(places[0])
    end = start + (len(places[1]) if len(places) == 3 else 0)
    language = LANGUAGES[case.language]
    for trigger, kind in case.kinds.items():
        intent = read_intent(text, start, language, trigger=trigger)
        assert intent.language == case.language
        check(case, text, start, intent, kind)
    if case.actions is not None:
        found = actions_at(text, start, end, language)
        assert [intent.kind.value for intent in found] == case.actions
        if found and not case.kinds:
            check(case, text, start, found[0], case.actions[0])


def test_every_language_with_a_grammar_has_cases() -> None:
    """Guards against a language that is listed, but that nobody has ever tried."""
    tried = {case.language for case in ALL}
    assert {key for key, language in LANGUAGES.items() if language.grammar} <= tried
    assert len(ALL) >= 80
