"""Our side of the race; see `race_contestant`."""

from __future__ import annotations

from typing import Any

import torch
from race_contestant import LONGEST, Ids, take_part

from glosswright_model.data.batching import Example, collate, collate_sources
from glosswright_model.data.codec import EncodedSource
from glosswright_model.decoding.beam import beam_search
from glosswright_model.decoding.greedy import greedy
from glosswright_model.decoding.hypothesis import Normalisation
from glosswright_model.seq2seq.batch import EOS, PAD
from glosswright_model.seq2seq.build import build
from glosswright_model.seq2seq.config import config_from_dict
from glosswright_model.training.optimization import build_optimizer
from glosswright_model.training.settings import OptimizerSettings

N_SPECIAL = 4


class Ours:
    """A network of ours with the optimizer that `glosswright model train` uses."""

    def __init__(self, entry: dict[str, Any]) -> None:
        torch.set_num_threads(entry["threads"])
        torch.manual_seed(1)
        self._size = N_SPECIAL + entry["pieces"]
        size, layers = entry["size"], entry["layers"]
        if entry["kind"] == "transformer":
            network: dict[str, object] = {
                "architecture": "transformer",
                "model_size": size,
                "heads": 4,
                "feedforward_size": 4 * size,
                "encoder_layers": layers,
                "decoder_layers": layers,
                "dropout": 0.1,
            }
        else:
            network = {
                "architecture": "rnn",
                "cell": "lstm",
                "embedding_size": size,
                "hidden_size": 2 * size,
                "attention": "general",
                "input_feeding": entry["input_feeding"],
                "dropout": 0.2,
                "embedding_dropout": 0.2,
            }
        self._network = build(config_from_dict({**network, "copy": entry["copy"]}), self._size, self._size)
        self._optimizer = build_optimizer(self._network, OptimizerSettings())
        self.parameters = sum(weights.numel() for weights in self._network.parameters())
        self._copy = entry["copy"]

    def prepare(self, sources: list[Ids], *, beam: int, length: int) -> None:
        pass

    def train(self, sources: list[Ids], targets: list[Ids], rate: float) -> float:
        self._network.train()
        for group in self._optimizer.param_groups:
            group["lr"] = rate
        pairs = zip(map(self._source, sources), targets, strict=True)
        batch = collate([Example(source, _shifted(target), n) for n, (source, target) in enumerate(pairs)])
        losses = self._network(batch.source, batch.target, label_smoothing=0.1)
        tokens = batch.target_tokens
        loss = losses.objective.sum() / tokens
        self._optimizer.zero_grad()
        loss.backward()
        torch.nn.utils.clip_grad_norm_(self._network.parameters(), 1.0)
        self._optimizer.step()
        return -float(losses.log_probs.detach().sum()) / tokens

    def decode(self, sources: list[Ids], *, beam: int, length: int | None) -> list[Ids]:
        self._network.eval()
        model = self._network if length is None else Endless(self._network)
        source, most = collate_sources(list(map(self._source, sources))), length or LONGEST
        if beam == 1:
            found = greedy(model, source, max_length=most)
        else:
            normalisation = Normalisation(length=1.0)
            searched = beam_search(model, source, width=beam, max_length=most, normalisation=normalisation)
            found = [hypotheses[0] for hypotheses in searched]
        return [[each - N_SPECIAL for each in hypothesis.ids] for hypothesis in found]

    def _source(self, ids: Ids) -> EncodedSource:
        shifted = _shifted(ids)
        return EncodedSource(shifted, shifted if self._copy else (PAD,) * len(ids))


class Endless:
    """A network that never ends by itself, so that everybody decodes the same number of pieces."""

    def __init__(self, network: Any) -> None:
        self._network = network
        self.target_size: int = network.target_size
        self.start = network.start

    def step(self, previous: torch.Tensor, state: Any) -> Any:
        step = self._network.step(previous, state)
        step.log_probs[:, EOS] = -torch.inf
        return step


def _shifted(ids: Ids) -> tuple[int, ...]:
    return tuple(N_SPECIAL + each for each in ids)


if __name__ == "__main__":
    take_part(Ours)
