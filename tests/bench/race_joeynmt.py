"""joeynmt's side of the race (Kreutzer et al. 2019), with its own model, loss and search; see `race_contestant`.

It runs in the environment that `scripts/peers.sh` makes.
"""

from __future__ import annotations

from itertools import takewhile
from types import SimpleNamespace
from typing import Any

import torch
from joeynmt.batch import Batch
from joeynmt.model import build_model
from joeynmt.search import search
from joeynmt.vocabulary import Vocabulary
from race_contestant import LONGEST, Ids, take_part

UNK, PAD, BOS, EOS, N_SPECIAL = 0, 1, 2, 3, 4


class JoeyNMT:
    """A joeynmt model with the steps of its own training loop."""

    def __init__(self, entry: dict[str, Any]) -> None:
        torch.set_num_threads(entry["threads"])
        torch.manual_seed(1)
        special = SimpleNamespace(
            unk_token="<unk>",
            pad_token="<pad>",
            bos_token="<s>",
            eos_token="</s>",
            sep_token=None,
            unk_id=UNK,
            pad_id=PAD,
            bos_id=BOS,
            eos_id=EOS,
            sep_id=None,
            lang_tags=[],
        )
        vocabulary = Vocabulary([f"piece{n}" for n in range(entry["pieces"])], special)
        self._model = build_model(_configuration(entry), vocabulary, vocabulary)
        self._model.loss_function = ("crossentropy", 0.1)
        self._optimizer = torch.optim.Adam(self._model.parameters(), lr=1e-3, betas=(0.9, 0.98))
        self.parameters = sum(weights.numel() for weights in self._model.parameters())

    def prepare(self, sources: list[Ids], *, beam: int, length: int) -> None:
        pass

    def train(self, sources: list[Ids], targets: list[Ids], rate: float) -> float:
        self._model.train()
        for group in self._optimizer.param_groups:
            group["lr"] = rate
        batch = _batch(sources, targets)
        batch.sort_by_src_length()
        loss, *_ = self._model(return_type="loss", **vars(batch))
        loss = batch.normalize(loss, normalization="tokens")
        loss.backward()
        torch.nn.utils.clip_grad_norm_(self._model.parameters(), 1.0)
        self._optimizer.step()
        self._model.zero_grad()
        return float(loss.detach())

    def decode(self, sources: list[Ids], *, beam: int, length: int | None) -> list[Ids]:
        self._model.eval()
        batch = _batch(sources, None)
        places = batch.sort_by_src_length()
        found, *_ = search(
            model=self._model,
            batch=batch,
            max_output_length=length or LONGEST,
            min_output_length=length or 1,
            beam_size=beam,
            beam_alpha=1.0,
        )
        rows = [[int(each) - N_SPECIAL for each in found[place]] for place in places]
        return rows if length else [_before_the_end(row) for row in rows]


def _before_the_end(row: Ids) -> Ids:
    """Without special signs."""
    return [each for each in takewhile(lambda each: each != EOS - N_SPECIAL, row) if each >= 0]


def _configuration(entry: dict[str, Any]) -> dict[str, Any]:
    size, layers = entry["size"], entry["layers"]
    if entry["kind"] == "transformer":
        part = {
            "type": "transformer",
            "num_layers": layers,
            "num_heads": 4,
            "embeddings": {"embedding_dim": size, "scale": True, "dropout": 0.1},
            "hidden_size": size,
            "ff_size": 4 * size,
            "dropout": 0.1,
            "layer_norm": "pre",
        }
        return {"encoder": part, "decoder": dict(part), "tied_softmax": True, "tied_embeddings": False}
    embeddings = {"embedding_dim": size, "dropout": 0.2}
    encoder = {
        "type": "recurrent",
        "rnn_type": "lstm",
        "embeddings": embeddings,
        "hidden_size": size,
        "bidirectional": True,
        "num_layers": 1,
        "dropout": 0.2,
    }
    decoder = {
        "type": "recurrent",
        "rnn_type": "lstm",
        "embeddings": dict(embeddings),
        "hidden_size": 2 * size,
        "num_layers": 1,
        "dropout": 0.2,
        "hidden_dropout": 0.2,
        "attention": "luong",
        "input_feeding": entry["input_feeding"],
        "init_hidden": "bridge",
    }
    return {"encoder": encoder, "decoder": decoder, "tied_softmax": False, "tied_embeddings": False}


def _batch(sources: list[Ids], targets: list[Ids] | None) -> Batch:
    source = [[N_SPECIAL + each for each in ids] for ids in sources]
    target = None
    if targets is not None:
        target = _padded([[BOS, *(N_SPECIAL + each for each in ids), EOS] for ids in targets])
    return Batch(
        src=_padded(source),
        src_length=torch.tensor([len(ids) for ids in source]),
        src_prompt_mask=None,
        trg=target,
        trg_prompt_mask=None,
        indices=torch.arange(len(source)),
        device=torch.device("cpu"),
        pad_index=PAD,
        eos_index=EOS,
        is_train=targets is not None,
    )


def _padded(rows: list[Ids]) -> torch.Tensor:
    longest = max(map(len, rows))
    return torch.tensor([[*row, *[PAD] * (longest - len(row))] for row in rows])


if __name__ == "__main__":
    take_part(JoeyNMT)
