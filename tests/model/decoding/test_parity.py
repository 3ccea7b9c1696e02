"""Beam search against transformers' on the same probabilities: a table, wrapped both ways."""

from __future__ import annotations

from typing import Any

import pytest

torch = pytest.importorskip("torch")
transformers = pytest.importorskip("transformers")
pytestmark = pytest.mark.torch

from harness.table_model import TableModel, sources  # noqa: E402  (after the check that torch is there)

from glosswright_model.decoding.beam import beam_search  # noqa: E402
from glosswright_model.decoding.greedy import greedy  # noqa: E402
from glosswright_model.decoding.hypothesis import Normalisation  # noqa: E402
from glosswright_model.seq2seq.batch import BOS, EOS, PAD, UNK  # noqa: E402

LENGTH = 7


def table(seed: int) -> Any:
    """Log-probabilities [position, last token, token] where only tokens that may be emitted have any probability."""
    logits = TableModel.random(seed, vocabulary=12, length=LENGTH + 1).tables[1].clone()
    logits[..., [PAD, BOS, UNK]] = -1e9
    logits[..., EOS] += 2.0  # most sequences should end within the limit
    return logits.log_softmax(dim=-1)


class TableLanguageModel(transformers.PreTrainedModel, transformers.GenerationMixin):
    """The table as transformers sees it: a causal model whose prompt is BOS."""

    config_class = transformers.PretrainedConfig

    def __init__(self, logits: Any) -> None:
        config = transformers.PretrainedConfig(
            vocab_size=logits.shape[-1], bos_token_id=BOS, eos_token_id=EOS, pad_token_id=PAD, num_hidden_layers=1
        )
        super().__init__(config)
        self.table = torch.nn.Parameter(logits)
        self.post_init()

    def forward(self, input_ids: Any, attention_mask: Any = None, **kwargs: Any) -> Any:
        positions = torch.arange(input_ids.shape[1]).clamp(max=self.table.shape[0] - 1)
        return transformers.modeling_outputs.CausalLMOutput(logits=self.table[positions, input_ids])

    def prepare_inputs_for_generation(self, input_ids: Any, **kwargs: Any) -> dict[str, Any]:
        return {"input_ids": input_ids}


def reference(logits: Any, width: int, alpha: float) -> list[tuple[tuple[int, ...], float]]:
    """What transformers finds that ends by itself: ids without BOS, EOS and padding, with their scores."""
    model = TableLanguageModel(logits).eval()
    found = model.generate(
        torch.tensor([[BOS]]),
        attention_mask=torch.tensor([[1]]),
        num_beams=width,
        num_return_sequences=width,
        max_new_tokens=LENGTH,
        do_sample=False,
        use_cache=False,
        length_penalty=alpha,
        early_stopping=False,
        output_scores=True,
        return_dict_in_generate=True,
    )
    scores = found.sequences_scores.tolist() if width > 1 else [0.0]
    both = zip(found.sequences.tolist(), scores, strict=True)
    return [(tuple(token for token in row if token not in (BOS, EOS, PAD)), score) for row, score in both if EOS in row]


@pytest.mark.parametrize("alpha", [0.0, 1.0])
@pytest.mark.parametrize("width", [2, 3, 5])
@pytest.mark.parametrize("seed", range(4))
def test_finds_what_transformers_finds(seed: int, width: int, alpha: float) -> None:
    """Sequences and scores. With an offset of 0 the normalisation is theirs, log P / |Y|^alpha."""
    logits = table(seed)
    expected = reference(logits, width, alpha)
    (found,) = beam_search(
        TableModel(logits.expand(4, -1, -1, -1)),
        sources(1),
        width=width,
        n_best=width,
        max_length=LENGTH,
        normalisation=Normalisation(length=alpha, offset=0.0),
    )
    # What the limit cut is ranked behind the others here, and among them by transformers: there it may crowd some out.
    finished = [(each.ids, each.score) for each in found if each.finished]
    assert expected
    for (ids, score), (their_ids, their_score) in zip(finished, expected, strict=False):
        assert ids == their_ids
        assert score == pytest.approx(their_score, abs=1e-4)


@pytest.mark.parametrize("seed", range(4))
def test_greedy_is_theirs(seed: int) -> None:
    """One token after the other, up to the end."""
    logits = table(seed)
    ((ids, _),) = reference(logits, 1, 0.0)
    assert greedy(TableModel(logits.expand(4, -1, -1, -1)), sources(1), max_length=LENGTH)[0].ids == ids
