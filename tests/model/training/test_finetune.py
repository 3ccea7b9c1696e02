"""LoRA fine-tuning, on networks of a few thousand random weights and a tokenizer made here."""

from __future__ import annotations

import errno
import json
import math
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

pytest.importorskip("peft", reason="fine-tuning needs peft and torch: pip install 'glosswright[train]'")

from harness.tiny_transformers import write_t5, write_tokenizer
from harness.toy_seq2seq import toy_checkpoint
from safetensors.torch import load_file

from glosswright_model.backends.adapter import CONFIG_NAME, WEIGHTS_NAME
from glosswright_model.backends.base import Delta, GenerationRequest
from glosswright_model.backends.choose import choose
from glosswright_model.backends.transformers_backend import TransformersBackend
from glosswright_model.cli import main
from glosswright_model.data.pair_files import write_pairs
from glosswright_model.data.pairs import Pair
from glosswright_model.errors import (
    CheckpointError,
    ConfigError,
    DataError,
    ModelLoadError,
    ModelPackageError,
    TrainingError,
)
from glosswright_model.training import finetune as module
from glosswright_model.training.finetune import Step, finetune
from glosswright_model.training.finetune_batches import answer_loss, tokenize
from glosswright_model.training.finetune_prompts import prompt_and_answer
from glosswright_model.training.finetune_settings import FinetuneSettings, finetune_settings
from glosswright_model.weights import resolve

torch = pytest.importorskip("torch")
transformers = pytest.importorskip("transformers")
pytestmark = pytest.mark.torch

WORDS = ("red", "blue", "green", "black", "white")
PAIRS = [
    Pair(f"print {word}", f"show('{word}')", licence="MIT", split=split) for word in WORDS for split in ("train", "dev")
]
TEXTS = [text for pair in PAIRS for text in prompt_and_answer(pair)]


@pytest.fixture(scope="module")
def causal_folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("hf") / "tiny-llama"
    tokenizer = write_tokenizer(folder, ("<end>",), TEXTS, 300)
    torch.manual_seed(7)
    config = transformers.LlamaConfig(
        vocab_size=len(tokenizer),
        hidden_size=32,
        intermediate_size=64,
        num_hidden_layers=2,
        num_attention_heads=4,
        num_key_value_heads=2,
        max_position_embeddings=128,
        eos_token_id=0,
        bos_token_id=None,
        initializer_range=0.4,
    )
    transformers.LlamaForCausalLM(config).save_pretrained(folder)
    return folder


@pytest.fixture(scope="module")
def seq2seq_folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("hf") / "tiny-t5"
    tokenizer = write_tokenizer(folder, ("</s>", "<pad>"), TEXTS, 300, pad_token="<pad>")
    write_t5(folder, tokenizer)
    return folder


@pytest.fixture
def data(tmp_path: Path) -> Path:
    write_pairs(tmp_path / "pairs.jsonl", PAIRS)
    return tmp_path / "pairs.jsonl"


def settings(model_folder: Path, pairs: Path, **flags: Any) -> FinetuneSettings:
    quick = {"epochs": 2, "batch_size": 2, "max_tokens": 64, "optimizer.accumulate": 2, "save_every": 1}
    return finetune_settings(None, {"model": str(model_folder), "data": str(pairs), **quick, **flags})


def losses(model: Path, data: Path, out: Path, **flags: Any) -> list[Step]:
    steps: list[Step] = []
    finetune(settings(model, data, **flags), out, on_step=steps.append)
    return steps


