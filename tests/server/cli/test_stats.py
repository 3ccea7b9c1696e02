"""`glosswright stats`: the table, the JSON, the picture and the wipe."""

from __future__ import annotations

import builtins
import json
from pathlib import Path
from typing import Any

import pytest

from glosswright_server.__main__ import main
from glosswright_server.feedback.file import FeedbackFile
from glosswright_server.feedback.impression import Impression, Outcome, Surface

pytestmark = pytest.mark.timeout(60)


@pytest.fixture
def file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> FeedbackFile:
    """An empty data folder, wide enough a terminal."""
    monkeypatch.setenv("GLOSSWRIGHT_DATA_DIR", str(tmp_path / "data"))
    monkeypatch.setenv("COLUMNS", "140")
    return FeedbackFile()


def impression(number: int, outcome: Outcome, language: str = "python", shown_at: float = 1.7e9) -> Impression:
    return Impression(
        session="s",
        number=number,
        shown_at=shown_at,
        language=language,
        intent="body",
        verdict="all examples pass",
        model="qwen",
        surface=Surface.INLINE,
        total_ms=1000.0 * (number + 1),
        first_token_ms=200.0,
        outcome=outcome,
        kept=1.0 if outcome is Outcome.ACCEPTED else None,
    )


def fill(file: FeedbackFile) -> None:
    file.write([impression(n, Outcome.ACCEPTED if n < 6 else Outcome.DISMISSED) for n in range(8)])
    file.write([impression(8, Outcome.PARTLY_ACCEPTED, "go"), impression(9, Outcome.SHOWN, "[red]x")])


def test_table(file: FeedbackFile, capsys: pytest.CaptureFixture[str]) -> None:
    """Every group with its numbers; a name that looks like markup is a name."""
    fill(file)
    assert main(["stats"]) == 0
    printed = capsys.readouterr().out
    for words in ("by language", "by intent", "by verdict", "by model", "all examples pass", "[red]x"):
        assert words in printed
    [row] = [line for line in printed.splitlines() if line.startswith("all ")]
    assert row.split() == ["all", "10", "6", "60", "%", "1", "2", "100", "%", "5.0", "9.0", "10.0"]


def test_nothing_yet(file: FeedbackFile, capsys: pytest.CaptureFixture[str]) -> None:
    """A first look explains itself."""
    assert main(["stats"]) == 0
    assert "No suggestion was counted yet" in capsys.readouterr().out


def test_json_and_days(file: FeedbackFile, capsys: pytest.CaptureFixture[str]) -> None:
    """The same for programs, and only of the last days if so wanted."""
    fill(file)
    file.write([impression(50, Outcome.ACCEPTED, shown_at=4e9)])
    assert main(["stats", "--json", "--days", "3"]) == 0
    found = json.loads(capsys.readouterr().out)
    assert found["total"]["shown"] == 1
    assert found["path"] == str(file.path)
    assert [tally["name"] for tally in found["byLanguage"]] == ["python"]


@pytest.mark.parametrize("days", ["0", "-1", "x", "1.5"])
def test_bad_days(days: str) -> None:
    """Wrong usage has its own status."""
    with pytest.raises(SystemExit) as ended:
        main(["stats", "--days", days])
    assert ended.value.code == 2


def test_wipe(file: FeedbackFile, capsys: pytest.CaptureFixture[str]) -> None:
    """It says how many were forgotten, and forgets them."""
    fill(file)
    assert main(["stats", "--wipe"]) == 0
    assert "10 suggestions forgotten" in capsys.readouterr().out
    assert file.read() == []
    assert main(["stats", "--wipe"]) == 0
    assert "Nothing is left" in capsys.readouterr().out


@pytest.mark.parametrize("more", [["--days", "30"], ["--png", "a.png"]])
def test_a_wipe_is_of_everything(
    file: FeedbackFile, more: list[str], capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    """Who names some days means those days: nothing is forgotten then."""
    monkeypatch.chdir(file.path.parent.parent)
    fill(file)
    assert main(["stats", "--wipe", *more]) == 2
    assert "--wipe forgets everything" in capsys.readouterr().err
    assert len(file.read()) == 10


def test_a_broken_file_is_named(file: FeedbackFile, capsys: pytest.CaptureFixture[str]) -> None:
    """Where the numbers are gone, it is said why; the wipe takes the broken file along."""
    file.path.parent.mkdir(parents=True)
    file.path.write_bytes(b"not a database at all" * 100)
    for _ in range(2):
        assert main(["stats"]) == 0
        said = capsys.readouterr()
        assert "No suggestion was counted yet" in said.out
        [aside] = file.path.parent.glob("feedback.broken-*")
        assert str(aside) in said.err
    assert main(["stats", "--wipe"]) == 0
    assert main(["stats"]) == 0
    assert capsys.readouterr().err == ""


def test_a_folder_that_cannot_be_looked_into(
    capsys: pytest.CaptureFixture[str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """One sentence and status 1, for the wipe as well."""
    monkeypatch.setenv("GLOSSWRIGHT_DATA_DIR", str(tmp_path / ("x" * 300)))
    for more in ([], ["--wipe"]):
        assert main(["stats", *more]) == 1
        assert "cannot be used" in capsys.readouterr().err


def test_picture(file: FeedbackFile, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """A PNG is drawn, with nothing in it as well; an impossible place is said in words."""
    pytest.importorskip("matplotlib", reason="matplotlib is not installed (extra eval)")
    assert main(["stats", "--png", str(tmp_path / "empty.png")]) == 0
    fill(file)
    assert main(["stats", "--png", str(tmp_path / "full.png")]) == 0
    for name in ("empty.png", "full.png"):
        assert (tmp_path / name).read_bytes().startswith(b"\x89PNG")
    capsys.readouterr()
    assert main(["stats", "--png", str(tmp_path / "no" / "such.png")]) == 1
    assert "cannot be written" in capsys.readouterr().err


def test_no_matplotlib(
    file: FeedbackFile, tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    """Without the extra the numbers are printed all the same, and it is said how to get pictures."""
    real = builtins.__import__

    def without(name: str, *args: Any, **kwargs: Any) -> Any:
        if name.startswith("matplotlib"):
            raise ImportError(name)
        return real(name, *args, **kwargs)

    monkeypatch.setattr(builtins, "__import__", without)
    fill(file)
    assert main(["stats", "--png", str(tmp_path / "a.png")]) == 1
    said = capsys.readouterr()
    assert "by language" in said.out
    assert "glosswright[eval]" in said.err


def test_a_file_that_cannot_be_read(file: FeedbackFile, capsys: pytest.CaptureFixture[str]) -> None:
    """One sentence and status 1."""
    file.path.parent.mkdir(parents=True)
    file.path.mkdir()
    assert main(["stats"]) == 1
    assert "cannot be used" in capsys.readouterr().err
