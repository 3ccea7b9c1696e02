"""The file: what goes in comes out, whatever else happens to it."""

from __future__ import annotations

import os
import shutil
import sqlite3
import stat
import subprocess
import sys
import threading
from pathlib import Path

import pytest

from glosswright_server.errors import FeedbackUnavailable
from glosswright_server.feedback import file as file_module
from glosswright_server.feedback.file import FeedbackFile
from glosswright_server.feedback.impression import Outcome
from glosswright_server.feedback.recorder import Recorder

from .support import impression

pytestmark = pytest.mark.timeout(60)


def test_round_trip(tmp_path: Path) -> None:
    """Everything comes back as it was, oldest first, and only what is new enough; the file is the user's alone."""
    file = FeedbackFile(tmp_path / "data")
    kept = [impression(2, outcome=Outcome.ACCEPTED, kept=0.5), impression(1)]
    file.write(kept)
    assert file.read() == kept[::-1]
    assert file.read(since=1001.5) == kept[:1]
    if sys.platform != "win32":
        assert stat.S_IMODE(file.path.stat().st_mode) == 0o600


def test_a_newer_one_takes_the_place_of_an_older(tmp_path: Path) -> None:
    """What became of a suggestion is written over what was known of it before."""
    file = FeedbackFile(tmp_path)
    file.write([impression()])
    file.write([impression(outcome=Outcome.DISMISSED)])
    assert [one.outcome for one in file.read()] == [Outcome.DISMISSED]


def test_nothing_is_read_where_there_is_nothing(tmp_path: Path) -> None:
    """To look does not make a file."""
    file = FeedbackFile(tmp_path)
    assert file.read() == []
    assert file.wipe() == 0
    assert not file.path.exists()


def test_the_wipe_leaves_no_trace(tmp_path: Path) -> None:
    """Not a word of what was counted is left in the file's bytes, nor taken up again by a window that has older
    news."""
    file = FeedbackFile(tmp_path)
    file.write([impression(number, model="a-telling-name") for number in range(300)])
    assert b"a-telling-name" in file.path.read_bytes()
    assert file.wipe() == 300
    assert file.read() == []
    assert b"a-telling-name" not in file.path.read_bytes()
    file.write([impression(7, outcome=Outcome.ACCEPTED)])
    assert file.read() == []
    later = impression(8, shown_at=4e9)
    file.write([later])
    assert file.read() == [later]


@pytest.mark.parametrize("broken_at", [0, 4096])
def test_the_wipe_takes_broken_files_along(tmp_path: Path, broken_at: int) -> None:
    """What stands in a broken file is forgotten too, whether it was set aside before or is found to be broken now."""
    file = FeedbackFile(tmp_path)
    (tmp_path / "feedback.broken-1").write_bytes(b"a-telling-name")
    file.write([impression(number, model="a-telling-name" * 20) for number in range(400)])
    data = bytearray(file.path.read_bytes())
    data[broken_at : broken_at + 4096] = b"\xff" * 4096
    file.path.write_bytes(bytes(data))
    file.wipe()
    assert [path.name for path in tmp_path.iterdir()] == [file.path.name]
    assert b"a-telling-name" not in file.path.read_bytes()
    file.write([impression(7, outcome=Outcome.ACCEPTED)])
    assert file.read() == [], "older news is not taken up again"


