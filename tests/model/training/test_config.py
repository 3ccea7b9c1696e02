"""Configuration files: what they say is understood completely, or refused with the key and what it may be."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
from harness.toy_seq2seq import toy_pairs

from glosswright_model.errors import ConfigError, DataError
from glosswright_model.training.config import read_experiment
from glosswright_model.training.preparation import make_codec

ROOT = Path(__file__).parents[3]
CONFIGS = sorted((ROOT / "model" / "configs").glob("*.yaml"))
SMALL = "name: toy\ndata: {corpus: parallel, path: here}\n"


def written(folder: Path, text: str) -> Path:
    """A configuration file."""
    path = folder / "toy.yaml"
    path.write_text(text)
    return path


@pytest.mark.parametrize("path", CONFIGS, ids=lambda path: path.stem)
def test_every_configuration_in_the_repository_is_valid(path: Path) -> None:
    """They are what users start from, and what the published figures came from; the name is that of the file."""
    experiment = read_experiment(path)
    assert experiment.name == path.stem
    assert experiment.network_config().architecture == experiment.network["architecture"]
    assert make_codec(experiment, toy_pairs(30)).target_size > 4


def test_documented_commands_name_what_is_there() -> None:
    """A configuration that was renamed is still called by its old name in a page that nobody runs."""
    pages = [ROOT / "README.md", *(ROOT / "docs").rglob("*.md")]
    text = "\n".join(page.read_text(encoding="utf-8") for page in pages)
    trained = set(re.findall(r"model train ([a-z][\w.-]+)", text))
    assert trained <= {path.stem for path in CONFIGS} | {path.name for path in CONFIGS}
    script = (ROOT / "scripts" / "results.sh").read_text(encoding="utf-8")
    repeated = set(re.findall(r"results\.sh ([a-z][\w-]+)", text))
    assert repeated <= set(re.findall(r'NAMES="([^"]+)"', script)[0].split())
    assert trained
    assert repeated
    assert set(re.findall(r"^ *trained \S+ ([a-z][\w-]+)", script, re.MULTILINE)) <= {path.stem for path in CONFIGS}


def test_defaults_and_changes(tmp_path: Path) -> None:
    """`--set` reaches any depth, makes sections that were not there, and reads values as YAML does, `1e-3` included."""
    changes = [
        "training.optimizer.learning_rate=1e-3",
        "data.train=[api, mined]",
        "name=other",
        "record.tensorboard=true",
    ]
    experiment = read_experiment(written(tmp_path, SMALL), changes)
    assert experiment.training.optimizer.learning_rate == 0.001
    assert experiment.data.train == ("api", "mined")
    assert experiment.name == "other"
    assert experiment.record.tensorboard
    assert experiment.training.epochs == 20


REFUSED = {
    "unknown key": ("nmae: toy\n" + SMALL, r"nmae is no setting; did you mean name\?"),
    "unknown key, deep": (
        SMALL + "training: {optimizer: {learning_rat: 1}}",
        r"training.optimizer.learning_rat is no setting; did you mean learning_rate\?",
    ),
    "unknown key, far from any": (SMALL + "training: {xyzzy: 1}", "there are average, batch_size"),
    "unknown key of a network": (
        SMALL + "network: {architecture: rnn, hiden_size: 3}",
        r"network.hiden_size is no setting; did you mean hidden_size\?",
    ),
    "key of another network": (SMALL + "network: {architecture: rnn, heads: 3}", "network.heads is no setting"),
    "unknown architecture": (SMALL + "network: {architecture: mamba}", "network.architecture: 'mamba' is unknown"),
    "missing": ("data: {corpus: django, path: x}", "name is missing"),
    "text for a number": (SMALL + "training: {epochs: many}", "training.epochs: .*integer.*'many'"),
    "number as text": (SMALL + 'training: {epochs: "3"}', "training.epochs"),
    "truth for a number": (SMALL + "training: {epochs: true}", "training.epochs"),
    "negative": (SMALL + "training: {epochs: -1}", "training.epochs: .*greater"),
    "not finite": (SMALL + "training: {optimizer: {learning_rate: .nan}}", "learning_rate"),
    "unknown choice": (SMALL + "training: {schedule: {kind: linear}}", "training.schedule.kind: .*'cosine'"),
    "reward of pairs that change": (
        SMALL + "augment: {rename: 0.5}\ntune: {method: reinforce, reward: bleu}",
        "leave augment out",
    ),
    "bad unit": (SMALL + "unit: poem", "unit: .*'statement'"),
    "name that leaves the folder": (SMALL.replace("toy", "../toy"), "name"),
    "no mapping": ("- a\n- b\n", "must hold keys and values"),
    "no YAML": ("name: [", "is no YAML in line"),
    "a date": (SMALL + "licence: 2026-01-01", "no text, number, list or mapping"),
    "a Python object": (SMALL + "licence: !!python/object/apply:os.system [ls]", "is no YAML"),
    "empty": ("", "must hold keys and values"),
}


@pytest.mark.parametrize("case", REFUSED)
def test_a_wrong_configuration_is_refused(tmp_path: Path, case: str) -> None:
    """A typo that is silently ignored costs an hour of training."""
    text, message = REFUSED[case]
    with pytest.raises(ConfigError, match=message):
        read_experiment(written(tmp_path, text))


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ("epochs", "--set takes key=value"),
        ("=3", "--set takes key=value"),
        ("training..epochs=3", "--set takes key=value"),
        ("name.first=3", "name holds a value"),
        ("training.epochs=[", "no YAML"),
        ("training.epoch=3", "did you mean epochs"),
        (
            "network={architecture: transformer, positions: learned, max_positions: 256}",
            "max_positions is 256, but data.target_limit, and one for the beginning, needs 257",
        ),
        ("training.metric=accuracy", "training.metric is one of exact_match, bleu, loss, not 'accuracy'"),
    ],
)
def test_a_wrong_change_is_refused(tmp_path: Path, change: str, message: str) -> None:
    """On the command line too."""
    with pytest.raises(ConfigError, match=message):
        read_experiment(written(tmp_path, SMALL), [change])


@pytest.mark.parametrize(
    ("codec", "message"),
    [
        ("{kind: runes}", "codec.kind is one of"),
        ("{kind: word, min_freq: 3}", "codec.min_freq is no setting"),
        ("{kind: word, target_min_frequency: often}", "'target_min_frequency' must be of the type int"),
        ("{kind: word, target_min_frequency: 0}", "'target_min_frequency' must be 1 or more, not 0"),
        ("{kind: word, numbered_unknowns: -5}", "'numbered_unknowns' must be 0 or more, not -5"),
        ("{kind: word, source_limit: -1}", "'source_limit' must be 1 or more, not -1"),
        ("{kind: bpe, size: 259}", "'size' must be 260 or more, not 259"),
    ],
)
def test_a_wrong_codec_is_refused(tmp_path: Path, codec: str, message: str) -> None:
    """Its options belong to the codec, and are checked as strictly."""
    with pytest.raises((ConfigError, DataError), match=message):
        make_codec(read_experiment(written(tmp_path, f"{SMALL}codec: {codec}")), toy_pairs(5))


def test_a_file_that_is_not_there(tmp_path: Path) -> None:
    """Named, with the reason."""
    with pytest.raises(ConfigError, match=r"nothing.yaml cannot be read \(No such file"):
        read_experiment(tmp_path / "nothing.yaml")
