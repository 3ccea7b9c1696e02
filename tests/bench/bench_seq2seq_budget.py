"""Exact match on Django after the same processor time: our networks beside joeynmt's, on the same subwords.

    python tests/bench/bench_seq2seq_budget.py [--minutes 15] [--kind lstm] [--kind transformer] [--json FILE]

Needs what `bench_seq2seq_race.py` needs. Each rival trains on one thread until it has used its minutes of processor
time; they take turns. Batches, their order, sizes, dropout, label smoothing, Adam and the learning rate (a rise, then a
cosine down to 0 as the minutes pass) are alike; how many updates that makes is the rival's own affair. The last weights
count, nobody chooses any. Then all test pairs are answered, and every answer ends where its network ends it. Decoding
rates are of these answers, in processor time, rivals taking turns batch by batch; they depend on how long the answers
are, so they compare toolkits only where the networks have learned about the same.
"""

from __future__ import annotations

import argparse
import json
import math
import random
import sys
from collections.abc import Iterator, Sequence
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

from bench_seq2seq_race import BATCH, BEAM, Rival, corpus, entry, learn_pieces, peers_python, start
from measure import Report, Skipped, machine, show
from race_contestant import LONGEST, RATE
from rich.console import Console

Pairs = list[tuple[list[int], list[int]]]
TURN = 20
"""Updates until the next rival's turn."""
RISE = 0.05
"""Share of the budget in which the learning rate rises."""
SEED = 1


@dataclass
class Learner:
    """A rival with what it has used and reached."""

    rival: Rival
    spent: float = 0.0
    """Processor seconds of training."""
    updates: int = 0
    losses: list[float] = field(default_factory=list)
    answers: dict[int, dict[int, list[int]]] = field(default_factory=lambda: {1: {}, BEAM: {}})
    """By beam width and pair."""
    seconds: dict[int, float] = field(default_factory=lambda: {1: 0.0, BEAM: 0.0})


