"""Which engine runs what, why, and what to install."""

from __future__ import annotations

import importlib.util
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from glosswright_model.backends import choose as module
from glosswright_model.backends.choose import choose, load
from glosswright_model.errors import BackendMissing, ModelLoadError


@pytest.fixture
def models(tmp_path: Path) -> Path:
    """A folder with one model of each kind, empty inside: the choice looks at the outside only."""
    (tmp_path / "m.gguf").write_bytes(b"GGUF")
    (tmp_path / "named.GGUF").write_bytes(b"")
    (tmp_path / "blob").write_bytes(b"GGUF....")
    (tmp_path / "notes.txt").write_text("hello")
    (tmp_path / "hf").mkdir()
    (tmp_path / "hf" / "config.json").write_text("{}")
    for name, text in (("cut", '{"format": "glossw'), ("list", "[]")):
        (tmp_path / name).mkdir()
        (tmp_path / name / "config.json").write_text(text)
    (tmp_path / "ours").mkdir()
    (tmp_path / "ours" / "config.json").write_text('{"format": "glosswright-seq2seq", "version": 1}')
    (tmp_path / "other").mkdir()
    return tmp_path


@pytest.fixture
def everything_installed(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module.importlib.util, "find_spec", lambda name: object())


@pytest.mark.usefixtures("everything_installed")
@pytest.mark.parametrize(
    ("model", "requested", "backend", "why"),
    [
        ("m.gguf", "auto", "llama.cpp", "GGUF"),
        ("named.GGUF", "auto", "llama.cpp", "GGUF"),
        ("blob", "auto", "llama.cpp", "GGUF"),
        ("m.gguf", "llama.cpp", "llama.cpp", "as the settings ask"),
        ("hf", "auto", "transformers", "folder in the Hugging Face format"),
        ("hf", "transformers", "transformers", "as the settings ask"),
        ("ours", "auto", "seq2seq", "trained with glosswright"),
        ("ours", "seq2seq", "seq2seq", "as the settings ask"),
    ],
)
def test_chooses(models: Path, model: str, requested: str, backend: str, why: str) -> None:
    """`doctor` shows the sentence, so it must be one and say what decided."""
    choice = choose(models / model, requested)
    assert choice.backend == backend
    assert why in choice.why
    assert choice.why.endswith(".")


@pytest.mark.usefixtures("everything_installed")
def test_a_hub_id_goes_to_transformers() -> None:
    """`owner/name` that is no path is a model on the hub."""
    assert choose("owner/model").backend == "transformers"


@pytest.mark.usefixtures("everything_installed")
@pytest.mark.parametrize(
    ("model", "requested", "reason"),
    [
        ("notes.txt", "auto", "neither a GGUF file nor a model folder"),
        ("other", "auto", "no config.json"),
        ("cut", "auto", r"config\.json is damaged"),
        ("list", "auto", r"config\.json is damaged"),
        ("m.gguf", "transformers", "transformers cannot read m.gguf"),
        ("hf", "llama.cpp", r"llama\.cpp cannot read hf"),
        ("m.gguf", "vllm", "no back end 'vllm'"),
        ("missing.gguf", "auto", "does not exist"),
        ("missing", "auto", "does not exist"),
    ],
)
def test_refuses(models: Path, model: str, requested: str, reason: str) -> None:
    """Each refusal names the model and what is wrong with it."""
    with pytest.raises(ModelLoadError, match=reason):
        choose(models / model, requested)


@pytest.mark.parametrize("name", ["missing.gguf", "a/b/c", "./x/y", "~/model", "plain"])
def test_what_is_no_hub_id_is_a_missing_path(name: str) -> None:
    """A mistyped path must not become a download."""
    with pytest.raises(ModelLoadError, match="does not exist"):
        choose(name)


@pytest.mark.parametrize(("model", "extra"), [("m.gguf", "llamacpp"), ("hf", "torch")])
def test_says_what_to_install(models: Path, monkeypatch: pytest.MonkeyPatch, model: str, extra: str) -> None:
    """The base install has neither engine."""
    monkeypatch.setattr(module.importlib.util, "find_spec", lambda name: None)
    with pytest.raises(BackendMissing, match=rf"pip install 'glosswright\[{extra}\]'"):
        choose(models / model)


@pytest.mark.parametrize(
    ("nvidia", "system", "machine", "device"),
    [
        ("/usr/bin/nvidia-smi", "linux", "x86_64", "cuda"),
        (None, "darwin", "arm64", "mps"),
        (None, "darwin", "x86_64", "cpu"),
    ],
)
@pytest.mark.usefixtures("everything_installed")
def test_expects_a_device(
    models: Path, monkeypatch: pytest.MonkeyPatch, nvidia: str | None, system: str, machine: str, device: str
) -> None:
    """The expectation is made without importing torch."""
    monkeypatch.setattr(module.shutil, "which", lambda _: nvidia)
    monkeypatch.setattr(module.sys, "platform", system)
    monkeypatch.setattr(module.platform, "machine", lambda: machine)
    monkeypatch.setattr(module, "_NVIDIA_DRIVER", Path("/nonexistent"))
    assert choose(models / "hf").device == device


def test_choosing_imports_no_engine(models: Path) -> None:
    """`status` and `doctor` must stay quick: torch alone takes seconds to import."""
    program = (
        "import sys; from glosswright_model.backends.choose import choose\n"
        "from glosswright_model.errors import BackendMissing\n"
        "for model in sys.argv[1:]:\n"
        "    try: choose(model)\n"
        "    except BackendMissing: pass\n"
        "assert not {'torch', 'transformers', 'xllamacpp'} & set(sys.modules)"
    )
    models_given = [str(models / "m.gguf"), str(models / "hf")]
    done = subprocess.run([sys.executable, "-c", program, *models_given], timeout=60, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr


@pytest.mark.llamacpp
def test_loads_a_gguf_file(chain_file: Path) -> None:
    """The one call that `serving` makes."""
    pytest.importorskip("xllamacpp")
    backend = load(chain_file, model_name="tiny", context_length=300, slots=1, threads=1, family="starcoder")
    try:
        assert (backend.info.model, backend.info.context_length, backend.info.family) == ("tiny", 300, "starcoder")
        assert not backend.info.supports_suffix, "the vocabulary lacks that family's marks"
        assert "GGUF" in backend.info.why
    finally:
        backend.close()


def test_loads_a_folder(models: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The arguments reach the transformers loader."""
    if importlib.util.find_spec("transformers") is None:
        pytest.skip("needs transformers")
    from glosswright_model.backends.transformers_backend import TransformersBackend

    seen: dict[str, Any] = {}
    monkeypatch.setattr(TransformersBackend, "load", lambda path, **options: seen.update(options, path=path))
    load(models / "hf", model_name="tiny", context_length=99)
    assert (seen["path"], seen["model_name"], seen["context_length"]) == (str(models / "hf"), "tiny", 99)
