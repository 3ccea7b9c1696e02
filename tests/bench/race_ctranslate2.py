"""CTranslate2's side of the race: compiled decoding of a Transformer, the bar to reach. It cannot train.

Its weights are drawn at random: speed does not depend on them when the length is given. It runs in the environment that
`scripts/peers.sh` makes; see `race_contestant`.
"""

from __future__ import annotations

import tempfile
from pathlib import Path
from typing import Any

import ctranslate2
import numpy as np
from ctranslate2.specs import TransformerSpec
from race_contestant import LONGEST, Ids, take_part

SPECIAL = ("<unk>", "<s>", "</s>")


class CTranslate2:
    """A Transformer of the size asked for, in 32-bit floats as the others."""

    def __init__(self, entry: dict[str, Any]) -> None:
        if entry["kind"] != "transformer":
            raise ValueError("CTranslate2 decodes Transformers only")
        size, layers = entry["size"], entry["layers"]
        spec = TransformerSpec.from_config((layers, layers), 4, pre_norm=True)
        draw = np.random.default_rng(1)
        pieces = [f"piece{n}" for n in range(entry["pieces"])]
        rows = len(SPECIAL) + len(pieces)
        embedding = draw.normal(0, 0.05, (rows, size)).astype(np.float32)
        waves = np.zeros((512, size), dtype=np.float32)

        def fill(layer: Any, out: int, into: int) -> None:
            layer.weight = draw.normal(0, 0.05, (out, into)).astype(np.float32)
            layer.bias = np.zeros(out, dtype=np.float32)

        def norm(layer: Any) -> None:
            layer.gamma, layer.beta = np.ones(size, dtype=np.float32), np.zeros(size, dtype=np.float32)

        def feed_forward(layer: Any) -> None:
            norm(layer.layer_norm)
            fill(layer.linear_0, 4 * size, size)
            fill(layer.linear_1, size, 4 * size)

        for part, looks_back in ((spec.encoder, False), (spec.decoder, True)):
            norm(part.layer_norm)
            part.position_encodings.encodings = waves
            for layer in part.layer:
                norm(layer.self_attention.layer_norm)
                fill(layer.self_attention.linear[0], 3 * size, size)
                fill(layer.self_attention.linear[1], size, size)
                if looks_back:
                    norm(layer.attention.layer_norm)
                    fill(layer.attention.linear[0], size, size)
                    fill(layer.attention.linear[1], 2 * size, size)
                    fill(layer.attention.linear[2], size, size)
                feed_forward(layer.ffn)
        spec.encoder.embeddings[0].weight = embedding
        spec.decoder.embeddings.weight = embedding
        spec.decoder.projection.weight = embedding
        spec.decoder.projection.bias = np.zeros(rows, dtype=np.float32)
        spec.register_source_vocabulary([*SPECIAL, *pieces])
        spec.register_target_vocabulary([*SPECIAL, *pieces])
        # Random weights write special signs as readily as pieces.
        self._numbers = {piece: number - len(SPECIAL) for number, piece in enumerate([*SPECIAL, *pieces])}
        self.parameters = 0
        with tempfile.TemporaryDirectory(prefix="glosswright-race-") as folder:
            spec.validate()
            spec.save(folder)
            self._translator = ctranslate2.Translator(
                str(Path(folder)), device="cpu", inter_threads=1, intra_threads=entry["threads"], compute_type="float32"
            )

    def prepare(self, sources: list[Ids], *, beam: int, length: int) -> None:
        pass

    def train(self, sources: list[Ids], targets: list[Ids], rate: float) -> float:
        raise NotImplementedError("CTranslate2 does not train")

    def decode(self, sources: list[Ids], *, beam: int, length: int | None) -> list[Ids]:
        found = self._translator.translate_batch(
            [[f"piece{each}" for each in ids] for ids in sources],
            beam_size=beam,
            max_decoding_length=length or LONGEST,
            min_decoding_length=length or 1,
            disable_unk=True,
            max_batch_size=0,
        )
        return [[self._numbers[each] for each in result.hypotheses[0]] for result in found]


if __name__ == "__main__":
    take_part(CTranslate2)
