"""Ignore patterns mean what they mean to git, and cost no more than a moment."""

from __future__ import annotations

import os
import random
import shutil
import subprocess
import time
from pathlib import Path

import pytest

from glosswright_server.exclusion.ignore_files import IGNORE_FILE, IgnoreFiles
from glosswright_server.exclusion.patterns import MOST_LINES, parse

pytestmark = pytest.mark.timeout(120)

PATHS = (
    "a", "b", "ab", "a b", "#a", "!a", "a/b", "a/ab", "b/a", "ab/a/b", "a/a/a", "b/b/ab", "ab/b/a/b", "b/a/ab/a", ".a",
"b/.a/b", )  # fmt: skip
FIXED = (
    ["*"], ["*", "!a"], ["*", "!*/", "!a"], ["/*", "!/a"], ["a/"], ["a/**"], ["a/**", "!a/b"], ["**/a"], ["a/**/b"],
    ["**"], ["a", "!a/b"], ["*/b"], ["!a", "a"], ["a", "!a"], ["\\#a"], ["\\!a"], ["a b"], ["a\\ b"], ["a   "],
    ["[ab]"], ["[!a]"], ["?"], ["*b", "!a"], [".*"], ["b/**/a"], ["/**/b"], ["a/*/a"], ["***"], ["/a/", "!/a/b"],
["[a-"], ["b/", "!b/a"], )  # fmt: skip


def random_patterns(generator: random.Random) -> list[str]:
    def component() -> str:
        return "".join(
            generator.choice(("a", "b", "*", "?", "[ab]", "[!b]", ".")) for _ in range(generator.randint(1, 2))
        )

    def line() -> str:
        parts = [generator.choice((component(), component(), "**")) for _ in range(generator.randint(1, 3))]
        return (
            generator.choice(("", "", "!"))
            + generator.choice(("", "", "/"))
            + "/".join(parts)
            + generator.choice(("", "", "/"))
        )

    return [line() for _ in range(generator.randint(1, 4))]


@pytest.mark.skipif(shutil.which("git") is None, reason="git is not installed: nothing to compare with")
def test_as_git_does(tmp_path: Path) -> None:
    """Fixed and random ignore files, nested ones among them, over one small tree: the same files as git ignores."""
    generator = random.Random(5)
    cases = [*map(list, FIXED), *(random_patterns(generator) for _ in range(250))]
    asked = []
    for number, patterns in enumerate(cases):
        top = tmp_path / f"case{number}"
        for path in PATHS:
            # A name that is a folder elsewhere in the list goes under another top.
            file = top / str(path.count("/")) / path
            file.parent.mkdir(parents=True, exist_ok=True)
            file.write_text("x")
            asked.append(file)
        for depth in {path.count("/") for path in PATHS}:
            write_both(top / str(depth), patterns)
        nested = top / "2" / "ab"
        write_both(nested, random_patterns(generator))
    run = {**os.environ, "GIT_CONFIG_NOSYSTEM": "1", "GIT_CONFIG_GLOBAL": os.devnull, "HOME": str(tmp_path)}
    subprocess.run(["git", "init", "-q"], cwd=tmp_path, env=run, check=True)
    answer = subprocess.run(
        ["git", "check-ignore", "--no-index", "-z", "--stdin"],
        cwd=tmp_path,
        env=run,
        input="\0".join(str(file.relative_to(tmp_path)) for file in asked),
        capture_output=True,
        text=True,
        check=False,
    )
    ignored = set(answer.stdout.split("\0"))
    files = IgnoreFiles()
    wrong = [
        (str(file.relative_to(tmp_path)), (cases[int(file.relative_to(tmp_path).parts[0].removeprefix("case"))]))
        for file in asked
        if (files.why(file, []) is not None) != (str(file.relative_to(tmp_path)) in ignored)
    ]
    assert wrong == []
    assert 500 < len(ignored) < len(asked) - 500, "the comparison says something"


def write_both(folder: Path, patterns: list[str]) -> None:
    for name in (".gitignore", IGNORE_FILE):
        (folder / name).write_text("\n".join(patterns) + "\n", encoding="utf-8")


def test_bad_lines_are_named() -> None:
    """A line that nobody can mean is told with its number; the others count."""
    patterns, problems = parse("\ufeff# a comment\n\nfoo\r\n[a-\n!\n" + "*" * 40 + "\n" + "x" * 2000 + "\nbar")
    assert [(pattern.text, pattern.line) for pattern in patterns] == [("foo", 3), ("bar", 8)]
    assert [problem.line for problem in problems] == [4, 5, 6, 7]
    assert all(problem.why for problem in problems)


def test_long_files_are_cut() -> None:
    """What is beyond the bound is said."""
    patterns, problems = parse("x\n" * (MOST_LINES + 500))
    assert len(patterns) == MOST_LINES
    assert [problem.line for problem in problems] == [MOST_LINES + 1]


@pytest.mark.parametrize(
    ("line", "path"),
    [
        ("*a" * 20 + "b", "a" * 250),
        ("*a*/" * 3 + "*a*b", "/".join(["a" * 250] * 4)),
        ("**/a/**/a/**/a/b", "/".join(["a"] * 60)),
        ("?*" * 12 + "b", "a" * 250),
    ],
)
def test_hostile_patterns_take_a_moment(line: str, path: str) -> None:
    """A cloned repository brings both the pattern and the names: together they must not stop the server."""
    patterns, _ = parse(line)
    began = time.process_time()
    for pattern in patterns:
        assert not pattern.applies_to(path)
    assert time.process_time() - began < 5