@pytest.mark.parametrize("kind", ["causal_folder", "seq2seq_folder"])
def test_it_learns_and_only_the_adapter_changes(
    kind: str, data: Path, tmp_path: Path, request: pytest.FixtureRequest
) -> None:
    """The loss falls far, the base model's files stay as they are, and what is written is safetensors alone."""
    model = request.getfixturevalue(kind)
    before = {path.name: path.read_bytes() for path in model.iterdir()}
    flags = {"epochs": 30, "optimizer.learning_rate": 0.02, "lora.dropout": 0.0, "save_every": 0}
    steps = losses(model, data, tmp_path / "run", **flags)
    assert steps[-1].loss < 0.3 * steps[0].loss
    assert steps[-1].update == steps[-1].updates == len(steps) == 60
    assert {path.name: path.read_bytes() for path in model.iterdir()} == before
    files = {path.name for path in (tmp_path / "run" / "adapter").iterdir()}
    assert {CONFIG_NAME, WEIGHTS_NAME, "finetune.json", "tokenizer.json"} <= files
    assert not [name for name in files if name.endswith((".bin", ".pt", ".pkl"))]
    assert all("lora_" in name for name in load_file(tmp_path / "run" / "adapter" / WEIGHTS_NAME))


def generated(backend: Any, prompt: str) -> str:
    texts: list[str] = []

    def on_delta(delta: Delta) -> bool:
        texts.append(delta.text)
        return True

    backend.generate(GenerationRequest(prompt=prompt, max_tokens=24), on_delta)
    return "".join(texts)


def test_the_server_loads_what_was_learnt(causal_folder: Path, data: Path, tmp_path: Path) -> None:
    """Adapter folder and merged folder answer alike, as the pairs say, and otherwise than the base model."""
    flags = {"epochs": 60, "optimizer.learning_rate": 0.02, "lora.dropout": 0.0, "save_every": 0}
    outcome = finetune(settings(causal_folder, data, **flags), tmp_path / "run", merge=True)
    assert outcome.licences == {"MIT": 5}
    assert outcome.dev_loss is not None
    assert outcome.dev_loss < 0.2
    assert outcome.merged is not None
    answers = []
    for folder in (outcome.adapter, outcome.merged):
        assert choose(resolve(folder).path).backend == "transformers"
        backend = TransformersBackend.load(str(folder), model_name="tuned", threads=1)
        assert (backend.info.details.get("adapter") == "adapter") == (folder == outcome.adapter)
        answers.append([generated(backend, prompt_and_answer(pair)[0]) for pair in PAIRS])
    assert answers[0] == answers[1] == [pair.target + "\n" for pair in PAIRS]
    base = TransformersBackend.load(str(causal_folder), model_name="base", threads=1)
    assert generated(base, prompt_and_answer(PAIRS[0])[0]) != answers[0][0]


class Killed(Exception):
    pass


@pytest.mark.parametrize("at", [1, 2, 3, 5])
def test_a_killed_run_goes_on_exactly(causal_folder: Path, data: Path, tmp_path: Path, at: int) -> None:
    """Killed after any update and resumed, it ends with identical weights; dropout is on."""
    how = settings(causal_folder, data, epochs=3)

    def kill(step: Step) -> None:
        if step.update == at:
            raise Killed

    whole = finetune(how, tmp_path / "whole")
    with pytest.raises(Killed):
        finetune(how, tmp_path / "cut", on_step=kill)
    resumed = finetune(how, tmp_path / "cut", resume=True)
    left, right = (load_file(one.adapter / WEIGHTS_NAME) for one in (whole, resumed))
    assert left.keys() == right.keys()
    assert all(torch.equal(left[name], right[name]) for name in left)
    assert any(tensor.abs().max() > 0 for name, tensor in left.items() if "lora_B" in name)


def test_the_loss_is_the_answers_alone(causal_folder: Path) -> None:
    """By hand, one pair at a time without padding: padding, batching and leaving out logits change nothing."""
    model = transformers.AutoModelForCausalLM.from_pretrained(causal_folder).eval()
    tokenizer = transformers.AutoTokenizer.from_pretrained(causal_folder)
    pairs = [Pair("print red", "a"), Pair("print a good many colours at once", "show('green') or show('red')")]
    examples = tokenize(tokenizer, pairs, max_tokens=64, is_encoder_decoder=False).examples
    expected = 0.0
    with torch.no_grad():
        for example in examples:
            ids = torch.tensor([[*example.source.ids, *example.target]])
            log_probs = model(input_ids=ids).logits[0].log_softmax(-1)
            begin = len(example.source.ids)
            expected -= sum(float(log_probs[begin + at - 1, token]) for at, token in enumerate(example.target))
        actual = float(answer_loss(model, examples, 0, torch.device("cpu")))
    assert actual == pytest.approx(expected, rel=1e-5)


