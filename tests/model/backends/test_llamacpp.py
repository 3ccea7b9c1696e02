"""The llama.cpp back end, on a model of one megabyte whose every answer is known."""

from __future__ import annotations

import http.client
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from types import SimpleNamespace
from typing import Any
from urllib.parse import urlsplit

import pytest

from glosswright_model.backends.base import Delta, Finish, GenerationRequest
from glosswright_model.backends.llamacpp import LlamaCppBackend
from glosswright_model.errors import BackendMissing, GenerationError, ModelLoadError

pytest.importorskip("xllamacpp")
pytestmark = pytest.mark.llamacpp

Answer = Callable[[str, int], str]


@pytest.fixture(scope="module")
def backend(chain_file: Path) -> Iterator[LlamaCppBackend]:
    loaded = LlamaCppBackend.load(chain_file, model_name="chain", slots=2, threads=1)
    yield loaded
    loaded.close()


def run(backend: LlamaCppBackend, stop_after: int | None = None, **fields: Any) -> tuple[str, Finish, list[Delta]]:
    """Generate; cancel once `stop_after` non-empty deltas have come."""
    deltas: list[Delta] = []

    def on_delta(delta: Delta) -> bool:
        deltas.append(delta)
        return stop_after is None or sum(bool(seen.text) for seen in deltas) < stop_after

    finish = backend.generate(GenerationRequest(**fields), on_delta)
    return "".join(delta.text for delta in deltas), finish, deltas


def test_says_what_it_is(backend: LlamaCppBackend) -> None:
    """`/v1/models` and `doctor` show this."""
    info = backend.info
    assert (info.backend, info.model, info.family, info.slots) == ("llama.cpp", "chain", "qwen2.5-coder", 2)
    assert info.context_length == 512, "the model's own limit is below the default"
    assert info.supports_suffix
    assert info.details["threads"] == "1"


@pytest.mark.parametrize(
    ("fields", "text", "reason"),
    [
        ({"prompt": "abc", "max_tokens": 5}, "defgh", "length"),
        ({"prompt": "abc", "max_tokens": 50, "stop": ("gh",)}, "def", "stop"),
        ({"prompt": "abc", "max_tokens": 50, "stop": ("zzz", "", "f")}, "de", "stop"),
        ({"prompt": "0", "max_tokens": 5}, "", "stop"),
        ({"prompt": "x", "suffix": "", "max_tokens": 3}, "yz", "length"),
        ({"prompt": "x", "suffix": "bc\n", "max_tokens": 2}, "yz", "length"),
        ({"prompt": "1", "suffix": "bc\n", "max_tokens": 9}, "", "stop"),
        ({"prompt": "", "max_tokens": 5}, "", "stop"),
        ({"prompt": "abc", "max_tokens": 0}, "", "length"),
        ({"prompt": "a\ud83d", "max_tokens": 2}, "ab", "length"),
    ],
    ids=lambda value: repr(value)[:40],
)
def test_generates(backend: LlamaCppBackend, fields: dict[str, Any], text: str, reason: str) -> None:
    """The contract of one completion: text, stop strings that do not show, end tokens, half surrogates, no tokens."""
    answer, finish, _ = run(backend, **fields)
    assert (answer, finish.reason) == (text, reason)


def test_never_shows_half_a_character(backend: LlamaCppBackend, after: Answer) -> None:
    """One byte is one token here, so a character takes up to four of them; a delta must carry whole ones."""
    text, _, deltas = run(backend, prompt="y", max_tokens=12)
    assert text == after("y", 8) == "zé🙂\nabcd"
    assert all("\ufffd" not in delta.text for delta in deltas)
    cut, finish, _ = run(backend, prompt="y", max_tokens=5)
    assert cut == "zé"
    assert finish.completion_tokens == 5


def test_document_text_cannot_spell_control_tokens(backend: LlamaCppBackend) -> None:
    """A file that mentions a control token must not end the prompt; a raw prompt may use them on purpose."""
    assert backend.count_tokens("<|endoftext|>") == len("<|endoftext|>")
    _, raw, _ = run(backend, prompt="<|fim_prefix|>ab", max_tokens=1)
    assert raw.prompt_tokens == 3
    _, filled, _ = run(backend, prompt="<|fim_prefix|>ab", suffix="<|fim_middle|>", max_tokens=1)
    assert filled.prompt_tokens == len("<|fim_prefix|>ab<|fim_middle|>") + 3


