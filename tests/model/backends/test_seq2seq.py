"""Our own networks as a back end, on a checkpoint trained here in seconds."""

from __future__ import annotations

import json
import shutil
import threading
from collections.abc import Iterator
from pathlib import Path

import pytest

torch = pytest.importorskip("torch")
pytestmark = pytest.mark.torch

from harness.tiny_checkpoint import train_tiny  # noqa: E402  (after the check that torch is there)
from harness.toy_seq2seq import ABOUT, toy_codec, toy_network  # noqa: E402

from glosswright_model.backends.base import Delta, Finish, GenerationRequest  # noqa: E402
from glosswright_model.backends.choose import choose, load  # noqa: E402
from glosswright_model.backends.seq2seq_backend import Seq2SeqBackend, aligned  # noqa: E402
from glosswright_model.checkpoint import save_checkpoint  # noqa: E402
from glosswright_model.errors import GenerationError, ModelLoadError  # noqa: E402
from glosswright_model.seq2seq.config import TransformerConfig  # noqa: E402
from glosswright_model.weights import resolve  # noqa: E402


@pytest.fixture(scope="module", autouse=True)
def one_thread() -> Iterator[None]:
    """Networks this small are slower on several threads, and the tests beside them too."""
    threads = torch.get_num_threads()
    torch.set_num_threads(1)
    yield
    torch.set_num_threads(threads)


