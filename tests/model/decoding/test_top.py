"""The largest numbers by blocks are those that torch finds among all."""

from __future__ import annotations

import pytest
import torch

from glosswright_model.decoding import top as module
from glosswright_model.decoding.top import BLOCK, best, top

SIZES = [1, BLOCK - 1, BLOCK, 2 * BLOCK, 5 * BLOCK + 7, 40 * BLOCK, 63 * BLOCK + 63]


@pytest.fixture(autouse=True)
def by_blocks(monkeypatch: pytest.MonkeyPatch) -> None:
    """However few numbers there are."""
    monkeypatch.setattr(module, "PAYS_FROM", 0)


@pytest.mark.parametrize("size", SIZES)
@pytest.mark.parametrize("count", [1, 2, 10])
def test_finds_what_topk_finds(size: int, count: int) -> None:
    """In two groups of four rows each with its offset; for every number of blocks and of columns behind them, with
    ruled-out columns and rows among them, wherever they lie."""
    for seed in range(20):
        values = torch.randn(8, size, generator=torch.Generator().manual_seed(seed))
        values[:, ::3] = -torch.inf
        values[0] = -torch.inf  # nothing is allowed there
        values[1, -1] = 9.0
        values[2, 0] = 9.0
        offsets = torch.randn(2, 4, generator=torch.Generator().manual_seed(seed))
        offsets[1, 2:] = -torch.inf
        if count <= 4 * size:
            found, rows, columns = top(values, offsets, count)
            totals = values.view(2, 4, size) + offsets[:, :, None]
            assert torch.equal(found, totals.flatten(1).topk(count, dim=1).values)
            assert torch.equal(totals[torch.arange(2)[:, None], rows, columns], found)
            assert all(len(set(places)) == count for places in (rows * size + columns).tolist())


@pytest.mark.parametrize("size", SIZES)
def test_of_equals_the_first(size: int) -> None:
    """As argmax does it, so that greedy search does not depend on how it looks."""
    values = torch.randint(0, 3, (50, size), generator=torch.Generator().manual_seed(size)).float()
    assert torch.equal(best(values), values.argmax(dim=1))
