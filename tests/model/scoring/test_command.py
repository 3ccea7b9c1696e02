"""`glosswright model eval` as a user runs it: checkpoints and files in, a table and a report out, or one sentence."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from glosswright_model.cli import main

from .corpora import PAIRS, TEST, write_checkpoint, write_corpus


def test_checkpoints_and_a_file_of_answers(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """Everything at once: a table, two systems and a file compared, answers kept, pictures drawn, the floor beside."""
    data = write_corpus(tmp_path / "corpus")
    one = write_checkpoint(tmp_path / "one", seed=1)
    two = write_checkpoint(tmp_path / "two", seed=2)
    report = tmp_path / "report"
    outputs = tmp_path / "right.txt"
    outputs.write_text("".join(target + "\n" for _, target in TEST), encoding="utf-8")
    command = ["eval", str(one), str(two), "--data", str(data), "--max-length", "8", "--outputs", str(outputs)]
    assert main([*command, "--out", str(report), "--json"]) == 0
    printed = json.loads(capsys.readouterr().out)
    assert printed == json.loads((report / "report.json").read_text(encoding="utf-8"))
    names = [system["name"] for system in printed["systems"]]
    assert names == ["tiny (one)", "tiny (two)", "right.txt"]
    assert printed["systems"][2]["all"]["exact_match"]["value"] == 100.0
    assert printed["systems"][2]["unseen"]["pairs"] == printed["unseen_pairs"] == 2
    assert printed["systems"][2]["against_first"]["BLEU"]["difference"] > 0
    assert printed["retrieval_floor"]["all"]["exact_match"]["value"] == pytest.approx(100 / 3, abs=0.01)
    assert printed["systems"][0]["parameters"] > 0
    text = (report / "report.md").read_text(encoding="utf-8")
    assert "| nearest training pair (floor) |" in text
    assert "## Right: examples of right.txt" in text
    assert len((report / "answers-3.jsonl").read_text(encoding="utf-8").splitlines()) == 3
    assert main([*command[:1], *command[2:7], "--out", str(report)]) == 0  # the second checkpoint alone
    assert sorted(report.glob("attention-*.png"))
    assert "attention-" in (report / "report.md").read_text(encoding="utf-8")
    assert "nearest training pair (floor)" in capsys.readouterr().out


def test_runs_of_one_experiment_are_told_apart(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """The result of every run lies in a folder `model`, so that the folder's name alone says nothing."""
    data = write_corpus(tmp_path / "corpus")
    runs = [write_checkpoint(tmp_path / run / "model", seed=seed) for seed, run in enumerate(("a", "b"))]
    assert main(["eval", *map(str, runs), "--data", str(data), "--max-length", "4", "--json"]) == 0
    names = [system["name"] for system in json.loads(capsys.readouterr().out)["systems"]]
    assert names == [f"tiny ({run})" for run in runs]


