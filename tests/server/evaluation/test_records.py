"""What is kept on the disk survives interruptions, and refuses what is not its own."""

from __future__ import annotations

import dataclasses
from pathlib import Path

import pytest

from glosswright_server.errors import GlosswrightError, UsageError
from glosswright_server.evaluation.conditions import answering, changed, digest, file_digest, settings_for
from glosswright_server.evaluation.folder import Folder
from glosswright_server.evaluation.mode import Mode
from glosswright_server.evaluation.records import Record, Store
from glosswright_server.settings import Settings

from .support import record

pytestmark = pytest.mark.timeout(30)

SOME = (
    record("a"),
    record("b", shown=False),
    record("c", solved=False, others=(True, None), first=False),
    dataclasses.replace(record("d"), id="ünï \ud800 \u2028 id"),
)


def test_records_come_back_whole(tmp_path: Path) -> None:
    """Whatever an answer holds, half a surrogate pair and line separators among it."""
    store = Store(tmp_path / "deep" / "results.jsonl", "d")
    assert store.read() == {}
    for one in SOME:
        store.append(one)
        assert Record.parse(one.line()) == one
    assert list(store.read().values()) == list(SOME)


@pytest.mark.parametrize("torn", [b"{", b'{"id":"e"', b"\xff"])
def test_a_torn_last_line_is_dropped(tmp_path: Path, torn: bytes) -> None:
    """After a crash the next record stands on a line of its own."""
    store = Store(tmp_path / "results.jsonl", "d")
    store.append(SOME[0])
    with store.path.open("ab") as file:
        file.write(torn)
    assert list(store.read()) == ["a"]
    store.append(SOME[1])
    assert list(store.read()) == ["a", "b"]


@pytest.mark.parametrize("line", [b"{}\n", b"[]\n", b"nonsense\n", b"3\n", b'{"answer":{}}\n', b"\xff\n"])
def test_a_foreign_file_is_refused(tmp_path: Path, line: bytes) -> None:
    """It says which line, and changes nothing."""
    store = Store(tmp_path / "results.jsonl", "d")
    store.append(SOME[0])
    with store.path.open("ab") as file:
        file.write(line)
    before = store.path.read_bytes()
    with pytest.raises(UsageError, match=r"results.jsonl:2 is not a record"):
        store.read()
    assert store.path.read_bytes() == before


def test_records_of_other_settings_are_refused(tmp_path: Path) -> None:
    """Even where somebody copied them in by hand."""
    Store(tmp_path / "r.jsonl", "d").append(SOME[0])
    with pytest.raises(UsageError, match="other settings"):
        Store(tmp_path / "r.jsonl", "other").read()


def test_what_cannot_be_read_or_written(tmp_path: Path) -> None:
    """A folder in the file's place."""
    with pytest.raises(UsageError, match="cannot be read"):
        Store(tmp_path, "d").read()
    with pytest.raises(GlosswrightError, match="cannot be written"):
        Store(tmp_path, "d").append(SOME[0])
    (tmp_path / "file").write_text("")
    with pytest.raises(GlosswrightError, match="cannot be written"), Folder(tmp_path / "file").held():
        pass


CONDITIONS = answering(Mode.FULL, Settings(), data="1", tests="")


def test_a_folder_goes_on_under_the_same_conditions(tmp_path: Path) -> None:
    """The facts of the first run stay; fresh drops everything."""
    folder = Folder(tmp_path)
    store = folder.open(CONDITIONS)
    assert folder.begin(CONDITIONS, {"date": "then"})["date"] == "then"
    assert folder.begin(CONDITIONS, {"date": "now"})["date"] == "then"
    store.append(dataclasses.replace(SOME[0], digest=digest(CONDITIONS)))
    assert list(folder.open(CONDITIONS).read()) == ["a"]
    folder.write(folder.report("md"), "# \ud800")
    assert folder.report("md").read_text() == "# \\ud800"
    folder.open(CONDITIONS, fresh=True)
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize(
    ("other", "says"),
    [
        (answering(Mode.FULL, settings_for(Settings(), Mode.FULL, []), data="1", tests=""), "verify.runExamples was"),
        (answering(Mode.SINGLE, Settings(), data="1", tests=""), 'mode was "full", is "single"'),
        (answering(Mode.FULL, Settings(), data="2", tests="3"), "another file of problems, another file of tests"),
        ({}, "and 3"),
    ],
)
def test_other_conditions_are_refused(tmp_path: Path, other: dict[str, object], says: str) -> None:
    """With what differs, and how to go on."""
    folder = Folder(tmp_path)
    folder.begin(CONDITIONS, {})
    with pytest.raises(UsageError) as error:
        folder.open(other)
    assert says in str(error.value)
    assert "--fresh" in str(error.value)


@pytest.mark.parametrize("text", ["", "[]", "{", "[" * 100_000])
def test_a_spoilt_folder(tmp_path: Path, text: str) -> None:
    """What cannot be read is not guessed."""
    (tmp_path / "run.json").write_text(text)
    with pytest.raises(UsageError, match="--fresh begins anew"):
        Folder(tmp_path).open(CONDITIONS)


def test_an_old_folder_that_does_not_say_why(tmp_path: Path) -> None:
    """A digest without conditions."""
    (tmp_path / "run.json").write_text('{"digest": "x"}')
    with pytest.raises(UsageError, match="not known which"):
        Folder(tmp_path).open(CONDITIONS)


def test_two_runs_at_once_are_refused(tmp_path: Path) -> None:
    """They would write into one another."""
    with Folder(tmp_path).held(), pytest.raises(UsageError, match="Another run"), Folder(tmp_path, "x").held():
        pass


def test_names_of_a_second_judgement(tmp_path: Path) -> None:
    """Beside the first's."""
    folder = Folder(tmp_path, "plus")
    assert [folder.results.name, folder.report("md").name] == ["results-plus.jsonl", "report-plus.md"]


def test_modes_and_assignments() -> None:
    """The mode's settings, then what is said by hand, restricted ones among it; quiet about what changes nothing."""
    assert changed(settings_for(Settings(), Mode.RAW, [])) == {}
    assert changed(settings_for(Settings(), Mode.SINGLE, ["logLevel=debug"])) == {
        "logLevel": "debug",
        "candidates.count": 1,
        "candidates.repair": False,
        "verify.runExamples": "never",
    }
    settings = settings_for(Settings(), Mode.FULL, ["candidates.count=3", "model.name=x/y.gguf", "verify.python=3"][:2])
    assert changed(settings) == {"candidates.count": 3, "verify.runExamples": "always", "model.name": "x/y.gguf"}
    assert digest(answering(Mode.RAW, settings_for(Settings(), Mode.RAW, ["logLevel=debug"]))) == digest(
        answering(Mode.RAW, Settings())
    )


@pytest.mark.parametrize(
    ("assignment", "says"),
    [
        ("candidates.count", "is not NAME=VALUE"),
        ("=3", "is not NAME=VALUE"),
        ("candidates.nothing=3", "no setting `candidates.nothing`"),
        ("candidates.count=0", "between 1 and 64"),
        ("verify.runExamples=maybe", "one of ask, always, never"),
    ],
)
def test_wrong_assignments(assignment: str, says: str) -> None:
    """Wrong usage, before the model is asked."""
    with pytest.raises(UsageError, match=says):
        settings_for(Settings(), Mode.FULL, [assignment])


def test_the_digest_of_no_file(tmp_path: Path) -> None:
    """Said in a sentence."""
    with pytest.raises(UsageError, match="cannot be read"):
        file_digest(tmp_path / "nothing")
