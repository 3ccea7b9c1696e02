"""From a configuration to a network: every option changes what it should, and nothing is built that does not learn."""

from __future__ import annotations

from typing import Any

import pytest
import torch
from harness.seq2seq_batches import SIZE, batch
from harness.seq2seq_configs import architectures, small_rnn, small_transformer
from torch import Tensor, nn

from glosswright_model.errors import ConfigError
from glosswright_model.seq2seq.build import build
from glosswright_model.seq2seq.config import NetworkConfig


@pytest.mark.parametrize("config", [pytest.param(config, id=name) for name, config in architectures().items()])
def test_gradient_reaches_every_weight(config: NetworkConfig) -> None:
    """A weight without gradient is a part of the network that is not there."""
    network = build(config, SIZE, SIZE)
    source, target = batch(rows=8)
    network(source, target, label_smoothing=0.1).objective.sum().backward()
    missing = [name for name, weight in network.named_parameters() if weight.grad is None or not weight.grad.any()]
    assert missing == []


@pytest.mark.parametrize("small", [small_rnn, small_transformer])
def test_tied_weights_are_one_tensor(small: Any) -> None:
    """Tying saves memory and ties gradients only if it is the same tensor, in the state that is saved too."""
    loose = build(small(tie_output=False), SIZE, SIZE)
    assert loose.output.weight is not loose.decoder.embedding.table.weight
    assert loose.encoder.embedding is not loose.decoder.embedding
    tied = build(small(tie_output=True), SIZE, SIZE)
    assert tied.output.weight is tied.decoder.embedding.table.weight
    assert tied.output.weight is not tied.encoder.embedding.table.weight
    all_three = build(small(tie_output=True, tie_embeddings=True), SIZE, SIZE)
    assert all_three.output.weight is all_three.decoder.embedding.table.weight
    assert all_three.output.weight is all_three.encoder.embedding.table.weight
    all_three(*batch()).objective.sum().backward()

    def count(network: nn.Module) -> int:
        return sum(weight.numel() for weight in network.parameters())

    features = loose.decoder.embedding.table.embedding_dim
    assert count(tied) - count(all_three) == SIZE * features
    assert count(loose) > count(tied)


@pytest.mark.parametrize("small", [small_rnn, small_transformer])
def test_tying_needs_one_vocabulary(small: Any) -> None:
    """Two sizes cannot share a table; tying the output alone asks nothing of the source."""
    with pytest.raises(
        ConfigError, match="tie_embeddings: the source vocabulary has 21 tokens, the target vocabulary 20"
    ):
        build(small(tie_embeddings=True), 21, 20)
    assert build(small(tie_output=True), 31, 20).target_size == 20


DROPOUTS = [
    (small_rnn, "dropout"),
    (small_rnn, "embedding_dropout"),
    (small_rnn, "recurrent_dropout"),
    (small_rnn, "word_dropout"),
    (small_transformer, "dropout"),
    (small_transformer, "attention_dropout"),
    (small_transformer, "activation_dropout"),
    (small_transformer, "layer_dropout"),
    (small_transformer, "word_dropout"),
]


@pytest.mark.parametrize(("small", "name"), DROPOUTS, ids=[f"{small.__name__}-{name}" for small, name in DROPOUTS])
def test_each_dropout_drops_in_training_alone(small: Any, name: str) -> None:
    """Alone switched on it makes two training passes differ; without any they agree; and evaluation is never noisy."""
    none = {other: 0.0 for known, other in DROPOUTS if known is small}
    source, target = batch()

    def differ(network: nn.Module) -> bool:
        first, second = (network(source, target).log_probs for _ in range(2))
        return not torch.equal(first, second)

    assert not differ(build(small(**none), SIZE, SIZE).train())
    noisy = build(small(**{**none, name: 0.5}), SIZE, SIZE)
    assert differ(noisy.train())
    assert not differ(noisy.eval())


