"""What the grammar costs a search, and how long one comment takes, on the network of the package.

    python tests/bench/bench_decoding.py

Not a test: it asserts nothing, for a busy machine must not fail a build. Times are processor times on one thread.
"""

from __future__ import annotations

import statistics
import time

import torch

from glosswright_model.backends.base import GenerationRequest
from glosswright_model.backends.seq2seq_backend import Seq2SeqBackend
from glosswright_model.checkpoint import load_checkpoint
from glosswright_model.constraints import constraint_for
from glosswright_model.evaluation.answers import Search, answer_all
from glosswright_model.weights import resolve

NAMES = ["count", "total", "items", "result", "name", "value", "key", "path", "user", "request"]
COMMENTS = [
    text.format(name=name, other=other)
    for name in NAMES
    for other in NAMES
    for text in (
        "append {name} to {other}",
        "if {name} is not in {other}",
        "raise ValueError with string 'no {name}'",
        "define the function {name} with arguments self and {other}",
    )
]


def main() -> None:
    torch.set_num_threads(1)
    path = resolve("django-lstm").path
    loaded = load_checkpoint(path)
    constraint = constraint_for(loaded.codec, loaded.about.language, fragments=True)
    for beam in (1, 5, 10):
        spent = {}
        for name, rule in (("plain", None), ("grammar", constraint)):
            search = Search(beam=beam, max_length=100)
            answer_all(loaded.network, loaded.codec, COMMENTS[:64], search, constraint=rule)  # warm
            began = time.process_time()
            answer_all(loaded.network, loaded.codec, COMMENTS, search, constraint=rule)
            spent[name] = time.process_time() - began
        ratio = spent["grammar"] / spent["plain"]
        print(
            f"beam {beam}: {len(COMMENTS) / spent['plain']:.0f} comments/s, with the grammar {ratio:.2f} times the time"
        )
    backend = Seq2SeqBackend.load(path, model_name="django-lstm", threads=1)
    spans = []
    for comment in COMMENTS[:: len(COMMENTS) // 40]:
        began = time.process_time()
        backend.generate(GenerationRequest(prompt=comment, explain=True, logprobs=0), lambda delta: True)
        spans.append(1000 * (time.process_time() - began))
    print(f"one comment served: {statistics.median(spans):.0f} ms, at most {max(spans):.0f} ms")


if __name__ == "__main__":
    main()
