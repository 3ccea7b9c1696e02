"""`glosswright eval`: from a file of problems to a report, interrupted, resumed, tested again, and refused."""

from __future__ import annotations

import argparse
import json
import os
import re
import signal
import subprocess
import sys
from collections.abc import Sequence
from io import StringIO
from pathlib import Path
from typing import Any

import pytest
from harness.scripted_model import ScriptedModel
from rich.console import Console

from glosswright_server.__main__ import _parser, main
from glosswright_server.cli import evaluate, evaluate_facts
from glosswright_server.cli.evaluate import Outside, run_eval
from glosswright_server.cli.evaluate_facts import card_of, weights_of
from glosswright_server.engine.source import ModelSource, Ready
from glosswright_server.errors import EndpointBroken, EndpointRefused, EndpointUnreachable
from glosswright_server.generation.completions import CompletionRequest
from glosswright_server.generation.launch_options import LaunchProgress, OnProgress
from glosswright_server.generation.scripted import Script, ScriptedClient
from glosswright_server.prompt.profile import profile_for
from glosswright_server.settings import Settings, merge
from glosswright_server.verify.sandbox.model import SandboxOptions
from glosswright_server.verify.sandbox.run import availability
from glosswright_server.verify.sandbox.script import ScriptResult

pytestmark = pytest.mark.timeout(90)

SECRET = "a-secret-of-the-tests"
NAMES = ("add", "subtract", "multiply", "divide")
SIGNS = dict(zip(NAMES, "+-*/", strict=True))


def rows(value: str = "candidate(6, 3)") -> list[dict[str, Any]]:
    """One problem for each sign; `value` is what the hidden tests compare."""
    return [
        {
            "task_id": f"Own/{number}",
            "prompt": f'def {name}(a, b):\n    """Return a {sign} b."""\n',
            "entry_point": name,
            "canonical_solution": f"    return a {sign} b\n",
            "test": f"def check(candidate):\n    '{SECRET}'\n    assert {value} == 6 {sign} 3\n",
        }
        for number, (name, sign) in enumerate(SIGNS.items())
    ]


def write(path: Path, problems: Sequence[object]) -> Path:
    path.write_text("".join(json.dumps(row) + "\n" for row in problems))
    return path


@pytest.fixture
def data(tmp_path: Path) -> Path:
    return write(tmp_path / "Own.jsonl", rows())


class Source(ModelSource):
    """A scripted model; every prompt is kept."""

    def __init__(self, settings: Settings, stage: Stage) -> None:
        super().__init__(settings)
        self._stage = stage

    def ready_now(self) -> Ready | None:
        return Ready(self._stage.client, self._stage.name, profile_for("generic", False, True))  # type: ignore[arg-type] # a double

    async def acquire(self, on_progress: OnProgress | None = None, *, by_hand: bool = True) -> Ready:
        if on_progress is not None:
            for stage in ("loading", "ready"):
                on_progress(LaunchProgress(stage, "Loading it"))  # type: ignore[arg-type] # two of the stages
        ready = self.ready_now()
        assert ready is not None
        return ready


class Stage:
    """The command with a scripted model and without a sandbox: what is run here is ours."""

    def __init__(self) -> None:
        self.client = ScriptedClient(Script(self.answer))
        self.name = "scripted"
        self.said = StringIO()
        self.wrong: set[str] = set()
        """Functions that the model gets wrong."""
        self.why_not = ""
        self.ran: list[str] = []

    def answer(self, request: CompletionRequest) -> str:
        name = re.findall(r"def (\w+)\(", request.prompt)[-1]
        return "    return b\n" if name in self.wrong else f"    return a {SIGNS[name]} b\n"

    async def run_script(self, file: str, tests: str, language: str, options: SandboxOptions) -> ScriptResult:
        if self.why_not:
            return ScriptResult(passed=False, why_not=self.why_not)
        self.ran.append(file)
        try:
            exec(file + tests, {"__name__": "program"})
        except AssertionError:
            return ScriptResult(passed=False, reason="AssertionError", detail="AssertionError")
        return ScriptResult(passed=True, sandbox="none: our own code")

    def __call__(self, *arguments: str | Path) -> int:
        options: argparse.Namespace = _parser().parse_args(["eval", *map(str, arguments)])
        outside = Outside(
            source=lambda settings: Source(settings, self),
            run_script=self.run_script,
            console=Console(file=self.said, width=200),
        )
        return run_eval(options, outside)

    @property
    def prompts(self) -> list[str]:
        return [request.prompt + (request.suffix or "") for request in self.client.requests]


