"""Bodies in other languages: an empty one is no answer, a short one is."""

from __future__ import annotations

import pytest

from glosswright_server.intent.model import Extent, Intent, IntentKind
from glosswright_server.verify.static import judge
from glosswright_server.verify.verdict import Outcome

PASSED, FAILED, SKIPPED = Outcome.PASSED, Outcome.FAILED, Outcome.NOT_APPLICABLE


def outcomes(language: str, document: str, body: str, *, request: str = "Add.", complete: bool = True) -> list[Outcome]:
    at = document.index("▮")
    intent = Intent(
        kind=IntentKind.BODY, language=language, extent=Extent.BODY, start=at, end=at, request=request, tail="\n"
    )
    checks = judge(document.replace("▮", ""), intent, body, complete=complete).checks
    return [one.outcome for one in checks if one.name == "does something"]


@pytest.mark.parametrize(
    ("language", "document", "good", "empty"),
    [
        ("javascript", "function f(a) {▮}\n", "\n  return a;\n", "\n  // add them\n"),
        ("javascript", "const f = (a) => {▮};\n", "\n  a.go();\n", "\n  // TODO\n"),
        ("javascript", "class A { f(a) {▮} }\n", "\n  this.a = a;\n", "\n  throw new Error('not implemented');\n"),
        ("typescript", "function f(a: number): number {▮}\n", "\n  return a;\n", "\n  /* add */\n"),
        ("go", "package p\n\nfunc f(a int) int {▮}\n", "\n\treturn a\n", "\n\t// add\n"),
        ("rust", "fn f(a: i32) -> i32 {▮}\n", "\n    a + 1\n", "\n    todo!()\n"),
        ("java", "class A { int f(int a) {▮} }\n", "\n  return a;\n", "\n  // add\n"),
        ("c", "int f(int a) {▮}\n", "\n  return a;\n", "\n  ;\n"),
        ("cpp", "int f(int a) {▮}\n", "\n  { return a; }\n", "\n  // add\n"),
        ("bash", "f() {▮\n}\n", '\n  echo "$1"', "\n  :"),
    ],
)
def test_empty_bodies(language: str, document: str, good: str, empty: str) -> None:
    """Comments and placeholders do nothing; one statement does something."""
    assert outcomes(language, document, good) == [PASSED]
    assert outcomes(language, document, empty) in ([FAILED], [])
    assert outcomes(language, document, empty) == [FAILED] or language == "bash"


def test_empty_on_purpose() -> None:
    """Documentation that asks for nothing may have it."""
    document = "function f(a) {▮}\n"
    assert outcomes("javascript", document, "\n  // nothing\n", request="Do nothing.") == [SKIPPED]


def test_nothing_is_said_of_what_does_not_parse_or_was_cut_off() -> None:
    """ "parses" says so already, and the rest may still come."""
    document = "function f(a) {▮}\n"
    assert outcomes("javascript", document, "\n  return (\n") == []
    assert outcomes("javascript", document, "\n  // add\n", complete=False) == []
    assert outcomes("plain", document, "\n  // add\n") == []
    assert outcomes("javascript", "x = 1;\n▮\n", "y = 2;") == []
