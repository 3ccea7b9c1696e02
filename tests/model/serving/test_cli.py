"""Commands that need no second process: what they print, and the exit codes scripts rely on."""

from __future__ import annotations

import io
import json
import shutil
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from types import SimpleNamespace

import pytest
from model.serving.support import TOKEN, HandBackend, running

from glosswright_model import cli, weights
from glosswright_model.backends import choose
from glosswright_model.errors import ModelLoadError, ServingError, SourceUnavailable, UnknownModel, WeightsError
from glosswright_model.serving import control, doctor, state_file
from glosswright_model.serving.loading import Loading
from glosswright_model.serving.scripted import scripted_load
from glosswright_model.serving.source import default_model, model_load, name_of
from glosswright_model.serving.state_file import Claim, find_running
from glosswright_model.weights import Progress
from glosswright_model.weights.shipped import FOLDER


@pytest.fixture(autouse=True)
def own_folders(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Neither the user's weights nor the user's server may be touched."""
    monkeypatch.setenv("GLOSSWRIGHT_RUNTIME_DIR", str(tmp_path / "run"))
    monkeypatch.setenv("GLOSSWRIGHT_CACHE_DIR", str(tmp_path / "cache"))
    monkeypatch.delenv("GLOSSWRIGHT_DEBUG", raising=False)


@pytest.fixture
def pulled(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Path:
    """Pulling works and takes no time; the path it gives."""
    path = tmp_path / "model.gguf"

    def pull(entry: weights.ModelEntry, *, progress: Callable[[Progress], None], cancelled: object = None) -> Path:
        for phase in ("waiting", "verifying", "downloading"):
            progress(Progress(phase, entry.size // 2, entry.size, "the hub", 1e6))
        return path

    monkeypatch.setattr(weights, "pull", pull)
    return path


@pytest.fixture
def published() -> Iterator[Callable[[str, str], None]]:
    """Puts a server into the state file."""
    claim = Claim()

    def publish(url: str, token: str = TOKEN) -> None:
        claim.acquire(0)
        claim.publish(url=url, token=token, model="hand", version="1")

    yield publish
    claim.release()


def test_list_shows_each_model_once(capsys: pytest.CaptureFixture[str]) -> None:
    """Names are what the user types next; test fixtures are nobody's choice."""
    assert cli.main(["list"]) == 0
    lines = capsys.readouterr().out.splitlines()
    assert lines[0].split() == ["NAME", "MODEL", "PARAMETERS", "LICENCE", "SIZE", "INSTALLED"]
    assert lines[1].startswith(f"{default_model()} (default)  ")
    assert lines[1].split()[-1] == "no"
    assert "smollm2" not in "".join(lines)
    assert cli.main(["list", "--json"]) == 0
    rows = json.loads(capsys.readouterr().out)
    assert [row["name"] for row in rows if row["default"]] == [default_model()]
    fetched = {entry.name for entry in weights.catalogue()}
    assert [row["name"] for row in rows if row["installed"]] == [
        row["name"] for row in rows if row["name"] not in fetched
    ]
    assert any(row["name"] in fetched for row in rows)


def test_list_knows_what_is_here(capsys: pytest.CaptureFixture[str]) -> None:
    """Also a fixture that was pulled on purpose."""
    for entry in weights.catalogue():
        folder = weights.cache_folder()
        folder.mkdir(parents=True, exist_ok=True)
        (folder / entry.file).write_bytes(b"x")
    assert cli.main(["list", "--json"]) == 0
    fetched = {entry.name for entry in weights.catalogue()}
    rows = [row for row in json.loads(capsys.readouterr().out) if row["name"] in fetched]
    assert len(rows) == len(weights.catalogue())
    assert all(row["installed"] and Path(row["path"]).is_file() for row in rows)
    name = rows[-1]["name"]
    assert cli.main(["rm", name]) == 0
    assert f"{name}: 1 B freed." in capsys.readouterr().err
    assert cli.main(["rm", name]) == 0
    assert "is not on this machine" in capsys.readouterr().err
    assert cli.main(["rm", "nope"]) == 1
    assert "No model is called 'nope'" in capsys.readouterr().err


def test_pull_says_where_it_is_and_under_which_licence(capsys: pytest.CaptureFixture[str], pulled: Path) -> None:
    """The path alone on stdout, so that a script can take it; the notice is owed to the makers."""
    assert cli.main(["pull", default_model()]) == 0
    captured = capsys.readouterr()
    assert captured.out == f"{pulled}\n"
    assert "Licence: Apache-2.0" in captured.err


def test_pull_speaks_json_lines(capsys: pytest.CaptureFixture[str], pulled: Path) -> None:
    """For installers and editors that draw their own bar."""
    assert cli.main(["pull", default_model(), "--json"]) == 0
    lines = [json.loads(line) for line in capsys.readouterr().out.splitlines()]
    assert [line["phase"] for line in lines] == ["waiting", "verifying", "downloading", "done"]
    assert lines[2]["bytes_per_s"] == 1e6
    assert lines[-1]["path"] == str(pulled)


@pytest.mark.parametrize(
    ("error", "code", "message"),
    [
        (SourceUnavailable("No way to the hub."), 1, "glosswright model: No way to the hub.\n"),
        (KeyboardInterrupt(), 1, "glosswright model: Interrupted.\n"),
        (PermissionError(13, "Permission denied", "a/b"), 1, "glosswright model: a/b: Permission denied.\n"),
        (ModuleNotFoundError("no uvicorn", name="uvicorn.config"), 1, "pip install 'glosswright[llamacpp]'"),
    ],
)
def test_failures_are_one_sentence(
    error: BaseException, code: int, message: str, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """No traceback for what the user can mend."""

    def pull(*arguments: object, **options: object) -> None:
        raise error

    monkeypatch.setattr(weights, "pull", pull)
    assert cli.main(["pull", default_model(), "--json"]) == code
    assert message in capsys.readouterr().err


def test_our_own_mistakes_keep_their_traceback(monkeypatch: pytest.MonkeyPatch) -> None:
    """A module of ours that is missing is a defect, and must not be blamed on the installation."""

    def pull(*arguments: object, **options: object) -> None:
        raise ModuleNotFoundError("no", name="glosswright_model.nowhere")

    monkeypatch.setattr(weights, "pull", pull)
    with pytest.raises(ModuleNotFoundError):
        cli.main(["pull", default_model(), "--json"])


def test_a_reader_that_has_enough_is_no_failure(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """`glosswright model list | head -1`."""

    class Closed(io.StringIO):
        def write(self, text: str) -> int:
            raise BrokenPipeError

        def fileno(self) -> int:
            return file.fileno()

    with (tmp_path / "out").open("w") as file:
        monkeypatch.setattr(sys, "stdout", Closed())
        assert cli.main(["list"]) == 0
        monkeypatch.undo()


def test_pull_of_a_path_is_wrong_usage(capsys: pytest.CaptureFixture[str], tmp_path: Path) -> None:
    """Nothing to download there; say what to do with it instead."""
    path = tmp_path / "own.gguf"
    path.write_bytes(b"GGUF")
    assert cli.main(["pull", str(path)]) == 2
    assert "give it to `serve --model`" in capsys.readouterr().err
    assert cli.main(["pull", "nope"]) == 1
    assert default_model() in capsys.readouterr().err


def test_doctor_without_a_server(capsys: pytest.CaptureFixture[str]) -> None:
    """What a bug report needs, whether or not anything is installed."""
    assert cli.main(["doctor", "--json"]) == 0
    report = json.loads(capsys.readouterr().out)
    assert {engine["name"] for engine in report["backends"]} == {"llama.cpp", "transformers"}
    assert report["devices"][0]["name"] == "cpu"
    assert report["memory"]["total_bytes"] > report["memory"]["available_bytes"] > 0
    assert report["disk"]["free_bytes"] > 0
    assert (report["weights"], report["server"]) == ([], {"running": False})
    assert cli.main(["doctor"]) == 0
    text = capsys.readouterr().out
    assert "weights  none: run `glosswright model pull NAME`" in text
    assert "server   none runs" in text


def test_doctor_measures_the_running_server(
    capsys: pytest.CaptureFixture[str], published: Callable[[str], None]
) -> None:
    """Loading the model a second time would measure a machine that swaps."""
    folder = weights.cache_folder()
    folder.mkdir(parents=True)
    (folder / weights.default_entry().file).write_bytes(b"x")
    backend = HandBackend()
    with running(backend) as server:
        published(server.url)
        assert cli.main(["doctor", "--bench"]) == 0
        text = capsys.readouterr().out
        words = len(backend.requests[0].prompt.split())
        assert f"speed    hand: {words / 0.25} prompt tokens/s, 6.0 generated tokens/s" in text
        assert "server   ready with hand" in text
        assert f"weights  {default_model()}: 1 B, not verified" in text
        assert TOKEN not in text
        assert backend.requests[0].prompt != doctor._fresh_prompt()
        assert cli.main(["status"]) == 0
        state = find_running()
        assert state is not None
        server.service.require = refuse  # type: ignore[method-assign]
        with pytest.raises(ServingError, match="no room"):
            doctor.measure_server(state)


def refuse() -> None:
    from glosswright_model.serving.wire import ApiError

    raise ApiError(503, "model_failed", "no room")


def test_a_server_that_hangs_is_said(
    capsys: pytest.CaptureFixture[str], published: Callable[[str], None], monkeypatch: pytest.MonkeyPatch
) -> None:
    """`status` fails, `doctor` reports it, and neither waits for ever."""
    published("http://127.0.0.1:9")
    assert cli.main(["status"]) == 1
    assert "does not answer: stop it with `glosswright model stop`" in capsys.readouterr().err
    assert cli.main(["doctor"]) == 0
    assert "server   The model server" in capsys.readouterr().out
    assert cli.main(["doctor", "--bench"]) == 1
    assert "did not answer the benchmark" in capsys.readouterr().err
    killed: list[int] = []
    monkeypatch.setattr(control.psutil, "Process", lambda pid: SimpleNamespace(terminate=lambda: killed.append(pid)))
    monkeypatch.setattr(state_file.ServerState, "alive", True)
    state = find_running()
    assert state is not None
    with pytest.raises(ServingError, match="end that process yourself"):
        control.stop_server(state, 0.1)
    assert killed == [state.pid]


def test_something_else_at_the_address(published: Callable[[str], None], monkeypatch: pytest.MonkeyPatch) -> None:
    """Health that is JSON, but not ours."""
    with running(HandBackend()) as server:
        published(server.url)
        state = find_running()
        assert state is not None
        monkeypatch.setattr(type(server.service.health), "body", lambda self: [])
        with pytest.raises(ServingError, match="not a model server"):
            control.fetch_health(state)


def test_doctor_measures_a_model_when_no_server_runs(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    """The first thing one wants to know of a new machine; missing weights are not fetched behind one's back."""
    assert cli.main(["doctor", "--bench"]) == 1
    assert f"glosswright model pull {default_model()}" in capsys.readouterr().err
    backend = HandBackend()
    monkeypatch.setattr(choose, "load", lambda path, **options: backend)
    (tmp_path / "own.gguf").write_bytes(b"GGUF")
    assert cli.main(["doctor", "--bench", "--json", "--model", str(tmp_path / "own.gguf")]) == 0
    bench = json.loads(capsys.readouterr().out)["bench"]
    assert (bench["completion_tokens"], bench["decode_tokens_per_s"]) == (3, 6.0)
    assert backend.closed == 1


def test_status_of_a_download(
    capsys: pytest.CaptureFixture[str], published: Callable[[str], None], monkeypatch: pytest.MonkeyPatch
) -> None:
    """The minutes of the first start, told with numbers."""
    health = {"status": "downloading", "model": "m", "message": "Downloading m", "error": None}
    numbers = {"done_bytes": 12_300_000, "total_bytes": 1_230_000_000, "bytes_per_s": 4_560.0}
    monkeypatch.setattr(control, "fetch_health", lambda state: {**health, **numbers})
    published("http://127.0.0.1:9")
    assert cli.main(["status"]) == 0
    assert "download 12 MB of 1.23 GB, 5 kB/s" in capsys.readouterr().out
    assert cli._duration(3725.0) == "1 h 2 min"


def test_a_model_is_found_fetched_and_loaded(pulled: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The one place where weights and back ends meet: every option must arrive, every step be told."""
    backend, given = HandBackend(), {}

    def load(path: Path, **options: object) -> HandBackend:
        given.update(path=path, **options)
        return backend

    monkeypatch.setattr(choose, "load", load)
    told: list[tuple[object, ...]] = []
    report = SimpleNamespace(
        downloading=lambda *values: told.append(values),
        loading=lambda: told.append(("loading",)),
        cancelled=lambda: False,
    )
    entry = weights.default_entry()
    found = model_load(entry.name, backend="llama.cpp", context_length=512, slots=2)(report)  # type: ignore[arg-type]
    assert found is backend
    assert given == {
        "path": pulled,
        "model_name": entry.name,
        "family": entry.family,
        "backend": "llama.cpp",
        "context_length": 512,
        "slots": 2,
    }
    assert [values[-1] for values in told] == [
        f"Waiting for another process that downloads {entry.name}",
        f"Checking what is here of {entry.name}",
        f"Downloading {entry.name} from the hub",
        "loading",
    ]
    assert told[0][:3] == (entry.size // 2, entry.size, 1e6)


@pytest.mark.parametrize(
    ("path", "name"),
    [
        ("/home/me/runs/mine/model", "mine"),
        ("/home/me/runs/mine/adapter", "mine"),
        ("/home/me/django-lstm", "django-lstm"),
        ("/models/small.gguf", "small.gguf"),
        ("/model", "model"),
    ],
)
def test_models_of_ones_own_have_a_name_that_says_which(path: str, name: str) -> None:
    """Each run of training ends with a folder `model`; an editor that shows "model" says nothing."""
    assert name_of(Path(path)) == name


def test_missing_weights_are_not_fetched_against_the_users_will() -> None:
    """`--no-download` is for metered lines and for rooms without a network."""
    load = model_load(default_model(), download=False)
    with pytest.raises(WeightsError, match="glosswright model pull"):
        load(Loading("m", load))
    load = model_load("nope")
    with pytest.raises(UnknownModel):
        load(Loading("m", load))


@pytest.mark.parametrize("text", ["", "[]", '{"what": 1}'])
def test_scripts_are_checked(text: str, tmp_path: Path) -> None:
    """A typing mistake in a test's script must not look like a slow model."""
    path = tmp_path / "script.json"
    path.write_text(text)
    with pytest.raises(ModelLoadError):
        scripted_load(path)


def test_gpus_are_listed_as_torch_sees_them(monkeypatch: pytest.MonkeyPatch) -> None:
    """The device decides the speed; a bug report without it says little."""
    properties = SimpleNamespace(total_memory=80_000)
    cuda = SimpleNamespace(
        device_count=lambda: 1, get_device_name=lambda index: "Fast", get_device_properties=lambda index: properties
    )
    backends = SimpleNamespace(mps=SimpleNamespace(is_available=lambda: True))
    monkeypatch.setitem(sys.modules, "torch", SimpleNamespace(cuda=cuda, backends=backends))
    monkeypatch.setattr(doctor.importlib.util, "find_spec", lambda name: object())
    assert doctor._gpus() == [
        {"name": "cuda:0", "description": "Fast", "memory_bytes": 80_000},
        {"name": "mps", "description": "Apple GPU"},
    ]
    monkeypatch.setattr(doctor.importlib.util, "find_spec", lambda name: None)
    assert doctor._gpus() == []
    report = doctor.engine_report("transformers", ("torch",))
    assert (report["installed"], report["missing"]) == (False, ["torch"])
    free = doctor._free_bytes(Path("/no/such/folder"))  # not made yet: its nearest parent counts
    assert free is not None
    assert free > 0


@pytest.mark.parametrize(
    ("name", "content", "says"),
    [
        ("no-such-model", None, "No model is called"),
        ("notes.txt", b"hello", "is not a GGUF file"),
        ("broken.gguf", b"GGUF" + b"\xff" * 40, ""),
        ("empty.gguf", b"", ""),
    ],
)
def test_check_refuses_what_could_not_be_served(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], name: str, content: bytes | None, says: str
) -> None:
    """Asked before a running server is told to make room for another model."""
    if content is not None:
        (tmp_path / name).write_bytes(content)
        name = str(tmp_path / name)
    assert cli.main(["check", name]) == 1
    assert says in capsys.readouterr().err


@pytest.mark.torch
@pytest.mark.parametrize(
    ("damage", "says"),
    [
        (lambda folder: (folder / "config.json").unlink(), "has no config.json"),
        (lambda folder: (folder / "words.json").write_text("[]"), "is not the one it was saved with"),
        (lambda folder: (folder / "model.safetensors").write_bytes(b"x"), "is not the one it was saved with"),
        (lambda folder: _rewrite(folder / "config.json", '"version": 1', '"version": 99'), "update glosswright"),
    ],
)
def test_check_refuses_a_damaged_checkpoint(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], damage: Callable[[Path], object], says: str
) -> None:
    """A network of one's own that changed on the way here; the whole one is taken."""
    folder = tmp_path / "own"
    shutil.copytree(FOLDER / "django-lstm", folder)
    assert cli.main(["check", str(folder)]) == 0
    assert capsys.readouterr().out.strip() == str(folder)
    damage(folder)
    assert cli.main(["check", str(folder)]) == 1
    assert says in capsys.readouterr().err


def _rewrite(path: Path, old: str, new: str) -> None:
    text = path.read_text(encoding="utf-8")
    assert old in text
    path.write_text(text.replace(old, new, 1), encoding="utf-8")


def test_check_takes_a_name_of_the_catalogue(capsys: pytest.CaptureFixture[str]) -> None:
    """Whether it is here already or not."""
    assert cli.main(["check", "qwen2.5-coder-0.5b"]) == 0
    assert "would be fetched" in capsys.readouterr().out
