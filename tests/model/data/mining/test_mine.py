"""Mining whole trees: nothing leaks between splits, everything is accounted for, and bad input is no accident."""

from __future__ import annotations

import errno
import json
import os
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

pytest.importorskip("datasketch", reason="mining needs datasketch: pip install 'glosswright[train]'")

from glosswright_model.cli import main
from glosswright_model.data.mining.duplicates import Duplicates
from glosswright_model.data.mining.extract import ExtractOptions
from glosswright_model.data.mining.languages import LANGUAGES, load_grammar
from glosswright_model.data.mining.licences import is_permissive, licence_of_text
from glosswright_model.data.mining.mine import MineOptions, Report, mine
from glosswright_model.data.mining.repository import repository_of
from glosswright_model.data.mining.secrets import holds_secret
from glosswright_model.data.mining.splits import split_of, without_leaks
from glosswright_model.data.mining.walk import Passed, walk
from glosswright_model.data.pairs import SPLITS, Pair
from glosswright_model.data.readers import read_pairs
from glosswright_model.errors import DataError

MIT = """MIT License

Permission is hereby granted, free of charge, to any person obtaining a copy … to deal in the Software without
restriction … The above copyright notice and this permission notice shall be included …
"""
FUNCTION = '''def {name}({argument}):
    """Gather the open entries of {topic} in order."""
    result = []
    for entry in {argument}.{topic}:
        if entry.is_open:
            result.append(entry.value + {number})
    return sorted(result)
'''


def function(number: int, topic: str | None = None) -> str:
    topic = topic or f"topic{number}"
    return FUNCTION.format(name=f"gather_{topic}", argument=f"holder{number}", topic=topic, number=number)


@pytest.fixture
def tree(tmp_path: Path) -> Path:
    """A small project."""
    root = tmp_path / "project"
    for number in range(12):
        folder = root / f"package{number % 3}"
        folder.mkdir(parents=True, exist_ok=True)
        (folder / f"module{number}.py").write_text(
            f"# the number that is kept for topic {number}\nkept_{number} = {number} * 2\n\n\n{function(number)}"
        )
    (root / "LICENSE").write_text(MIT)
    return root


def run(tree: Path, out: Path, **options: object) -> tuple[Report, list[Pair]]:
    report = mine([tree], out, MineOptions(**options))  # type: ignore[arg-type]  # passed on as they are
    return report, list(read_pairs(out))


def test_pairs_say_where_they_come_from(tree: Path, tmp_path: Path) -> None:
    """Provenance and licence stand at each pair, so that one can be found, checked and taken out."""
    report, pairs = run(tree, tmp_path / "pairs.jsonl")
    assert report.pairs == len(pairs) == sum(report.kinds.values()) > 0
    for pair in pairs:
        assert pair.licence == "MIT"
        file = tree / pair.provenance.path
        comment = file.read_text().split("\n")[pair.provenance.line - 1]
        assert pair.source.split()[0] in comment


def test_parquet_holds_the_same(tree: Path, tmp_path: Path) -> None:
    """The file's ending is all that differs."""
    pytest.importorskip("pyarrow", reason="Parquet needs pyarrow: pip install 'glosswright[train]'")
    assert run(tree, tmp_path / "a.jsonl")[1] == run(tree, tmp_path / "a.parquet")[1]


def test_mining_twice_gives_the_same_bytes(tree: Path, tmp_path: Path) -> None:
    """Experiments can be repeated; a split does not move when files are added."""
    first, second = tmp_path / "a.jsonl", tmp_path / "b.jsonl"
    run(tree, first)
    run(tree, second)
    assert first.read_bytes() == second.read_bytes()
    before = {(pair.provenance.path, pair.split) for pair in read_pairs(first)}
    (tree / "package0" / "another.py").write_text(function(99))
    after = {(pair.provenance.path, pair.split) for pair in run(tree, second)[1]}
    assert before <= after


def test_duplicates_are_dropped(tree: Path, tmp_path: Path) -> None:
    """A copied file gives nothing; a function that was copied and touched up gives nothing either."""
    _, before = run(tree, tmp_path / "a.jsonl")
    module = tree / "package0" / "module0.py"
    (tree / "copy.py").write_text(module.read_text())
    (tree / "touched.py").write_text(module.read_text().replace("+ 0)", "+ 1)"))
    report, after = run(tree, tmp_path / "a.jsonl")
    assert len(after) <= len(before) + 1  # the statement below the comment may be another one
    assert report.left_out["exact duplicate"] >= 3
    assert report.left_out["near duplicate"] >= 1


