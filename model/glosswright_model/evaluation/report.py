"""A run's results for people (Markdown) and for programs (JSON), with examples and pictures. It computes nothing."""

from __future__ import annotations

import random
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from glosswright_model import __version__
from glosswright_model.evaluation.intervals import Comparison
from glosswright_model.evaluation.results import Result
from glosswright_model.evaluation.scores import Percentage, Scores
from glosswright_model.evaluation.task import Task

_LONGEST_CELL = 300


@dataclass(frozen=True, slots=True)
class Example:
    """One pair worth looking at."""

    number: int
    """Which pair of the part, from 0."""
    right: bool


def choose_examples(result: Result, count: int, *, seed: int = 1) -> list[Example]:
    """Up to `count` right and as many wrong answers, drawn at random but the same for the same seed; unseen or not."""
    chance = random.Random(seed)  # noqa: S311  # a sample to look at, not a secret
    chosen: list[Example] = []
    for right in (True, False):
        numbers = [number for number, pair in enumerate(result.pairs) if pair.exact == right]
        chosen += [Example(number, right) for number in sorted(chance.sample(numbers, min(count, len(numbers))))]
    return chosen


def as_json(task: Task, results: Sequence[Result], floor: Result | None) -> dict[str, Any]:
    """Everything that was found, as plain values."""
    return {
        "glosswright": __version__,
        "corpus": task.corpus,
        "part": task.part,
        "protocol": {"name": task.protocol.name, "source": task.protocol.source},
        "pairs": len(task.pairs),
        "unseen_pairs": len(task.unseen) if task.training else None,
        "systems": [_system(result) for result in results],
        "retrieval_floor": None if floor is None else _system(floor),
    }


def as_markdown(
    task: Task,
    results: Sequence[Result],
    floor: Result | None,
    examples: Sequence[Example],
    pictures: Sequence[Path] = (),
) -> str:
    """The report; examples are those of the last system, pictures lie beside it."""
    return "\n".join(_lines(task, results, floor, examples, pictures)) + "\n"


def table(task: Task, results: Sequence[Result], floor: Result | None) -> list[list[str]]:
    """The main table, its header first: one row for each system, the floor last."""
    unseen = any(result.unseen is not None for result in results)
    header = ["system", "exact match", "BLEU"]
    if unseen:
        header = ["system", "exact match", "of unseen pairs", "BLEU", "of unseen pairs"]
    rows = [[*header, "brevity penalty", "CodeBLEU", "parses", "tokens right", "pairs a second"]]
    named = [(result.system.name, result) for result in results]
    if floor is not None:
        named.append(("nearest training pair (floor)", floor))
    for name, result in named:
        scores, other = result.scores, result.unseen
        exact, bleu = [scores.exact_match.text], [scores.bleu.text]
        if unseen:
            exact.append(other.exact_match.text if other is not None else "–")
            bleu.append(other.bleu.text if other is not None else "–")
        search = f", {result.system.search}" if result.system.search else ""
        rows.append(
            [
                name + search,
                *exact,
                *bleu,
                f"{scores.corpus_bleu.brevity_penalty:.3f}",
                f"{scores.code_bleu.score:.1f}" if scores.code_bleu else "–",
                f"{scores.parse_rate.value:.1f}" if scores.parse_rate else "–",
                f"{scores.token_accuracy:.1f}",
                _rate(result),
            ]
        )
    return rows


def _lines(
    task: Task, results: Sequence[Result], floor: Result | None, examples: Sequence[Example], pictures: Sequence[Path]
) -> Iterator[str]:
    yield f"# {task.corpus}, {task.part}: {len(task.pairs)} pairs"
    yield ""
    yield f"Scored by the protocol `{task.protocol.name}`: {task.protocol.source}."
    if task.training:
        yield f"{len(task.pairs) - len(task.unseen)} pairs are in the training part too; {len(task.unseen)} are unseen."
    yield "In brackets 95 % intervals: Wilson's for shares, a bootstrap's for BLEU."
    yield ""
    yield from _markdown_table(table(task, results, floor))
    yield ""
    for result in results:
        yield f"- {result.system.name}: corpus BLEU-4 {result.scores.corpus_bleu.text}"
    compared = [result for result in results if result.against_first is not None]
    if compared:
        yield ""
        yield f"## Against {results[0].system.name}"
        yield ""
        for result in compared:
            for metric, found in (result.against_first or {}).items():
                yield f"- {result.system.name}: {metric} {_difference(found)}"
    yield from _examples(task, results[-1], examples)
    if pictures:
        yield ""
        yield "## Where it looked"
        for picture in pictures:
            yield ""
            yield f"![Attention of an answer]({picture.name})"


