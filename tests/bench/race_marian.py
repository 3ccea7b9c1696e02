"""Marian's side of the race (Junczys-Dowmunt et al. 2018), from the wheel of pymarian: a compiled bar to reach.

Its weights are those of one update on nonsense, with the end of a sentence made impossible: speed does not depend on
them when the length is given. It trains only from files and from beginning to end, so it cannot take turns in training.
Its recurrent network is Nematus's, whose decoder has two cells and whose output layer is narrower, not quite that of
the others. It runs in the environment that `scripts/peers.sh` makes; see `race_contestant`.
"""

from __future__ import annotations

import random
import tempfile
from pathlib import Path
from typing import Any

import numpy as np
import pymarian
from race_contestant import Ids, take_part

BATCH = 64
END = 0
SPECIAL = ("</s>", "<unk>")


class Marian:
    """A network of the size asked for."""

    def __init__(self, entry: dict[str, Any]) -> None:
        self._threads = entry["threads"]
        self._keep = tempfile.TemporaryDirectory(prefix="glosswright-race-")
        self._folder = Path(self._keep.name)
        self._vocabulary = self._folder / "vocabulary.yml"
        words = [*SPECIAL, *(f"piece{n}" for n in range(entry["pieces"]))]
        self._vocabulary.write_text("".join(f"{word}: {n}\n" for n, word in enumerate(words)))
        self._weights = self._folder / "endless.npz"
        self._prepared: tuple[int, float] | None = None
        self.parameters = self._build(entry)

    def prepare(self, sources: list[Ids], *, beam: int, length: int) -> None:
        # Its limit is a share of the longest source, the end included, and fixed when a model is loaded.
        wanted = beam, (length - 0.5) / (max(map(len, sources)) + 1)
        if wanted != self._prepared:
            self._prepared = wanted
            self._translator = pymarian.Translator(
                f"--models {self._weights} --vocabs {self._vocabulary} {self._vocabulary} "
                f"--cpu-threads {self._threads} --mini-batch {BATCH} --maxi-batch 1 --workspace 512 --quiet "
                f"--beam-size {beam} --normalize 1 --max-length-factor {wanted[1]}"
            )

    def train(self, sources: list[Ids], targets: list[Ids], rate: float) -> float:
        raise NotImplementedError("Marian trains from files, from beginning to end")

    def decode(self, sources: list[Ids], *, beam: int, length: int | None) -> list[Ids]:
        found = self._translator.translate([_text(ids) for ids in sources])
        # Weights of one update write the unknown word as readily as pieces.
        return [[-1 if word == "<unk>" else int(word.removeprefix("piece")) for word in row.split()] for row in found]

    def _build(self, entry: dict[str, Any]) -> int:
        """Write the weights; how many there are."""
        size, layers = entry["size"], entry["layers"]
        if entry["kind"] == "transformer":
            network = (
                f"--type transformer --dim-emb {size} --transformer-dim-ffn {4 * size} --transformer-heads 4 "
                f"--enc-depth {layers} --dec-depth {layers} --transformer-preprocess n --transformer-postprocess da"
            )
        else:
            network = f"--type s2s --enc-cell lstm --dec-cell lstm --dim-emb {size} --dim-rnn {2 * size}"
        drawn = random.Random(1)
        nonsense = [_text([drawn.randrange(entry["pieces"]) for _ in range(10)]) for _ in range(BATCH)]
        corpus, model = self._folder / "nonsense", self._folder / "model.npz"
        corpus.write_text("".join(f"{line}\n" for line in nonsense))
        pymarian.Trainer(
            f"--train-sets {corpus} {corpus} --vocabs {self._vocabulary} {self._vocabulary} --model {model} {network} "
            f"--mini-batch {BATCH} --after-batches 1 --cpu-threads {self._threads} --workspace 512 --seed 1 --quiet"
        ).train()
        with np.load(model) as arrays:
            weights = {name: arrays[name] for name in arrays.files}
        rows = len(SPECIAL) + entry["pieces"]
        for array in weights.values():
            if array.shape == (1, rows):  # the bias of the output layer
                array[0, END] = -1e4
        np.savez(self._weights, **weights)
        return sum(array.size for name, array in weights.items() if not name.startswith("special:"))


def _text(ids: Ids) -> str:
    return " ".join(f"piece{each}" for each in ids)


if __name__ == "__main__":
    take_part(Marian)
