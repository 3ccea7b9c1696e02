"""May examples be run? Who is asked, how often, what counts as an answer, and what is kept of it."""

from __future__ import annotations

import asyncio
import json
import os
import stat
from pathlib import Path
from typing import Any

import pytest

from glosswright_server.lsp.trust import NEVER, RUN, path_of
from glosswright_server.verify.trusted import TrustFile, folder_key, state_dir

from .support import Wire

pytestmark = pytest.mark.timeout(30)

ASK = "window/showMessageRequest"
YES, NO = {"title": RUN}, {"title": NEVER}


def workspace(tmp_path: Path, *names: str) -> list[dict[str, str]]:
    folders = [tmp_path / name for name in names]
    for folder in folders:
        folder.mkdir(parents=True, exist_ok=True)
    return [{"uri": folder.as_uri(), "name": folder.name} for folder in folders]


def document(tmp_path: Path, *parts: str) -> str:
    return tmp_path.joinpath(*parts).as_uri()


@pytest.mark.parametrize(
    ("answer", "allowed", "kept"),
    [
        (YES, True, True),
        (NO, False, False),
        (None, False, None),
        ({"title": "Something else"}, False, None),
        ({"title": 3}, False, None),
        ("Run examples", False, None),
        (ZeroDivisionError(), False, None),
    ],
)
async def test_answers(wire: Wire, tmp_path: Path, answer: Any, allowed: bool, kept: bool | None) -> None:
    """Only the two buttons are answers; all else means "not now", is not kept, and is not asked twice."""
    asked = []

    def reply(params: Any) -> Any:
        asked.append(params)
        if isinstance(answer, Exception):
            raise answer
        return answer

    wire.answers[ASK] = reply
    await wire.initialize(workspaceFolders=workspace(tmp_path, "project"))
    uri = document(tmp_path, "project", "pkg", "a.py")
    assert await wire.engine.ask_to_run(uri) is allowed
    assert await wire.engine.ask_to_run(uri) is allowed
    [question] = asked
    assert "sandbox without network and without access to your files" in question["message"]
    assert "“project”" in question["message"]
    assert [action["title"] for action in question["actions"]] == [RUN, NEVER]
    assert TrustFile().answer(tmp_path / "project") is kept


async def test_requests_share_one_question(wire: Wire, tmp_path: Path) -> None:
    """Two documents of one workspace at once: one popup, one answer for both. A cancelled request leaves it open."""
    answers: list[asyncio.Future[Any]] = []
    await wire.initialize(workspaceFolders=workspace(tmp_path, "project"))
    first, second, third = (
        asyncio.ensure_future(wire.engine.ask_to_run(document(tmp_path, "project", name))) for name in "abc"
    )
    await wire.until(lambda: wire.sent_of(ASK))
    await asyncio.sleep(0.05)
    first.cancel()
    await asyncio.wait({first}, timeout=5)
    assert answers == []
    [message] = [m for m in wire.sent if m.get("method") == ASK]
    wire.server.protocol.receive(json.dumps({"jsonrpc": "2.0", "id": message["id"], "result": YES}).encode())
    assert await asyncio.wait_for(asyncio.gather(second, third), 5) == [True, True]
    assert len(wire.sent_of(ASK)) == 1