def _examples(task: Task, result: Result, examples: Sequence[Example]) -> Iterator[str]:
    for right, title in ((True, "Right"), (False, "Wrong")):
        rows = [["pair", "asked", "reference", "answer"]]
        for example in examples:
            if example.right != right:
                continue
            number = example.number
            texts = (task.pairs[number].source, task.references[number], result.system.outputs[number])
            rows.append([str(number + 1), *(_cell(text) for text in texts)])
        if len(rows) > 1:
            yield ""
            yield f"## {title}: examples of {result.system.name}"
            yield ""
            yield from _markdown_table([row[:3] for row in rows] if right else rows)


def _markdown_table(rows: Sequence[Sequence[str]]) -> Iterator[str]:
    for number, row in enumerate(rows):
        yield "| " + " | ".join(row) + " |"
        if number == 0:
            yield "|" + "---|" * len(row)


def _cell(text: str) -> str:
    """Code in a cell: one line, short, its bars and backticks harmless."""
    flat = " ⏎ ".join(line.rstrip() for line in text.splitlines()).replace("|", "\\|")
    if len(flat) > _LONGEST_CELL:
        flat = flat[:_LONGEST_CELL] + " …"
    fence = "``" if "`" in flat else "`"
    return f"{fence} {flat} {fence}" if flat.strip() else "(nothing)"


def _difference(found: Comparison) -> str:
    low, high = found.interval.low, found.interval.high
    return f"{found.difference:+.2f} ({low:+.2f} to {high:+.2f}), p = {found.p_value:.3f} (paired bootstrap)"


def _rate(result: Result) -> str:
    return f"{len(result.pairs) / result.system.seconds:.1f}" if result.system.seconds else "–"


def _system(result: Result) -> dict[str, Any]:
    system = result.system
    return {
        "name": system.name,
        "search": system.search or None,
        "parameters": system.parameters,
        "seconds": None if system.seconds is None else round(system.seconds, 3),
        **system.facts,
        "all": _scores(result.scores),
        "unseen": None if result.unseen is None else _scores(result.unseen),
        "against_first": result.against_first
        and {
            name: {
                "difference": round(found.difference, 3),
                "interval": [round(found.interval.low, 3), round(found.interval.high, 3)],
                "p_value": round(found.p_value, 4),
            }
            for name, found in result.against_first.items()
        },
    }


def _scores(scores: Scores) -> dict[str, Any]:
    code = scores.code_bleu
    return {
        "pairs": scores.pairs,
        "exact_match": _percentage(scores.exact_match),
        "bleu": _percentage(scores.bleu),
        "corpus_bleu": {
            "score": round(scores.corpus_bleu.score, 3),
            "precisions": [round(value, 2) for value in scores.corpus_bleu.precisions],
            "brevity_penalty": round(scores.corpus_bleu.brevity_penalty, 4),
            "length_ratio": round(scores.corpus_bleu.length_ratio, 4),
        },
        "parse_rate": scores.parse_rate and _percentage(scores.parse_rate),
        "token_accuracy": round(scores.token_accuracy, 3),
        "code_bleu": code
        and {
            "score": round(code.score, 3),
            "ngram": round(code.ngram, 3),
            "weighted_ngram": round(code.weighted_ngram, 3),
            "syntax": round(code.syntax, 3),
            "data_flow": None if code.data_flow is None else round(code.data_flow, 3),
        },
    }


def _percentage(value: Percentage) -> dict[str, Any]:
    return {
        "value": round(value.value, 3),
        "interval": [round(value.interval.low, 3), round(value.interval.high, 3)],
    }