def test_a_wipe_beside_a_reader(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Another window that has the file open keeps nobody from forgetting, and sees that it is gone."""
    file = FeedbackFile(tmp_path)
    file.write([impression(number, model="a-telling-name") for number in range(300)])
    other = sqlite3.connect(file.path)
    assert other.execute("SELECT count(*) FROM impressions").fetchone() == (300,)
    monkeypatch.setattr(file_module, "BUSY_S", 0.1)
    assert file.wipe() == 300
    assert other.execute("SELECT count(*) FROM impressions").fetchone() == (0,)
    other.close()
    assert b"a-telling-name" not in file.path.read_bytes()


def test_a_reader_that_holds_the_file_is_reported(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """In the middle of another one's reading nothing can be forgotten: it is said, and nothing is lost by halves."""
    file = FeedbackFile(tmp_path)
    file.write([impression(number) for number in range(3)])
    other = sqlite3.connect(file.path, isolation_level=None)
    other.execute("BEGIN")
    other.execute("SELECT * FROM impressions").fetchall()
    monkeypatch.setattr(file_module, "BUSY_S", 0.1)
    with pytest.raises(FeedbackUnavailable, match="locked"):
        file.wipe()
    other.execute("COMMIT")
    other.close()
    assert len(file.read()) == 3
    assert file.wipe() == 3


def test_a_clock_that_was_wrong(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A wipe under a clock that was years ahead does not end all counting once the clock is right again."""
    file = FeedbackFile(tmp_path)
    file.write([impression()])
    with monkeypatch.context() as ahead:
        ahead.setattr(file_module.time, "time", lambda: 4e9)
        assert file.wipe() == 1
    file.write([impression(2)])
    assert file.read() == [impression(2)]


def test_deleted_while_running(tmp_path: Path) -> None:
    """Somebody removes the file, or the whole folder: counting begins anew."""
    folder = tmp_path / "data"
    file = FeedbackFile(folder)
    file.write([impression(1)])
    file.path.unlink()
    assert file.read() == []
    file.write([impression(2)])
    shutil.rmtree(folder)
    assert file.wipe() == 0
    file.write([impression(3)])
    assert file.read() == [impression(3)]


@pytest.mark.skipif(sys.platform == "win32", reason="permissions are others there")
def test_what_was_made_read_only_stays_so(tmp_path: Path) -> None:
    """The user has closed the file: it is read, and its permissions are the user's."""
    file = FeedbackFile(tmp_path)
    file.write([impression()])
    file.path.chmod(0o444)
    assert file.read() == [impression()]
    assert stat.S_IMODE(file.path.stat().st_mode) == 0o400


def test_rows_of_a_later_version(tmp_path: Path) -> None:
    """Words that are not known here are left out, and do not hide the others."""
    file = FeedbackFile(tmp_path)
    file.write([impression(1), impression(2), impression(3)])
    with sqlite3.connect(file.path) as connection:
        connection.execute("UPDATE impressions SET outcome = 'sung' WHERE number = 1")
        connection.execute("UPDATE impressions SET surface = 'hologram' WHERE number = 2")
    connection.close()
    assert file.read() == [impression(3)]


@pytest.mark.parametrize("rubbish", [b"not a database at all" * 100, b"SQLite format 3\0" + b"\xff" * 5000])
def test_a_broken_file_is_set_aside(tmp_path: Path, rubbish: bytes) -> None:
    """Counting goes on in a new file; the broken one is kept for whoever wants it."""
    file = FeedbackFile(tmp_path)
    file.path.write_bytes(rubbish)
    file.write([impression()])
    assert file.read() == [impression()]
    [aside] = tmp_path.glob("feedback.broken-*")
    assert aside.read_bytes() == rubbish


def test_a_file_with_a_broken_page(tmp_path: Path) -> None:
    """Damage in the middle of the file is found out too: one call fails in words, the next begins anew."""
    file = FeedbackFile(tmp_path)
    file.write([impression(number, model="m" * 200) for number in range(400)])
    data = bytearray(file.path.read_bytes())
    data[4096:] = b"\xff" * (len(data) - 4096)
    file.path.write_bytes(bytes(data))
    for _ in range(2):
        try:
            file.write([impression()])
        except FeedbackUnavailable as error:
            assert str(file.path) in str(error)  # noqa: PT017 - either the first call or the second one succeeds
    assert file.read() == [impression()]


def test_another_database_is_not_touched(tmp_path: Path) -> None:
    """A file of a newer version is left as it is."""
    file = FeedbackFile(tmp_path)
    with sqlite3.connect(file.path) as connection:
        connection.execute("PRAGMA user_version = 99")
    connection.close()
    with pytest.raises(FeedbackUnavailable, match="newer version"):
        file.write([impression()])
    assert list(tmp_path.glob("*broken*")) == []


def test_a_lock_is_waited_for_and_then_reported(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Another window's transaction is waited for, but not for ever."""
    file = FeedbackFile(tmp_path)
    file.write([impression()])
    monkeypatch.setattr(file_module, "BUSY_S", 0.2)
    other = sqlite3.connect(file.path, isolation_level=None)
    other.execute("BEGIN EXCLUSIVE")
    with pytest.raises(FeedbackUnavailable, match="locked"):
        file.write([impression(2)])
    other.execute("COMMIT")
    other.close()
    file.write([impression(2)])
    assert len(file.read()) == 2


def test_a_folder_that_cannot_be_made(tmp_path: Path) -> None:
    """A file where the folder should be: one sentence, no traceback."""
    (tmp_path / "data").write_text("in the way")
    with pytest.raises(FeedbackUnavailable, match="cannot be used"):
        FeedbackFile(tmp_path / "data").write([impression()])


def test_a_full_disk(tmp_path: Path) -> None:
    """What the disk has no room for is refused as a whole; what was there before stays."""
    file = FeedbackFile(tmp_path)
    file.write([impression()])

    class Small(FeedbackFile):
        def _connect(self, *, create: bool) -> sqlite3.Connection:
            connection = super()._connect(create=create)
            connection.execute("PRAGMA max_page_count = 8")  # SQLite then says what it says on a full disk
            return connection

    with pytest.raises(FeedbackUnavailable, match="full"):
        Small(tmp_path).write([impression(number, model="m" * 500) for number in range(500)])
    assert file.read() == [impression()]


def test_the_oldest_go_first(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The file cannot grow for ever."""
    monkeypatch.setattr(file_module, "MOST_ROWS", 10)
    file = FeedbackFile(tmp_path)
    file.write([impression(number) for number in range(25)])
    assert [one.number for one in file.read()] == list(range(15, 25))


def test_several_windows_write_at_once(tmp_path: Path) -> None:
    """Processes and threads that write at the same time lose nothing."""
    script = (
        "import sys, dataclasses\n"
        "from pathlib import Path\n"
        "from feedback_impressions import impression\n"
        "from glosswright_server.feedback.file import FeedbackFile\n"
        "from glosswright_server.feedback.recorder import Recorder\n"
        "recorder = Recorder(FeedbackFile(Path(sys.argv[1])), gather_s=0, retry_s=(0.01, 0.1))\n"
        "for number in range(40):\n"
        "    recorder.record(impression(number, session=sys.argv[2]))\n"
        "    assert recorder.flush(30)\n"
    )
    (tmp_path / "feedback_impressions.py").write_text(
        (Path(__file__).parent / "support.py").read_text(encoding="utf-8"), encoding="utf-8"
    )
    data = tmp_path / "data"
    environment = {**os.environ, "PYTHONPATH": str(tmp_path)}
    processes = [
        subprocess.Popen([sys.executable, "-c", script, str(data), f"process {index}"], env=environment)
        for index in range(2)
    ]

    def write(name: str) -> None:
        recorder = Recorder(FeedbackFile(data), gather_s=0, retry_s=(0.01, 0.1))
        for number in range(40):
            recorder.record(impression(number, session=name))
            assert recorder.flush(30)
        recorder.close()

    threads = [threading.Thread(target=write, args=(f"thread {index}",)) for index in range(2)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(40)
    assert [process.wait(40) for process in processes] == [0, 0]
    assert len(FeedbackFile(data).read()) == 4 * 40
