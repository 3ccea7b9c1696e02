"""Which problems of a file are done: all, named ones, the first few, or a random sample that can be drawn again."""

from __future__ import annotations

import random
from collections.abc import Sequence

from glosswright_server.errors import UsageError
from glosswright_server.evaluation.problem import Problem


def choose(
    problems: Sequence[Problem],
    *,
    ids: Sequence[str] = (),
    sample: int | None = None,
    seed: int = 0,
    limit: int | None = None,
) -> list[Problem]:
    """First the named ones, of those a sample, of those the first `limit`; in the file's order. Raises UsageError.

    An id may be given without what all ids of the file begin with: `32` for `HumanEval/32`.
    """
    chosen = list(problems)
    if ids:
        wanted = {_found(problems, name) for name in ids}
        chosen = [problem for problem in problems if problem.id in wanted]
    if sample is not None and sample < len(chosen):
        kept = set(random.Random(seed).sample(range(len(chosen)), sample))  # noqa: S311 - a sample, not a secret
        chosen = [problem for number, problem in enumerate(chosen) if number in kept]
    return chosen[:limit]


def _found(problems: Sequence[Problem], name: str) -> str:
    for problem in problems:
        if problem.id == name:
            return name
    short = [problem.id for problem in problems if problem.id.rpartition("/")[2] == name]
    if len(short) == 1:
        return short[0]
    raise UsageError(
        f"There is no problem {name!r}; the first is {problems[0].id!r}."
        if not short
        else f"{name!r} may be {' or '.join(short[:2])}; say which."
    )