def test_counts_cached_tokens(backend: LlamaCppBackend) -> None:
    """Typing on costs the typed tokens, in plain text and in a gap: everything else comes from the cache."""
    for suffix in (None, "tail of the document\n" * 3):
        base = "the quick brown fox\n" * 4
        run(backend, prompt=base, suffix=suffix, max_tokens=1)
        _, finish, _ = run(backend, prompt=base + "jumps\n", suffix=suffix, max_tokens=1)
        assert finish.prompt_tokens - finish.cached_tokens <= len("jumps\n") + 1


def test_cuts_the_start_of_a_long_prompt(backend: LlamaCppBackend) -> None:
    """What is far from the gap goes, the answer fits, the cut is said and does not move with each keystroke."""
    text, finish, _ = run(backend, prompt="x" * 2000 + "\nabc", max_tokens=100)
    assert text.startswith("defgh")
    assert finish.prompt_tokens + 100 <= 512
    assert finish.truncated_tokens == 2004 - finish.prompt_tokens
    _, typed, _ = run(backend, prompt="x" * 2000 + "\nabcd", max_tokens=100)
    assert typed.prompt_tokens == finish.prompt_tokens + 1
    assert typed.prompt_tokens - typed.cached_tokens <= 2


def test_cuts_both_sides_of_a_gap(backend: LlamaCppBackend) -> None:
    """A huge suffix must not push the prefix out."""
    text, finish, _ = run(backend, prompt="y" * 9000 + "a", suffix="z" * 9000, max_tokens=2)
    assert text == "bc"
    assert finish.prompt_tokens <= 510
    assert finish.truncated_tokens > 1000


def test_room_for_the_answer_is_limited(backend: LlamaCppBackend) -> None:
    """Asking for more tokens than the context holds is no error."""
    _, finish, _ = run(backend, prompt="abc", max_tokens=10_000)
    assert finish.reason == "length"
    assert 400 < finish.completion_tokens <= 512


def test_log_probabilities(backend: LlamaCppBackend) -> None:
    """Ranking candidates by likelihood needs the chosen token's own log-probability, also without alternatives."""
    _, _, deltas = run(backend, prompt="2", max_tokens=1, logprobs=4)
    (token,) = [token for delta in deltas for token in delta.tokens]
    assert {text for text, _ in token.top} == set("3456")
    assert token.logprob == pytest.approx(-1.3863, abs=0.01)  # ln(1/4)
    _, _, plain = run(backend, prompt="a", max_tokens=2, logprobs=0)
    tokens = [token for delta in plain for token in delta.tokens]
    assert [(token.token, token.top) for token in tokens] == [("b", ()), ("c", ())]
    _, _, none = run(backend, prompt="a", max_tokens=2)
    assert not any(delta.tokens for delta in none)


def test_seeds_repeat_and_differ(backend: LlamaCppBackend) -> None:
    """Several samples for one prompt must be reproducible, and must not all be the same."""
    fields: dict[str, Any] = {"prompt": "2", "max_tokens": 24, "temperature": 1.0}
    answers = [run(backend, **fields, seed=seed)[0] for seed in (1, 1, 2, 3)]
    assert answers[0] == answers[1]
    assert len(set(answers)) == 3
    assert len({run(backend, **fields)[0] for _ in range(3)}) > 1


def test_stops_between_tokens(backend: LlamaCppBackend) -> None:
    """A superseded request must free its slot at once."""
    text, finish, _ = run(backend, stop_after=3, prompt="a", max_tokens=400)
    assert (text, finish.reason) == ("bcd", "cancelled")
    assert finish.completion_tokens <= 4


def test_stops_between_prompt_batches(backend: LlamaCppBackend) -> None:
    """A long prefill asks whether to go on, and the next request does not wait for its rest."""
    seen: list[Delta] = []

    def stop_at_second(delta: Delta) -> bool:
        seen.append(delta)
        return len(seen) < 2

    finish = backend.generate(GenerationRequest(prompt="q" * 400, max_tokens=50), stop_at_second)
    assert finish.reason == "cancelled"
    assert [delta.text for delta in seen] == ["", ""]
    assert run(backend, prompt="a", max_tokens=1)[0] == "b"