@pytest.fixture(scope="module")
def checkpoint(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return train_tiny(tmp_path_factory.mktemp("checkpoint") / "tiny")


@pytest.fixture(scope="module")
def backend(checkpoint: Path) -> Seq2SeqBackend:
    return Seq2SeqBackend.load(checkpoint, model_name="tiny", threads=1)


def complete(backend: Seq2SeqBackend, request: GenerationRequest) -> tuple[Delta, Finish]:
    deltas: list[Delta] = []

    def on_delta(delta: Delta) -> bool:
        if delta.text:
            deltas.append(delta)
        return True

    finish = backend.generate(request, on_delta)
    assert len(deltas) <= 1
    return (deltas or [Delta("")])[0], finish


@pytest.mark.parametrize(
    ("comment", "code"),
    [
        ("add one to depth", "depth += 1"),
        ("print height", "print(height)"),
        ("set retries to zero", "retries = 0"),  # a name that no training pair has
        ("if queue is empty , return it", "if not queue:\n    return queue"),
    ],
)
def test_a_comment_is_answered_with_code(backend: Seq2SeqBackend, comment: str, code: str) -> None:
    """The whole way: words of the comment, copying, beam search under the grammar, code."""
    delta, finish = complete(backend, GenerationRequest(prompt=comment))
    assert delta.text == code
    assert finish.reason == "stop"
    assert finish.prompt_tokens == len(comment.split())
    assert finish.completion_tokens > 0


def test_an_answer_has_as_many_tokens_as_the_network_has_positions(tmp_path: Path) -> None:
    """Where each position has a trained vector there is none for the next; a request may ask for more than that."""
    codec = toy_codec()
    config = TransformerConfig(
        model_size=8,
        heads=2,
        feedforward_size=8,
        encoder_layers=1,
        decoder_layers=1,
        positions="learned",
        max_positions=6,
    )
    torch.manual_seed(1)
    save_checkpoint(tmp_path / "short", toy_network(codec, config), config, codec, ABOUT)
    backend = Seq2SeqBackend.load(tmp_path / "short", model_name="short", threads=1)
    for temperature in (0.0, 1.0):
        _, finish = complete(backend, GenerationRequest(prompt="set x to 1", max_tokens=40, temperature=temperature))
        assert finish.completion_tokens <= 6


def test_it_says_what_it_is(backend: Seq2SeqBackend, checkpoint: Path) -> None:
    """The language server asks by it, `doctor` shows it."""
    info = backend.info
    assert (info.backend, info.family, info.unit, info.language) == ("seq2seq", "seq2seq", "statement", "python")
    assert not info.supports_suffix
    assert info.details["trained on"] == "made up"
    choice = choose(checkpoint)
    assert (choice.backend, choice.device) == ("seq2seq", "cpu")
    assert "trained with glosswright" in choice.why
    assert load(checkpoint, model_name="tiny", threads=1).info.why == choice.why


def test_log_probabilities_and_origins_make_up_the_text(backend: Seq2SeqBackend) -> None:
    """Clients add token texts up; the copied name must come from its word."""
    request = GenerationRequest(prompt="add one to retries", logprobs=0, explain=True)
    delta, _ = complete(backend, request)
    assert "".join(token.token for token in delta.tokens) == delta.text == "retries += 1"
    assert all(token.logprob <= 0 for token in delta.tokens)
    assert "".join(origin.text for origin in delta.origins) == delta.text
    first = delta.origins[0]
    assert first.text == "retries"
    assert first.words[0][0] == "retries"
    assert 0.5 < first.words[0][1] <= 1.0
    plain, _ = complete(backend, GenerationRequest(prompt="add one to retries"))
    assert (plain.tokens, plain.origins) == ((), ())


def test_choices_come_best_first_or_drawn_by_seed(backend: Seq2SeqBackend, tmp_path: Path) -> None:
    """At temperature 0 the beam's best, different from each other; above it samples that depend on their seed alone."""

    doubtful = Seq2SeqBackend.load(train_tiny(tmp_path / "doubtful", updates=2), model_name="tiny", threads=1)

    def choices(backend: Seq2SeqBackend, request: GenerationRequest, count: int) -> list[str]:
        texts = [""] * count
        finished: list[int] = []

        def on_choice(index: int, event: Delta | Finish) -> bool:
            if isinstance(event, Finish):
                finished.append(index)
            else:
                texts[index] += event.text
            return True

        backend.generate_choices(request, count, on_choice)
        assert finished == list(range(count))
        return texts

    best = choices(backend, GenerationRequest(prompt="print width"), 3)
    assert best[0] == "print(width)"
    assert len(set(best)) > 1
    request = GenerationRequest(prompt="print width", temperature=1.0, seed=5)
    drawn = choices(doubtful, request, 4)
    assert drawn == choices(doubtful, request, 4)
    assert len(set(drawn)) > 1
    assert choices(doubtful, GenerationRequest(prompt="print width", temperature=1.0, seed=7), 1) == drawn[2:3]


def test_stop_strings_and_the_limit(backend: Seq2SeqBackend) -> None:
    """As the API says: the text ends before a stop string; within few tokens the grammar still finds an end."""
    delta, finish = complete(backend, GenerationRequest(prompt="add one to total", stop=(" +=",)))
    assert (delta.text, finish.reason) == ("total", "stop")
    delta, finish = complete(backend, GenerationRequest(prompt="add one to total", stop=("=",), logprobs=0))
    assert "".join(token.token for token in delta.tokens) == delta.text == "total +"
    delta, finish = complete(backend, GenerationRequest(prompt="if total is empty , return it", max_tokens=6))
    compile(delta.text, "<answer>", "exec")
    assert finish.completion_tokens <= 7


def test_it_stops_between_two_tokens(backend: Seq2SeqBackend) -> None:
    """Closing the connection must free the network; nothing is told after that."""
    for temperature in (0.0, 1.0):
        asked = 0

        def on_delta(delta: Delta) -> bool:
            nonlocal asked
            asked += 1
            return asked < 2

        finish = backend.generate(GenerationRequest(prompt="print width", temperature=temperature), on_delta)
        assert finish.reason == "cancelled"
        assert asked == 2


def test_a_closed_back_end_says_so(checkpoint: Path) -> None:
    """Closing is safe twice, and from another thread."""
    backend = Seq2SeqBackend.load(checkpoint, model_name="tiny", threads=1)
    assert backend.count_tokens("print width") == 2
    threads = [threading.Thread(target=backend.close) for _ in range(2)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(10)
    assert backend.count_tokens("print") == 0
    with pytest.raises(GenerationError, match="unloaded"):
        backend.generate(GenerationRequest(prompt="print width"), lambda delta: True)


def test_odd_prompts_are_answered_or_not_but_never_fail(backend: Seq2SeqBackend) -> None:
    """Nothing, blanks, another script, half a surrogate pair, and far more than the network reads."""
    for prompt in ("", " \n\t", "把宽度加一", "\ud83d half", "add one to total " * 500):
        _, finish = complete(backend, GenerationRequest(prompt=prompt, max_tokens=20))
        assert finish.reason == "stop"
    assert finish.truncated_tokens > 0


@pytest.mark.parametrize(
    ("damage", "message"),
    [
        (lambda folder: (folder / "model.safetensors").write_bytes(b"x" * 100), "not the one it was saved with"),
        (lambda folder: (folder / "words.json").unlink(), "missing"),
        (lambda folder: _change(folder, version=99), "update glosswright"),
        (lambda folder: _change(folder, codec="morse"), "morse"),
    ],
)
def test_a_damaged_checkpoint_is_refused_with_what_to_do(
    damage: object, message: str, checkpoint: Path, tmp_path: Path
) -> None:
    """Through the door that `serve` uses: the sentence stands in /health."""
    folder = tmp_path / "copy"
    shutil.copytree(checkpoint, folder)
    assert callable(damage)
    damage(folder)
    with pytest.raises(ModelLoadError, match=message):
        load(folder, model_name="tiny")


def _change(folder: Path, **values: object) -> None:
    path = folder / "config.json"
    path.write_text(json.dumps({**json.loads(path.read_text(encoding="utf-8")), **values}), encoding="utf-8")


@pytest.mark.parametrize(
    ("text", "words", "pieces"),
    [
        ("x = 1", ["x", "=", "1"], ["x", " =", " 1"]),
        ("f('a b')", ["f", "(", "'", "a▁b", "'", ")"], ["f", "(", "'", "a b", "'", ")"]),
        ('f("")', ["f", "(", "'", "∅", "'", ")"], ["f", "(", "", "", "", '"")']),
        ("if x:\n    y", ["if", "x", ":", "⏎", "⇥", "y", "⏎", "⇤"], ["if", " x", ":", "", "", "\n    y", "", ""]),
        ("", ["x"], [""]),
        ("x", [], []),
    ],
)
def test_a_text_is_cut_into_its_tokens(text: str, words: list[str], pieces: list[str]) -> None:
    """One piece for each token, none of the text lost; what the text does not show stands with what follows."""
    assert aligned(text, words) == pieces


@pytest.mark.parametrize(
    ("comment", "code"),
    [
        ("import module json", "import json"),
        ("raise ValueError with string 'bad value'", "raise ValueError('bad value')"),
        ("append item to result", "result.append(item)"),
        ("return an empty list", "return []"),
    ],
)
def test_the_network_of_the_package_answers(comment: str, code: str) -> None:
    """Found by its name, without a download: what users without any other model have."""
    found = resolve("django-lstm")
    shipped = load(found.path, model_name="django-lstm", threads=1)
    delta, finish = complete(shipped, GenerationRequest(prompt=comment))
    assert delta.text == code
    assert finish.reason == "stop"