def test_answers_that_were_kept_score_the_same(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """So that another protocol, or a comparison, needs no second decoding."""
    data, report = write_corpus(tmp_path / "corpus"), tmp_path / "report"
    checkpoint = write_checkpoint(tmp_path / "c")
    assert main(["eval", str(checkpoint), "--data", str(data), "--beam", "2", "--out", str(report), "--json"]) == 0
    first = json.loads(capsys.readouterr().out)["systems"][0]
    assert main(["eval", "--outputs", str(report / "answers-1.jsonl"), "--data", str(data), "--json"]) == 0
    second = json.loads(capsys.readouterr().out)["systems"][0]
    assert first["all"] == second["all"]
    assert (first["search"], second["search"]) == ("beam 2", None)


def test_answers_held_to_the_grammar_all_parse(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """An untrained network writes nonsense; held to the grammar it is at least Python."""
    data = write_corpus(tmp_path / "corpus")
    command = ["eval", str(write_checkpoint(tmp_path / "c")), "--data", str(data), "--max-length", "30", "--json"]
    rates = []
    for option in ([], ["--grammar"]):
        assert main([*command, *option]) == 0
        [system] = json.loads(capsys.readouterr().out)["systems"]
        rates.append(system["all"]["parse_rate"]["value"])
    assert system["search"] == "greedy, grammar"
    assert rates[0] < rates[1] == 100.0


def test_a_network_that_comes_along_by_its_name(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """As `serve` finds it; nobody knows where a package lies."""
    data = write_corpus(tmp_path / "corpus")
    write_checkpoint(tmp_path / "shipped" / "lines-lstm")
    monkeypatch.setattr("glosswright_model.weights.shipped.FOLDER", tmp_path / "shipped")
    assert main(["eval", "lines-lstm", "--data", str(data), "--max-length", "8", "--json"]) == 0
    assert json.loads(capsys.readouterr().out)["systems"][0]["parameters"] > 0
    assert main(["export", "lines-lstm", "--out", str(tmp_path / "small")]) == 0
    assert (tmp_path / "small" / "config.json").is_file()


def test_an_ensemble_answers_as_one(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """Two networks of one vocabulary are one system, and of two vocabularies none."""
    data = write_corpus(tmp_path / "corpus")
    one, two = write_checkpoint(tmp_path / "one", seed=1), write_checkpoint(tmp_path / "two", seed=2)
    command = ["eval", "--ensemble", "--data", str(data), "--max-length", "8", str(one)]
    assert main([*command, str(two), "--json"]) == 0
    [system] = json.loads(capsys.readouterr().out)["systems"]
    assert system["name"] == "ensemble of 2"
    other = write_checkpoint(tmp_path / "other", pairs=[*PAIRS, ("new", "new")])
    assert main([*command, str(other)]) == 1
    assert "has another vocabulary than" in capsys.readouterr().err
    assert main(command) == 1
    assert "at least two checkpoints" in capsys.readouterr().err


@pytest.mark.parametrize(
    ("differs", "said"),
    [
        ({"context": True}, "trained for comments with the code before them, {one} for comments alone"),
        ({"language": "go"}, "trained for the language go, {one} for the language python"),
        ({"unit": "function"}, "trained for the unit function, {one} for the unit statement"),
    ],
)
def test_an_ensemble_is_of_one_purpose(
    differs: dict[str, Any], said: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """With one vocabulary too: a mean of answers to different questions answers neither."""
    data = write_corpus(tmp_path / "corpus")
    one, two = write_checkpoint(tmp_path / "one"), write_checkpoint(tmp_path / "two", **differs)
    assert main(["eval", "--ensemble", "--data", str(data), str(one), str(two)]) == 1
    assert f"{two} was {said.format(one=one)}" in capsys.readouterr().err


@pytest.mark.parametrize("option", ["--length", "--coverage"])
@pytest.mark.parametrize("value", ["nan", "inf", "-1", "1e9", "much"])
def test_a_normalisation_is_a_small_number(option: str, value: str, capsys: pytest.CaptureFixture[str]) -> None:
    """No number at all would rank answers by chance, and an enormous one overflows."""
    with pytest.raises(SystemExit) as caught:
        main(["eval", "--data", "x", f"{option}={value}"])
    assert caught.value.code == 2
    assert "is not a number from 0 to 10" in capsys.readouterr().err


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ([], "give a checkpoint's folder, or a file of answers by --outputs"),
        (["missing"], "missing is no checkpoint"),
        (["--outputs", "short.txt"], "short.txt has 1 answers for 3 pairs"),
        (["--outputs", "absent.txt"], "absent.txt cannot be read"),
        (["--outputs", "short.txt", "--protocol", "bleu"], "There is no protocol 'bleu'"),
        (["--outputs", "short.txt", "--part", "trial"], "there is no part 'trial'"),
        (["--outputs", "short.txt", "--corpus", "enron"], "there is no corpus 'enron'"),
        (["--outputs", "short.txt", "--out", "short.txt"], "The folder short.txt cannot be made"),
    ],
)
def test_errors_say_what_to_do(
    arguments: list[str],
    message: str,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    """A sentence on stderr and a code for scripts, before any decoding."""
    data = write_corpus(tmp_path / "corpus")
    (tmp_path / "short.txt").write_text("x\n", encoding="utf-8")
    monkeypatch.chdir(tmp_path)
    assert main(["eval", "--data", str(data), *arguments]) == 1
    assert message in capsys.readouterr().err


def test_under_the_grammar_every_answer_parses(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """Even those of a network that has learnt nothing; without it they are not Python."""
    data, checkpoint = write_corpus(tmp_path / "corpus"), write_checkpoint(tmp_path / "c")
    command = ["eval", str(checkpoint), "--data", str(data), "--max-length", "8", "--json"]
    rates = []
    for options in ([], ["--grammar"], ["--grammar", "--beam", "3"]):
        assert main([*command, *options]) == 0
        [system] = json.loads(capsys.readouterr().out)["systems"]
        rates.append(system["all"]["parse_rate"]["value"])
    assert rates[0] < 100
    assert rates[1:] == [100.0, 100.0]
    assert system["search"] == "beam 3, grammar"
