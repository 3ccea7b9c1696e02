"""The Transformer beside torch's own layers, and what only ours has: caches, positions, layers left out."""

from __future__ import annotations

import math

import pytest
import torch
from harness.seq2seq_batches import SIZE, batch
from harness.seq2seq_configs import small_transformer
from torch import nn

from glosswright_model.errors import DataError
from glosswright_model.seq2seq.batch import Source
from glosswright_model.seq2seq.build import build
from glosswright_model.seq2seq.transformer import (
    Attention,
    DecoderLayer,
    EncoderLayer,
    FeedForward,
    Positions,
    Residual,
    TransformerSeq2Seq,
    sinusoids,
)

D, HEADS, INNER = 12, 3, 20


def copy_attention(ours: Attention, theirs: nn.MultiheadAttention) -> None:
    """torch packs queries, keys and values in the same order."""
    ours.project.weight.copy_(theirs.in_proj_weight)
    ours.project.bias.copy_(theirs.in_proj_bias)
    ours.output.load_state_dict(theirs.out_proj.state_dict())


def copy_rest(ours: EncoderLayer | DecoderLayer, theirs: nn.Module, norms: list[tuple[Residual, nn.Module]]) -> None:
    """Feed-forward and normalisation."""
    ours.feedforward.expand.load_state_dict(theirs.linear1.state_dict())
    ours.feedforward.contract.load_state_dict(theirs.linear2.state_dict())
    for residual, norm in norms:
        nn.init.normal_(norm.weight, 1.0, 0.1)
        residual.norm.load_state_dict(norm.state_dict())


def residuals(count: int, pre_norm: bool) -> list[Residual]:
    """Around each part, without dropout."""
    return [Residual(D, dropout=0.0, pre_norm=pre_norm) for _ in range(count)]


@pytest.mark.parametrize("pre_norm", [False, True])
def test_encoder_layer_is_torchs(pre_norm: bool) -> None:
    """The same numbers as torch.nn.TransformerEncoderLayer at real positions, to 1e-5."""
    theirs = nn.TransformerEncoderLayer(D, HEADS, INNER, dropout=0.0, batch_first=True, norm_first=pre_norm)
    ours = EncoderLayer(Attention(D, HEADS), FeedForward(D, INNER, dropout=0.0), residuals(2, pre_norm))
    with torch.no_grad():
        copy_attention(ours.attention, theirs.self_attn)
        copy_rest(ours, theirs, [(ours.around_attention, theirs.norm1), (ours.around_feedforward, theirs.norm2)])
    x = torch.randn(3, 5, D)
    mask = torch.arange(5) < torch.tensor([[5], [2], [4]])
    expected = theirs(x, src_key_padding_mask=~mask)
    torch.testing.assert_close(ours(x, mask)[mask], expected[mask], atol=1e-5, rtol=1e-5)


@pytest.mark.parametrize("pre_norm", [False, True])
def test_decoder_layer_is_torchs(pre_norm: bool) -> None:
    """The same numbers as torch.nn.TransformerDecoderLayer with its causal mask, to 1e-5, whether or not weights are
    asked for; and the weights are those of torch's attention."""
    theirs = nn.TransformerDecoderLayer(D, HEADS, INNER, dropout=0.0, batch_first=True, norm_first=pre_norm)
    parts = Attention(D, HEADS), Attention(D, HEADS), FeedForward(D, INNER, dropout=0.0)
    ours = DecoderLayer(*parts, residuals(3, pre_norm))
    with torch.no_grad():
        copy_attention(ours.attention, theirs.self_attn)
        copy_attention(ours.cross, theirs.multihead_attn)
        norms = [ours.around_attention, ours.around_cross, ours.around_feedforward]
        copy_rest(ours, theirs, list(zip(norms, (theirs.norm1, theirs.norm2, theirs.norm3), strict=True)))
    x, encoded = torch.randn(3, 4, D), torch.randn(3, 5, D)
    mask = torch.arange(5) < torch.tensor([[5], [2], [4]])
    causal = nn.Transformer.generate_square_subsequent_mask(4)
    expected = theirs(x, encoded, tgt_mask=causal, tgt_is_causal=True, memory_key_padding_mask=~mask)
    for weights in (False, True):
        made, cache, seen = ours(x, ours.cross.keys_and_values(encoded), mask, None, weights=weights)
        torch.testing.assert_close(made, expected, atol=1e-5, rtol=1e-5)
        assert cache.shape == (3, 4, 2 * D)
        assert (seen is not None) == weights
    assert seen is not None
    queries = torch.randn(3, 4, D)
    _, ours_seen = ours.cross(ours.cross.queries(queries), ours.cross.keys_and_values(encoded), mask, weights=True)
    _, their_seen = theirs.multihead_attn(queries, encoded, encoded, key_padding_mask=~mask)
    torch.testing.assert_close(ours_seen, their_seen, atol=1e-6, rtol=0)


