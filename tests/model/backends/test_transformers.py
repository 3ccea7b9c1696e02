"""The transformers back end, on networks of a few thousand random weights and a tokenizer made here."""

from __future__ import annotations

import json
import sys
import threading
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from harness.tiny_transformers import write_t5, write_tokenizer

from glosswright_model.backends.base import Delta, Finish, GenerationRequest
from glosswright_model.backends.transformers_backend import TransformersBackend
from glosswright_model.errors import BackendMissing, GenerationError, ModelLoadError

torch = pytest.importorskip("torch")
transformers = pytest.importorskip("transformers")
pytest.importorskip("tokenizers")
pytestmark = pytest.mark.torch

QWEN = ("<|endoftext|>", "<|fim_prefix|>", "<|fim_middle|>", "<|fim_suffix|>", "<|fim_pad|>", "<|file_sep|>")
SENTINELS = ("<extra_id_0>", "<extra_id_1>")
PROMPT = "def add(first, second):\n    return first"
TEXTS = [PROMPT, "return value"]
"""Nearly one token for each byte, as in the worst case."""


@pytest.fixture(scope="module")
def causal_folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("hf") / "tiny-qwen2.5-coder"
    tokenizer = write_tokenizer(folder, QWEN, TEXTS, 280, additional_special_tokens=list(QWEN[1:]))
    torch.manual_seed(7)
    config = transformers.Qwen2Config(
        vocab_size=len(tokenizer),
        hidden_size=32,
        intermediate_size=64,
        num_hidden_layers=2,
        num_attention_heads=4,
        num_key_value_heads=2,
        max_position_embeddings=256,
        initializer_range=0.4,
        eos_token_id=tokenizer.eos_token_id,
        bos_token_id=None,
    )
    transformers.Qwen2ForCausalLM(config).save_pretrained(folder)
    return folder


@pytest.fixture(scope="module")
def seq2seq_folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("hf") / "tiny-t5"
    control = ("</s>", "<pad>", *SENTINELS)
    tokenizer = write_tokenizer(folder, control, TEXTS, 280, additional_special_tokens=list(control[1:]))
    write_t5(folder, tokenizer)
    return folder


@pytest.fixture(scope="module")
def causal(causal_folder: Path) -> TransformersBackend:
    return TransformersBackend.load(str(causal_folder), model_name="tiny-qwen2.5-coder", threads=1)


@pytest.fixture(scope="module")
def seq2seq(seq2seq_folder: Path) -> TransformersBackend:
    return TransformersBackend.load(str(seq2seq_folder), model_name="tiny-t5", threads=1, context_length=200)


def run(backend: Any, stop_after: int | None = None, **fields: Any) -> tuple[str, Finish, list[Delta]]:
    deltas: list[Delta] = []

    def on_delta(delta: Delta) -> bool:
        deltas.append(delta)
        return stop_after is None or len(deltas) < stop_after

    finish = backend.generate(GenerationRequest(**{"prompt": PROMPT, "max_tokens": 12, **fields}), on_delta)
    return "".join(delta.text for delta in deltas), finish, deltas


def reference(folder: Path, ids: list[int], count: int) -> list[int]:
    """Greedy decoding by whole forward passes, without any cache."""
    model = transformers.AutoModelForCausalLM.from_pretrained(folder).eval()
    ids = list(ids)
    with torch.inference_mode():
        for _ in range(count):
            ids.append(int(model(input_ids=torch.tensor([ids]), use_cache=False).logits[0, -1].argmax()))
    return ids


def test_says_what_it_is(causal: TransformersBackend, seq2seq: TransformersBackend) -> None:
    """`/v1/models` and `doctor` show this."""
    assert (causal.info.backend, causal.info.family, causal.info.slots) == ("transformers", "qwen2.5-coder", 1)
    assert causal.info.context_length == 256, "the network has no more positions"
    assert causal.info.supports_suffix
    assert (seq2seq.info.family, seq2seq.info.supports_suffix, seq2seq.info.context_length) == ("generic", True, 200)


def test_incremental_decoding_equals_full_forward_passes(causal: TransformersBackend, causal_folder: Path) -> None:
    """The cache, its reuse and its cutting back must not change a single token."""
    tokenizer = transformers.AutoTokenizer.from_pretrained(causal_folder)
    for prompt in (PROMPT, PROMPT + " + ", PROMPT[:9], PROMPT[:9] + "xyz", "other\n" * 20, PROMPT):
        ids = tokenizer(prompt)["input_ids"]
        expected = tokenizer.decode(reference(causal_folder, ids, 12), skip_special_tokens=True)
        text, finish, _ = run(causal, prompt=prompt)
        assert finish.completion_tokens == 12
        assert text
        assert expected.startswith(prompt + text)


