"""The lock and the state file: who is *the* server, and whom to believe about it."""

from __future__ import annotations

import json
import os
import stat
import subprocess
import sys
from pathlib import Path

import platformdirs
import psutil
import pytest

from glosswright_model.errors import AlreadyRunning, ServingError
from glosswright_model.serving import state_file
from glosswright_model.serving.state_file import Claim, find_running, read_state, runtime_dir


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A runtime folder that does not exist yet."""
    return tmp_path / "run"


def claimed(folder: Path) -> Claim:
    """A claim with a published state."""
    claim = Claim(folder)
    claim.acquire(0)
    claim.publish(url="http://127.0.0.1:1", token="secret", model="m", version="1")
    return claim


def write_state(folder: Path, **changes: object) -> Path:
    """A state file as a living server would have left it, but for `changes`."""
    folder.mkdir(mode=0o700, exist_ok=True)
    state = {
        "protocol": 1,
        "pid": os.getpid(),
        "create_time": psutil.Process().create_time(),
        "url": "http://127.0.0.1:1",
        "token": "secret",
        "model": "m",
        "version": "1",
        "started_at": 1.0,
        **changes,
    }
    path = folder / "model-server.json"
    path.write_text(json.dumps(state))
    path.chmod(0o600)
    return path


def test_published_state_is_private_and_complete(folder: Path) -> None:
    """It holds the token: nobody else on the machine may read it, not even for a moment."""
    claim = claimed(folder)
    path = folder / "model-server.json"
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert stat.S_IMODE(folder.stat().st_mode) == 0o700
    assert json.loads(path.read_text()).keys() == {
        "protocol",
        "pid",
        "create_time",
        "url",
        "token",
        "model",
        "version",
        "started_at",
    }
    state = find_running(folder)
    assert state is not None
    assert (state.pid, state.token, state.alive) == (os.getpid(), "secret", True)
    assert "secret" not in repr(state)
    assert [name for name in os.listdir(folder) if name.startswith(".")] == []
    claim.release()
    claim.release()
    assert find_running(folder) is None
    assert not path.exists()


def test_second_claim_names_the_first(folder: Path) -> None:
    """The message must tell the user what runs and how to end it."""
    claim = claimed(folder)
    with pytest.raises(AlreadyRunning, match=rf"with m runs already \(process {os.getpid()}\).*stop"):
        Claim(folder).acquire()
    claim.withdraw()
    with pytest.raises(AlreadyRunning, match="starting or ending"):
        Claim(folder).acquire(0.1)
    claim.release()
    Claim(folder).acquire(0)


def test_claim_waits_for_a_server_that_is_ending(folder: Path) -> None:
    """`stop` and `serve` in a row must work: the old process still holds the lock for a moment."""
    code = (
        "import sys, time; from pathlib import Path; from glosswright_model.serving.state_file import Claim\n"
        "claim = Claim(Path(sys.argv[1])); claim.acquire(); print('held', flush=True); time.sleep(0.5)"
    )
    with subprocess.Popen([sys.executable, "-c", code, str(folder)], stdout=subprocess.PIPE) as holder:
        assert holder.stdout is not None
        assert holder.stdout.readline() == b"held\n"
        claim = Claim(folder)
        claim.acquire(10)
        assert holder.wait(10) == 0
    claim.release()


def test_failed_write_leaves_nothing(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A half-written file with a token in it must not stay behind."""
    claim = Claim(folder)
    claim.acquire(0)

    def no_room(*arguments: object) -> None:
        raise OSError("no room")

    monkeypatch.setattr(state_file.os, "replace", no_room)
    with pytest.raises(OSError, match="no room"):
        claim.publish(url="u", token="t", model="m", version="v")
    assert os.listdir(folder) == ["model-server.lock"]
    claim.release()


@pytest.mark.parametrize(
    "changes",
    [
        {"pid": 2**22 + 5},
        {"create_time": 1000.0},
        {"protocol": 2},
        {"pid": "1"},
        {"pid": True},
        {"pid": 0},
        {"create_time": "now"},
        {"token": None},
        {"url": 5},
    ],
)
def test_stale_or_foreign_state_names_no_server(folder: Path, changes: dict) -> None:
    """A dead process, another process with its number, a later version: start anew, and take the file over."""
    path = write_state(folder, **changes)
    assert find_running(folder) is None
    claim = Claim(folder)
    claim.acquire(0)
    assert not path.exists()
    claim.release()