@pytest.fixture
def stage(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Stage:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(evaluate, "weights_of", lambda settings: "own-q4.gguf")
    return Stage()


def rates(folder: Path, name: str = "report.json") -> dict[str, tuple[int, int]]:
    found = json.loads((folder / name).read_text())
    return {key: (one["part"], one["whole"]) for key, one in found["summary"]["rates"].items()}


@pytest.mark.parametrize("mode", ["raw", "single", "full"])
def test_from_problems_to_a_report(stage: Stage, data: Path, capsys: pytest.CaptureFixture[str], mode: str) -> None:
    """Every mode: answers judged, a report in three forms, and no prompt with anything of the hidden tests."""
    stage.wrong = {"divide"}
    assert stage(data, "--mode", mode, "--set", "candidates.count=1") == 0
    folder = Path(f"eval-own-{mode}")
    assert rates(folder)["passOfAll"] == (3, 4)
    text = (folder / "report.md").read_text()
    assert "| Own/3 | ✗ |" in text
    assert "none: our own code" in text
    assert "scripted · own-q4.gguf · cpu" in text
    assert (folder / "report.png").exists() == ("![" in text)
    assert "pass@1 of all problems" in capsys.readouterr().out
    assert "[4/4] ✗ Own/3 · AssertionError" in stage.said.getvalue()
    assert stage.said.getvalue().count("Loading it") == 1
    assert len(stage.prompts) >= 4
    assert not [prompt for prompt in stage.prompts if SECRET in prompt or "check" in prompt]


def test_goes_on_where_it_was(stage: Stage, data: Path) -> None:
    """What is done is not asked again, and further problems join it."""
    assert stage(data, "--mode", "raw", "--limit", "2", "--out", "x") == 0
    assert stage(data, "--mode", "raw", "--ids", "1,3", "--out", "x") == 0
    assert rates(Path("x"))["passOfAll"] == (2, 2)
    assert len(stage.prompts) == 3
    assert stage(data, "--mode", "raw", "--out", "x", "--fresh") == 0
    assert len(stage.prompts) == 7


def test_other_conditions_are_refused(stage: Stage, data: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """Other settings, another model: status 2, and what differs."""
    assert stage(data, "--mode", "single", "--limit", "1", "--out", "x") == 0
    assert stage(data, "--mode", "single", "--out", "x", "--set", "explicit.maxTokens=7") == 2
    assert "explicit.maxTokens was 384, is 7" in capsys.readouterr().err
    stage.name = "another"
    assert stage(data, "--mode", "single", "--out", "x") == 2
    assert "holds results of 'scripted', and the model that answers is 'another'" in capsys.readouterr().err


def test_other_code_is_said(stage: Stage, data: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A checkout changes under one version number: results go together, but not in silence."""
    assert stage(data, "--mode", "single", "--limit", "1", "--out", "x") == 0
    assert stage(data, "--mode", "single", "--limit", "2", "--out", "x") == 0
    assert "other code" not in stage.said.getvalue()
    monkeypatch.setattr(evaluate, "code_digest", lambda: "changed")
    assert stage(data, "--mode", "single", "--limit", "3", "--out", "x") == 0
    assert "begun with other code: --fresh begins anew" in stage.said.getvalue()


def test_saved_answers_with_other_tests(stage: Stage, data: Path, tmp_path: Path) -> None:
    """The model is not asked, and the first report stays."""
    harder = write(tmp_path / "Harder.jsonl", rows("candidate(6, 3) if candidate(1, 1) else 0"))
    assert stage(data, "--mode", "raw", "--out", "x", "--limit", "3") == 0
    asked = len(stage.prompts)
    assert stage(data, "--out", "x", "--retest", "--tests", harder) == 0
    assert len(stage.prompts) == asked
    assert rates(Path("x"))["passOfAll"] == (3, 3)
    assert rates(Path("x"), "report-harder.json")["passOfAll"] == (2, 3)  # 1 - 1 is 0
    text = Path("x/report-harder.md").read_text()
    assert "# Own.jsonl, raw" in text
    assert "Harder.jsonl" in text


def test_other_tests_from_the_beginning(stage: Stage, data: Path, tmp_path: Path) -> None:
    """`--tests` without `--retest`; a file that lacks a problem is refused."""
    harder = write(tmp_path / "Harder.jsonl", rows("0"))
    assert stage(data, "--mode", "raw", "--out", "x", "--tests", harder, "--limit", "2") == 0
    assert rates(Path("x"))["passOfAll"] == (0, 2)
    assert stage(data, "--tests", write(harder, rows()[:1])) == 2


def test_oracle_afterwards(stage: Stage, data: Path) -> None:
    """Candidates that were not tested are tested when the oracle is wanted, without asking the model again."""
    assert stage(data, "--mode", "raw", "--out", "x", "--limit", "1") == 0
    results = Path("x/results.jsonl")
    record = json.loads(results.read_text())
    other = {**record["answer"]["attempts"][0], "file": "def add(a, b): return 0\n", "chosen": False, "tested": None}
    record["answer"]["attempts"].append(other)
    results.write_text(json.dumps(record) + "\n")
    asked, ran = len(stage.prompts), len(stage.ran)
    assert stage(data, "--mode", "raw", "--out", "x", "--limit", "1", "--oracle") == 0
    assert rates(Path("x"))["oracle"] == (1, 1)
    assert len(stage.prompts) == asked
    assert stage.ran[ran:].count("def add(a, b): return 0\n") == 1


def test_nothing_to_test_again(stage: Stage, data: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """Status 2 and what to do first."""
    assert stage(data, "--retest") == 2
    assert "run it without --retest first" in capsys.readouterr().err


def test_without_a_sandbox(stage: Stage, data: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """Hidden tests are not run, the model is not asked, and it is said why."""
    stage.why_not = "There is no sandbox for macOS."
    assert stage(data) == 1
    assert "need a sandbox. There is no sandbox for macOS." in capsys.readouterr().err
    assert stage.prompts == []


def test_a_dead_model(stage: Stage, data: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """Status 1 with the model's sentence; what was answered before is kept and reported."""
    assert stage(data, "--mode", "raw", "--limit", "1", "--out", "x") == 0
    stage.client.script = Script(error=EndpointRefused("The endpoint refused the API key."))
    assert stage(data, "--mode", "raw", "--out", "x") == 1
    assert "The endpoint refused the API key." in capsys.readouterr().err
    assert rates(Path("x"))["passOfAll"] == (1, 1)


def test_problems_without_an_answer(
    stage: Stage, data: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    """Status 1, so that a script does not take the report for a whole one; the same command asks them again."""
    monkeypatch.setattr("glosswright_server.evaluation.runner._TRIES", 1)
    good = stage.client.script
    stage.client.script = Script(error=EndpointBroken("It broke."))
    assert stage(data, "--mode", "raw", "--limit", "1") == 1
    assert "The model gave no answer to Own/0; the same command asks again" in capsys.readouterr().err
    stage.client.script = good
    assert stage(data, "--mode", "raw", "--limit", "1") == 0


@pytest.mark.parametrize(
    ("arguments", "says"),
    [
        (["nothing.jsonl"], "nothing.jsonl cannot be read"),
        (["Own.jsonl", "--set", "nonsense"], "not NAME=VALUE"),
        (["Own.jsonl", "--ids", "9"], "no problem '9'"),
        (["Own.jsonl", "--format", "mbpp"], "Own.jsonl:1: the field `test_list`"),
        (["Own.jsonl", "--tests", "nothing.jsonl"], "nothing.jsonl cannot be read"),
    ],
)
def test_wrong_usage(
    stage: Stage, data: Path, capsys: pytest.CaptureFixture[str], arguments: list[str], says: str
) -> None:
    """Status 2 and a sentence, before anything is started."""
    assert stage(*arguments) == 2
    error = capsys.readouterr().err
    assert error.startswith("glosswright eval: ")
    assert says in error
    assert stage.prompts == []


@pytest.mark.parametrize("arguments", [["--limit", "0"], ["--jobs", "x"], ["--test-timeout", "0"], ["--mode", "odd"]])
def test_options_that_make_no_sense(data: Path, capsys: pytest.CaptureFixture[str], arguments: list[str]) -> None:
    """Status 2 by the parser."""
    with pytest.raises(SystemExit) as status:
        main(["eval", str(data), *arguments])
    assert status.value.code == 2
    assert arguments[0] in capsys.readouterr().err


async def test_what_is_known_of_the_model(monkeypatch: pytest.MonkeyPatch) -> None:
    """A gateway that lists nothing is asked all the same, one request at a time."""

    async def models(self: ScriptedClient) -> list[object]:
        raise EndpointUnreachable("gone")

    ready = Ready(ScriptedClient(), "m", profile_for("generic", False, True))  # type: ignore[arg-type] # a double
    assert await card_of(ready) == ({"id": "scripted", "family": "generic", "device": "cpu", "name": "m"}, 1)
    monkeypatch.setattr(ScriptedClient, "models", models)
    assert await card_of(ready) == ({"name": "m"}, 1)


@pytest.mark.parametrize(
    ("sent", "printed", "expected"),
    [
        ({"endpoint.url": "http://x"}, "", ""),
        ({"model.name": "/a/b-q4.gguf"}, "", "b-q4.gguf"),
        ({}, '[{"name": "qwen2.5-coder-0.5b", "path": "/c/q4_k_m.gguf"}]', "q4_k_m.gguf"),
        ({}, '[{"name": "qwen2.5-coder-0.5b", "path": null}]', ""),
        ({}, "no model package", ""),
    ],
)
def test_the_file_of_the_model(
    monkeypatch: pytest.MonkeyPatch, sent: dict[str, str], printed: str, expected: str
) -> None:
    """Its name says the quantization."""
    done = subprocess.CompletedProcess([], 0, stdout=printed)
    monkeypatch.setattr(evaluate_facts.subprocess, "run", lambda *_, **__: done)
    assert weights_of(merge(Settings(), sent, allow_restricted=True)[0]) == expected


@pytest.mark.skipif(os.name != "posix", reason="sends a signal as a terminal does")
def test_interrupted_and_gone_on(tmp_path: Path, data: Path) -> None:
    """Ctrl-C: status 130, what is done is kept, how to go on is said; and the same command does go on."""
    if why_not := availability("python", SandboxOptions()).why_not:
        pytest.skip(why_not)
    rules = [[f"def {name}\\(", f"    return a {sign} b\n"] for name, sign in SIGNS.items()]
    command = [sys.executable, "-m", "glosswright_server", "eval", str(data), "--out", str(tmp_path / "x")]
    command += ["--mode", "single", "--jobs", "1"]
    with ScriptedModel(tmp_path / "model", rules=rules, token_s=0.4) as model:
        env = {**os.environ, **model.env}
        # A shell starts what runs in the background with interrupts ignored, and that is inherited.
        before = signal.signal(signal.SIGINT, signal.default_int_handler)
        process = subprocess.Popen(command, env=env, stderr=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
        signal.signal(signal.SIGINT, before)
        assert process.stderr is not None
        try:
            first = process.stderr.readline()
            while not first.startswith("[1/4]"):
                assert first, "it ended before its first problem"
                first = process.stderr.readline()
            process.send_signal(signal.SIGINT)
            _, errors = process.communicate(timeout=30)
        finally:
            process.kill()
            process.wait()
        assert process.returncode == 130, errors
        assert "the same command goes on there" in errors
        assert "Traceback" not in errors
        kept = (tmp_path / "x" / "results.jsonl").read_text().count("\n")
        assert 1 <= kept < 4
        done = subprocess.run(command, env=env, capture_output=True, text=True, timeout=60, check=False)
    assert done.returncode == 0, done.stderr
    assert "[1/4]" not in done.stderr
    assert rates(tmp_path / "x")["passOfAll"] == (4, 4)
