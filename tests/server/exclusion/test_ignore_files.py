"""Which files are excluded: nesting, secrets, links, and files that cannot be believed."""

from __future__ import annotations

import os
import sys
from pathlib import Path, PurePosixPath

import pytest

from glosswright_server.exclusion.ignore_files import IGNORE_FILE, LOOK_AGAIN_S, MOST_BYTES, IgnoreFiles

pytestmark = pytest.mark.timeout(30)


class Clock:
    def __init__(self) -> None:
        self.now = 0.0

    def __call__(self) -> float:
        return self.now


def write(folder: Path, text: str) -> None:
    folder.mkdir(parents=True, exist_ok=True)
    (folder / IGNORE_FILE).write_text(text, encoding="utf-8")


def excluded(path: Path, *folders: Path) -> bool:
    return IgnoreFiles().why(path, folders) is not None


@pytest.mark.parametrize(
    "name",
    [
        ".env", ".env.local", "prod.env", ".ENV", ".envrc", "server.pem", "tls.key", "id_rsa", "id_ed25519", ".netrc",
        ".npmrc", ".pypirc", "credentials", "credentials.json", "my-credentials-2.json", "secrets.yaml", "prod.tfvars",
        ".ssh/config", ".aws/config", "deep/in/.kube/config", ".docker/config.json", ".git-credentials",
        ".bash_history", "a.keystore", ".env~", ".env.local~", ".env-prod", ".env_prod", ".envrc.local", "id_rsa.bak",
        "id_rsa_work", "id_ed25519_sk", "id_ecdsa-github", "server.pem.old", ".netrc~", ".npmrc.orig.bak", ".dockercfg",
        ".config/gh/hosts.yml", ".git/config", "prod.kubeconfig", "kubeconfig", ".secrets.toml", ".aws/credentials",
        "a-firebase-adminsdk-x.json", ],
)  # fmt: skip
def test_secrets_by_name(tmp_path: Path, name: str) -> None:
    """Excluded without any ignore file, on disk and off it."""
    assert excluded(tmp_path / name, tmp_path)
    assert excluded(tmp_path / name)
    assert IgnoreFiles().why_by_name(PurePosixPath(name)) is not None


@pytest.mark.parametrize(
    "name",
    [
        ".env.example", ".env.sample", "id_rsa.pub", "environment.py", "secrets.py", "credentials.py",
        "credentials/service.py", "keys.ts", "docker/config.json", "src/main.py", "Makefile", "env", "history.py",
        "key", ".env-example", "id_rsa_parser.py", "id_card.ts", "notes.bak", "~", ".bak", "hosts.yml", ".gitconfig",
        "settings.xml", "main.py~", ],
)  # fmt: skip
def test_what_only_sounds_like_secrets(tmp_path: Path, name: str) -> None:
    """Source code about secrets is source code."""
    assert not excluded(tmp_path / name, tmp_path)
    assert IgnoreFiles().why_by_name(PurePosixPath(name)) is None


@pytest.mark.parametrize("start", ["", "/", "//", "///"])
def test_names_off_the_disk_from_any_root(start: str) -> None:
    """A file on another machine is named as its scheme has it: `scp://host//absolute/path` has two slashes."""
    assert IgnoreFiles().why_by_name(PurePosixPath(f"{start}home/me/main.py")) is None
    assert IgnoreFiles().why_by_name(PurePosixPath(f"{start}home/me/.env")) is not None
    assert IgnoreFiles().why_by_name(PurePosixPath(start)) is None


def test_secrets_can_be_taken_back(tmp_path: Path) -> None:
    """A line with `!` includes a file again; not one in a folder that is excluded as a whole, as with git."""
    write(tmp_path, "!.env.test\n!.ssh/config\n")
    write(tmp_path / "deep", "!*.pem\n")
    assert not excluded(tmp_path / ".env.test", tmp_path)
    assert not excluded(tmp_path / "a" / ".env.test", tmp_path)
    assert excluded(tmp_path / ".env", tmp_path)
    assert excluded(tmp_path / ".ssh" / "config", tmp_path)
    assert not excluded(tmp_path / "deep" / "x.pem", tmp_path)
    assert excluded(tmp_path / "x.pem", tmp_path)
    write(tmp_path, "!.ssh/\n")
    assert not excluded(tmp_path / ".ssh" / "config", tmp_path)


def test_the_opened_folder_may_be_the_secret_one(tmp_path: Path) -> None:
    """`~/.ssh` opened as a workspace, or a file of it without one, is what it is."""
    folder = tmp_path / ".ssh"
    folder.mkdir()
    assert excluded(folder / "config", folder)
    assert excluded(folder / "config")
    write(folder, "!config\n")
    assert not excluded(folder / "config", folder)


def test_nested_files_and_folders(tmp_path: Path) -> None:
    """The deeper file outranks the higher; the outermost workspace folder around a file is where they begin."""
    write(tmp_path, "*.py\n")
    write(tmp_path / "lib", "!keep.py\n/here.js\n")
    inner = tmp_path / "lib"
    assert excluded(tmp_path / "lib" / "a.py", tmp_path)
    assert not excluded(tmp_path / "lib" / "keep.py", tmp_path)
    assert not excluded(tmp_path / "lib" / "deep" / "keep.py", tmp_path)
    assert excluded(tmp_path / "lib" / "here.js", tmp_path)
    assert not excluded(tmp_path / "lib" / "deep" / "here.js", tmp_path)
    assert excluded(inner / "a.py", inner, tmp_path)
    assert not excluded(inner / "a.py", inner)


