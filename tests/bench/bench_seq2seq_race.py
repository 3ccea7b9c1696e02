"""Our seq2seq networks beside joeynmt's, on the same pairs, subwords, sizes and threads; CTranslate2, Marian as bars.

Needs the Django corpus (`GLOSSWRIGHT_SHARED`, a folder with `data/django`) and the peers' environment, which
`scripts/peers.sh` makes. Rivals are processes that take turns within each round, and what counts is the processor time
each of them used, so that other work on the machine falls on all alike. One thread each. Decoding makes as many pieces
as the references have on average, whatever a network would rather do: these are untrained, and an early end would look
like speed.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
import tempfile
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from measure import Report, Skipped, command, p50, progress, ratio

FOLDER = Path(__file__).parent
THREADS = 1
PIECES = 4000
BATCH = 64
BEAM = 5
SIZES = {"transformer": {"size": 256, "layers": 3}, "lstm": {"size": 128, "layers": 1}}
TASKS = ("train", "greedy", "beam")


@dataclass
class Rival:
    """A process that takes part, and the processor seconds it needed for each task, round by round."""

    name: str
    process: subprocess.Popen[str]
    chatter: Path
    """What it wrote besides its answers."""
    trains: bool = True
    parameters: int = 0
    seconds: dict[str, list[float]] = field(default_factory=lambda: {task: [] for task in TASKS})

    def ask(self, message: dict[str, Any]) -> dict[str, Any]:
        """Send a command and wait for what was found."""
        assert self.process.stdin is not None
        assert self.process.stdout is not None
        self.process.stdin.write(json.dumps(message) + "\n")
        self.process.stdin.flush()
        line = self.process.stdout.readline()
        if not line:
            last = self.chatter.read_text(encoding="utf-8", errors="replace").strip().splitlines()[-1:]
            raise RuntimeError(f"{self.name} gave up with {self.process.wait(timeout=30)}: {' '.join(last)}")
        found: dict[str, Any] = json.loads(line)
        return found

    def close(self) -> None:
        """End the process."""
        assert self.process.stdin is not None
        self.process.stdin.close()
        try:
            self.process.wait(timeout=30)
        except subprocess.TimeoutExpired:
            self.process.kill()
            self.process.wait(timeout=30)
        self.chatter.unlink(missing_ok=True)


@dataclass(frozen=True)
class Course:
    """The corpus as pieces, in batches of like length."""

    train: list[tuple[list[list[int]], list[list[int]]]]
    test: list[list[list[int]]]
    pieces: int
    length: int
    """Mean pieces of a test target."""


def run(quick: bool) -> Iterator[Report]:
    """One table for each kind of network."""
    peers = peers_python()
    course = lay_out(corpus())
    rounds, updates, batches = (2, 2, 1) if quick else (5, 4, 1)
    for kind in ("transformer", "lstm"):
        yield race(kind, course, peers, rounds, updates, batches)


def race(kind: str, course: Course, peers: Path, rounds: int, updates: int, batches: int) -> Report:
    """Let the rivals of one kind take turns."""
    ours, theirs = Path(sys.executable), peers
    entries: list[tuple[str, Path, str, dict[str, Any]]] = [
        ("joeynmt 2.3.0", theirs, "race_joeynmt.py", {}),
        ("ours, the same network", ours, "race_ours.py", {}),
        ("ours, with copying", ours, "race_ours.py", {"copy": True}),
    ]
    if kind == "lstm":
        entries.append(
            ("ours, with copying, without input feeding", ours, "race_ours.py", {"copy": True, "input_feeding": False})
        )
    else:
        entries.append(("CTranslate2 (a bar)", theirs, "race_ctranslate2.py", {}))
    entries.append(("Marian (a bar)", theirs, "race_marian.py", {}))
    rivals: list[Rival] = []
    try:
        for name, python, file, changes in entries:
            progress(f"{kind}: {name}")
            rival = start(name, python, file)
            rivals.append(rival)
            rival.parameters = rival.ask(entry(kind, course.pieces) | changes)["parameters"]
        for number in range(rounds + 1):  # the first round warms up
            progress(f"{kind}: round {number} of {rounds}")
            for task in TASKS:
                for rival in rivals:
                    seconds = attempt(rival, task, course, number, updates, batches)
                    if number and seconds is not None:
                        rival.seconds[task].append(seconds)
    finally:
        for rival in rivals:
            rival.close()
    tokens = p50([sum(len(t) + 1 for t in targets) for _, targets in course.train])
    return table(kind, rivals, tokens * updates, batches * BATCH, course.length)


def entry(kind: str, pieces: int) -> dict[str, Any]:
    """What a contestant is asked to build."""
    return {"kind": kind, "pieces": pieces, "threads": THREADS, "copy": False, "input_feeding": True, **SIZES[kind]}


def attempt(rival: Rival, task: str, course: Course, number: int, updates: int, batches: int) -> float | None:
    """Processor seconds of one rival for one task of one round; the same batches for all."""
    if task == "train":
        if not rival.trains:
            return None
        first = number * updates
        return float(rival.ask({"do": "train", "batches": course.train[first : first + updates]})["cpu"])
    first = number * batches % (len(course.test) - batches)
    beam = BEAM if task == "beam" else 1
    found = rival.ask(
        {"do": "decode", "batches": course.test[first : first + batches], "beam": beam, "length": course.length}
    )
    if found["lengths"] != [course.length]:
        raise RuntimeError(f"{rival.name} made {found['lengths']} pieces instead of {course.length}")
    return float(found["cpu"])


def table(kind: str, rivals: Sequence[Rival], tokens: float, sentences: int, length: int) -> Report:
    """Rates and ratios; the first rival is the one that the others are measured by."""
    report = Report(
        f"{kind}: processor time, one thread, batches of {BATCH}, {length} pieces a sentence",
        (
            "",
            "parameters",
            "training, tokens/s",
            "ratio",
            "greedy, sentences/s",
            "ratio",
            f"beam {BEAM}, sentences/s",
            "ratio",
        ),
    )
    first = rivals[0]
    for rival in rivals:
        cells: list[object] = [f"{rival.parameters / 1e6:.2f} M" if rival.parameters else "the same"]
        for task, amount in (("train", tokens), ("greedy", sentences), ("beam", sentences)):
            seconds = rival.seconds[task]
            cells += [
                amount / p50(seconds) if seconds else None,
                ratio(first.seconds[task], seconds) if seconds else None,
            ]
        report.row(rival.name, *cells)
    ours = rivals[1]
    report.at_least("training against joeynmt", ratio(first.seconds["train"], ours.seconds["train"]), 1.0, "times")
    report.at_least(
        "greedy decoding against joeynmt", ratio(first.seconds["greedy"], ours.seconds["greedy"]), 2.0, "times"
    )
    report.at_least("beam search against joeynmt", ratio(first.seconds["beam"], ours.seconds["beam"]), 2.0, "times")
    return report


def lay_out(folder: Path) -> Course:
    """Django's pairs as ids of one vocabulary of subwords for both sides."""
    from glosswright_model.data.readers import read_corpus

    parts = {part: list(read_corpus("django", folder, part)) for part in ("train", "test")}
    subwords = learn_pieces([text for pair in parts["train"] for text in (pair.source, pair.target)])

    def cut(part: str) -> list[tuple[list[int], list[int]]]:
        pairs = [(subwords.encode(pair.source).ids, subwords.encode(pair.target).ids) for pair in parts[part]]
        return [(source[:100], target[:100]) for source, target in pairs if source and target]

    train, test = cut("train"), cut("test")
    # Like lengths together, as every toolkit does it, then a fixed shuffle of the batches.
    ordered = sorted(train, key=lambda pair: (len(pair[1]), len(pair[0])))
    batches = [ordered[begin : begin + BATCH] for begin in range(0, len(ordered) - BATCH, BATCH)]
    step = 97  # coprime with any number of batches it is likely to meet: all of them, in a scattered order
    shuffled = [batches[n * step % len(batches)] for n in range(len(batches))]
    asked = sorted((source for source, _ in test), key=len, reverse=True)
    middle = asked[len(asked) // 4 :]
    return Course(
        train=[([source for source, _ in batch], [target for _, target in batch]) for batch in shuffled],
        test=[middle[begin : begin + BATCH] for begin in range(0, len(middle) - BATCH, BATCH)],
        pieces=subwords.get_vocab_size(),
        length=round(sum(len(target) for _, target in test) / len(test)),
    )


def learn_pieces(texts: list[str]) -> Any:
    """Subwords of both sides together, by `tokenizers`."""
    from tokenizers import ByteLevelBPETokenizer

    subwords = ByteLevelBPETokenizer()
    subwords.train_from_iterator(texts, vocab_size=PIECES, min_frequency=2, show_progress=False)
    return subwords


def corpus() -> Path:
    """The Django corpus."""
    checkout = FOLDER.parents[1]
    named = os.environ.get("GLOSSWRIGHT_SHARED")
    for root in [Path(named)] if named else [checkout.parent / "shared", checkout.parent.parent / "shared"]:
        if (root / "data" / "django" / "canonical").is_dir():
            return root / "data" / "django"
    raise Skipped("the Django corpus is not here: set GLOSSWRIGHT_SHARED to a folder with data/django")


def peers_python() -> Path:
    """The interpreter of the peers' environment."""
    folder = Path(os.environ.get("GLOSSWRIGHT_PEERS") or Path.home() / ".cache" / "glosswright" / "peers")
    python = folder / "bin" / "python"
    if not python.exists():
        raise Skipped("joeynmt, CTranslate2 and Marian are not here: run scripts/peers.sh once (some 2.6 GB)")
    return python


def start(name: str, python: Path, file: str) -> Rival:
    """A rival's process."""
    environment = {**os.environ, "OMP_NUM_THREADS": str(THREADS)}
    handle, chatter = tempfile.mkstemp(prefix="glosswright-race-", suffix=".log")
    with os.fdopen(handle, "w") as log:
        process = subprocess.Popen(
            [str(python), "-W", "ignore", str(FOLDER / file)],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=log,
            text=True,
            env=environment,
        )
    return Rival(name, process, Path(chatter), trains=file in ("race_ours.py", "race_joeynmt.py"))


main = command(run, __doc__)

if __name__ == "__main__":
    sys.exit(main())
