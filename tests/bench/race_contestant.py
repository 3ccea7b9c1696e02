"""One side of a race: a process that trains and decodes when told to, a little at a time, so that rivals take turns.

It runs in whatever environment its rival's toolkit needs, so it imports nothing but the standard library. Commands come
as JSON lines on standard input and are answered by one each on standard output.
"""

from __future__ import annotations

import json
import sys
import time
from collections.abc import Callable
from typing import Any, Protocol

Ids = list[int]
"""Pieces of a text, numbered from 0; a toolkit puts its special ids before them."""
LONGEST = 100
RATE = 1e-3


class Contestant(Protocol):
    """A toolkit with a network of the size that was asked for."""

    parameters: int

    def prepare(self, sources: list[Ids], *, beam: int, length: int) -> None:
        """What a toolkit has to do before it can decode such a batch, and would do once for a corpus; not timed."""

    def train(self, sources: list[Ids], targets: list[Ids], rate: float) -> float:
        """One update on a batch with that learning rate; the loss per token."""

    def decode(self, sources: list[Ids], *, beam: int, length: int | None) -> list[Ids]:
        """Exactly `length` pieces for each source of a batch, whatever the network would rather do; None: as many as
        it likes, up to `LONGEST`.
        """


def take_part(enter: Callable[[dict[str, Any]], Contestant]) -> None:
    """Build the contestant from the first line, then obey until the input ends."""
    answers, sys.stdout = sys.stdout, sys.stderr  # what toolkits print must not get between the answers
    contestant: Contestant | None = None
    for line in sys.stdin:
        command = json.loads(line)
        if command.get("length"):
            assert contestant is not None
            contestant.prepare(command["batches"][0], beam=command["beam"], length=command["length"])
        cpu, wall = time.process_time(), time.perf_counter()
        found: dict[str, Any] = {}
        if contestant is None:
            contestant = enter(command)
            found["parameters"] = contestant.parameters
        elif command["do"] == "train":
            losses = [contestant.train(*batch, rate=command.get("rate", RATE)) for batch in command["batches"]]
            found = {
                "loss": losses[-1],
                "tokens": sum(len(target) + 1 for _, targets in command["batches"] for target in targets),
            }
        else:
            decoded = [
                contestant.decode(batch, beam=command["beam"], length=command["length"]) for batch in command["batches"]
            ]
            found = {
                "answers": [ids for batch in decoded for ids in batch],
                "lengths": sorted({len(ids) for batch in decoded for ids in batch}),
            }
        found |= {"cpu": time.process_time() - cpu, "wall": time.perf_counter() - wall}
        print(json.dumps(found), file=answers, flush=True)