def test_whole_network_is_torchs() -> None:
    """Stacked, with the last norms: our two layers each are a torch.nn.Transformer of two and two, to 1e-5."""
    ours = build(small_transformer(model_size=D, heads=HEADS, feedforward_size=INNER, copy=False), SIZE, SIZE).eval()
    assert isinstance(ours, TransformerSeq2Seq)
    layer = nn.TransformerEncoderLayer(D, HEADS, INNER, dropout=0.0, batch_first=True, norm_first=True)
    stack = nn.TransformerEncoder(layer, 2, nn.LayerNorm(D), enable_nested_tensor=False)
    theirs = nn.Transformer(
        D, HEADS, 2, 2, INNER, dropout=0.0, batch_first=True, norm_first=True, custom_encoder=stack
    ).eval()
    with torch.no_grad():
        for mine, other in zip(ours.encoder.layers, theirs.encoder.layers, strict=True):
            copy_attention(mine.attention, other.self_attn)
            copy_rest(mine, other, [(mine.around_attention, other.norm1), (mine.around_feedforward, other.norm2)])
        for mine, other in zip(ours.decoder.layers, theirs.decoder.layers, strict=True):
            copy_attention(mine.attention, other.self_attn)
            copy_attention(mine.cross, other.multihead_attn)
            norms = (mine.around_attention, mine.around_cross, mine.around_feedforward)
            copy_rest(mine, other, list(zip(norms, (other.norm1, other.norm2, other.norm3), strict=True)))
        source, target = batch()
        inputs = target.ids[:, :-1].clamp_max(SIZE - 1)
        causal = nn.Transformer.generate_square_subsequent_mask(inputs.size(1))
        expected = theirs(
            ours.encoder.positions(ours.encoder.embedding(source.ids)),
            ours.decoder.positions(ours.decoder.embedding(inputs)),
            tgt_mask=causal,
            tgt_is_causal=True,
            src_key_padding_mask=source.ids == 0,
            memory_key_padding_mask=source.ids == 0,
        )
        decoded, _ = ours.decoder(inputs, ours.start(source), attention=False)
    torch.testing.assert_close(decoded.features, expected, atol=1e-5, rtol=1e-5)


def test_sinusoids_are_the_papers() -> None:
    """Vaswani et al. 2017, section 3.5, written out."""
    waves = sinusoids(7, 6)
    for position in range(7):
        for pair in range(3):
            angle = position / 10000 ** (2 * pair / 6)
            assert waves[position, 2 * pair].item() == pytest.approx(math.sin(angle), abs=1e-6)
            assert waves[position, 2 * pair + 1].item() == pytest.approx(math.cos(angle), abs=1e-6)


def test_waves_go_on_for_ever_and_trained_positions_do_not() -> None:
    """A source that is longer than expected is no reason to fail where the network can do without; else it is said."""
    embedded = torch.zeros(1, 6, D)
    long, short = (Positions(D, longest, learned=False, dropout=0.0) for longest in (100, 4))
    torch.testing.assert_close(long(embedded), short(embedded))
    torch.testing.assert_close(long(embedded)[:, 3:], short(embedded[:, 3:], 3))
    learned = Positions(D, 4, learned=True, dropout=0.0)
    learned(embedded[:, :4])
    with pytest.raises(DataError, match="a sequence of 6 tokens is longer than the 4"):
        learned(embedded)
    with pytest.raises(DataError, match="5 tokens"):
        learned(embedded[:, :1], 4)


