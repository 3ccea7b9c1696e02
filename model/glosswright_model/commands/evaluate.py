"""`glosswright model eval`: checkpoints, or files of answers, against a published corpus in the protocol of its paper.

Here the parts meet: a checkpoint's network and codec, a search, the task, and what is made of the answers. Decoding a
test set takes seconds to minutes and leaves its answers in the report's folder, so nothing is resumed: `--outputs`
scores them again in another way without decoding.
"""

from __future__ import annotations

import argparse
import json
import sys
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from itertools import zip_longest
from pathlib import Path
from typing import TYPE_CHECKING

from glosswright_model.errors import CheckpointError, DataError

if TYPE_CHECKING:
    from glosswright_model.checkpoint import Loaded
    from glosswright_model.commands import AddCommand
    from glosswright_model.decoding.step import StepModel
    from glosswright_model.evaluation.results import Result, System
    from glosswright_model.evaluation.task import Task

EXIT_OK = 0


def register(add: AddCommand) -> None:
    """Declare the command."""
    parser = add("eval", run, "Measure trained models, or files of answers, on a corpus.")
    parser.add_argument(
        "checkpoints", nargs="*", type=Path, metavar="CHECKPOINT", help="a checkpoint's folder, or one that comes along"
    )
    parser.add_argument("--data", type=Path, required=True, metavar="PATH", help="the corpus: a folder or a file")
    parser.add_argument("--corpus", help="its name (default: told by what lies in the folder)")
    parser.add_argument("--part", default="test", help="which part is answered (default: %(default)s)")
    parser.add_argument("--protocol", help="how answers are scored (default: as the corpus's paper does)")
    parser.add_argument(
        "--outputs", type=Path, action="append", default=[], metavar="FILE", help="score this file of answers, too"
    )
    parser.add_argument("--tokenised", action="store_true", help="files of answers hold BLEU's tokens already")
    parser.add_argument(
        "--beam", type=_at_least_one, default=1, metavar="N", help="hypotheses kept (default: 1, greedy)"
    )
    parser.add_argument(
        "--length", type=_strength, default=0.0, metavar="A", help="length normalisation (default: 0, none)"
    )
    parser.add_argument(
        "--coverage", type=_strength, default=0.0, metavar="B", help="coverage normalisation (default: 0, none)"
    )
    parser.add_argument(
        "--no-repeat",
        type=_at_least_one,
        default=0,
        metavar="N",
        help="no N tokens twice in an answer (default: allowed)",
    )
    parser.add_argument(
        "--grammar", action="store_true", help="answers must parse: a line of code, or a part such as a header alone"
    )
    parser.add_argument("--max-length", type=_at_least_one, default=256, metavar="N", help="tokens of an answer")
    parser.add_argument("--batch", type=_at_least_one, default=64, metavar="N", help="sources decoded together")
    parser.add_argument("--ensemble", action="store_true", help="ask all checkpoints together, not one by one")
    parser.add_argument("--limit", type=_at_least_one, metavar="N", help="only the first N pairs")
    parser.add_argument("--out", type=Path, metavar="FOLDER", help="write report.md, report.json and answers there")
    parser.add_argument("--examples", type=int, default=10, metavar="N", help="right and wrong ones in the report")
    parser.add_argument("--pictures", type=int, default=4, metavar="N", help="attention heat maps in the report")
    parser.add_argument("--json", action="store_true", help="print JSON")


def run(options: argparse.Namespace) -> int:
    """Evaluate; returns 0. Raises ModelPackageError with a sentence for the user."""
    from glosswright_model.evaluation.report import as_json
    from glosswright_model.evaluation.results import System, score_system
    from glosswright_model.evaluation.task import open_task
    from glosswright_model.weights.shipped import checkpoint_folder

    options.checkpoints = [checkpoint_folder(path) for path in options.checkpoints]
    if not options.checkpoints and not options.outputs:
        raise DataError("There is nothing to measure: give a checkpoint's folder, or a file of answers by --outputs.")
    task = open_task(
        options.data, corpus=options.corpus, part=options.part, protocol=options.protocol, limit=options.limit
    )
    _make_folder(options.out)  # before the work, not after it
    results: list[Result] = []
    for system in (*_asked(task, options), *_read(task, options)):
        results.append(score_system(task, system, results[0] if results else None))
    answers = task.floor()
    floor = None if answers is None else score_system(task, System(name="retrieval", outputs=tuple(answers)))
    if options.json:
        print(json.dumps(as_json(task, results, floor), indent=2, ensure_ascii=False))
    else:
        _print(task, results, floor)
    if options.out is not None:
        _write(options.out, task, results, floor, options)
        print(f"The report is in {options.out / 'report.md'}.", file=sys.stderr)
    return EXIT_OK


