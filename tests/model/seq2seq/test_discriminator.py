"""Discriminators: they learn what belongs together, and padding tells them nothing."""

from __future__ import annotations

import pytest
import torch
from harness.seq2seq_batches import SIZE, batch
from torch.nn.functional import binary_cross_entropy_with_logits, pad

from glosswright_model.seq2seq.batch import BOS, EOS, Source, Target
from glosswright_model.seq2seq.build import build_discriminator
from glosswright_model.seq2seq.config import DiscriminatorConfig, DiscriminatorKind

KINDS: tuple[DiscriminatorKind, ...] = ("convolutional", "recurrent")


@pytest.mark.parametrize("kind", KINDS)
def test_padding_changes_nothing(kind: DiscriminatorKind) -> None:
    """Roll-outs have all lengths; one's reward must not depend on its neighbours' (tolerance 1e-6)."""
    judge = build_discriminator(DiscriminatorConfig(kind=kind), SIZE, SIZE).eval()
    source, target = batch()
    together = judge(source, target)
    for row in range(4):
        length = int((target.ids[row] != 0).sum())
        width = int(source.lengths[row])
        alone = Source(
            source.ids[row : row + 1, :width], source.lengths[row : row + 1], source.copies[row : row + 1, :width], 3
        )
        one = judge(alone, Target(target.ids[row : row + 1, :length]))
        torch.testing.assert_close(one[0], together[row], atol=1e-6, rtol=0)
    wider = Source(pad(source.ids, (0, 4)), source.lengths, pad(source.copies, (0, 4)), 3)
    torch.testing.assert_close(judge(wider, Target(pad(target.ids, (0, 9)))), together, atol=1e-6, rtol=0)


@pytest.mark.parametrize("kind", KINDS)
def test_a_target_shorter_than_any_window(kind: DiscriminatorKind) -> None:
    """An early generator writes nothing but EOS."""
    judge = build_discriminator(DiscriminatorConfig(kind=kind), SIZE, SIZE)
    source, _ = batch(rows=1)
    assert torch.isfinite(judge(source, Target(torch.tensor([[BOS, EOS]])))).all()


@pytest.mark.parametrize("kind", KINDS)
def test_gradient_reaches_every_weight(kind: DiscriminatorKind) -> None:
    """A part without gradient is a part that is not there."""
    judge = build_discriminator(DiscriminatorConfig(kind=kind, layers=2), SIZE, SIZE)
    judge(*batch()).sum().backward()
    assert [name for name, weight in judge.named_parameters() if weight.grad is None or not weight.grad.any()] == []


@pytest.mark.parametrize("kind", KINDS)
def test_learns_which_target_belongs_to_which_source(kind: DiscriminatorKind) -> None:
    """Real targets here repeat the source's first token, false ones another: the target alone says nothing."""
    generator = torch.Generator().manual_seed(0)

    def examples(count: int) -> tuple[Source, Target, torch.Tensor]:
        ids = torch.randint(4, 12, (count, 3), generator=generator)
        real = torch.rand(count, generator=generator) < 0.5
        other = 4 + (ids[:, 0] - 4 + torch.randint(1, 8, (count,), generator=generator)) % 8
        token = torch.where(real, ids[:, 0], other)
        ends = torch.full((count, 1), EOS)
        target = torch.cat([torch.full((count, 1), BOS), token[:, None], ends], dim=1)
        first = torch.cat([ids[:, :1], torch.full((count, 2), 4)], dim=1)
        return Source(first, torch.full((count,), 3), first), Target(target), real.float()

    config = DiscriminatorConfig(kind=kind, dropout=0.0, embedding_dropout=0.0, filters=16, hidden_size=32)
    judge = build_discriminator(config, SIZE, SIZE)
    optimizer = torch.optim.Adam(judge.parameters(), lr=5e-3)
    for _ in range(120):
        source, target, real = examples(64)
        optimizer.zero_grad()
        binary_cross_entropy_with_logits(judge(source, target), real).backward()
        optimizer.step()
    source, target, real = examples(256)
    with torch.no_grad():
        right = ((judge.eval()(source, target) > 0) == real.bool()).float().mean()
    assert right > 0.95