def test_an_exception_in_the_callback_comes_out(backend: LlamaCppBackend) -> None:
    """It would otherwise be lost in C++ and look like a cancelled request."""

    def fail(_: Delta) -> bool:
        raise ZeroDivisionError("of the caller")

    with pytest.raises(ZeroDivisionError, match="of the caller"):
        backend.generate(GenerationRequest(prompt="abc"), fail)


def test_an_engine_error_is_a_generation_error(backend: LlamaCppBackend, monkeypatch: pytest.MonkeyPatch) -> None:
    """What llama.cpp refuses must reach the client as an error, not as an empty answer."""
    monkeypatch.setattr(backend, "_parameters", lambda *_: {"prompt": 12})
    with pytest.raises(GenerationError, match=r"llama\.cpp refused"):
        run(backend, prompt="abc")


def test_two_requests_at_once(backend: LlamaCppBackend, after: Answer) -> None:
    """Each slot has its own text."""
    answers: dict[str, str] = {}

    def work(prompt: str) -> None:
        answers[prompt] = run(backend, prompt=prompt, max_tokens=20)[0]

    threads = [threading.Thread(target=work, args=(prompt,)) for prompt in ("a", "c")]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(30)
    assert answers == {"a": after("a", 20), "c": after("c", 20)}


def test_the_engines_port_is_local_and_locked(backend: LlamaCppBackend) -> None:
    """xllamacpp insists on a port; nobody else may use it."""
    address = urlsplit(backend._server.listening_address)
    assert address.hostname == "127.0.0.1"
    for path in ("/completion", "/v1/completions", "/tokenize", "/v1/models", "/slots", "/props"):
        for headers in ({}, {"Authorization": "Bearer guess"}):
            connection = http.client.HTTPConnection("127.0.0.1", address.port, timeout=10)
            connection.request("POST", path, b'{"prompt": "a", "content": "a"}', headers)
            assert connection.getresponse().status in (401, 404), path
            connection.close()


def test_a_silent_tokenizer_is_a_generation_error(backend: LlamaCppBackend, monkeypatch: pytest.MonkeyPatch) -> None:
    """The loopback port can fail like any other; the error says so without the text."""
    monkeypatch.setattr(backend._tokenizer, "_headers", {})
    with pytest.raises(GenerationError, match="status 401"):
        backend.count_tokens("secret")
    monkeypatch.setattr(backend._tokenizer, "_port", 1)
    with pytest.raises(GenerationError, match="ConnectionRefusedError") as refused:
        backend.count_tokens("secret")
    assert "secret" not in str(refused.value)


def test_close_stops_what_runs(chain_file: Path) -> None:
    """Closing waits for the running request, which ends as cancelled; afterwards nothing is accepted."""
    backend = LlamaCppBackend.load(chain_file, model_name="chain", threads=1, context_length=256)
    started = threading.Event()
    finishes: list[Finish] = []

    def slowly(delta: Delta) -> bool:
        started.set()
        time.sleep(0.01)
        return True

    thread = threading.Thread(
        target=lambda: finishes.append(backend.generate(GenerationRequest(prompt="a", max_tokens=200), slowly))
    )
    thread.start()
    assert started.wait(10)
    backend.close()
    thread.join(10)
    assert [finish.reason for finish in finishes] == ["cancelled"]
    backend.close()
    with pytest.raises(GenerationError, match="unloaded"):
        backend.count_tokens("a")


def test_a_model_without_marks_falls_back_to_plain_text(chain: Any, tmp_path: Path) -> None:
    """Where the vocabulary has no marks, a suffix is ignored rather than spelled into the prompt."""
    tokens = chain.metadata["tokenizer.ggml.tokens"]
    chain.metadata["tokenizer.ggml.tokens"] = [token.replace("fim_", "xxx_") for token in tokens]
    backend = LlamaCppBackend.load(chain.write(tmp_path / "m.gguf"), model_name="m", threads=1)
    try:
        assert (backend.info.family, backend.info.supports_suffix) == ("generic", False)
        text, finish, _ = run(backend, prompt="ab", suffix="zz", max_tokens=2)
        assert (text, finish.prompt_tokens) == ("cd", 2)
    finally:
        backend.close()