def test_a_step_computes_its_own_position_alone() -> None:
    """Incremental decoding must not run the encoder or earlier positions again: one position enters each layer."""
    network = build(small_transformer(), SIZE, SIZE).eval()
    assert isinstance(network, TransformerSeq2Seq)
    source, target = batch()
    state = network.start(source)
    seen: list[torch.Size] = []
    for layer in (*network.encoder.layers, *network.decoder.layers):
        layer.register_forward_hook(lambda module, inputs, output: seen.append(inputs[0].shape))
    for t in range(4):
        state = network.step(target.ids[:, t], state).state
    assert seen == [(4, 1, 8)] * 8
    assert [part.shape for part in state.cache] == [(4, 4, 16)] * 2


def test_layers_left_out_are_left_out_in_training_alone() -> None:
    """LayerDrop: most of two layers are skipped at 0.9, none in evaluation, and never while stepping."""
    network = build(small_transformer(layer_dropout=0.9, dropout=0.0), SIZE, SIZE)
    assert isinstance(network, TransformerSeq2Seq)
    ran: list[int] = []
    for number, layer in enumerate((*network.encoder.layers, *network.decoder.layers)):
        layer.register_forward_hook(lambda module, inputs, output, number=number: ran.append(number))
    source, target = batch()
    for _ in range(20):
        network(source, target)
    assert 0 < len(ran) < 40
    ran.clear()
    network.eval()
    network(source, target)
    assert ran == [0, 1, 2, 3]
    network.train()
    state = network.start(source)
    ran.clear()
    for t in range(3):
        state = network.step(target.ids[:, t], state).state
    assert ran == [2, 3] * 3


def test_attention_of_the_chosen_layer_copies() -> None:
    """With `copy_from="attention"` the weights for copying are that layer's cross-attention over copyable tokens."""
    source, target = batch()
    found = []
    for layer in (0, 1):
        torch.manual_seed(3)
        network = build(small_transformer(copy_from="attention", copy_layer=layer), SIZE, SIZE).eval()
        step = network.step(target.ids[:, 0], network.start(source))
        assert step.attention is not None
        assert step.copied is not None
        share = step.copied / step.copied.sum(-1, keepdim=True)
        allowed = step.attention * (source.copies != 0)
        rows = torch.tensor([0, 2, 3])  # row 1 copies nothing
        expected = (allowed / allowed.sum(-1, keepdim=True))[rows]
        torch.testing.assert_close(share[rows], expected, atol=1e-6, rtol=0)
        found.append(step.attention)
    assert not torch.allclose(found[0], found[1])


def test_own_head_looks_at_copyable_tokens_alone() -> None:
    """A head trained for copying wastes nothing on tokens that cannot be copied."""
    source, target = batch()
    network = build(small_transformer(copy_from="own"), SIZE, SIZE).eval()
    decoded, _ = network.decoder(target.ids[:, :-1], network.start(source), attention=False)
    assert decoded.copying is not None
    assert (decoded.copying[0, :, 1] == 0).all()  # a real token that may not be copied
    torch.testing.assert_close(decoded.copying.sum(-1), torch.ones(4, 5))


def test_full_batches_need_no_mask() -> None:
    """A batch without padding gives the same numbers as one where a longer source forces padding, to 1e-5."""
    network = build(small_transformer(), SIZE, SIZE).eval()
    ids = torch.randint(4, SIZE, (2, 3))
    source = Source(ids, torch.tensor([3, 3]), ids)
    padded = torch.cat([ids, torch.zeros(2, 2, dtype=torch.int64)], dim=1)
    wide = Source(padded, torch.tensor([3, 3]), padded)
    first, second = network.encoder(source.ids), network.encoder(wide.ids)
    torch.testing.assert_close(first, second[:, :3], atol=1e-5, rtol=0)
