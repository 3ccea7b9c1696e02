"""The answer to *Why this suggestion?*: what was asked, what was checked, what ran, what else was tried.

Markdown from plain values. It says what is known and no more: an example that was not run is not called passed, and
"a sandbox" is named by what it is. Whatever comes from a document, a model or a program is escaped and cut.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Protocol

from glosswright_server.intent.contract import Contract, Example
from glosswright_server.verify.markdown import code, one_line, words
from glosswright_server.verify.verdict import Check, ExamplesReport, Outcome, Reservation, Verdict

MAX_ITEMS = 20
"""Entries of one list that are shown; the rest is counted."""

_MARKS = {Outcome.PASSED: "✓", Outcome.FAILED: "✗", Outcome.NOT_APPLICABLE: "–"}


class TriedLike(Protocol):
    """What is told of a candidate."""

    @property
    def text(self) -> str: ...

    @property
    def verdict(self) -> Verdict: ...

    @property
    def temperature(self) -> float: ...

    @property
    def mean_logprob(self) -> float | None: ...

    @property
    def repair(self) -> bool: ...

    @property
    def chosen(self) -> bool: ...

    @property
    def times(self) -> int: ...


def explain(
    *,
    why: str,
    contract: Contract | None,
    verdict: Verdict,
    model: str,
    total_ms: float,
    tokens: int,
    tried: Sequence[TriedLike] = (),
) -> str:
    """Markdown, a heading and a few short sections; sections with nothing to say are left out.

    `why` is the intent's phrase ("cursor below a comment"), `total_ms` the milliseconds from request to answer,
    `tokens` how many the model made. `tried` holds every candidate in the order it was made, or nothing.
    """
    sections = [
        f"### {words(verdict.label)}",
        _asked(why, contract),
        _examples(verdict, contract, tried),
        _beyond(verdict),
        _checks(verdict),
        _candidates(tried),
        _origin(model, total_ms, tokens),
    ]
    return "\n\n".join(section for section in sections if section) + "\n"


def plain_reason(verdict: Verdict, tried: Sequence[TriedLike] = ()) -> str:
    """Why the suggestion may be trusted, or may not, in one plain sentence for a notice."""
    failed = next((check for check in verdict.checks if check.outcome is Outcome.FAILED), None)
    if failed is not None:
        return _sentence(f"It fails the check “{failed.name}”", failed.detail)
    report = verdict.examples
    if report is not None and (worst := report.first_failed) is not None:
        number = report.results.index(worst) + 1
        if worst.example in _unsatisfied(tried):
            return _sentence(
                f"No candidate satisfies example {number}, which may itself be wrong", _said(worst.example)
            )
        return _sentence(f"Example {number} fails, {_said(worst.example)}", worst.detail)
    if report is not None and report.ran:
        left = len(report.results) - report.ran
        some = f"{report.ran} of {len(report.results)} examples ran, and {_passed(report.ran)}"
        return _sentence(some if left else f"{_all(report.ran)} in the sandbox{_but(verdict)}")
    if any(check.outcome is Outcome.PASSED for check in verdict.checks):
        return _sentence("It passed every check made without running it", report.why_not if report is not None else "")
    return "It was not checked."


def _asked(why: str, contract: Contract | None) -> str:
    lines = [f"**Asked for**: {words(why)}" if why else "**Asked for**"]
    if contract is not None:
        if contract.summary:
            lines.append(f"\n> {words(contract.summary, 300)}\n")
        items = [_item(code(one.name, 60), one.type, one.description) for one in contract.parameters]
        for verb, result in (("returns", contract.returns), ("yields", contract.yields)):
            if result is not None:
                items.append(_item(verb, result.type, result.description))
        items += [_item(f"raises {code(one.type, 80)}", "", one.description) for one in contract.raises]
        items += [f"wish: {words(wish)}" for wish in contract.wishes]
        lines.append(_list(items))
    return "\n".join(line for line in lines if line).rstrip() if len(lines) > 1 or why else ""


def _item(name: str, kind: str, description: str) -> str:
    typed = f" ({code(kind, 80)})" if kind.strip() else ""
    return f"{name}{typed}: {words(description)}" if description.strip() else f"{name}{typed}"


def _checks(verdict: Verdict) -> str:
    if not verdict.checks and not verdict.imports:
        return ""
    by_outcome = {outcome: [check for check in verdict.checks if check.outcome is outcome] for outcome in Outcome}
    items = [f"{_MARKS[Outcome.FAILED]} {_check(check)}" for check in by_outcome[Outcome.FAILED]]
    # What holds is taken in at a glance; only what fails needs a line of its own.
    items += [
        f"{_MARKS[outcome]} " + ", ".join(words(check.name, 60) for check in by_outcome[outcome])
        for outcome in (Outcome.PASSED, Outcome.NOT_APPLICABLE)
        if by_outcome[outcome]
    ]
    if verdict.imports:
        items.append("adds " + ", ".join(code(statement) for statement in verdict.imports[:MAX_ITEMS]))
    return "**Checks** (without running it)\n" + _list(items)


def _check(check: Check) -> str:
    return words(check.name, 60) + (f": {words(check.detail)}" if check.detail else "")


def _examples(verdict: Verdict, contract: Contract | None, tried: Sequence[TriedLike]) -> str:
    report = verdict.examples
    unreadable = contract.unreadable if contract is not None else ()
    there = contract.examples if contract is not None else ()
    if report is None:
        lines = [f"**Examples**: {len(there)} found, not run."] if there else []
        items = [code(_said(example)) for example in there]
    else:
        lines = [_how(report)]
        items = [
            f"{_MARKS[one.outcome]} {code(_said(one.example))}" + (f": {words(one.detail)}" if one.detail else "")
            for one in report.results
        ]
    if items:
        lines.append(_list(items, numbered=True))
    if unreadable:
        lines.append(f"\nNot understood, so not checked: {', '.join(code(line, 80) for line in unreadable[:5])}")
        if len(unreadable) > 5:
            lines[-1] += f" and {len(unreadable) - 5} more"
    wrong = _unsatisfied(tried)
    if report is not None:
        for number, result in enumerate(report.results, 1):
            if result.outcome is Outcome.FAILED and result.example in wrong:
                lines.append(f"\n**No candidate satisfies example {number}**: it may be the example that is wrong.")
    return "\n".join(lines).strip()


def _how(report: ExamplesReport) -> str:
    if not report.ran:
        return f"**Examples**: not run. {words(report.why_not)}".rstrip()
    where = f", run in a sandbox ({words(report.sandbox)})" if report.sandbox else ""
    took = f" in {_seconds(report.elapsed_ms)}" if report.elapsed_ms > 0 else ""
    said = f"**Examples**: {report.passed} of {len(report.results)} passed{where}{took}"
    if report.all_passed and report.weak:
        said += (
            ". They all expect the same, so code that always says that would pass too: one with another answer helps"
        )
    return said


def _beyond(verdict: Verdict) -> str:
    """What was seen besides the examples, of code that passes them."""
    beyond = verdict.beyond
    if beyond is None or not verdict.proven:
        return ""
    items = []
    if (dispute := beyond.dispute) is not None:
        here = f"{code(dispute.call)} {words(dispute.here)} here"
        items.append(f"✗ {here}, another answer that passes the examples {words(dispute.there)}: one of them is wrong")
    if beyond.agree:
        items.append(f"✓ {_others(beyond.agree)} the same for {beyond.calls} other calls")
    elif verdict.reservation is Reservation.UNCONFIRMED:
        items.append("✗ the model's other answers fail an example, so none of them could be compared with it")
    elif beyond.repeated:
        items.append("✓ the model gave the same program again")
    elif not beyond.compared:
        items.append("– no other answer was there to compare it with")
    if beyond.untried:
        items.append("– no example runs " + ", ".join(code(text, 80) for text in beyond.untried[:MAX_ITEMS]))
    elif beyond.followed:
        items.append("✓ the examples, or calls that others answer alike, run all of it")
    return "**Beyond the examples**\n" + _list(items)


def _but(verdict: Verdict) -> str:
    """The reservation as the second half of a sentence; "" where there is none."""
    beyond = verdict.beyond
    if beyond is None or verdict.reservation is None:
        return ""
    if (dispute := beyond.dispute) is not None:
        return f", but {dispute.call} {dispute.here} here; another that passes them {dispute.there}"
    return ", but the model's other answers fail one, so there is nothing to confirm it"


def _others(count: int) -> str:
    return "another answer that passes the examples gives" if count == 1 else f"{count} others that pass them give"


def _candidates(tried: Sequence[TriedLike]) -> str:
    if sum(one.times for one in tried) < 2:
        return ""
    items = []
    for one in tried:
        facts = [words(one.verdict.label), "greedy" if one.temperature <= 0 else f"temperature {one.temperature:.2g}"]
        if one.mean_logprob is not None:
            facts.append(f"mean log-probability {one.mean_logprob:.2f}")
        if one.repair:
            facts.append("second try, shown what failed")
        if one.times > 1:
            facts.append(f"came {one.times} times")
        line = " · ".join(facts)
        items.append(f"**{line} · chosen**" if one.chosen else line)
    made = sum(one.times for one in tried)
    return f"**Candidates**: {made} tried, {len(tried)} of them different\n" + _list(items, numbered=True)


def _unsatisfied(tried: Sequence[TriedLike]) -> tuple[Example, ...]:
    """The examples that every candidate fails, where there were at least two: they may be wrong themselves. That the
    same code came again and again speaks for the code, not for the example."""
    ran = [one for one in tried if one.verdict.examples is not None and one.verdict.examples.ran]
    reports = [one.verdict.examples for one in ran if one.verdict.examples is not None]
    if sum(one.times for one in ran) < 2:
        return ()
    failed = [{result.example for result in report.results if result.outcome is Outcome.FAILED} for report in reports]
    return tuple(set.intersection(*failed))


def _origin(model: str, total_ms: float, tokens: int) -> str:
    facts = [f"**Model**: {code(model, 120)}"] if model.strip() else []
    if total_ms > 0:
        facts.append(_seconds(total_ms))
    if tokens > 0:
        facts.append(f"{tokens} token{'s' if tokens != 1 else ''}")
    return " · ".join(facts)


def _list(items: Iterable[str], *, numbered: bool = False) -> str:
    entries = list(items)
    lines = [f"{f'{at}.' if numbered else '-'} {item}" for at, item in enumerate(entries[:MAX_ITEMS], 1)]
    if len(entries) > MAX_ITEMS:
        lines.append(f"\nand {len(entries) - MAX_ITEMS} more")
    return "\n".join(lines)


def _said(example: Example) -> str:
    return one_line(example.text or example.expression, 160)


def _sentence(claim: str, detail: str = "") -> str:
    said = one_line(f"{claim}: {detail}" if detail.strip() else claim, 300)
    return said if said.endswith((".", "!", "?", "…", "。")) else said + "."


def _seconds(ms: float) -> str:
    return f"{ms:.0f} ms" if ms < 1000 else f"{ms / 1000:.1f} s"


def _passed(count: int) -> str:
    return "it passed" if count == 1 else "all of those passed"


def _all(count: int) -> str:
    return "Its example passed" if count == 1 else f"All {count} examples passed"
