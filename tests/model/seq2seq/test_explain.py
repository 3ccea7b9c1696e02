"""Explanations: what a search threw away, found again."""

from __future__ import annotations

import pytest
import torch
from harness.seq2seq_batches import SIZE, batch
from harness.seq2seq_configs import few

from glosswright_model.seq2seq.batch import EOS
from glosswright_model.seq2seq.build import build
from glosswright_model.seq2seq.config import NetworkConfig
from glosswright_model.seq2seq.explain import explain


@pytest.mark.parametrize("config", [pytest.param(config, id=name) for name, config in few().items()])
def test_explains_what_training_scored(config: NetworkConfig) -> None:
    """The picture shown to a user must be of the very weights that made the answer."""
    network = build(config, SIZE, SIZE).eval()
    source, target = batch(rows=1)
    losses = network(source, target, attention=True)
    tokens = target.ids[0, 1:].tolist()
    if not config.copy:
        tokens = [min(token, SIZE - 1) for token in tokens]
    explanation = explain(network, source, tokens)
    first = 1 if tokens == target.ids[0, 1:].tolist() else 0
    if first:
        torch.testing.assert_close(explanation.log_probs, losses.log_probs[0], atol=1e-5, rtol=0)
    torch.testing.assert_close(explanation.attention[0], losses.attention[0, 0], atol=1e-5, rtol=0)
    torch.testing.assert_close(explanation.weights.sum(-1), torch.ones(len(tokens)), atol=1e-5, rtol=0)
    if config.copy:
        assert explanation.copied is not None
        assert (explanation.copied[:, source.copies[0] == 0] == 0).all()
        assert (explanation.copied.sum(-1) < 1).all()
    else:
        assert explanation.copied is None
        assert explanation.weights is explanation.attention


def test_copied_is_the_probability_of_a_copy() -> None:
    """For a word behind the vocabulary, copying is all there is: it has what its positions have."""
    network = build(few()["lstm-general-copy"], SIZE, SIZE).eval()
    source, _ = batch(rows=1)
    unknown = SIZE + 1
    explanation = explain(network, source, [unknown, EOS])
    assert explanation.copied is not None
    total = explanation.copied[0, source.copies[0] == unknown].sum()
    torch.testing.assert_close(explanation.log_probs[0].exp(), total)


def test_takes_one_source_and_some_tokens() -> None:
    """Anything else is a mistake of the caller's."""
    network = build(few()["lstm-general-copy"], SIZE, SIZE).eval()
    with pytest.raises(ValueError, match="one source"):
        explain(network, batch()[0], [EOS])
    with pytest.raises(ValueError, match="at least one token"):
        explain(network, batch(rows=1)[0], [])
