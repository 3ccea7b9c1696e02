"""Systems side by side on one task: answers become scores, scores of unseen pairs, and comparisons with the first."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field

from glosswright_model.evaluation.answers import Answer
from glosswright_model.evaluation.intervals import Comparison
from glosswright_model.evaluation.scores import PairScore, Scores, compare, judge_all, summed_up
from glosswright_model.evaluation.task import Task


@dataclass(frozen=True, slots=True, kw_only=True)
class System:
    """What answered, and what it said."""

    name: str
    outputs: tuple[str, ...]
    """One for each pair, in the form of the task's references."""
    tokenised: bool = False
    """Whether outputs are tokens already."""
    search: str = ""
    """How answers were looked for; empty for a file of outputs."""
    seconds: float | None = None
    """Wall time of decoding everything."""
    parameters: int | None = None
    """Weights of the network, all of an ensemble's together."""
    answers: tuple[Answer, ...] = ()
    """With tokens and attention, where there are any."""
    facts: dict[str, object] = field(default_factory=dict)
    """What else a reader of the report may want to know."""


@dataclass(frozen=True, slots=True)
class Result:
    """A system's scores on a task."""

    system: System
    pairs: tuple[PairScore, ...]
    scores: Scores
    unseen: Scores | None
    """Of the pairs that are not in the training part; None where all are, or where there is none."""
    against_first: dict[str, Comparison] | None = None
    """Differences to the first system of the run."""


def score_system(task: Task, system: System, first: Result | None = None, *, samples: int = 1000) -> Result:
    """Score one system; with the first one given, compare it with that. Raises DataError (number of outputs)."""
    pairs = judge_all(
        task.protocol,
        system.outputs,
        task.references,
        language=task.language,
        tokenised=system.tokenised,
        codebleu=True,
    )
    return Result(
        system,
        tuple(pairs),
        summed_up(task.protocol, pairs, samples=samples),
        _unseen(task, pairs, samples),
        compare(task.protocol, pairs, first.pairs, samples=samples) if first is not None else None,
    )


def _unseen(task: Task, pairs: Sequence[PairScore], samples: int) -> Scores | None:
    if not task.training or not task.unseen or len(task.unseen) == len(pairs):
        return None
    return summed_up(task.protocol, [pairs[number] for number in task.unseen], samples=samples)
