"""What the networks' two short cuts save: an LSTM held through padding, and a Transformer's cached keys and values.

    python tests/bench/bench_networks.py [--quick] [--json FILE]

Beside each stands the way that it replaces: torch's packed sequences, and running the whole prefix again for each
token. One thread, CPU time, in turns. It measures; it asserts nothing.
"""

from __future__ import annotations

import sys
import time
from collections.abc import Callable, Iterator

import torch
from measure import Report, command, p50, progress, ratio
from torch import Tensor, nn
from torch.nn.utils.rnn import pack_padded_sequence, pad_packed_sequence

from glosswright_model.seq2seq.batch import BOS, Source
from glosswright_model.seq2seq.build import build
from glosswright_model.seq2seq.config import TransformerConfig
from glosswright_model.seq2seq.recurrent import Recurrent

ROWS, LENGTH, SHORTEST, FEATURES = 64, 18, 12, 256
WORDS = 3000
TOKENS = 20


def milliseconds(work: Callable[[], object]) -> float:
    """CPU time of one run."""
    began = time.process_time()
    work()
    return 1000 * (time.process_time() - began)


def encoding() -> tuple[Callable[[], None], Callable[[], None]]:
    """Forward and backward of one bidirectional layer over a padded batch: ours, and packed."""
    ours = Recurrent("lstm", FEATURES, FEATURES // 2, 1, bidirectional=True)
    packing = nn.LSTM(FEATURES, FEATURES // 2, batch_first=True, bidirectional=True)
    inputs = torch.randn(ROWS, LENGTH, FEATURES, requires_grad=True)
    lengths = torch.randint(SHORTEST, LENGTH + 1, (ROWS,))
    lengths[0] = LENGTH

    def held() -> None:
        ours(inputs, lengths=lengths)[0].sum().backward()

    def packed() -> None:
        outputs, _ = packing(pack_padded_sequence(inputs, lengths, batch_first=True, enforce_sorted=False))
        pad_packed_sequence(outputs, batch_first=True)[0].sum().backward()

    return held, packed


def decoding() -> tuple[Callable[[], None], Callable[[], None]]:
    """Greedy decoding of a batch to a fixed length: cached, and from the beginning for each token."""
    network = build(TransformerConfig(model_size=FEATURES), WORDS, WORDS).eval()
    ids = torch.randint(4, WORDS, (ROWS, LENGTH))
    source = Source(ids, torch.full((ROWS,), LENGTH), ids)

    def cached() -> None:
        with torch.no_grad():
            state, previous = network.start(source), torch.full((ROWS,), BOS)
            for _ in range(TOKENS):
                step = network.step(previous, state)
                state, previous = step.state, step.log_probs.argmax(-1)

    def again() -> None:
        with torch.no_grad():
            state, prefix = network.start(source), torch.full((ROWS, 1), BOS)
            for _ in range(TOKENS):
                decoded, _ = network.decoder(prefix, state, attention=True)
                following: Tensor = network.output(decoded.features[:, -1]).argmax(-1)
                prefix = torch.cat([prefix, following[:, None]], dim=1)

    return cached, again


def run(quick: bool) -> Iterator[Report]:
    """One table."""
    torch.set_num_threads(1)
    torch.manual_seed(0)
    report = Report("CPU time on one thread, ms", ("what", "ours", "instead of", "ratio"))
    for name, pair, times in (
        ("encode a batch of 64, forward and backward: held, packed", encoding(), 3 if quick else 30),
        ("decode 20 tokens for 64 sources: cached, again", decoding(), 1 if quick else 8),
    ):
        ours: list[float] = []
        theirs: list[float] = []
        for number in range(times + 1):
            progress(f"{name} {number}/{times}")
            ours.append(milliseconds(pair[0]))
            theirs.append(milliseconds(pair[1]))
        report.row(name, p50(ours[1:]), p50(theirs[1:]), ratio(theirs[1:], ours[1:]))
    yield report


main = command(run, __doc__)

if __name__ == "__main__":
    sys.exit(main())