def _asked(task: Task, options: argparse.Namespace) -> Iterator[System]:
    """The checkpoints' answers, one system after the other; all of them as one with --ensemble."""
    from glosswright_model.checkpoint import load_checkpoint
    from glosswright_model.decoding.ensemble import Ensemble

    loaded = [load_checkpoint(folder) for folder in options.checkpoints]
    if options.ensemble:
        if len(loaded) < 2:
            raise DataError("An ensemble needs at least two checkpoints.")
        _check_codecs(options.checkpoints)
        _check_purposes(options.checkpoints, loaded)
        networks = [each.network for each in loaded]
        yield _answers(task, f"ensemble of {len(loaded)}", Ensemble(networks), loaded, options)
        return
    names = _told_apart([each.about.name for each in loaded], options.checkpoints)
    for each, name in zip(loaded, names, strict=True):
        yield _answers(task, name, each.network, [each], options)


def _told_apart(names: Sequence[str], folders: Sequence[Path]) -> Iterator[str]:
    """The names of experiments; where two are equal, with the folder's name, or its path where those are equal too."""
    for name, folder in zip(names, folders, strict=True):
        alike = [other.name for other, its in zip(folders, names, strict=True) if its == name]
        place = folder.name if alike.count(folder.name) == 1 else folder
        yield name if len(alike) == 1 else f"{name} ({place})"


def _answers(task: Task, name: str, model: StepModel, loaded: Sequence[Loaded], options: argparse.Namespace) -> System:
    from glosswright_model.evaluation.answers import Search, answer_all
    from glosswright_model.evaluation.results import System

    constraint = None
    if options.grammar:
        from glosswright_model.constraints import constraint_for

        constraint = constraint_for(loaded[0].codec, loaded[0].about.language, fragments=True)
    search = Search(
        beam=options.beam,
        length_normalisation=options.length,
        coverage_normalisation=options.coverage,
        no_repeat_ngram=options.no_repeat,
        max_length=min(each.answer_limit(options.max_length) for each in loaded),
        batch_size=options.batch,
        attention=options.out is not None and options.pictures > 0,
    )
    with _progress(name, len(task.pairs)) as advance:
        asked = (pair.with_context() if loaded[0].about.context else pair for pair in task.pairs)
        sources = [pair.source for pair in asked]
        decoded = answer_all(model, loaded[0].codec, sources, search, constraint=constraint, progress=advance)
    return System(
        name=name,
        outputs=tuple(task.protocol.written(answer.text) for answer in decoded.answers),
        search=f"{search.text}, grammar" if options.grammar else search.text,
        seconds=decoded.seconds,
        parameters=sum(weights.numel() for each in loaded for weights in each.network.parameters()),
        answers=decoded.answers,
        facts={
            "unfinished": sum(not answer.finished for answer in decoded.answers),
            "truncated_sources": sum(answer.truncated > 0 for answer in decoded.answers),
            "trained_on": sorted({corpus for each in loaded for corpus in each.about.data}),
        },
    )


def _read(task: Task, options: argparse.Namespace) -> Iterator[System]:
    from glosswright_model.evaluation.outputs import read_outputs
    from glosswright_model.evaluation.results import System

    for path in options.outputs:
        outputs = read_outputs(path)
        if options.limit is not None:
            outputs = outputs[: options.limit]
        if len(outputs) != len(task.pairs):
            raise DataError(
                f"{path} has {len(outputs)} answers for {len(task.pairs)} pairs; line n must answer pair n."
            )
        yield System(name=path.name, outputs=tuple(outputs), tokenised=options.tokenised)


def _check_codecs(folders: Sequence[Path]) -> None:
    """Networks can be averaged only if an id means the same to all of them. Raises CheckpointError."""
    from glosswright_model.checkpoint import WEIGHTS_NAME, read_config

    first: dict[str, str] | None = None
    for folder in folders:
        files = {name: digest for name, digest in read_config(folder)["files"].items() if name != WEIGHTS_NAME}
        if first is not None and files != first:
            raise CheckpointError(
                f"{folder} has another vocabulary than {folders[0]}; an ensemble needs checkpoints trained with one."
            )
        first = files