def test_no_file_and_no_cluster_is_in_two_splits(tmp_path: Path) -> None:
    """The promise that makes a test's figures mean something, on a tree that is full of look-alikes."""
    tree = tmp_path / "project"
    tree.mkdir()
    for number in range(150):
        (tree / f"module{number}.py").write_text(function(number, f"topic{number % 40}") + "\n\n" + function(number))
    report, pairs = run(tree, tmp_path / "a.jsonl", dev=0.2, test=0.2)
    assert {pair.split for pair in pairs} == set(SPLITS)
    by_file: dict[str, set[str]] = {}
    for pair in pairs:
        by_file.setdefault(pair.provenance.path, set()).add(pair.split)
    assert all(len(splits) == 1 for splits in by_file.values())
    again = Duplicates(duplicate=2.0)  # nothing is a duplicate: only clusters are made
    assert all(not again.add(pair) for pair in pairs)
    by_cluster: dict[int, set[str]] = {}
    for pair, cluster in zip(pairs, again.clusters(), strict=True):
        by_cluster.setdefault(cluster, set()).add(pair.split)
    assert all(len(splits) == 1 for splits in by_cluster.values())
    assert report.left_out["near to training"] > 0


@given(st.lists(st.tuples(st.sampled_from(SPLITS), st.integers(0, 5))))
def test_a_cluster_stays_in_its_first_split(rows: list[tuple[str, int]]) -> None:
    """Whatever the clusters: afterwards each is in one split, and training loses nothing."""
    splits = [split for split, _ in rows]
    stays = without_leaks(splits, [cluster for _, cluster in rows])  # type: ignore[arg-type]
    left = {(cluster, split) for (split, cluster), stay in zip(rows, stays, strict=True) if stay}
    assert len(left) == len({cluster for cluster, _ in left})
    assert all(stay for (split, _), stay in zip(rows, stays, strict=True) if split == "train")


def test_shares_are_kept() -> None:
    """A tenth means about a tenth, and impossible shares are said."""
    names = [split_of(f"file{number}", dev=0.1, test=0.2, seed=1) for number in range(5000)]
    assert 0.08 < names.count("dev") / 5000 < 0.12
    assert 0.17 < names.count("test") / 5000 < 0.23
    with pytest.raises(DataError, match="less than 1"):
        split_of("x", dev=0.5, test=0.5, seed=0)


def test_bad_files_are_counted_and_no_accident(tree: Path, tmp_path: Path) -> None:
    """Whatever lies in a real folder: the walk goes on and says what it passed over."""
    (tree / "empty.py").write_text(" \n")
    (tree / "large.py").write_text("# many of the same lines here\nx = 1\n" * 40_000)
    (tree / "binary.py").write_bytes(b"\0\1\2" * 99)
    (tree / "latin.js").write_bytes("// déjà vu comme ça\nx = 1;\n".encode("latin-1"))
    (tree / "declared.py").write_bytes(
        "# -*- coding: latin-1 -*-\nimport os\n\n# où sont les réglages là\nplace = 1\n".encode("latin-1")
    )
    (tree / "min.js").write_text("var a=1;" * 2000)
    (tree / "made.py").write_text("# Generated by a tool. DO NOT EDIT.\nx = 1\n")
    (tree / "node_modules" / "other").mkdir(parents=True)
    (tree / "node_modules" / "other" / "index.js").write_text("// somebody else wrote this\nx = 1;\n")
    (tree / "loop").symlink_to(tree, target_is_directory=True)
    (tree / "linked.py").symlink_to(tree / "package0" / "module0.py")
    os.link(tree / "package0" / "module0.py", tree / "same.py")
    os.mkfifo(tree / "pipe.py")
    os.mkfifo(tree / "package1" / "LICENSE")
    os.mkfifo(tree / "package1" / "package.json")
    report, pairs = run(tree, tmp_path / "a.jsonl")
    assert report.passed.files == {
        "empty": 1,
        "too large": 1,
        "not text": 1,
        "not UTF-8": 1,
        "minified": 1,
        "generated": 1,
        "other people's code": 1,
        "link": 2,
        "no plain file": 1,
    }
    assert "où sont les réglages là" in [pair.source for pair in pairs]
    assert report.files == 13
    others = run(tree, tmp_path / "a.jsonl", with_others=True)[1]
    assert "somebody else wrote this" in [pair.source for pair in others]


