"""`glosswright model train`, whole: a configuration and a corpus in, a folder that can be served out."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pytest
from harness.toy_seq2seq import toy_checkpoint, toy_corpus

from glosswright_model.checkpoint import load_checkpoint
from glosswright_model.cli import EXIT_FAILURE, EXIT_OK, main
from glosswright_model.data.codec import Codec
from glosswright_model.data.pair_files import write_pairs
from glosswright_model.data.pairs import SPLITS, Pair
from glosswright_model.decoding.step import StepModel
from glosswright_model.evaluation.answers import Decoded, answer_all
from glosswright_model.training.config import read_experiment

pytestmark = pytest.mark.torch

CONFIG = """\
name: toy
licence: CC0-1.0
data: {corpus: parallel, path: nowhere}
network: {architecture: rnn, embedding_size: 12, hidden_size: 16}
training: {epochs: 2, batch_size: 16, save_every: 2}
"""


@pytest.fixture
def arguments(tmp_path: Path) -> list[str]:
    """The command line of a tiny run."""
    (tmp_path / "toy.yaml").write_text(CONFIG)
    corpus = toy_corpus(tmp_path / "corpus")
    return [
        "train",
        str(tmp_path / "toy.yaml"),
        "--data",
        str(corpus),
        "--out",
        str(tmp_path / "run"),
        "--device",
        "cpu",
    ]


def test_a_run_leaves_all_that_is_promised(
    tmp_path: Path, arguments: list[str], capsys: pytest.CaptureFixture[str]
) -> None:
    """A model with its purpose, the settings it came from, log and curves; and the next command to type."""
    assert main(arguments) == EXIT_OK
    run = tmp_path / "run"
    loaded = load_checkpoint(run / "model")
    assert (loaded.about.name, loaded.about.unit, loaded.about.licence) == ("toy", "statement", "CC0-1.0")
    assert loaded.about.data == ("parallel/train",)
    assert {"exact_match", "bleu", "loss"} <= loaded.about.results.keys()
    assert {"config.yaml", "log.jsonl", "curves.png", "state", "checkpoints", "model"} <= {
        p.name for p in run.iterdir()
    }
    assert read_experiment(run / "config.yaml").training.save_every == 2
    assert f"glosswright model serve --model {run / 'model'}" in capsys.readouterr().out


def test_a_run_is_not_overwritten_by_accident(
    tmp_path: Path, arguments: list[str], capsys: pytest.CaptureFixture[str]
) -> None:
    """The same command twice must not throw away a night of training; --resume says that it is meant."""
    assert main(arguments) == EXIT_OK
    assert main(arguments) == EXIT_FAILURE
    assert "--resume" in capsys.readouterr().err
    assert main([*arguments, "--resume"]) == EXIT_OK
    assert main([*arguments, "--resume", "--set", "training.seed=2"]) == EXIT_FAILURE
    assert "other settings" in capsys.readouterr().err


def test_tuning_starts_with_weights_and_vocabulary_of_a_checkpoint(tmp_path: Path, arguments: list[str]) -> None:
    """Pre-training on much data and tuning on little: the ids must mean the same, dropout may change."""
    assert main([*arguments, "--set", "training.epochs=1"]) == EXIT_OK
    first = load_checkpoint(tmp_path / "run" / "model")
    start = f"start_from={tmp_path / 'run' / 'model'}"
    still = "training.optimizer.learning_rate=1e-9"
    tuned = [*arguments[:-4], "--out", str(tmp_path / "tuned"), "--set", start, "--set", "network.dropout=0.6"]
    assert main([*tuned, "--set", still]) == EXIT_OK
    second = load_checkpoint(tmp_path / "tuned" / "model")
    assert second.config.dropout == 0.6
    for name, value in second.network.state_dict().items():
        assert value.allclose(first.network.state_dict()[name], atol=1e-5)


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ("codec={kind: bpe}", "codec.kind: is 'bpe', but the vocabulary of start_from was made with 'word'"),
        ("codec.source_words=comment", "codec.source_words: is 'comment'"),
        ("codec.size=300", "codec.size is no setting"),
        ("data.source_limit=7", "data.source_limit: is 7, but"),
    ],
)
def test_tuning_with_another_text_pipeline_is_refused(
    tmp_path: Path, arguments: list[str], change: str, message: str, capsys: pytest.CaptureFixture[str]
) -> None:
    """The vocabulary comes from the checkpoint, whatever the configuration says: then it must not say otherwise."""
    assert main([*arguments, "--set", "training.epochs=1"]) == EXIT_OK
    start = f"start_from={tmp_path / 'run' / 'model'}"
    tuned = [*arguments[:-4], "--out", str(tmp_path / "tuned"), "--set", start, "--set", change]
    assert main(tuned) == EXIT_FAILURE
    assert message in capsys.readouterr().err
    assert not (tmp_path / "tuned").exists()


def test_a_corpus_of_one_pair_trains(tmp_path: Path, arguments: list[str]) -> None:
    """Nothing to learn from, but nothing to crash about either."""
    toy_corpus(tmp_path / "corpus", train=1, dev=1)
    assert main(arguments) == EXIT_OK
    load_checkpoint(tmp_path / "run" / "model")


VARIANTS = {
    "subwords, Transformer": [
        "codec={kind: bpe, size: 300}",
        "network={architecture: transformer, model_size: 16, heads: 2, feedforward_size: 32, encoder_layers: 1, "
        "decoder_layers: 1}",
    ],
    "minimum risk": ["tune={method: minimum_risk, reward: parse, samples: 2, max_length: 8}"],
    "REINFORCE": ["tune={method: reinforce, reward: exact_match, max_length: 8}"],
    "adversarial": ["tune={method: adversarial, rollouts: 1, max_length: 8, discriminator: {filters: 4}}"],
    "plateau, sampling, bf16": [
        "training.schedule={kind: plateau, patience: 1}",
        "training.scheduled_sampling={most: 0.5, span: 2}",
        "training.precision=bf16",
        "record.tensorboard=true",
    ],
}


@pytest.mark.parametrize("name", VARIANTS)
def test_other_settings_make_servable_models_too(tmp_path: Path, arguments: list[str], name: str) -> None:
    """Every branch that a configuration can take, from the command line to a checkpoint."""
    changes = [part for change in ["training.epochs=1", *VARIANTS[name]] for part in ("--set", change)]
    assert main([*arguments, *changes]) == EXIT_OK
    loaded = load_checkpoint(tmp_path / "run" / "model")
    assert loaded.codec.kind == ("bpe" if "subwords" in name else "word")
    assert (tmp_path / "run" / "tensorboard").is_dir() == ("plateau" in name)


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (["--data", "/nowhere/at/all"], "/nowhere/at/all"),
        (["--set", "data.dev=nothing"], "nothing"),
        (["--set", "data.train=[]"], "no pair to train on"),
        (["--set", "data.target_limit=1"], "no pair to train on"),
        (["--set", "start_from=/nowhere"], "is no checkpoint"),
        (["--set", "protocol=runes"], "runes"),
        (["--set", "language=Py"], "editors call Py 'python'"),
        (["--set", "network.hidden_size=100000000"], "too little memory for this network"),
        (["--set", "network.hidden_size=3"], "hidden_size"),
        (["--set", "training.metric=blue"], "not 'blue'"),
        (["--set", "codec.source_min_frequency=1e3"], "must be of the type int"),
    ],
)
def test_what_cannot_be_is_said_in_one_sentence(
    arguments: list[str], change: list[str], message: str, capsys: pytest.CaptureFixture[str]
) -> None:
    """No traceback for a mistake of the user."""
    assert main([*arguments, *change]) == EXIT_FAILURE
    error = capsys.readouterr().err
    assert message in error
    assert "Traceback" not in error


def test_an_unknown_configuration_names_those_there_are(capsys: pytest.CaptureFixture[str]) -> None:
    """The ones that come along can be given by name alone."""
    assert main(["train", "no-such-thing"]) == EXIT_FAILURE
    assert "django-lstm" in capsys.readouterr().err


def test_a_smaller_copy_answers_the_same(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """What is passed on is half the size, and the same model by name, vocabulary and purpose."""
    toy_checkpoint(tmp_path / "model")
    assert main(["export", str(tmp_path / "model"), "--out", str(tmp_path / "small")]) == EXIT_OK
    large, small = (load_checkpoint(tmp_path / name) for name in ("model", "small"))
    assert (small.about, small.config) == (large.about, large.config)
    sizes = [(tmp_path / name / "model.safetensors").stat().st_size for name in ("small", "model")]
    assert sizes[0] < 0.7 * sizes[1]
    assert main(["export", str(tmp_path / "nothing"), "--out", str(tmp_path / "copy")]) == EXIT_FAILURE
    assert "is no checkpoint" in capsys.readouterr().err
    assert main(["export", str(tmp_path / "model"), "--out", str(tmp_path / "small" / ".." / "model")]) == EXIT_FAILURE
    assert "the original, which would be lost" in capsys.readouterr().err


def test_code_before_a_target_can_be_part_of_the_question(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The checkpoint remembers it, so that it is asked as it was trained."""
    pairs = [
        Pair(f"Give {name}.", f"return {name}", kind="body", context=f"def f({name}):", split=split)
        for name in ("left", "right", "top")
        for split in SPLITS
    ]
    write_pairs(tmp_path / "pairs.jsonl", pairs)
    (tmp_path / "toy.yaml").write_text(CONFIG)
    pair_data = ["--data", str(tmp_path / "pairs.jsonl")]
    change = ["--set", "data.corpus=pairs", "--set", "data.context=true", "--set", "training.epochs=1"]
    assert main(["train", str(tmp_path / "toy.yaml"), *pair_data, "--out", str(tmp_path / "run"), *change]) == EXIT_OK
    assert load_checkpoint(tmp_path / "run" / "model").about.context
    asked: list[str] = []

    def spy(model: StepModel, codec: Codec, sources: Sequence[str], *others: Any, **more: Any) -> Decoded:
        asked.extend(sources)
        return answer_all(model, codec, sources, *others, **more)

    monkeypatch.setattr("glosswright_model.evaluation.answers.answer_all", spy)
    assert main(["eval", str(tmp_path / "run" / "model"), *pair_data]) == EXIT_OK
    assert "def f(left):\nGive left." in asked