def _check_purposes(folders: Sequence[Path], loaded: Sequence[Loaded]) -> None:
    """All are asked the same question and answer in the same way, or a mean is none. Raises CheckpointError."""
    purposes = [
        (
            "comments with the code before them" if about.context else "comments alone",
            f"the language {about.language}",
            f"the unit {about.unit}",
        )
        for about in (each.about for each in loaded)
    ]
    for folder, purpose in zip(folders, purposes, strict=True):
        for its, first in zip(purpose, purposes[0], strict=True):
            if its != first:
                raise CheckpointError(
                    f"{folder} was trained for {its}, {folders[0]} for {first}; an ensemble needs checkpoints of one "
                    "purpose."
                )


def _make_folder(folder: Path | None) -> None:
    if folder is None:
        return
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise DataError(f"The folder {folder} cannot be made: {error.strerror or error}.") from error


def _write(
    folder: Path, task: Task, results: Sequence[Result], floor: Result | None, options: argparse.Namespace
) -> None:
    from glosswright_model.evaluation.outputs import write_outputs
    from glosswright_model.evaluation.pictures import draw_attention
    from glosswright_model.evaluation.report import as_json, as_markdown, choose_examples

    examples = choose_examples(results[-1], max(options.examples, 0))
    pictures: list[Path] = []
    for number, result in enumerate(results, start=1):
        system = result.system
        log_probs = [answer.log_prob for answer in system.answers] or None
        write_outputs(folder / f"answers-{number}.jsonl", system.outputs, log_probs)
    answers = results[-1].system.answers
    if answers and answers[0].attention is not None:
        right, wrong = ([each for each in examples if each.right is kind] for kind in (True, False))
        in_turns = [each for both in zip_longest(right, wrong) for each in both if each is not None]
        for example in in_turns[: max(options.pictures, 0)]:
            picture = folder / f"attention-{example.number + 1}.png"
            draw_attention(picture, answers[example.number], title="right" if example.right else "wrong")
            pictures.append(picture)
    report = json.dumps(as_json(task, results, floor), indent=2, ensure_ascii=False)
    try:
        (folder / "report.json").write_text(report + "\n", encoding="utf-8")
        (folder / "report.md").write_text(as_markdown(task, results, floor, examples, pictures), encoding="utf-8")
    except OSError as error:
        raise DataError(f"The report in {folder} cannot be written: {error.strerror or error}.") from error


def _print(task: Task, results: Sequence[Result], floor: Result | None) -> None:
    from glosswright_model.evaluation.report import table

    rows = table(task, results, floor)
    widths = [max(map(len, column)) for column in zip(*rows, strict=True)]
    print(f"{task.corpus}, {task.part}: {len(task.pairs)} pairs, protocol {task.protocol.name}")
    for row in rows:  # plain text, never cut: it may go through a pipe
        cells = [
            cell.rjust(width) if n else cell.ljust(width)
            for n, (cell, width) in enumerate(zip(row, widths, strict=True))
        ]
        print("  ".join(cells).rstrip())


@contextmanager
def _progress(name: str, total: int) -> Iterator[Callable[[int], None]]:
    from rich import progress as bars
    from rich.console import Console

    columns = ("[progress.description]{task.description}", bars.BarColumn(), bars.MofNCompleteColumn())
    with bars.Progress(*columns, bars.TimeRemainingColumn(), console=Console(stderr=True), transient=True) as bar:
        task = bar.add_task(name, total=total)
        yield lambda more: bar.advance(task, more)


def _at_least_one(text: str) -> int:
    try:
        value = int(text)
    except ValueError:
        value = 0
    if value < 1:
        raise argparse.ArgumentTypeError(f"{text!r} is not a whole number from 1")
    return value


def _strength(text: str) -> float:
    """Of a normalisation: more than ten would leave nothing of the probabilities."""
    try:
        value = float(text)
    except ValueError:
        value = -1.0
    if not 0.0 <= value <= 10.0:
        raise argparse.ArgumentTypeError(f"{text!r} is not a number from 0 to 10")
    return value