@pytest.mark.parametrize(
    ("name", "is_test"),
    [
        ("tests/helper.py", True),
        ("idlelib/idle_test/tree.py", True),
        ("src/__tests__/view.ts", True),
        ("test_store.py", True),
        ("store_test.go", True),
        ("store.spec.ts", True),
        ("StoreTest.java", True),
        ("StoreSpec.hs", True),
        ("OpenApiSpec.ts", False),
        ("t/store.t", True),
        ("Tests/StoreTool.swift", True),
        ("conftest.py", True),
        ("testing/store.py", False),
        ("contest.py", False),
        ("latest.py", False),
        ("attest.go", False),
        ("specify.rb", False),
    ],
)
def test_tests_can_be_left_out(tmp_path: Path, name: str, is_test: bool) -> None:
    """By name, in whatever language; what is only spelt alike stays, and so does all where nobody asked."""
    path = tmp_path / "tests" / name  # the folder that is named itself is read
    path.parent.mkdir(parents=True)
    path.write_text("x")
    for without, expected in ((True, not is_test), (False, True)):
        passed = Passed()
        found = list(walk([tmp_path / "tests"], frozenset(LANGUAGES), passed, without_tests=without))
        assert bool(found) is expected
        assert passed.files == ({} if expected else {"tests": 1})


def test_a_pipe_that_is_named_is_passed_over(tree: Path, tmp_path: Path) -> None:
    """`mine src/*.py` names whatever lies there; reading a pipe would wait for ever."""
    os.mkfifo(tree / "pipe.py")
    report = mine([tree / "pipe.py", tree], tmp_path / "a.jsonl", MineOptions())
    assert report.passed.files == {"no plain file": 2}
    assert report.files == 12