def test_a_missing_package_is_named(monkeypatch: pytest.MonkeyPatch, chain_file: Path) -> None:
    """The base install has no engine; the error is the command that installs it."""
    monkeypatch.setitem(__import__("sys").modules, "xllamacpp", None)
    with pytest.raises(BackendMissing, match=r"pip install 'glosswright\[llamacpp\]'"):
        LlamaCppBackend.load(chain_file, model_name="chain")


def test_what_llama_cpp_itself_refuses(chain: Any, tmp_path: Path) -> None:
    """A sound file with an unknown network is llama.cpp's to refuse, and its reason is passed on."""
    chain.metadata["general.architecture"] = "nonesuch"
    for key in ("context_length", "block_count", "embedding_length"):
        chain.metadata[f"nonesuch.{key}"] = 64
    with pytest.raises(ModelLoadError, match=r"llama\.cpp cannot load m\.gguf"):
        LlamaCppBackend.load(chain.write(tmp_path / "m.gguf"), model_name="m", threads=1)


def test_the_files_chat_template_does_not_run(chain: Any, tmp_path: Path) -> None:
    """A template is a program; this one would count for hours while the model loads."""
    chain.metadata["tokenizer.chat_template"] = "{% for i in range(99999999) %}{% endfor %}"
    started = time.monotonic()
    LlamaCppBackend.load(chain.write(tmp_path / "m.gguf"), model_name="m", threads=1).close()
    assert time.monotonic() - started < 10


def test_marks_are_broken_up_where_llama_cpp_insists(backend: LlamaCppBackend, monkeypatch: pytest.MonkeyPatch) -> None:
    """llama.cpp reads "user-defined" tokens even in plain text, and some files class the marks as such."""
    monkeypatch.setattr(backend._tokenizer, "document", backend._tokenizer.control)
    assert not set(backend._control.values()) & set(backend._document("a<|fim_middle|>b"))


def test_a_mark_must_be_one_token(backend: LlamaCppBackend, monkeypatch: pytest.MonkeyPatch) -> None:
    """A vocabulary that holds the text of a mark but not as a control token would make nonsense of every prompt."""
    assert backend._family is not None
    monkeypatch.setattr(backend._tokenizer, "control", backend._tokenizer.document)
    with pytest.raises(ModelLoadError, match=r"no control token <\|fim_prefix\|>"):
        backend._control_tokens(backend._family)


@pytest.mark.parametrize(
    ("devices", "on_gpu", "name", "slots"),
    [
        ([], False, "cpu", 1),
        ([{"type": "cpu", "name": "CPU", "description": "Xeon"}], False, "cpu", 1),
        ([{"type": "cpu"}, {"type": "gpu", "name": "CUDA0", "description": "H200"}], True, "cuda:0 (H200)", 4),
        ([{"type": "igpu", "name": "Metal", "description": "Apple M3"}], True, "metal (Apple M3)", 4),
    ],
)
def test_devices(devices: list[dict[str, str]], on_gpu: bool, name: str, slots: int, chain_file: Path) -> None:
    """A graphics device takes all layers, larger batches and more requests at once."""
    import xllamacpp

    from glosswright_model.backends import llamacpp

    kinds = SimpleNamespace(GGML_BACKEND_DEVICE_TYPE_GPU="gpu", GGML_BACKEND_DEVICE_TYPE_IGPU="igpu")
    gpu = llamacpp._gpu(SimpleNamespace(ggml_backend_dev_type=kinds, get_device_info=lambda: devices))
    assert (gpu is not None, llamacpp._device_name(gpu)) == (on_gpu, name)

    parameters = llamacpp._parameters(
        xllamacpp, chain_file, context=512, slots=slots, threads=2, on_gpu=on_gpu, api_key="key"
    )
    assert (parameters.n_gpu_layers, parameters.n_batch) == ((-1, 512) if on_gpu else (0, 64))