def main(arguments: Sequence[str] | None = None) -> int:
    """The command line."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("--minutes", type=float, default=15.0, metavar="N", help="of processor time, for each rival")
    parser.add_argument("--kind", action="append", choices=("lstm", "transformer"), help="default: both")
    parser.add_argument("--limit", type=int, metavar="N", help="answer only the first N test pairs")
    parser.add_argument("--json", type=Path, metavar="FILE", help="also write the figures there")
    options = parser.parse_args(arguments)
    console = Console(width=140)
    console.print(machine(), style="dim", highlight=False)
    reports: list[Report] = []
    try:
        for kind in options.kind or ("lstm", "transformer"):
            reports.append(compete(kind, 60 * options.minutes, options.limit))
            show(console, reports[-1])
            if options.json:
                found = {"machine": machine(), "reports": [asdict(report) for report in reports]}
                options.json.write_text(json.dumps(found, indent=2) + "\n", encoding="utf-8")
    except Skipped as why:
        console.print(f"[yellow]skipped:[/] {why}")
    return 0


def compete(kind: str, budget: float, limit: int | None) -> Report:
    """Train and answer; one table."""
    from glosswright_model.data.readers import read_corpus
    from glosswright_model.evaluation.protocols import find_protocol
    from glosswright_model.evaluation.scores import bleu_score, exact_match_score, judge_all

    parts = {part: list(read_corpus("django", corpus(), part)) for part in ("train", "test")}
    subwords = learn_pieces([text for pair in parts["train"] for text in (pair.source, pair.target)])

    def cut(part: str) -> Pairs:
        return [(subwords.encode(pair.source).ids, subwords.encode(pair.target).ids) for pair in parts[part]]

    train = [(source[:LONGEST], target[:LONGEST]) for source, target in cut("train") if source and target]
    questions = [source[:LONGEST] for source, _ in cut("test")][:limit]
    references = [pair.target for pair in parts["test"]][:limit]
    seen = {(pair.source, pair.target) for pair in parts["train"]}
    unseen = [n for n, pair in enumerate(parts["test"][:limit]) if (pair.source, pair.target) not in seen]
    ours, theirs = Path(sys.executable), peers_python()
    learners: list[Learner] = []
    try:
        for name, python, file, changes in (
            ("joeynmt 2.3.0", theirs, "race_joeynmt.py", {}),
            ("ours, the same network", ours, "race_ours.py", {}),
            ("ours, with copying", ours, "race_ours.py", {"copy": True}),
        ):
            learners.append(Learner(start(name, python, file)))
            rival = learners[-1].rival
            rival.parameters = rival.ask(entry(kind, subwords.get_vocab_size()) | changes)["parameters"]
        learn(learners, train, budget)
        answer(learners, questions)
    finally:
        for learner in learners:
            learner.rival.close()
    report = Report(
        f"{kind}: {budget / 60:g} minutes of processor time each, one thread, Django, {len(questions)} test pairs",
        (
            "",
            "parameters",
            "updates",
            "epochs",
            "exact match, greedy",
            f"beam {BEAM}",
            f"of {len(unseen)} unseen",
            "BLEU",
            "pieces an answer",
            "greedy, sentences/s",
            f"beam {BEAM}",
        ),
    )
    protocol = find_protocol("django")
    matches = []
    for learner in learners:
        judged = {
            beam: judge_all(protocol, [subwords.decode(found[n]) for n in range(len(questions))], references)
            for beam, found in learner.answers.items()
        }
        matches.append(exact_match_score(judged[BEAM]))
        report.row(
            learner.rival.name,
            f"{learner.rival.parameters / 1e6:.2f} M",
            learner.updates,
            learner.updates * BATCH / len(train),
            exact_match_score(judged[1]),
            matches[-1],
            exact_match_score([judged[BEAM][n] for n in unseen]),
            bleu_score(protocol, judged[BEAM]),
            sum(map(len, learner.answers[1].values())) / len(questions),
            *(len(questions) / seconds for seconds in learner.seconds.values()),
        )
    first, second = learners[:2]
    report.at_least("exact match against joeynmt's, same network", matches[1] - matches[0], 0.01, "points")
    for beam, name in ((1, "greedy decoding"), (BEAM, "beam search")):
        report.at_least(f"{name} against joeynmt", first.seconds[beam] / second.seconds[beam], 2.0, "times")
    return report


def learn(learners: Sequence[Learner], train: Pairs, budget: float) -> None:
    """Turn by turn until everybody has used the budget."""
    orders = [_batches(train) for _ in learners]
    turn = 0
    while any(learner.spent < budget for learner in learners):
        for learner, batches in zip(learners, orders, strict=True):
            if learner.spent < budget:
                chunk = [next(batches) for _ in range(TURN)]
                share = learner.spent / budget
                rate = RATE * min(1.0, share / RISE + 0.01) * 0.5 * (1.0 + math.cos(math.pi * share))
                found = learner.rival.ask({"do": "train", "batches": chunk, "rate": rate})
                learner.spent += found["cpu"]
                learner.updates += TURN
                learner.losses.append(found["loss"])
        turn += 1
        if turn % 10 == 0:
            shown = (f"{one.rival.name} {one.updates} updates, loss {one.losses[-1]:.2f}" for one in learners)
            print(f"{100 * min(one.spent for one in learners) / budget:.0f} %: {'; '.join(shown)}", file=sys.stderr)


def answer(learners: Sequence[Learner], questions: list[list[int]]) -> None:
    """All questions, in batches of like length."""
    order = sorted(range(len(questions)), key=lambda n: len(questions[n]), reverse=True)
    for beam in (1, BEAM):
        for begin in range(0, len(order), BATCH):
            places = order[begin : begin + BATCH]
            message: dict[str, Any] = {"do": "decode", "batches": [[questions[n] for n in places]], "beam": beam}
            for learner in learners:
                found = learner.rival.ask({**message, "length": None})
                learner.seconds[beam] += found["cpu"]
                learner.answers[beam].update(zip(places, found["answers"], strict=True))


def _batches(train: Pairs) -> Iterator[tuple[list[list[int]], list[list[int]]]]:
    """Epoch after epoch, pairs of like length together, batches in a new order each time; the same for everybody."""
    drawn = random.Random(SEED)
    while True:
        order = list(range(len(train)))
        drawn.shuffle(order)
        order.sort(key=lambda n: (len(train[n][1]), len(train[n][0])))
        batches = [order[begin : begin + BATCH] for begin in range(0, len(order), BATCH)]
        drawn.shuffle(batches)
        for batch in batches:
            yield [train[n][0] for n in batch], [train[n][1] for n in batch]


if __name__ == "__main__":
    sys.exit(main())