@pytest.mark.parametrize("text", ["", "{", "[]", "null", '{"protocol": 1}', "[" * 100_000])
def test_broken_state_names_no_server(folder: Path, text: str) -> None:
    """A disk that was full, an editor that slipped: no crash."""
    write_state(folder).write_text(text)
    assert read_state(folder) is None


def test_unknown_keys_are_ignored(folder: Path) -> None:
    """A later server may say more."""
    write_state(folder, later=1)
    assert find_running(folder) is not None


def test_zombies_and_hidden_processes(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A dead process whose parent has not looked is dead; one whose details are hidden counts as alive."""
    with subprocess.Popen([sys.executable, "-c", "input()"], stdin=subprocess.PIPE) as child:
        assert child.stdin is not None
        write_state(folder, pid=child.pid, create_time=psutil.Process(child.pid).create_time())
        assert find_running(folder) is not None
        child.stdin.close()
        os.waitid(os.P_PID, child.pid, os.WEXITED | os.WNOWAIT)
        assert find_running(folder) is None

    def hidden(pid: int) -> psutil.Process:
        raise psutil.AccessDenied(pid)

    write_state(folder)
    monkeypatch.setattr(state_file.psutil, "Process", hidden)
    assert find_running(folder) is not None


def test_state_open_to_others_is_not_believed(folder: Path) -> None:
    """Whoever could have written it could send the user's code to a server of their own."""
    path = write_state(folder)
    path.chmod(0o644)
    with pytest.raises(ServingError, match="chmod go-rwx"):
        read_state(folder)
    path.chmod(0o600)
    folder.chmod(0o755)
    with pytest.raises(ServingError, match="chmod go-rwx"):
        read_state(folder)
    with pytest.raises(ServingError, match="chmod go-rwx"):
        Claim(folder).acquire(0)
    folder.chmod(0o700)
    assert read_state(folder) is not None


def test_state_of_another_user_is_not_believed(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The same, for a file that somebody else put there."""
    write_state(folder)
    monkeypatch.setattr(state_file.os, "getuid", lambda: os.stat(folder).st_uid + 1)
    with pytest.raises(ServingError, match="belongs to another user"):
        read_state(folder)


def test_links_and_pipes_are_not_followed(folder: Path) -> None:
    """A link could point to a file of the user's that was never meant, a pipe would block the reader for ever."""
    path = write_state(folder)
    elsewhere = path.rename(folder / "elsewhere")
    path.symlink_to(elsewhere)
    with pytest.raises(ServingError, match="cannot be read"):
        read_state(folder)
    path.unlink()
    os.mkfifo(path, 0o600)
    with pytest.raises(ServingError, match="not a file"):
        read_state(folder)


def test_folder_that_cannot_be_made(tmp_path: Path) -> None:
    """The message names the way out."""
    (tmp_path / "file").write_text("")
    with pytest.raises(ServingError, match="set GLOSSWRIGHT_RUNTIME_DIR"):
        Claim(tmp_path / "file" / "run").acquire(0)
    assert read_state(tmp_path / "file") is None


def test_where_the_runtime_folder_is(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The language server finds the folder by the same rule; a folder all users share is never taken."""
    monkeypatch.setenv("GLOSSWRIGHT_RUNTIME_DIR", str(tmp_path / "own"))
    assert runtime_dir() == tmp_path / "own"
    monkeypatch.delenv("GLOSSWRIGHT_RUNTIME_DIR")
    monkeypatch.setattr(state_file.sys, "platform", "darwin")
    monkeypatch.setattr(state_file.platformdirs, "user_runtime_dir", lambda *names, **options: str(tmp_path / "mac"))
    assert runtime_dir() == tmp_path / "mac"
    monkeypatch.setattr(state_file.sys, "platform", "linux")
    monkeypatch.setenv("XDG_RUNTIME_DIR", str(tmp_path))
    assert runtime_dir() == tmp_path / "glosswright"
    monkeypatch.setattr(state_file.os, "getuid", lambda: 123456789)  # /run/user/<uid> does not exist either
    assert runtime_dir() == Path(platformdirs.user_cache_dir("glosswright", appauthor=False)) / "run"
    monkeypatch.setenv("XDG_RUNTIME_DIR", str(tmp_path / "gone"))
    assert runtime_dir() == Path(platformdirs.user_cache_dir("glosswright", appauthor=False)) / "run"
