"""Reads the rows of `contracts/*.txt` and writes a contract the way they do; `contracts/README.md` has the format."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from glosswright_server.intent import LANGUAGES, Intent, IntentKind, actions_at, parse
from glosswright_server.intent.contract import Contract, Result
from glosswright_server.intent.docs.read import read_contract

CONTRACTS = Path(__file__).parent / "contracts"


@dataclass(frozen=True)
class Row:
    """One real document and what a careful person reads in it."""

    file: str
    title: str
    language: str
    given: tuple[str, ...]
    expected: tuple[str, ...]
    source: str


def read_rows(path: Path) -> list[Row]:
    """The rows of one file; the first word of its name is the language unless a row says otherwise."""
    rows = []
    for chunk in ("\n" + path.read_text(encoding="utf-8")).split("\n==== ")[1:]:
        title, _, rest = chunk.partition("\n")
        head, _, source = rest.partition("----\n")
        language, given, expected = path.stem.partition("-")[0], "", []
        for line in head.splitlines():
            key, _, value = line.partition(":")
            if key == "language":
                language = value.strip()
            elif key == "given":
                given = value
            elif line.strip():
                expected.append(line.rstrip())
        rows.append(
            Row(path.stem, title.strip(), language, tuple(given.split()), tuple(expected), source.rstrip("\n") + "\n")
        )
    return rows


def all_rows() -> list[Row]:
    """Every row, file by file."""
    return [row for path in sorted(CONTRACTS.glob("*.txt")) for row in read_rows(path)]


def intent_of(row: Row) -> Intent:
    """What the product is asked for in the row's document: the body of its function, else the code of its comment."""
    source = row.source.replace("→", "\t")
    language = LANGUAGES[row.language]
    intents = actions_at(source, 0, len(source), language, parse(source, language))
    bodies = [intent for intent in intents if intent.kind is IntentKind.BODY]
    return (bodies or [intent for intent in intents if intent.kind is IntentKind.COMMENT])[0]


def contract_of(row: Row) -> Contract:
    """What the product reads in the row's document."""
    intent = intent_of(row)
    return read_contract(intent.request, intent.language, name=intent.name, parameters=row.given)


def written(contract: Contract) -> tuple[str, ...]:
    """A contract as the lines of a row; parts that are empty are left out."""
    lines = [f"style: {contract.style.value}", f"summary: {contract.summary}"]
    if contract.description:
        lines.append(f"description: {contract.description}")
    for one in contract.parameters:
        facts = [one.name, f"type {one.type}" if one.type else "", f"default {one.default}" if one.default else ""]
        facts += ["optional" if one.optional else "", f": {one.description}" if one.description else ""]
        lines.append("parameter: " + _joined(facts))
    lines += [f"{kind}: {_result(result)}" for kind, result in _results(contract)]
    lines += [
        "raises: " + _joined([one.type, f": {one.description}" if one.description else ""]) for one in contract.raises
    ]
    for example in contract.examples:
        lines.append("example: " + _joined([example.kind.value, _line(example.expression), _line(example.expected)]))
    lines += [f"wish: {wish}" for wish in contract.wishes]
    lines += [f"unreadable: {text}" for text in contract.unreadable]
    return tuple(lines)


def _results(contract: Contract) -> list[tuple[str, Result]]:
    pairs = (("returns", contract.returns), ("yields", contract.yields))
    return [(kind, result) for kind, result in pairs if result is not None]


def _result(result: Result) -> str:
    facts = [f"name {result.name}" if result.name else "", f"type {result.type}" if result.type else ""]
    return _joined([*facts, f": {result.description}" if result.description else ""])


def _joined(facts: list[str]) -> str:
    return " | ".join(fact for fact in facts if fact)


def _line(text: str) -> str:
    return text.replace("\n", "\\n")