def test_without_a_workspace(tmp_path: Path) -> None:
    """The repository's top is where ignore files begin; outside of one, the file's own folder."""
    write(tmp_path, "*.py\n")
    (tmp_path / "a").mkdir()
    assert not excluded(tmp_path / "a" / "x.py")
    assert excluded(tmp_path / "x.py")
    (tmp_path / ".git").mkdir()
    assert excluded(tmp_path / "a" / "x.py")


def test_why_names_the_line(tmp_path: Path) -> None:
    """The user can find what to change."""
    write(tmp_path, "# mine\n\nprivate/\n")
    found = IgnoreFiles().why(tmp_path / "private" / "a.py", [tmp_path])
    assert found is not None
    assert found.why == f"excluded by `private/` ({tmp_path / IGNORE_FILE}, line 3)"
    found = IgnoreFiles().why(tmp_path / ".env", [tmp_path])
    assert found is not None
    assert found.why == "excluded by the built-in pattern `.env`"


@pytest.mark.skipif(sys.platform == "win32", reason="links need a privilege there")
def test_links(tmp_path: Path) -> None:
    """A link to an excluded file is excluded, whatever it is called; a circle of links ends."""
    write(tmp_path, "private/\n")
    (tmp_path / "private").mkdir()
    (tmp_path / "private" / "a.py").write_text("x")
    (tmp_path / "b.py").symlink_to(tmp_path / "private" / "a.py")
    (tmp_path / "c.py").symlink_to(tmp_path / ".env")
    (tmp_path / "d.py").symlink_to(tmp_path / "open.py")
    (tmp_path / "round").symlink_to(tmp_path / "round")
    assert excluded(tmp_path / "b.py", tmp_path)
    assert excluded(tmp_path / "c.py", tmp_path)
    assert not excluded(tmp_path / "d.py", tmp_path)
    assert excluded(tmp_path / "round" / "a.py", tmp_path)  # there is no such file, and nobody can look
    other = tmp_path.parent / f"{tmp_path.name}-link"
    other.symlink_to(tmp_path)
    assert excluded(other / "private" / "a.py", other)
    assert not excluded(other / "open.py", other)


@pytest.mark.skipif(sys.platform == "win32", reason="no pipes and links there")
@pytest.mark.parametrize("kind", ["link", "pipe", "folder", "huge"])
def test_an_ignore_file_that_is_none(tmp_path: Path, kind: str) -> None:
    """What cannot be read excludes everything below it, and says so once."""
    path = tmp_path / "sub" / IGNORE_FILE
    path.parent.mkdir()
    if kind == "link":
        path.symlink_to("/dev/zero")
    elif kind == "pipe":
        os.mkfifo(path)
    elif kind == "folder":
        path.mkdir()
    else:
        path.write_bytes(b"x\n" * MOST_BYTES)
    files = IgnoreFiles()
    found = files.why(tmp_path / "sub" / "a.py", [tmp_path])
    assert found is not None
    assert str(path) in found.why
    assert files.why(tmp_path / "a.py", [tmp_path]) is None
    [problem] = files.new_problems()
    assert str(problem).startswith(str(path))
    assert files.new_problems() == []


def test_changes_are_seen(tmp_path: Path) -> None:
    """A second later by itself, at once when told."""
    clock = Clock()
    files = IgnoreFiles(clock=clock)
    file = tmp_path / "a.py"
    assert files.why(file, [tmp_path]) is None
    write(tmp_path, "*.py\n")
    assert files.why(file, [tmp_path]) is None
    clock.now += LOOK_AGAIN_S
    assert files.why(file, [tmp_path]) is not None
    write(tmp_path, "*.rb\n# another length\n")
    files.forget()
    assert files.why(file, [tmp_path]) is None


def test_bad_lines_are_told_once(tmp_path: Path) -> None:
    """With file and line; again only when something else is wrong."""
    clock = Clock()
    files = IgnoreFiles(clock=clock)
    write(tmp_path, "ok\n[a-\n")
    for _ in range(3):
        files.why(tmp_path / "a.py", [tmp_path])
        clock.now += LOOK_AGAIN_S
    [problem] = files.new_problems()
    assert str(problem) == f"{tmp_path / IGNORE_FILE}, line 2: this pattern matches nothing"
    files.why(tmp_path / "a.py", [tmp_path])
    assert files.new_problems() == []


def test_odd_bytes_and_names(tmp_path: Path) -> None:
    """Bytes that are no UTF-8 are a name like any other; Chinese is."""
    (tmp_path / IGNORE_FILE).write_bytes("秘密/\n".encode() + b"caf\xe9.py\n")
    assert excluded(tmp_path / "秘密" / "a.py", tmp_path)
    assert excluded(tmp_path / os.fsdecode(b"caf\xe9.py"), tmp_path)


def test_too_deep(tmp_path: Path) -> None:
    """A path that is deeper than anybody's is left alone."""
    assert excluded(tmp_path.joinpath(*"a" * 80, "x.py"), tmp_path)
