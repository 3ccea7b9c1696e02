"""Several choices of one request through transformers, on networks of a few thousand random weights."""

from __future__ import annotations

from collections import defaultdict
from pathlib import Path
from typing import Any

import pytest

from glosswright_model.backends.base import Delta, Finish, GenerationRequest
from glosswright_model.backends.transformers_backend import TransformersBackend

torch = pytest.importorskip("torch")
transformers = pytest.importorskip("transformers")
tokenizers = pytest.importorskip("tokenizers")
pytestmark = pytest.mark.torch

PROMPT = "def add(first, second):\n    return first"


def save(folder: Path, kind: str) -> TransformersBackend:
    """A tiny network with a byte-level tokenizer, loaded as a user's model would be."""
    tokenizer = tokenizers.Tokenizer(tokenizers.models.BPE())
    tokenizer.pre_tokenizer = tokenizers.pre_tokenizers.ByteLevel(add_prefix_space=False)
    tokenizer.decoder = tokenizers.decoders.ByteLevel()
    trainer = tokenizers.trainers.BpeTrainer(
        vocab_size=260,
        special_tokens=["<end>", "<pad>"],
        initial_alphabet=tokenizers.pre_tokenizers.ByteLevel.alphabet(),
        show_progress=False,
    )
    tokenizer.train_from_iterator([PROMPT], trainer)
    transformers.PreTrainedTokenizerFast(tokenizer_object=tokenizer, eos_token="<end>").save_pretrained(folder)
    torch.manual_seed(7)
    shared: dict[str, Any] = {"vocab_size": 260, "eos_token_id": 0, "pad_token_id": 1}
    network: Any
    if kind == "causal":
        network = transformers.Qwen2ForCausalLM(
            transformers.Qwen2Config(
                hidden_size=32,
                intermediate_size=64,
                num_hidden_layers=2,
                num_attention_heads=4,
                num_key_value_heads=2,
                max_position_embeddings=256,
                initializer_range=0.4,
                bos_token_id=None,
                **shared,
            )
        )
    else:
        network = transformers.T5ForConditionalGeneration(
            transformers.T5Config(
                d_model=32,
                d_kv=8,
                d_ff=64,
                num_layers=2,
                num_heads=4,
                decoder_start_token_id=1,
                initializer_factor=3.0,
                **shared,
            )
        )
    network.save_pretrained(folder)
    return TransformersBackend.load(str(folder), model_name=kind, threads=1, context_length=200)


@pytest.fixture(scope="module", params=["causal", "seq2seq"])
def backend(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> TransformersBackend:
    return save(tmp_path_factory.mktemp("hf") / request.param, request.param)


class Seen:
    """What came of each choice, in order."""

    def __init__(self, stop_after: int | None = None) -> None:
        self.texts: dict[int, str] = defaultdict(str)
        self.finishes: dict[int, Finish] = {}
        self.order: list[int] = []
        self._stop_after = stop_after

    def __call__(self, index: int, event: Delta | Finish) -> bool:
        assert index not in self.finishes, "nothing follows a choice's end"
        if isinstance(event, Finish):
            self.finishes[index] = event
        else:
            self.texts[index] += event.text
            if event.text:
                self.order.append(index)
        return self._stop_after is None or len(self.order) < self._stop_after


def choices(backend: TransformersBackend, count: int, stop_after: int | None = None, **fields: Any) -> Seen:
    seen = Seen(stop_after)
    request = GenerationRequest(**{"prompt": PROMPT, "max_tokens": 16, "temperature": 1.0, "seed": 3, **fields})
    backend.generate_choices(request, count, seen)
    assert sorted(seen.finishes) == list(range(count)), "every choice ends"
    return seen


def test_each_choice_is_what_its_own_seed_gives(backend: TransformersBackend) -> None:
    """A row must not notice the others, neither their chance nor their leaving the batch."""
    seen = choices(backend, 4)
    assert [seen.texts[index] for index in range(4)] == [choices(backend, 1, seed=3 + i).texts[0] for i in range(4)]
    assert len(set(seen.texts.values())) > 1


def test_a_choice_leaves_the_batch_alone(backend: TransformersBackend) -> None:
    """Rows that end early are taken out of the cache; the others' text must not change by that."""
    plain = choices(backend, 5)
    stop = plain.texts[1][2:3]
    stopped = choices(backend, 5, stop=(stop,))
    assert {index: text.partition(stop)[0] for index, text in plain.texts.items()} == dict(stopped.texts)
    lengths = {finish.completion_tokens for finish in stopped.finishes.values()}
    assert len(lengths) > 1, "some ended before others, or this tests nothing"


def test_the_prompt_is_evaluated_once(backend: TransformersBackend, monkeypatch: pytest.MonkeyPatch) -> None:
    """What makes candidates cheap, and the cache for the next request must survive them."""
    decoder = backend._decoder
    evaluated: list[int] = []
    forward = decoder._forward  # type: ignore[attr-defined]  # of both decoders, not of the protocol
    monkeypatch.setattr(decoder, "_forward", lambda tokens: (evaluated.append(len(tokens)), forward(tokens))[1])
    seen = choices(backend, 4, prompt="x = 1\n" * 4)
    n_prompt = seen.finishes[0].prompt_tokens
    assert sum(evaluated) <= n_prompt
    ordered = list(seen.finishes.values())
    assert [finish.cached_tokens for finish in ordered[1:]] == [n_prompt] * 3
    assert [finish.prefill_s for finish in ordered[1:]] == [0.0] * 3
    again = choices(backend, 1, prompt="x = 1\n" * 4, temperature=0.0)
    assert again.texts == choices(backend, 1, prompt="x = 1\n" * 4, temperature=0.0).texts


def test_a_stop_ends_all(backend: TransformersBackend) -> None:
    """As soon as one candidate passes, no further token is computed for any."""
    seen = choices(backend, 4, stop_after=5)
    assert {finish.reason for finish in seen.finishes.values()} == {"cancelled"}
    assert len(seen.order) == 5
    assert max(finish.completion_tokens for finish in seen.finishes.values()) < 16


@pytest.mark.parametrize("stop_after", [None, 1])
def test_a_cache_that_cannot_be_copied(
    backend: TransformersBackend, monkeypatch: pytest.MonkeyPatch, stop_after: int | None
) -> None:
    """Recurrent networks have no rows to repeat: their choices come one after the other, and are the same."""
    together = choices(backend, 3)
    monkeypatch.setattr(backend._decoder, "fork", lambda count: None)
    seen = choices(backend, 3, stop_after)
    if stop_after is None:
        assert seen.texts == together.texts
        assert seen.order == sorted(seen.order)
    else:
        assert [finish.reason for finish in seen.finishes.values()] == ["cancelled"] * 3
        assert seen.order == [0]


def test_a_cache_without_rows_is_noticed() -> None:
    """`fork` must say so rather than fail in the middle of a request."""
    from glosswright_model.backends.torch_decoding import _repeated

    assert _repeated(object(), 3) is None


def test_no_tokens_and_no_prompt(backend: TransformersBackend) -> None:
    """A request for no tokens fills the cache and ends; nothing is generated from nothing."""
    assert {finish.reason for finish in choices(backend, 2, max_tokens=0).finishes.values()} == {"length"}
    if not backend._is_seq2seq:
        assert {finish.reason for finish in choices(backend, 2, prompt="").finishes.values()} == {"stop"}