def test_gradient_checkpointing_computes_the_same(causal_folder: Path, data: Path, tmp_path: Path) -> None:
    """It trades time for memory, and nothing else."""
    plain, saving = (
        losses(causal_folder, data, tmp_path / str(flag), gradient_checkpointing=flag) for flag in (False, True)
    )
    assert [step.loss for step in saving] == pytest.approx([step.loss for step in plain], rel=1e-4)


def test_long_pairs(causal_folder: Path) -> None:
    """A long prompt loses its beginning, for its end is next to the answer; a long answer is left out and counted."""
    tokenizer = transformers.AutoTokenizer.from_pretrained(causal_folder)
    pairs = [Pair("word " * 99 + "the end", "x"), Pair("print it", "y" * 200)]
    tokenized = tokenize(tokenizer, pairs, max_tokens=32, is_encoder_decoder=False)
    assert tokenized.too_long == 1
    (example,) = tokenized.examples
    assert len(example.source.ids) + len(example.target) <= 32
    assert tokenizer.decode(example.source.ids).endswith("the end\n")


def test_control_tokens_in_code_are_text(causal_folder: Path) -> None:
    """Else a line of somebody's code would teach the model to stop there."""
    tokenizer = transformers.AutoTokenizer.from_pretrained(causal_folder)
    (example,) = tokenize(tokenizer, [Pair("x <end> y", "<end>")], max_tokens=64, is_encoder_decoder=False).examples
    assert example.source.ids.count(tokenizer.eos_token_id) == 0
    assert example.target.count(tokenizer.eos_token_id) == 1


def spoil_losses(monkeypatch: pytest.MonkeyPatch, spoil: Callable[[Any], Any], *, after: int) -> None:
    """Change what every loss is after so many."""
    real, calls = module.answer_loss, iter(range(1000))

    def spoiled(*arguments: Any) -> Any:
        loss = real(*arguments)
        return spoil(loss) if next(calls) >= after else loss

    monkeypatch.setattr(module, "answer_loss", spoiled)