def test_cached_logits_equal_full_ones(causal_folder: Path) -> None:
    """Tolerance: 1e-4 on logits of order 1-10, in 32-bit arithmetic."""
    from glosswright_model.backends.torch_decoding import CausalDecoder

    model = transformers.AutoModelForCausalLM.from_pretrained(causal_folder).eval()
    decoder = CausalDecoder(model, batch=3)
    first, second = [5, 9, 11, 40, 41, 42, 43, 44], [5, 9, 11, 40, 77, 78, 79]
    for prompt, cached in ((first, 0), (second, 4), (second, 6), ([*second, 8], 7), ([3], 0)):
        logits = decoder.start(prompt, lambda: True)
        assert decoder.cached_tokens == cached
        with torch.inference_mode():
            full = model(input_ids=torch.tensor([prompt]), use_cache=False).logits[0, -1]
        torch.testing.assert_close(logits, full, atol=1e-4, rtol=1e-4)


def test_counts_cached_tokens(causal: TransformersBackend) -> None:
    """Typing on costs the typed tokens only."""
    _, first, _ = run(causal, prompt="alpha beta gamma\n", max_tokens=1)
    _, second, _ = run(causal, prompt="alpha beta gamma\nxy", max_tokens=1)
    assert second.cached_tokens >= first.prompt_tokens - 1
    assert second.prompt_tokens - second.cached_tokens <= 3


def test_stop_strings_and_length(causal: TransformersBackend) -> None:
    """The text ends before the stop string, and says why it ended."""
    whole, finish, _ = run(causal, max_tokens=20)
    assert finish.reason == "length"
    cut = whole[3:6]
    text, finish, _ = run(causal, max_tokens=20, stop=(cut,))
    assert (text, finish.reason) == (whole[: whole.index(cut)], "stop")
    text, finish, _ = run(causal, max_tokens=20, stop=(whole[-1] + "never",))
    assert (text, finish.reason) == (whole, "length"), "what was held back comes out at the end"
    text, finish, _ = run(causal, max_tokens=0)
    assert (text, finish.reason, finish.completion_tokens) == ("", "length", 0)
    assert run(causal, prompt="")[1].reason == "stop"


def test_stops_at_end_tokens(causal: TransformersBackend, monkeypatch: pytest.MonkeyPatch) -> None:
    """An end token ends the text without showing."""
    from glosswright_model.backends import torch_choices

    script = iter([70, 71, 0])
    monkeypatch.setattr(torch_choices, "pick", lambda *_, **__: next(script))
    _, finish, _ = run(causal)
    assert (finish.reason, finish.completion_tokens) == ("stop", 3)
    end = QWEN.index("<|file_sep|>")
    for suffix, reason in (("x", "stop"), (None, "length")):
        script = iter([70, end, 70])
        assert run(causal, suffix=suffix, max_tokens=3)[1].reason == reason


def test_cancels_between_tokens_and_batches(causal: TransformersBackend) -> None:
    """A stop is obeyed at once, and the cache is still right afterwards."""
    expected, _, _ = run(causal, prompt="q" * 150)
    for stop_after in (1, 2, 6):
        _, finish, deltas = run(causal, prompt="r" * stop_after + "q" * 150, stop_after=stop_after)
        assert (finish.reason, len(deltas)) == ("cancelled", stop_after)
    assert run(causal, prompt="q" * 150)[0] == expected


def test_seeds_repeat_and_differ(causal: TransformersBackend) -> None:
    """Several samples must be reproducible, and must not all be the same."""
    answers = [run(causal, temperature=1.5, seed=seed)[0] for seed in (1, 1, 2, None)]
    assert answers[0] == answers[1]
    assert len(set(answers)) > 1


def test_log_probabilities(causal: TransformersBackend) -> None:
    """They belong to the tokens of the text, greedy ones lead their alternatives, and the texts add up."""
    text, finish, deltas = run(causal, logprobs=3)
    tokens = [token for delta in deltas for token in delta.tokens]
    assert len(tokens) == finish.completion_tokens
    assert "".join(token.token for token in tokens) == text
    assert all(token.logprob == pytest.approx(token.top[0][1]) and len(token.top) == 3 for token in tokens)
    assert all(token.logprob <= 0 for token in tokens)
    assert all(not token.top for delta in run(causal, logprobs=0)[2] for token in delta.tokens)


