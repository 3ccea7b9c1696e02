"""A document with a mark where the candidate goes, judged as the product does it."""

from __future__ import annotations

import ast

from glosswright_server.intent.contract import Contract
from glosswright_server.intent.model import Extent, Intent, IntentKind
from glosswright_server.verify.static import judge
from glosswright_server.verify.verdict import Check, Outcome, Verdict

PASSED, FAILED, SKIPPED = Outcome.PASSED, Outcome.FAILED, Outcome.NOT_APPLICABLE
MARK = "▮"


def judged(
    document: str,
    insertion: str,
    *,
    kind: IntentKind = IntentKind.BODY,
    contract: Contract | None = None,
    complete: bool = True,
    language: str = "python",
) -> Verdict:
    """The verdict on `insertion` at the mark of `document`; the docstring above the mark is the request."""
    at = document.index(MARK)
    extents = {IntentKind.BODY: Extent.BODY, IntentKind.COMMENT: Extent.BLOCK, IntentKind.CONTINUE: Extent.LINE}
    intent = Intent(
        kind=kind,
        language=language,
        extent=extents[kind],
        start=at,
        end=at,
        lead=insertion[: len(insertion) - len(insertion.lstrip())],
        request=_request(document[:at]),
    )
    return judge(document.replace(MARK, ""), intent, insertion, contract=contract, complete=complete)


def check(name: str, document: str, insertion: str, outcome: Outcome, detail: str = "", **options: object) -> Verdict:
    """Assert one check's outcome and that its detail says `detail`."""
    verdict = judged(document, insertion, **options)  # type: ignore[arg-type]  # the options of `judged`
    [found] = [one for one in verdict.checks if one.name == name]
    assert (found.outcome, detail in found.detail) == (outcome, True), verdict
    if outcome is not FAILED:
        assert not failed(verdict) or detail, failed(verdict)
    return verdict


def failed(verdict: Verdict) -> list[Check]:
    """The checks that failed."""
    return [one for one in verdict.checks if one.outcome is FAILED]


def _request(before: str) -> str:
    """The last docstring before the gap."""
    pieces = before.rsplit('"""', 2)
    if len(pieces) == 3 and not pieces[2].strip():
        return str(ast.literal_eval(f'"""{pieces[1]}"""')).strip()
    return ""