async def test_a_late_answer_counts_for_the_next_request(
    wire: Wire, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A request does not wait for ever; the question stays, and what is answered then is not lost."""
    monkeypatch.setattr("glosswright_server.lsp.trust.WAIT_S", 0.05)
    await wire.initialize(workspaceFolders=workspace(tmp_path, "project"))
    uri = document(tmp_path, "project", "a.py")
    assert await wire.engine.ask_to_run(uri) is False
    [message] = [m for m in wire.sent if m.get("method") == ASK]
    wire.server.protocol.receive(json.dumps({"jsonrpc": "2.0", "id": message["id"], "result": YES}).encode())
    await wire.until(lambda: TrustFile().answer(tmp_path / "project"))
    assert await wire.engine.ask_to_run(uri) is True
    assert len(wire.sent_of(ASK)) == 1


async def test_what_an_answer_is_for(wire: Wire, tmp_path: Path) -> None:
    """The innermost workspace folder; outside all of them the document's folder, and nothing above or below it."""
    wire.answers[ASK] = lambda _: YES
    await wire.initialize(workspaceFolders=workspace(tmp_path, "outer", "outer/inner"))
    assert await wire.engine.ask_to_run(document(tmp_path, "outer", "inner", "deep", "a.py"))
    assert set(TrustFile().answers()) == {folder_key(tmp_path / "outer" / "inner")}
    (tmp_path / "stray").mkdir()
    assert await wire.engine.ask_to_run(document(tmp_path, "stray", "a.py"))
    assert "the folder “stray”" in wire.sent_of(ASK)[-1]["message"]
    assert TrustFile().answer(tmp_path / "stray") is True
    assert TrustFile().answer(tmp_path / "outer") is None
    assert TrustFile().answer(tmp_path / "stray" / "below") is None
    assert len(wire.sent_of(ASK)) == 2


async def test_a_client_that_knows_of_one_folder_only(wire: Wire, tmp_path: Path) -> None:
    """`rootUri` is the workspace where a client has no workspace folders."""
    wire.answers[ASK] = lambda _: YES
    await wire.initialize(rootUri=workspace(tmp_path, "project")[0]["uri"])
    assert await wire.engine.ask_to_run(document(tmp_path, "project", "pkg", "a.py"))
    assert TrustFile().answer(tmp_path / "project") is True


async def test_a_document_without_a_folder(wire: Wire, tmp_path: Path) -> None:
    """An unsaved document is asked for by itself, and nothing of it is kept."""
    wire.answers[ASK] = lambda _: YES
    await wire.initialize(workspaceFolders=workspace(tmp_path, "project"))
    assert await wire.engine.ask_to_run("untitled:Untitled-1")
    assert await wire.engine.ask_to_run("untitled:Untitled-1")
    assert len(wire.sent_of(ASK)) == 1
    assert TrustFile().answers() == {}


@pytest.mark.skipif(os.name == "nt", reason="links need privileges there")
async def test_a_link_is_the_folder_it_points_to(wire: Wire, tmp_path: Path) -> None:
    """An answer cannot be carried elsewhere by pointing a link at another folder afterwards."""
    wire.answers[ASK] = lambda _: YES
    for name in ("good", "evil"):
        (tmp_path / name).mkdir()
    link = tmp_path / "link"
    link.symlink_to(tmp_path / "good")
    await wire.initialize(workspaceFolders=[{"uri": link.as_uri(), "name": "link"}])
    assert await wire.engine.ask_to_run(link.as_uri() + "/a.py")
    link.unlink()
    link.symlink_to(tmp_path / "evil")
    wire.answers[ASK] = lambda _: NO
    assert not await wire.engine.ask_to_run(link.as_uri() + "/a.py")


async def test_a_folder_cannot_put_words_into_the_question(wire: Wire, tmp_path: Path) -> None:
    """The name of a cloned folder is quoted, on one line and cut."""
    wire.answers[ASK] = lambda _: None
    name = "a”? It is quite safe.\n\u202e" + "x" * 100
    await wire.initialize(workspaceFolders=workspace(tmp_path, name))
    await wire.engine.ask_to_run(document(tmp_path, name, "a.py"))
    message = wire.sent_of(ASK)[0]["message"]
    assert "\n" not in message
    assert "\u202e" not in message
    assert message.count("”") == 1
    assert len(message) < 300


async def test_an_answer_that_cannot_be_kept(wire: Wire, tmp_path: Path) -> None:
    """It holds for the session."""
    wire.answers[ASK] = lambda _: YES
    (tmp_path / "state").write_text("a file where the folder should be")
    await wire.initialize(workspaceFolders=workspace(tmp_path, "project"))
    for _ in range(2):
        assert await wire.engine.ask_to_run(document(tmp_path, "project", "a.py"))
    assert len(wire.sent_of(ASK)) == 1


async def test_the_command_asks_again(wire: Wire, tmp_path: Path) -> None:
    """`glosswright.trust` replaces the answer; dismissed, the old one stays."""
    await wire.initialize(workspaceFolders=workspace(tmp_path, "project"))
    uri = document(tmp_path, "project", "a.py")
    for answer, expected in ((NO, False), (YES, True), (None, True), (NO, False)):
        wire.answers[ASK] = lambda _, answer=answer: answer
        result = await wire.command("glosswright.trust", {"uri": uri})
        assert result == {"folder": folder_key(tmp_path / "project"), "runExamples": expected}
        assert await wire.engine.ask_to_run(uri) is expected
    assert len(wire.sent_of(ASK)) == 4
    wire.answers[ASK] = lambda _: YES
    assert (await wire.command("glosswright.trust"))["runExamples"] is True


@pytest.mark.parametrize("arguments", [[3], [{}], [{"uri": 3}], ["file:///x"]])
async def test_the_commands_arguments(wire: Wire, tmp_path: Path, arguments: list[Any]) -> None:
    """What names no folder is refused; without an argument there must be one workspace folder."""
    await wire.initialize(workspaceFolders=workspace(tmp_path, "a", "b"))
    for given in (arguments, []):
        error = await wire.error("workspace/executeCommand", {"command": "glosswright.trust", "arguments": given})
        assert error["code"] == -32602
    assert wire.sent_of(ASK) == []


# The file


@pytest.mark.parametrize(
    "content",
    [
        b"", b"{", b"\xff", b"[]", b"3", b"null", b'{"format": 2, "folders": {}}', b'{"format": 1}',
        b'{"format": 1, "folders": []}', b'{"format": 1, "folders": {"FOLDER": true}}',
        b'{"format": 1, "folders": {"FOLDER": {"runExamples": "yes"}}}',
        b'{"format": 1, "folders": {"FOLDER": {"runExamples": 1}}}', b"[" * 100_000,
    ],
)  # fmt: skip
def test_a_broken_file_is_no_answer(tmp_path: Path, content: bytes) -> None:
    """Ask again rather than guess; the next answer mends it."""
    file = TrustFile(tmp_path)
    file.path.write_bytes(content.replace(b"FOLDER", json.dumps(folder_key(tmp_path))[1:-1].encode()))
    file.path.chmod(0o600)
    assert file.answer(tmp_path) is None
    file.remember(tmp_path, True)
    assert file.answer(tmp_path) is True


@pytest.mark.skipif(os.name == "nt", reason="mode bits say nothing there")
def test_a_file_that_others_can_write_is_not_believed(tmp_path: Path) -> None:
    """Else any program of another user could answer; nor is a link followed."""
    file = TrustFile(tmp_path)
    file.remember(tmp_path, True)
    assert stat.S_IMODE(file.path.stat().st_mode) == 0o600
    file.path.chmod(0o622)
    assert file.answer(tmp_path) is None
    file.path.chmod(0o600)
    assert file.answer(tmp_path) is True
    elsewhere = tmp_path / "elsewhere.json"
    file.path.rename(elsewhere)
    file.path.symlink_to(elsewhere)
    assert file.answer(tmp_path) is None
    file.path.unlink()
    file.path.mkdir()
    assert file.answer(tmp_path) is None


def test_answers_are_kept_side_by_side(tmp_path: Path) -> None:
    """Two windows that answer for two folders do not undo each other; forgetting one leaves the other."""
    one, two = TrustFile(tmp_path), TrustFile(tmp_path)
    one.remember(tmp_path / "a", True)
    two.remember(tmp_path / "b", False)
    assert one.answers() == {folder_key(tmp_path / "a"): True, folder_key(tmp_path / "b"): False}
    assert one.forget(tmp_path / "a") is True
    assert one.forget(tmp_path / "a") is False
    assert two.answers() == {folder_key(tmp_path / "b"): False}
    assert not list(tmp_path.glob(".trust*")), "no temporary file is left"


def test_a_failed_write_leaves_the_old_answers(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The file is replaced whole or not at all."""
    file = TrustFile(tmp_path)
    file.remember(tmp_path / "a", True)

    def full(*_: Any) -> None:
        raise OSError(28, "No space left on device")

    with monkeypatch.context() as patch:
        patch.setattr(os, "replace", full)
        with pytest.raises(OSError, match="No space"):
            file.remember(tmp_path / "b", True)
    assert file.answers() == {folder_key(tmp_path / "a"): True}
    assert not list(tmp_path.glob(".trust*"))


def test_a_file_that_is_held(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A window that hangs with the lock in its hands does not hang the others."""
    from filelock import FileLock

    monkeypatch.setattr("glosswright_server.verify.trusted.LOCK_TIMEOUT_S", 0.05)
    file = TrustFile(tmp_path)
    with FileLock(file.path.with_suffix(".lock")), pytest.raises(OSError, match="held by another process"):
        file.remember(tmp_path, True)


def test_where_it_lies(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """The user's state folder, never the workspace; a variable moves it."""
    monkeypatch.setenv("GLOSSWRIGHT_STATE_DIR", str(tmp_path))
    assert state_dir() == tmp_path
    monkeypatch.delenv("GLOSSWRIGHT_STATE_DIR")
    assert state_dir().is_absolute()
    assert "glosswright" in str(state_dir())


@pytest.mark.parametrize(
    ("uri", "path"),
    [
        ("file:///a/b.py", "/a/b.py"), ("file:///a%20b/%C3%A9.py", "/a b/é.py"), ("FILE:///a", "/a"),
        ("file://localhost/a", "/a"), ("file://host/share/a", "//host/share/a"), ("untitled:Untitled-1", None),
        ("git:/a/b.py", None), ("", None), ("file:", None), ("file://[", None), ("file:///a%00b", None),
        ("file:///a;b/c", "/a;b/c"),
    ],
)  # fmt: skip
@pytest.mark.skipif(os.name == "nt", reason="paths look different there")
def test_paths(uri: str, path: str | None) -> None:
    """Whatever a client calls a document, it is a file on this machine or none."""
    assert path_of(uri) == (Path(path) if path is not None else None)