def test_variational_dropout_has_one_mask_for_a_sequence() -> None:
    """The same features are missing at every position, others in another sequence; without it, at each its own."""

    def dropped(variational: bool) -> Tensor:
        network = build(small_rnn(embedding_dropout=0.5, variational=variational), SIZE, SIZE).train()
        ids = torch.full((16, 9), 7)
        return network.encoder.embedding(ids) == 0  # [B, T, X]

    one = dropped(True)
    assert (one == one[:, :1]).all()
    assert not (one == one[:1]).all()
    assert not (dropped(False) == dropped(False)[:, :1]).all()


def test_word_dropout_makes_words_unknown_and_spares_special_ids() -> None:
    """Only words become the unknown token: a decoder that misses BOS would learn nothing from it."""
    network = build(small_rnn(word_dropout=0.5, embedding_dropout=0.0), SIZE, SIZE).train()
    embedding = network.decoder.embedding
    ids = torch.tensor([[1, 2, 3, *([9] * 400), 0]])
    vectors = embedding(ids)
    assert torch.equal(vectors[0, :3], embedding.table.weight[1:4])
    assert torch.equal(vectors[0, -1], embedding.table.weight[0])
    unknown = (vectors[0, 3:-1] == embedding.table.weight[3]).all(-1)
    kept = (vectors[0, 3:-1] == embedding.table.weight[9]).all(-1)
    assert (unknown | kept).all()
    assert 0.4 < unknown.float().mean() < 0.6


CHANGES: list[tuple[Any, dict[str, Any], dict[str, Any]]] = [
    (small_rnn, {"cell": "lstm"}, {"cell": "gru"}),
    (small_rnn, {"attention": "dot"}, {"attention": "general"}),
    (small_rnn, {"attention": "concat"}, {"attention": "bahdanau"}),
    (small_rnn, {"input_feeding": False}, {"input_feeding": True}),
    (small_rnn, {"coverage": False}, {"coverage": True}),
    (small_rnn, {"copy": False}, {"copy": True}),
    (small_rnn, {"copy_feeding": False}, {"copy_feeding": True}),
    (small_rnn, {"bidirectional": False}, {"bidirectional": True}),
    (small_rnn, {"encoder_layers": 1}, {"encoder_layers": 2}),
    (small_rnn, {"decoder_layers": 1}, {"decoder_layers": 3}),
    (small_rnn, {"embedding_size": 8}, {"embedding_size": 10}),
    (small_rnn, {"hidden_size": 12}, {"hidden_size": 14}),
    (small_transformer, {"positions": "sinusoidal"}, {"positions": "learned"}),
    (small_transformer, {"pre_norm": False}, {"pre_norm": True}),
    (small_transformer, {"copy": False}, {"copy": True}),
    (small_transformer, {"copy_from": "own"}, {"copy_from": "attention"}),
    (small_transformer, {"copy_feeding": False}, {"copy_feeding": True}),
    (small_transformer, {"feedforward_size": 16}, {"feedforward_size": 17}),
    (small_transformer, {"encoder_layers": 1}, {"encoder_layers": 2}),
    (small_transformer, {"decoder_layers": 1}, {"decoder_layers": 2}),
    (small_transformer, {"positions": "learned", "max_positions": 8}, {"positions": "learned", "max_positions": 9}),
]


@pytest.mark.parametrize(("small", "one", "other"), CHANGES, ids=lambda value: getattr(value, "__name__", str(value)))
def test_each_structural_option_changes_the_weights(small: Any, one: dict[str, Any], other: dict[str, Any]) -> None:
    """Weights of one do not fit the other: an option that is read nowhere would leave them alike."""
    first, second = (
        {name: tuple(weight.shape) for name, weight in build(small(**options), SIZE, SIZE).named_parameters()}
        for options in (one, other)
    )
    assert first != second


def test_heads_change_the_numbers() -> None:
    """The same weights read as other heads: no shape shows it, the outcome does."""
    networks = [build(small_transformer(heads=heads), SIZE, SIZE).eval() for heads in (1, 4)]
    networks[1].load_state_dict(networks[0].state_dict())
    source, target = batch()
    assert not torch.allclose(networks[0](source, target).log_probs, networks[1](source, target).log_probs)
