"""Settings come from clients, so any JSON at all must be survived, and each problem must be named."""

from __future__ import annotations

import dataclasses
import subprocess
import sys
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from glosswright_server.settings import Settings, describe, merge

ROOT = Path(__file__).parents[3]

JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text(max_size=5),
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(
            st.sampled_from([item.path.split(".")[-1] for item in describe()]) | st.text(max_size=4), inner
        )
    ),
    max_leaves=10,
)


def check(sent: object, path: str, value: object, problem: str = "", *, start: bool = True) -> None:
    """Merge `sent` over the defaults; look at one setting and at the problems told."""
    settings, problems = merge(Settings(), sent, allow_restricted=start)
    found: object = settings
    for name in path.split("."):
        found = getattr(found, name)
    assert found == value
    if problem:
        assert len(problems) == 1
        assert problem in problems[0]
    else:
        assert problems == ()


@pytest.mark.parametrize(
    ("sent", "path", "value", "problem"),
    [
        ({"inline": {"deadlineMs": 900}}, "inline.deadline_ms", 900, ""),
        ({"glosswright": {"inline": {"enabled": False}}}, "inline.enabled", False, ""),
        ({"disabledLanguages": ["markdown"]}, "disabled_languages", ("markdown",), ""),
        ({"endpoint": {"apiKeyCommand": ["pass", "show"]}}, "endpoint.api_key_command", ("pass", "show"), ""),
        ({"inline": None}, "inline.enabled", True, ""),
        ({"inline.enabled": False}, "inline.enabled", False, ""),
        ({"inline.enabled": False, "inline": {"maxTokens": 5}}, "inline.enabled", False, ""),
        ({"inline": {"maxTokens": 5}, "inline.enabled": False}, "inline.max_tokens", 5, ""),
        ({"inline": 3, "inline.enabled": False}, "inline.enabled", True, "`inline` must be an object, not a number"),
        ({"inlin.enabled": False}, "inline.enabled", True, "There is no setting `inlin`"),
        (None, "enabled", True, ""),
        ({"glosswright": None}, "enabled", True, ""),
        ([], "enabled", True, ""),
        ({"glosswright": []}, "enabled", True, ""),
        ({"inline": []}, "inline.enabled", True, ""),
        ("yes", "enabled", True, "must be an object, not a string"),
        (["a"], "enabled", True, "must be an object, not a list"),
        ({"enabled": "yes"}, "enabled", True, "`enabled` must be true or false, not a string"),
        ({"inline": 3}, "inline.enabled", True, "`inline` must be an object, not a number"),
        ({"inline": {"deadlineMs": "1"}}, "inline.deadline_ms", 4000, "must be a whole number, not a string"),
        ({"inline": {"deadlineMs": True}}, "inline.deadline_ms", 4000, "must be a whole number, not true/false"),
        ({"inline": {"deadlineMs": 1}}, "inline.deadline_ms", 4000, "must lie between 50 and 60000, not be 1"),
        ({"model": {"backend": "abacus"}}, "model.backend", "auto", "must be one of auto, llama.cpp, transformers"),
        ({"model": {"name": 5}}, "model.name", "qwen2.5-coder-0.5b", "must be a string, not a number"),
        ({"disabledLanguages": "c"}, "disabled_languages", (), "must be a list of strings, not a string"),
        ({"disabledLanguages": [1]}, "disabled_languages", (), "must be a list of strings"),
        ({"inlin": {}}, "inline.enabled", True, "There is no setting `inlin`"),
    ],
)
def test_merge(sent: object, path: str, value: object, problem: str) -> None:
    """Each kind of right and wrong value: the right one is used, the wrong one named and its default kept."""
    check(sent, path, value, problem)


@pytest.mark.parametrize(
    "sent",
    [
        {"endpoint": {"url": "http://evil.example"}},
        {"endpoint": {"apiKeyCommand": ["rm", "-rf", "/"]}},
        {"endpoint": {"apiKeyEnv": "HOME"}},
        {"model": {"name": "./trap.gguf"}},
    ],
)
def test_restricted_settings_are_refused_after_start(sent: dict[str, object]) -> None:
    """A folder's own configuration must not decide where code goes, what is run or what is loaded."""
    settings, problems = merge(Settings(), sent, allow_restricted=False)
    assert settings == Settings()
    assert "initializationOptions only" in problems[0]


def test_unchanged_restricted_settings_pass_in_silence() -> None:
    """Clients send the whole section again and again; saying what is already so is no reason for a message."""
    base, _ = merge(Settings(), {"endpoint": {"url": "http://here"}}, allow_restricted=True)
    again, problems = merge(base, {"endpoint": {"url": "http://here"}, "enabled": False}, allow_restricted=False)
    assert problems == ()
    assert again == dataclasses.replace(base, enabled=False)


@given(JSON)
def test_any_json_is_survived(sent: object) -> None:
    """Whatever a client sends, settings come back, each of its default's type and within its bounds."""
    settings, _ = merge(Settings(), sent, allow_restricted=True)
    defaults = {item.path: item for item in describe()}
    for item in describe(base=settings):
        assert type(item.default) is type(defaults[item.path].default)
        if item.minimum is not None:
            assert item.minimum <= item.default <= (item.maximum or item.default)
        if item.choices:
            assert item.default in item.choices


def test_every_setting_is_documented() -> None:
    """The page and the schemas are generated, so a setting without words would be one nobody can find."""
    for item in describe():
        assert item.doc.endswith("."), item.path


def test_the_settings_page_is_up_to_date() -> None:
    """docs/settings.md is generated; this fails when a setting was changed without `make docs`."""
    script = ROOT / "scripts" / "settings_page.py"
    done = subprocess.run([sys.executable, str(script), "--check"], cwd=ROOT, timeout=60, check=False)
    assert done.returncode == 0, "docs/settings.md is stale: run `make docs`"


def test_the_settings_of_the_vscode_extension_are_up_to_date() -> None:
    """They are generated into its manifest; this fails when a setting was changed without `make docs`."""
    script = ROOT / "scripts" / "vscode_settings.py"
    done = subprocess.run([sys.executable, str(script), "--check"], cwd=ROOT, timeout=60, check=False)
    assert done.returncode == 0, "vscode-client/package.json is stale: run `make docs`"