@pytest.mark.parametrize("listed", [False, True])
def test_unreadable_folders_are_counted(
    listed: bool, tree: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A folder of somebody else's in the middle of a tree is usual: one that may not be entered, or listed either. Root
    may do both, so the system's calls are what refuses here."""
    closed = tree / "package0"

    def refusing(real: Callable[..., Any], is_closed: Callable[[Path], bool]) -> Callable[..., Any]:
        def call(path: Any = ".", *arguments: Any, **options: Any) -> Any:
            if isinstance(path, str | Path) and is_closed(Path(path)):
                raise PermissionError(errno.EACCES, "Permission denied", str(path))
            return real(path, *arguments, **options)

        return call

    for name in ("stat", "lstat"):
        monkeypatch.setattr(os, name, refusing(getattr(os, name), lambda path: closed in path.parents))
    if not listed:
        monkeypatch.setattr(os, "scandir", refusing(os.scandir, lambda path: path == closed))
    report, pairs = run(tree, tmp_path / "a.jsonl")
    assert report.passed.files == ({"no plain file": 4} if listed else {"unreadable": 1})
    assert {pair.provenance.path.split("/")[0] for pair in pairs} == {"package1", "package2"}


def test_a_path_that_cannot_be_read_is_named(tmp_path: Path) -> None:
    """With the system's reason: it may be missing, a loop of links, or somebody else's."""
    (tmp_path / "loop").symlink_to(tmp_path / "loop")
    for name in ("missing", "loop"):
        with pytest.raises(DataError, match=f"{name} is no source file or folder of source files: "):
            mine([tmp_path / name], tmp_path / "a.jsonl", MineOptions())


def test_a_file_that_vanishes_or_cannot_be_read_is_counted(
    tree: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """As root nothing is unreadable, so the file is taken away between the walk and the reading."""
    victim = tree / "package0" / "module0.py"
    report = mine([tree], tmp_path / "a.jsonl", MineOptions(), lambda done, total: victim.unlink(missing_ok=True))
    assert report.passed.files["unreadable"] in (0, 1)
    victim.write_text(function(0))
    first = tree / "package0" / "aaa.py"
    first.write_text(function(77))
    report = mine([tree], tmp_path / "a.jsonl", MineOptions(), lambda done, total: victim.unlink(missing_ok=True))
    assert report.passed.files["unreadable"] == 1


def test_secrets_stay_out(tree: Path, tmp_path: Path) -> None:
    """A model repeats what it has learnt."""
    key = "AKIA" + "ABCDEFGHIJKLMNOP"
    (tree / "config.py").write_text(f"# the key of the storage service\nKEY = '{key}'\n")
    report, _ = run(tree, tmp_path / "a.jsonl")
    assert report.left_out["secret"] == 1
    assert key not in (tmp_path / "a.jsonl").read_text()


@pytest.mark.parametrize(
    ("text", "secret"),
    [
        ("password = 'hunter2-9fk3!x'", True),
        ('"api_key": "q8Zk31xPv9Lw2"', True),
        ("-----BEGIN RSA PRIVATE " + "KEY-----", True),
        ("postgres://admin:s3cr3t@db/x", True),
        ("password = 'your-password'", False),
        ("token = 'Authorization'", False),
        ("password = os.environ['PASSWORD']", False),
        ("url = f'http://{user}:{password}@host'", False),
    ],
)
def test_what_a_secret_looks_like(text: str, secret: bool) -> None:
    """Both sides of the line: keys must not pass, ordinary code must."""
    assert holds_secret(text) is secret


def test_licences_of_files_and_packages(tmp_path: Path) -> None:
    """The nearest statement counts: the file's own line, its package's metadata, then the licence text above."""
    packages = tmp_path / "site-packages"
    files = {
        "LICENSE": MIT,
        "a.py": "",
        "b.py": "# SPDX-License-Identifier: Apache-2.0 OR MIT\n",
        "web/package.json": '{"license": "ISC"}',
        "web/src/c.py": "",
        "crate/Cargo.toml": '[package]\nlicense = "MPL-2.0"\n',
        "crate/d.py": "",
        "site-packages/thing/e.py": "",
        "site-packages/thing-1.0.dist-info/METADATA": "Name: thing\nLicense-Expression: BSD-2-Clause\n\nx",
        "site-packages/thing-1.0.dist-info/RECORD": "thing/e.py,sha256=x,1\n",
        "site-packages/bare/f.py": "",
    }
    for number, (name, text) in enumerate(files.items()):
        path = tmp_path / "r" / name
        path.parent.mkdir(parents=True, exist_ok=True)
        made = f"\n# the value of number {number} here\nvalue_{number} = compute_{number}()\n"
        path.write_text(text + (made if name.endswith(".py") else ""))
    _, pairs = run(tmp_path / "r", tmp_path / "a.jsonl", with_others=True)
    found = {pair.provenance.path: pair.licence for pair in pairs}
    assert found == {
        "a.py": "MIT",
        "b.py": "Apache-2.0 OR MIT",
        "web/src/c.py": "ISC",
        "crate/d.py": "MPL-2.0",
        "site-packages/thing/e.py": "BSD-2-Clause",
        # An installed package without a licence is not under that of the project it is installed in.
        "site-packages/bare/f.py": "",
    }
    report, permissive = run(
        tmp_path / "r",
        tmp_path / "a.jsonl",
        languages=frozenset({"python"}),
        with_others=True,
        licences=frozenset({"permissive"}),
    )
    assert {pair.licence for pair in permissive} == {"MIT", "Apache-2.0 OR MIT", "ISC", "BSD-2-Clause"}
    assert report.passed.files["another licence"] == 2
    assert not packages.exists()


@pytest.mark.parametrize(
    ("expression", "permissive"),
    [
        ("MIT", True),
        ("GPL-3.0-only OR MIT", True),
        ("MIT AND BSD-3-Clause", True),
        ("MIT AND GPL-2.0-only", False),
        ("(MIT OR GPL-2.0-only) AND ISC", False),
        ("Apache-2.0 WITH LLVM-exception", False),
        ("", False),
    ],
)
def test_permissive_is_read_with_care(expression: str, permissive: bool) -> None:
    """What is not understood is not permissive."""
    assert is_permissive(expression) is permissive


def test_unknown_licence_texts_have_no_name() -> None:
    """A guess would be worse than nothing."""
    assert licence_of_text("Do as you like, but be nice.") == ""


def test_the_repository_is_read_without_credentials(tmp_path: Path) -> None:
    """Addresses in `.git/config` hold tokens on many machines."""
    git = tmp_path / ".git"
    (git / "refs" / "heads").mkdir(parents=True)
    (git / "HEAD").write_text("ref: refs/heads/main\n")
    (git / "packed-refs").write_text(f"# pack-refs\n{'a' * 40} refs/heads/main\n")
    (git / "config").write_text('[core]\n\tbare = false\n[remote "origin"]\n\turl = https://me:token@host/a/b.git\n')
    (tmp_path / "src").mkdir()
    found = repository_of(tmp_path / "src")
    assert found is not None
    assert (found.root, found.address, found.commit) == (tmp_path, "https://host/a/b.git", "a" * 40)
    (git / "refs" / "heads" / "main").write_text("b" * 40 + "\n")
    (git / "config").write_text('[remote "origin"]\n\turl = /home/me/secret\n')
    found = repository_of(tmp_path)
    assert found is not None
    assert (found.address, found.commit) == (tmp_path.name, "b" * 40)


def test_the_old_file_survives(tree: Path, tmp_path: Path) -> None:
    """A run that cannot write, or is given nonsense, must not cost what is there."""
    out = tmp_path / "a.jsonl"
    out.write_text("precious")
    with pytest.raises(DataError, match="no "):
        mine([tree / "nothing"], out, MineOptions())

    def stop(done: int, total: int) -> None:
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        mine([tree], out, MineOptions(), stop)
    assert out.read_text() == "precious"
    assert sorted(path.name for path in tmp_path.iterdir()) == ["a.jsonl", "project"]
    with pytest.raises(DataError, match="cannot be written"):
        mine([tree], tree / "LICENSE" / "a.jsonl", MineOptions())
    with pytest.raises(DataError, match=r"\.jsonl or \.parquet"):
        mine([tree], tmp_path / "a.csv", MineOptions())


@pytest.fixture
def without_php(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """As if the wheel had not been installed."""
    load_grammar.cache_clear()
    monkeypatch.setitem(sys.modules, "tree_sitter_php", None)
    yield
    load_grammar.cache_clear()


def test_files_without_a_grammar_are_passed_over(
    tree: Path, tmp_path: Path, without_php: None, capsys: pytest.CaptureFixture[str]
) -> None:
    """One missing wheel must not cost the rest of a tree; who asks for the language must hear of it."""
    for name in ("one", "two"):
        (tree / f"{name}.php").write_text(f"<?php\n// what is known of {name} so far\n$known = find_{name}();\n")
    out = tmp_path / "a.jsonl"
    assert main(["mine", str(tree), "--out", str(out)]) == 0
    said = capsys.readouterr().err
    assert f"php: grammar not installed (pip install tree-sitter-php) 2, such as {tree / 'one.php'}" in said
    assert {pair.language for pair in read_pairs(out)} == {"python"}
    assert main(["mine", str(tree), "--out", str(out), "--language", "php"]) == 1
    assert "pip install tree-sitter-php" in capsys.readouterr().err


def test_an_ending_of_two_languages(tmp_path: Path) -> None:
    """Objective-C and MATLAB share `.m`; the wrong grammar would read nothing but errors."""
    pytest.importorskip("tree_sitter_objc", reason="comes with pip install 'glosswright[train]'")
    pytest.importorskip("tree_sitter_matlab", reason="comes with pip install 'glosswright[train]'")
    for name, text in (
        ("Cart.m", "// Adds two given numbers.\nstatic int add(int a, int b) { return a + b; }\n"),
        ("cart.m", "function c = add(a, b)\n% Adds two given numbers.\nc = a + b;\nend\n"),
    ):
        (tmp_path / "r" / name).parent.mkdir(exist_ok=True)
        (tmp_path / "r" / name).write_text(text)
    _, pairs = run(tmp_path / "r", tmp_path / "a.jsonl", extract=ExtractOptions(kinds=frozenset({"body"})))
    assert {(pair.provenance.path, pair.language) for pair in pairs} == {
        ("Cart.m", "objective-c"),
        ("cart.m", "matlab"),
    }


def test_the_command(tree: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """As a person runs it: pairs in a file, what was read on stderr, a report that a program can read."""
    out, report = tmp_path / "a.jsonl", tmp_path / "report.json"
    arguments = ["mine", str(tree), "--out", str(out), "--language", "python", "--kind", "function"]
    assert main([*arguments, "--report", str(report), "--max-pairs", "5"]) == 0
    said = capsys.readouterr()
    assert "5 pairs written" in said.err
    assert "Stopped at --max-pairs" in said.err
    assert said.out == ""
    assert json.loads(report.read_text())["pairs"] == 5
    assert {pair.kind for pair in read_pairs(out)} == {"function"}
    assert main(["mine", str(tree), "--out", str(out), "--language", "klingon"]) == 1
    assert "klingon" in capsys.readouterr().err
    (tmp_path / "void").mkdir()
    before = out.read_bytes()
    assert main(["mine", str(tmp_path / "void"), "--out", str(out)]) == 1
    assert "nothing written\nNo pair was found: name a folder" in capsys.readouterr().err
    assert out.read_bytes() == before, "a slip in a path must not cost the pairs there are"


def test_a_licence_is_named_in_any_case(tree: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """SPDX identifiers are compared without regard to case; that no file stands under one is not a lack of comments."""
    out = tmp_path / "a.jsonl"
    assert main(["mine", str(tree), "--out", str(out), "--licence", "mit"]) == 0
    assert {pair.licence for pair in read_pairs(out)} == {"MIT"}
    capsys.readouterr()
    assert main(["mine", str(tree), "--out", str(out), "--licence", "GPL-3.0-only"]) == 1
    assert "No pair was found under GPL-3.0-only" in capsys.readouterr().err