def test_cuts_the_start_of_a_long_prompt(causal: TransformersBackend) -> None:
    """What lies next to the gap stays, on both sides."""
    for suffix in (None, "z" * 3000):
        _, finish, _ = run(causal, prompt="q" * 3000, suffix=suffix, max_tokens=20)
        assert finish.prompt_tokens + 20 <= 256
        assert finish.truncated_tokens > 2000


def test_document_text_cannot_spell_control_tokens(causal: TransformersBackend) -> None:
    """A file that mentions a mark must not close the gap."""
    prompt, *_ = causal._prompt(GenerationRequest(prompt="a<|fim_middle|>b", suffix="<|fim_prefix|>"))
    marks = [token for token in prompt if token in (1, 2, 3)]
    assert sorted(marks) == [1, 2, 3]
    raw, *_ = causal._prompt(GenerationRequest(prompt="<|fim_prefix|>a"))
    assert raw[0] == 1, "a raw prompt may use them on purpose"
    assert causal.count_tokens("<|fim_middle|>") > 3


def test_marks_are_broken_up_for_tokenizers_that_insist(
    causal: TransformersBackend, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Some tokenizers read added tokens in plain text whatever they are told."""
    plain = causal._ids
    monkeypatch.setattr(
        causal, "_ids", lambda text, **options: plain(text, add_special_tokens=options["add_special_tokens"])
    )
    assert not {1, 2, 3} & set(causal._document("a<|fim_middle|>b"))


def test_shows_whole_characters(causal: TransformersBackend, monkeypatch: pytest.MonkeyPatch) -> None:
    """A character of several tokens comes out at once; half of one at the end does not come out at all."""
    from glosswright_model.backends import torch_choices

    ids = causal._ids("é🙂é", add_special_tokens=False)
    for count, expected in ((len(ids), "é🙂é"), (len(ids) - 1, "é🙂")):
        script = iter(ids)
        monkeypatch.setattr(torch_choices, "pick", lambda *_, script=script, **__: next(script))
        text, _, deltas = run(causal, max_tokens=count, logprobs=1)
        assert text == expected
        assert "\ufffd" not in "".join(delta.text for delta in deltas)


def test_seq2seq_equals_its_own_full_passes(seq2seq: TransformersBackend, seq2seq_folder: Path) -> None:
    """The decoder's cache must not change a token; compared with the library's greedy search."""
    model = transformers.AutoModelForSeq2SeqLM.from_pretrained(seq2seq_folder).eval()
    tokenizer = transformers.AutoTokenizer.from_pretrained(seq2seq_folder)
    ids = torch.tensor([[*tokenizer(PROMPT, add_special_tokens=False)["input_ids"], 0]])
    decoded = [1]
    with torch.inference_mode():
        for _ in range(8):
            logits = model(input_ids=ids, decoder_input_ids=torch.tensor([decoded]), use_cache=False).logits
            decoded.append(int(logits[0, -1].argmax()))
            if decoded[-1] == 0:
                break
    text, finish, _ = run(seq2seq, max_tokens=8)
    assert finish.completion_tokens == len(decoded) - 1
    expected = tokenizer.decode([token for token in decoded[1:] if token], skip_special_tokens=True)
    assert expected.rstrip("\ufffd") == text


def test_seq2seq_fills_a_gap_with_sentinels(seq2seq: TransformersBackend) -> None:
    """The gap is a sentinel in the encoder's input; without one in the vocabulary the suffix is ignored."""
    first, second = (seq2seq._tokenizer.get_vocab()[mark] for mark in SENTINELS)
    prompt, _, _, end = seq2seq._prompt(GenerationRequest(prompt="ab", suffix="cd"))
    assert prompt.count(first) == 1
    assert prompt[-1] == 0
    assert second in end
    assert run(seq2seq, suffix="cd")[1].reason in ("length", "stop")
    plain, _, _, _ = seq2seq._prompt(GenerationRequest(prompt="ab"))
    assert first not in plain
    assert run(seq2seq, stop_after=1)[1].reason == "cancelled"
    assert len(seq2seq._prompt(GenerationRequest(prompt="q" * 900))[0]) <= 200


def test_failures_in_torch_are_generation_errors(causal: TransformersBackend, monkeypatch: pytest.MonkeyPatch) -> None:
    """Out of memory and the like end the request, not the server, and leave no half-written cache."""
    expected, _, _ = run(causal)

    def fail(_: int) -> Any:
        raise RuntimeError("CUDA out of memory\nand a long story")

    with monkeypatch.context() as patch:
        patch.setattr(causal._decoder, "step", fail)
        with pytest.raises(GenerationError, match=r"CUDA out of memory$"):
            run(causal)
    text, finish, _ = run(causal)
    assert (text, finish.cached_tokens) == (expected, 0)


def test_caches_that_cannot_go_back_are_dropped(causal: TransformersBackend, monkeypatch: pytest.MonkeyPatch) -> None:
    """Sliding-window caches refuse to be cut; the prompt is then evaluated anew."""
    expected, _, _ = run(causal, prompt="abc xyz")
    run(causal, prompt="abc uvw")

    def refuse(_: int) -> None:
        raise ValueError("cannot crop")

    monkeypatch.setattr(causal._decoder._cache, "crop", refuse)
    text, finish, _ = run(causal, prompt="abc xyz")
    assert (text, finish.cached_tokens) == (expected, 0)


def test_close_refuses_further_work(causal_folder: Path) -> None:
    """As with every back end."""
    backend = TransformersBackend.load(str(causal_folder), model_name="m", threads=1)
    threading.Timer(0.05, backend.close).start()
    finish = backend.generate(GenerationRequest(prompt="a", max_tokens=250, temperature=2.0), lambda _: True)
    assert finish.reason in ("cancelled", "length", "stop")
    backend.close()
    with pytest.raises(GenerationError, match="unloaded"):
        run(backend)


def spoil_config(folder: Path) -> None:
    (folder / "config.json").write_text("{")


def only_pickle(folder: Path) -> None:
    (folder / "model.safetensors").unlink()
    (folder / "pytorch_model.bin").write_bytes(b"\x80\x04cos\nsystem\n")


def truncate(folder: Path) -> None:
    data = (folder / "model.safetensors").read_bytes()
    (folder / "model.safetensors").write_bytes(data[: len(data) // 2])


def own_code(folder: Path) -> None:
    config = json.loads((folder / "config.json").read_text())
    config |= {"model_type": "mine", "auto_map": {"AutoConfig": "mine.Config", "AutoModelForCausalLM": "mine.Model"}}
    (folder / "config.json").write_text(json.dumps(config))
    (folder / "mine.py").write_text("raise SystemExit('code of the model ran')")


@pytest.mark.parametrize("spoil", [spoil_config, only_pickle, truncate, own_code])
def test_refuses_unsafe_and_broken_folders(spoil: Callable[[Path], None], causal_folder: Path, tmp_path: Path) -> None:
    """Pickle and a repository's own code never run, and what is broken says so."""
    folder = tmp_path / "model"
    folder.mkdir()
    for file in causal_folder.iterdir():
        (folder / file.name).write_bytes(file.read_bytes())
    spoil(folder)
    with pytest.raises(ModelLoadError, match="transformers cannot load model"):
        TransformersBackend.load(str(folder), model_name="m", threads=1)


def test_a_missing_package_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    """The error is the command that installs it."""
    monkeypatch.setitem(sys.modules, "torch", None)
    with pytest.raises(BackendMissing, match=r"pip install 'glosswright\[torch\]'"):
        TransformersBackend.load("anything", model_name="m")


def test_the_nucleus() -> None:
    """Only the smallest set of likeliest tokens that reaches top_p can be drawn."""
    from glosswright_model.backends.torch_decoding import pick, seeded

    logits = torch.log(torch.tensor([0.1, 0.5, 0.3, 0.1]))
    for top_p, allowed in ((0.0, {1}), (0.5, {1}), (0.6, {1, 2}), (1.0, {0, 1, 2, 3})):
        generator = seeded(3)
        drawn = {pick(logits, temperature=1.0, top_p=top_p, generator=generator) for _ in range(200)}
        assert drawn == allowed
    assert pick(logits, temperature=0.0, top_p=1.0, generator=seeded(None)) == 1
    assert pick(logits, temperature=1e-300, top_p=1.0, generator=seeded(None)) == 1  # no quotient is a number there
