"""What a network computes for one example depends on that example alone: not on its neighbours, padding or order."""

from __future__ import annotations

import pytest
import torch
from harness.seq2seq_batches import EXTRA, SIZE, batch
from harness.seq2seq_configs import few
from hypothesis import given, settings
from hypothesis import strategies as st
from torch.nn.functional import pad

from glosswright_model.seq2seq.batch import BOS, Source, Target
from glosswright_model.seq2seq.build import build
from glosswright_model.seq2seq.config import NetworkConfig

CONFIGS = [pytest.param(config, id=name) for name, config in few().items()]


@pytest.mark.parametrize("config", CONFIGS)
def test_alone_or_in_a_batch(config: NetworkConfig) -> None:
    """Log-probabilities of a pair are the same alone, without any padding, as in a padded batch (tolerance 1e-5)."""
    network = build(config, SIZE, SIZE).eval()
    source, target = batch()
    together = network(source, target, label_smoothing=0.1)
    for row in range(4):
        width, length = int(source.lengths[row]), int((target.ids[row] != 0).sum())
        here = slice(row, row + 1)
        alone = Source(source.ids[here, :width], source.lengths[here], source.copies[here, :width], EXTRA)
        one = network(alone, Target(target.ids[here, :length]), label_smoothing=0.1)
        for mine, theirs in ((one.log_probs, together.log_probs), (one.objective, together.objective)):
            torch.testing.assert_close(mine[0], theirs[row, : length - 1], atol=1e-5, rtol=1e-5)
            assert (theirs[row, length - 1 :] == 0).all()


@pytest.mark.parametrize("config", CONFIGS)
def test_more_padding_changes_nothing(config: NetworkConfig) -> None:
    """Wider tensors with the same tokens give the same numbers (tolerance 1e-5)."""
    network = build(config, SIZE, SIZE).eval()
    source, target = batch()
    wide = Source(pad(source.ids, (0, 3)), source.lengths, pad(source.copies, (0, 3)), EXTRA)
    before = network(source, target, attention=True)
    after = network(wide, Target(pad(target.ids, (0, 2))), attention=True)
    torch.testing.assert_close(after.log_probs[:, :5], before.log_probs, atol=1e-5, rtol=1e-5)
    assert (after.log_probs[:, 5:] == 0).all()
    assert before.attention is not None
    assert after.attention is not None
    torch.testing.assert_close(after.attention[:, :5, :6], before.attention, atol=1e-5, rtol=0)
    assert (after.attention[:, :, 6:] == 0).all()


@pytest.mark.parametrize("config", CONFIGS)
@given(data=st.data())
@settings(deadline=None, max_examples=10)
def test_reordered_hypotheses_go_on_as_before(config: NetworkConfig, data: st.DataObject) -> None:
    """Whatever rows a search keeps, doubles and drops, each goes on as it would have (tolerance 1e-5), and
    the state that was reordered stays what it was."""
    torch.manual_seed(data.draw(st.integers(0, 3)))
    network = build(config, SIZE, SIZE).eval()
    source, _ = batch()
    state, previous = network.start(source), torch.full((4,), BOS)
    with torch.no_grad():
        for _ in range(data.draw(st.integers(0, 3))):
            rows = previous.size(0)
            index = torch.tensor(data.draw(st.lists(st.integers(0, rows - 1), min_size=1, max_size=6)))
            expected = network.step(previous, state).log_probs[index]
            moved = state.reorder(index)
            step = network.step(previous[index], moved)
            torch.testing.assert_close(step.log_probs, expected, atol=1e-5, rtol=1e-5)
            again = network.step(previous, state).log_probs[index]
            assert torch.equal(again, expected)
            tokens = data.draw(st.lists(st.integers(4, SIZE + 2), min_size=len(index), max_size=len(index)))
            previous, state = torch.tensor(tokens), step.state


def test_a_beam_keeps_its_sources_in_place() -> None:
    """Hypotheses of one source share what it was encoded as, which is most of the state; nor do they copy it when they
    change places. Only where sources have unlike numbers of hypotheses has each its own."""
    network = build(few()["lstm-general-copy"], SIZE, SIZE).eval()
    source, _ = batch()
    first = network.start(source)
    wide = first.reorder(torch.tensor([0, 0, 1, 1, 2, 2, 3, 3]))
    assert wide.memory.encoded is first.memory.encoded
    assert wide.reorder(torch.tensor([1, 1, 2, 3, 5, 4, 7, 6])).memory is wide.memory
    assert wide.reorder(torch.tensor([2, 2, 2, 3, 5, 4, 7, 6])).memory is not wide.memory
    assert wide.reorder(torch.tensor([1, 0, 7, 7])).memory.encoded.shape == (2, 6, 12)
    assert wide.reorder(torch.tensor([1, 0, 7])).memory.encoded.shape == (3, 6, 12)


@pytest.mark.parametrize("config", CONFIGS)
def test_same_source_same_answer_wherever_it_stands(config: NetworkConfig) -> None:
    """The order of a batch means nothing: packing sorts by length inside, and must put back."""
    network = build(config, SIZE, SIZE).eval()
    source, target = batch()
    order = torch.tensor([2, 0, 3, 1])
    turned = Source(source.ids[order], source.lengths[order], source.copies[order], EXTRA)
    before = network(source, target).log_probs[order]
    torch.testing.assert_close(network(turned, Target(target.ids[order])).log_probs, before, atol=1e-5, rtol=1e-5)