def test_a_loss_that_is_no_number_stops_the_run(
    causal_folder: Path, data: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """What was saved before stays usable, and the pairs are named."""
    spoil_losses(monkeypatch, lambda loss: loss * math.nan, after=7)
    with pytest.raises(TrainingError, match="training pairs"):
        finetune(settings(causal_folder, data, epochs=5), tmp_path / "run")
    monkeypatch.undo()
    assert finetune(settings(causal_folder, data, epochs=5), tmp_path / "run", resume=True).updates == 10


def test_a_gradient_that_is_no_number_stops_the_run(
    causal_folder: Path, data: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A finite loss can have such a gradient; a step with it would spoil adapter and state, which are saved next."""
    spoil_losses(monkeypatch, lambda loss: loss + (loss - loss.detach()).abs().sqrt(), after=4)  # the root's slope at 0
    without_dev = write_only(tmp_path / "train.jsonl", "train")
    with pytest.raises(TrainingError, match=r"gradient is no number.*update 3 .*training pairs"):
        finetune(settings(causal_folder, without_dev, epochs=3), tmp_path / "run")
    for path in (tmp_path / "run").rglob("*.safetensors"):
        assert all(bool(torch.isfinite(tensor).all()) for tensor in load_file(path).values()), path
    monkeypatch.undo()
    assert finetune(settings(causal_folder, without_dev, epochs=3), tmp_path / "run", resume=True).updates == 6


def test_a_dev_loss_that_is_no_number_keeps_no_adapter(
    causal_folder: Path, data: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Nothing compares with it: the first such adapter would stay for ever."""
    monkeypatch.setattr(module._Run, "_dev_loss", lambda _: math.nan)
    with pytest.raises(TrainingError, match="dev pairs is no number after update 2"):
        finetune(settings(causal_folder, data), tmp_path / "run")
    assert not (tmp_path / "run" / "adapter").exists()


def write_only(path: Path, split: str) -> Path:
    write_pairs(path, [pair for pair in PAIRS if pair.split == split])
    return path


@pytest.fixture
def wrong(data: Path, tmp_path: Path, causal_folder: Path) -> dict[str, tuple[type[ModelPackageError], str]]:
    write_pairs(tmp_path / "test-only.jsonl", [Pair("a", "b", split="test")])
    write_pairs(tmp_path / "long.jsonl", [Pair("a", "b" * 500)])
    (tmp_path / "pickled").mkdir()
    config = json.loads((causal_folder / "config.json").read_text())
    (tmp_path / "pickled" / "config.json").write_text(json.dumps(config))
    torch.save({}, tmp_path / "pickled" / "pytorch_model.bin")
    return {
        "model": (ModelLoadError, str(tmp_path / "pickled")),
        "data": (DataError, str(tmp_path / "test-only.jsonl")),
    }


def test_what_cannot_be_trained_is_said(
    causal_folder: Path, data: Path, tmp_path: Path, wrong: dict[str, tuple[type[ModelPackageError], str]]
) -> None:
    """Before hours have gone by; pickled weights are never opened."""
    for name, (error, value) in wrong.items():
        with pytest.raises(error):
            finetune(settings(causal_folder, data, **{name: value}), tmp_path / "run")
    with pytest.raises(DataError, match="short enough"):
        finetune(settings(causal_folder, tmp_path / "long.jsonl"), tmp_path / "run")
    with pytest.raises(ConfigError, match=r"lora\.targets"):
        finetune(settings(causal_folder, data, **{"lora.targets": ["no_such_layer"]}), tmp_path / "run")
    finetune(settings(causal_folder, data), tmp_path / "run")
    with pytest.raises(ConfigError, match="--resume"):
        finetune(settings(causal_folder, data), tmp_path / "run")
    with pytest.raises(CheckpointError, match="other settings"):
        finetune(settings(causal_folder, data, seed=2), tmp_path / "run", resume=True)
    shutil.rmtree(tmp_path / "run" / "state")  # as the docs allow
    with pytest.raises(ConfigError, match="another --out"):
        finetune(settings(causal_folder, data), tmp_path / "run")


def test_models_of_another_kind_are_named(causal_folder: Path, data: Path, tmp_path: Path) -> None:
    """What transformers says of them leads nowhere."""
    toy_checkpoint(tmp_path / "own")
    adapter = finetune(settings(causal_folder, data, epochs=1), tmp_path / "run").adapter
    for folder, said in (
        (tmp_path / "own", "made by `glosswright model train`"),
        (adapter, "is an adapter; give its base model"),
        (tmp_path / "missing", "there is no folder"),
    ):
        with pytest.raises(ModelLoadError, match=said):
            finetune(settings(folder, data), tmp_path / "other")


def test_a_place_that_cannot_be_written_is_said(
    causal_folder: Path, data: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Before the model is loaded; and where the disk fills up later, the run goes on once there is space."""
    (tmp_path / "file").write_text("x")
    with pytest.raises(CheckpointError, match="cannot be made"):
        finetune(settings(causal_folder, data), tmp_path / "file")
    real = Path.open

    def full(path: Path, mode: str = "r", *arguments: Any, **options: Any) -> Any:
        if path.name == module.LOG and mode == "a" and (tmp_path / "run" / "adapter").exists():
            raise OSError(errno.ENOSPC, "No space left on device")
        return real(path, mode, *arguments, **options)

    monkeypatch.setattr(Path, "open", full)
    with pytest.raises(CheckpointError, match=r"log.jsonl cannot be written \(No space left on device\)"):
        finetune(settings(causal_folder, data), tmp_path / "run")
    monkeypatch.undo()
    assert finetune(settings(causal_folder, data), tmp_path / "run", resume=True).updates == 4


@pytest.mark.parametrize(
    ("name", "value", "message"),
    [
        ("peft_type", "PREFIX_TUNING", "only LORA"),
        ("base_model_name_or_path", "/nowhere/at/all", "correct base_model_name_or_path"),
        ("base_model_name_or_path", None, "which base model"),
        (WEIGHTS_NAME, None, "no adapter_model.safetensors"),
        (CONFIG_NAME, "{", "damaged"),
    ],
)
def test_broken_adapters_are_refused(
    causal_folder: Path, data: Path, tmp_path: Path, name: str, value: Any, message: str
) -> None:
    """An adapter from elsewhere may be anything."""
    adapter = finetune(settings(causal_folder, data, epochs=1), tmp_path / "run").adapter
    if name == WEIGHTS_NAME:
        (adapter / name).rename(adapter / "adapter_model.bin")
    elif name == CONFIG_NAME:
        (adapter / name).write_text(value)
    else:
        config = json.loads((adapter / CONFIG_NAME).read_text())
        (adapter / CONFIG_NAME).write_text(json.dumps(config | {name: value}))
    with pytest.raises(ModelLoadError, match=message):
        TransformersBackend.load(str(adapter), model_name="x", threads=1)


def test_an_adapter_beside_its_base_can_be_moved_with_it(causal_folder: Path, data: Path, tmp_path: Path) -> None:
    """A relative base is looked for from the adapter's folder."""
    adapter = finetune(settings(causal_folder, data, epochs=1), tmp_path / "run").adapter
    config = json.loads((adapter / CONFIG_NAME).read_text())
    (tmp_path / "run" / "base").symlink_to(causal_folder, target_is_directory=True)
    (adapter / CONFIG_NAME).write_text(json.dumps(config | {"base_model_name_or_path": "../base"}))
    assert TransformersBackend.load(str(adapter), model_name="x", threads=1).info.backend == "transformers"


@pytest.mark.parametrize(
    ("pair", "prompt", "answer"),
    [
        (Pair("do\nit", "x = 1"), "# do\n# it\n", "x = 1\n"),
        (Pair("do it", "x = 1", context="import y"), "import y\n# do it\n", "x = 1\n"),
        (Pair("do it", "f();", language="java"), "// do it\n", "f();\n"),
        (Pair("all", "SELECT 1;", language="sql"), "-- all\n", "SELECT 1;\n"),
        (
            Pair('Say "hi".', "a()\n\nb()", "body", context="def f():"),
            'def f():\n    """Say "hi"."""\n',
            "    a()\n\n    b()\n",
        ),
        (
            Pair("One.\n\nTwo.", "a()", "body", context="def f():"),
            'def f():\n    """One.\n\n    Two.\n    """\n',
            "    a()\n",
        ),
        (Pair("do", "return 1", "body", "go", context="func f() int"), "// do\nfunc f() int {\n", "\treturn 1\n}\n"),
        (Pair("do", "x", "body", "ruby", context="def f"), "# do\ndef f\n", "  x\nend\n"),
    ],
)
def test_prompts_look_like_files(pair: Pair, prompt: str, answer: str) -> None:
    """The language server asks with the file's text; tuning on anything else would be for nothing."""
    assert prompt_and_answer(pair) == (prompt, answer)


def test_python_prompts_and_answers_are_python() -> None:
    """A docstring may end in a quote or hold a backslash."""
    import ast

    for text in ('Ends with "quotes"', "a \\d backslash", 'a """ inside', "ends with \\"):
        prompt, answer = prompt_and_answer(Pair(text, "return 1", "body", context="def f():"))
        ast.parse(prompt + answer)


def test_settings_from_file_and_flags(tmp_path: Path) -> None:
    """Flags win; a slip is named."""
    file = tmp_path / "f.yaml"
    file.write_text("model: m\ndata: d\nepochs: 7\nlora:\n  rank: 4\n")
    found = finetune_settings(file, {"epochs": 9, "lora.alpha": 8, "model": None})
    assert (found.epochs, found.lora.rank, found.lora.alpha, found.model) == (9, 4, 8, "m")
    for text, message in (
        ("model: m", "--data"),
        ("model: m\ndata: d\nepoch: 3", r"epoch is no setting; did you mean epochs\?"),
        ("model: m\ndata: d\nlora: {ranks: 3}", r"lora\.ranks is no setting; did you mean rank\?"),
        ("model: m\ndata: d\nlora: 3", "lora"),
        ("- 1", "keys and values"),
        ("a: [", "no YAML in line 1"),
        ("model: m\ndata: d\nepochs: 0", "epochs"),
        ("model: m\ndata: d\nepochs: 2020-01-01", "no text, number"),
    ):
        file.write_text(text)
        with pytest.raises(ConfigError, match=message):
            finetune_settings(file, {"lora.rank": 4} if "lora: 3" in text else {})


def test_the_settings_of_the_manual_are_taken_as_printed(tmp_path: Path) -> None:
    """They are there to be copied. `2e-4` is a text to YAML 1.1."""
    page = (Path(__file__).parents[3] / "docs" / "finetuning.md").read_text(encoding="utf-8")
    (tmp_path / "f.yaml").write_text(page.split("```yaml\n")[1].split("```")[0])
    found = finetune_settings(tmp_path / "f.yaml", {})
    assert found == finetune_settings(None, {"model": "path/to/model", "data": "pairs.jsonl"}), "they are the defaults"


def test_one_setting_of_the_optimizer_changes_no_other() -> None:
    """A learning rate on the command line must not make four updates of one."""
    usual = finetune_settings(None, {"model": "m", "data": "d"}).optimizer
    found = finetune_settings(None, {"model": "m", "data": "d", "optimizer.learning_rate": 0.01}).optimizer
    assert found == usual.model_copy(update={"learning_rate": 0.01})
    assert (usual.learning_rate, usual.beta2, usual.accumulate) == (2e-4, 0.999, 4)


@pytest.mark.skipif(torch.cuda.is_available(), reason="there is a GPU")
def test_a_gpu_that_is_not_there_is_said(
    causal_folder: Path, data: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """And nothing is begun."""
    arguments = ["finetune", "--model", str(causal_folder), "--data", str(data), "--out", str(tmp_path / "run")]
    assert main([*arguments, "--device", "cuda"]) == 1
    assert "torch cannot compute on cuda here" in capsys.readouterr().err
    assert not (tmp_path / "run").exists()


def test_too_little_memory_says_what_to_make_smaller(
    causal_folder: Path, data: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    """The likeliest trouble of large models."""

    def full(*_: object) -> object:
        return torch.empty(1 << 50)

    monkeypatch.setattr(module, "answer_loss", full)
    arguments = ["finetune", "--model", str(causal_folder), "--data", str(data), "--out", str(tmp_path / "run")]
    assert main([*arguments, "--max-tokens", "64", "--device", "cpu"]) == 1
    assert "There is too little memory: halve batch_size" in capsys.readouterr().err


def test_the_command(causal_folder: Path, data: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """As a person runs it: what happened on stderr, the next command on stdout."""
    arguments = ["finetune", "--model", str(causal_folder), "--data", str(data), "--out", str(tmp_path / "run")]
    assert main([*arguments, "--epochs", "1", "--max-tokens", "64", "--device", "cpu"]) == 0
    said = capsys.readouterr()
    assert said.out == f"Serve it with: glosswright model serve --model {tmp_path / 'run' / 'adapter'}\n"
    assert "Licences of the pairs: MIT 5" in said.err
    assert [json.loads(line)["update"] for line in (tmp_path / "run" / "log.jsonl").read_text().splitlines()] == [1]
    assert main(arguments) == 1
    assert "--resume" in capsys.readouterr().err
    assert main(["check", str(tmp_path / "run" / "adapter")]) == 0
