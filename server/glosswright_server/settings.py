"""Every setting of the language server, frozen and defaulted: the source of docs/settings.md and of editors' schemas.

`merge` turns what a client sent (any JSON at all) into settings: an invalid value is reported and its default kept, the
rest goes on. This module reads no file and no environment variable.

Settings marked *restricted* decide where code is sent, which program is run and which file is loaded. They are taken
only from what the user's own editor configuration says at start-up (`initializationOptions`) or from the command line,
never from later configuration messages, which a client may fill from a file inside the workspace.
"""

from __future__ import annotations

import dataclasses
import re
import types
import typing
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from functools import cache
from typing import Any

DEFAULT_MODEL = "qwen2.5-coder-0.5b"


def _setting(
    default: Any,
    doc: str,
    *,
    choices: tuple[str, ...] = (),
    minimum: float | None = None,
    maximum: float | None = None,
    restricted: bool = False,
) -> Any:
    """A dataclass field whose metadata documents and bounds it."""
    return field(
        default=default,
        metadata={"doc": doc, "choices": choices, "minimum": minimum, "maximum": maximum, "restricted": restricted},
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class InlineSettings:
    """Inline completions (ghost text)."""

    enabled: bool = _setting(True, "Offer inline completions.")
    deadline_ms: int = _setting(
        4000,
        "How long an automatic request may wait for the model, in milliseconds. Then the complete statements so far "
        "are answered (or the first one, as soon as there is one), the model goes on, and the rest is ready for the "
        "next request.",
        minimum=50,
        maximum=60_000,
    )
    max_tokens: int = _setting(
        128, "Most tokens generated for an automatic inline completion.", minimum=1, maximum=4096
    )
    debounce_min_ms: int = _setting(
        60, "Shortest wait after a keystroke before the model is asked, in milliseconds.", minimum=0, maximum=5000
    )
    debounce_max_ms: int = _setting(
        1000, "Longest wait after a keystroke before the model is asked, in milliseconds.", minimum=0, maximum=10_000
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class CompletionSettings:
    """Items in the ordinary completion list."""

    enabled: bool = _setting(
        True, "Offer a completion item at comments, docstrings and empty bodies (for editors without ghost text)."
    )
    deadline_ms: int = _setting(
        4000, "How long a completion list may wait for the model, in milliseconds.", minimum=50, maximum=60_000
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class ExplicitSettings:
    """Code that was asked for: code actions, commands, an inline completion invoked by hand."""

    deadline_ms: int = _setting(
        60_000, "How long an explicit request may take, in milliseconds.", minimum=100, maximum=600_000
    )
    max_tokens: int = _setting(384, "Most tokens generated for an explicit request.", minimum=1, maximum=8192)


@dataclass(frozen=True, slots=True, kw_only=True)
class CandidateSettings:
    """How many answers are tried for an explicit request, and what they may cost together."""

    count: int = _setting(
        13,
        "Most candidates for an explicit request; 1 asks the model once. No more are made once one passes every check, "
        "or where there is nothing to tell them apart by.",
        minimum=1,
        maximum=64,
    )
    budget_ms: int = _setting(
        30_000, "Milliseconds after which no further candidate is begun.", minimum=0, maximum=600_000
    )
    budget_tokens: int = _setting(
        3000, "Tokens, over all candidates, after which no further one is begun.", minimum=1, maximum=1_000_000
    )
    repair: bool = _setting(
        True, "When the best candidate fails, show the model what failed and let it try once more; kept only if better."
    )
    second_opinion: bool = _setting(
        True,
        "When the first answer passes its examples, have the model write a few more to compare it with: where two that "
        "pass the examples differ on other inputs, the label says so. Takes some seconds more.",
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class VerifySettings:
    """How candidates are checked before they are shown."""

    run_examples: str = _setting(
        "ask",
        "Whether examples in docstrings and comments are run against the code, in a sandbox, on explicit requests: "
        "`ask` asks once for each workspace, `always` and `never` do not ask.",
        choices=("ask", "always", "never"),
        restricted=True,
    )
    timeout_ms: int = _setting(
        5000, "Milliseconds after which a run of one candidate's examples is ended.", minimum=100, maximum=120_000
    )
    memory_mb: int = _setting(512, "Most memory for such a run, in MiB.", minimum=64, maximum=65_536)
    python: str = _setting(
        "", "The Python that runs examples; empty takes the one that Glosswright runs on.", restricted=True
    )
    node: str = _setting("", "The node that runs JavaScript examples; empty looks on PATH.", restricted=True)


@dataclass(frozen=True, slots=True, kw_only=True)
class ModelSettings:
    """The local model, one process shared by every editor window."""

    name: str = _setting(
        DEFAULT_MODEL,
        "A name from `glosswright model list`, or the path of a GGUF file, of a transformers model folder, or of a "
        "checkpoint trained with glosswright.",
        restricted=True,
    )
    companion: str = _setting(
        "",
        "A second model that is asked beside the first when you ask by hand, by name or path: a network trained with "
        "glosswright, say. The answers of both are checked, and the one of which more holds is shown.",
        restricted=True,
    )
    backend: str = _setting(
        "auto",
        "The engine that runs the model; `auto` picks by what is installed and what the machine has.",
        choices=("auto", "llama.cpp", "transformers", "seq2seq"),
    )
    autostart: bool = _setting(True, "Start the local model server when it is needed and none runs.")
    download: bool = _setting(True, "Fetch the model's weights when they are not in the cache yet.")
    idle_minutes: int = _setting(
        30, "Minutes without a request after which the model server ends; 0 keeps it.", minimum=0, maximum=10_000
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class EndpointSettings:
    """Any OpenAI-compatible completions server, in place of the local model."""

    url: str = _setting(
        "",
        "Base URL, for example `http://gpu-box:8000` or `https://host/v1`; empty uses the local model.",
        restricted=True,
    )
    model: str = _setting("", "Model name to ask for; empty takes the first that the endpoint lists.", restricted=True)
    api_key_env: str = _setting("", "Name of the environment variable that holds the API key.", restricted=True)
    api_key_command: tuple[str, ...] = _setting(
        (),
        'Program and arguments that print the API key, for example `["pass", "show", "llm"]`. Run without a shell.',
        restricted=True,
    )
    timeout_s: int = _setting(60, "Seconds after which a request is given up.", minimum=1, maximum=3600)
    family: str = _setting(
        "auto",
        "Prompt family of the endpoint's model; `auto` reads it from the model's name.",
        choices=(
            "auto",
            "generic",
            "qwen2.5-coder",
            "starcoder",
            "codellama",
            "deepseek-coder",
            "codegemma",
            "seq2seq",
        ),
    )
    supports_suffix: bool = _setting(
        False, "Whether the endpoint's `/v1/completions` accepts `suffix` (fill in the middle)."
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class ContextSettings:
    """How much of the document the model sees."""

    prefix_chars: int = _setting(
        0,
        "Most characters before the cursor; 0 chooses by the device (1,200 on a CPU, 12,000 on a GPU).",
        minimum=0,
        maximum=200_000,
    )
    suffix_chars: int = _setting(
        0,
        "Most characters after the cursor; 0 chooses by the device (160 on a CPU, 3,000 on a GPU).",
        minimum=0,
        maximum=100_000,
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class FeedbackSettings:
    """What became of suggestions, counted on this machine."""

    enabled: bool = _setting(
        True,
        "Count on this machine, and nowhere else, how many suggestions were shown, accepted, dismissed and kept; no "
        "code, no text and no file names. `glosswright stats` prints it, `glosswright stats --wipe` forgets it.",
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class Settings:
    """All settings. JSON names are the same in camelCase; a client may send them bare or under `glosswright`."""

    enabled: bool = _setting(True, "Turn everything on or off.")
    disabled_languages: tuple[str, ...] = _setting((), "LSP language ids in which nothing is offered.")
    log_level: str = _setting(
        "warning",
        "What is logged on stderr. Document text is logged at `debug` only.",
        choices=("debug", "info", "warning", "error"),
    )
    inline: InlineSettings = field(default_factory=InlineSettings)
    completion: CompletionSettings = field(default_factory=CompletionSettings)
    explicit: ExplicitSettings = field(default_factory=ExplicitSettings)
    candidates: CandidateSettings = field(default_factory=CandidateSettings)
    verify: VerifySettings = field(default_factory=VerifySettings)
    model: ModelSettings = field(default_factory=ModelSettings)
    endpoint: EndpointSettings = field(default_factory=EndpointSettings)
    context: ContextSettings = field(default_factory=ContextSettings)
    feedback: FeedbackSettings = field(default_factory=FeedbackSettings)


@dataclass(frozen=True, slots=True, kw_only=True)
class Described:
    """One setting as the documentation and an editor's schema show it."""

    path: str
    """Dotted JSON name, e.g. "inline.deadlineMs"."""
    type: str
    """JSON type: "boolean", "integer", "string" or "array of strings"."""
    default: Any
    doc: str
    choices: tuple[str, ...]
    minimum: float | None
    maximum: float | None
    restricted: bool


def merge(base: Settings, sent: object, *, allow_restricted: bool) -> tuple[Settings, tuple[str, ...]]:
    """Settings with what a client sent laid over `base`, and one sentence for each value that could not be used.

    `sent` is any JSON value; names that are not known are reported, except at the top where other tools' settings may
    stand. Restricted settings keep `base`'s value, with a sentence when they would change, unless `allow_restricted`.
    An empty list stands for an empty object: an editor that is configured in Lua cannot tell the two apart.
    """
    if isinstance(sent, Mapping) and _is_section(sent.get("glosswright", "")):
        sent = sent["glosswright"]
    if sent is None or sent == []:
        return base, ()
    if not isinstance(sent, Mapping):
        return base, (f"The settings must be an object, not {_json_type(sent)}; the defaults are used.",)
    problems: list[str] = []
    merged = _merge(base, _nested(sent), "", problems, allow_restricted)
    return typing.cast(Settings, merged), tuple(problems)


def _is_section(value: object) -> bool:
    return value is None or value == [] or isinstance(value, Mapping)


def _nested(sent: Mapping[Any, Any]) -> dict[Any, Any]:
    """`{"inline.enabled": x}`, as the documentation spells names, is `{"inline": {"enabled": x}}`."""
    whole: dict[Any, Any] = {}
    for key, value in sent.items():
        group, dot, name = key.partition(".") if isinstance(key, str) else (key, "", "")
        if not dot:
            whole[key] = {**whole[key], **value} if isinstance(value, Mapping) and key in whole else value
        elif isinstance(whole.setdefault(group, {}), Mapping):
            whole[group] = {**whole[group], name: value}
    return whole


def describe(cls: type = Settings, prefix: str = "", base: Any = None) -> Iterator[Described]:
    """Every setting in the order it stands in the source."""
    base = Settings() if base is None else base
    for f in dataclasses.fields(cls):
        value = getattr(base, f.name)
        path = prefix + camel(f.name)
        if dataclasses.is_dataclass(value) and not isinstance(value, type):
            yield from describe(type(value), path + ".", value)
            continue
        yield Described(
            path=path,
            type=_describe_type(value),
            default=list(value) if isinstance(value, tuple) else value,
            doc=f.metadata["doc"],
            choices=f.metadata["choices"],
            minimum=f.metadata["minimum"],
            maximum=f.metadata["maximum"],
            restricted=f.metadata["restricted"],
        )


def camel(name: str) -> str:
    """`deadline_ms` → `deadlineMs`."""
    return re.sub(r"_(\w)", lambda match: match.group(1).upper(), name)


def _merge(base: Any, sent: Mapping[Any, Any], prefix: str, problems: list[str], allow_restricted: bool) -> Any:
    changes: dict[str, Any] = {}
    known = {camel(f.name): f for f in dataclasses.fields(base)}
    for key, value in sent.items():
        path = f"{prefix}{key}"
        if key not in known:
            problems.append(f"There is no setting `{path}`; see docs/settings.md.")
            continue
        f = known[key]
        current = getattr(base, f.name)
        if value is None:
            continue
        if dataclasses.is_dataclass(current):
            if value == []:
                continue
            if isinstance(value, Mapping):
                changes[f.name] = _merge(current, value, f"{path}.", problems, allow_restricted)
            else:
                problems.append(f"`{path}` must be an object, not {_json_type(value)}; it is ignored.")
            continue
        wrong = _wrong(value, current, f.metadata)
        if wrong:
            problems.append(f"`{path}` {wrong}; {current!r} is used.")
            continue
        new = tuple(value) if isinstance(current, tuple) else value
        if f.metadata["restricted"] and not allow_restricted:
            if new != current:
                problems.append(
                    f"`{path}` decides where code goes or what is run, so it is taken from initializationOptions only; "
                    "set it there and restart the server."
                )
            continue
        changes[f.name] = new
    return dataclasses.replace(base, **changes)


def _wrong(value: Any, current: Any, metadata: Mapping[str, Any]) -> str | None:
    """What is wrong with a value, or None. The type wanted is the default's."""
    if isinstance(current, bool):
        return None if isinstance(value, bool) else f"must be true or false, not {_json_type(value)}"
    if isinstance(current, int):
        if not isinstance(value, int) or isinstance(value, bool):
            return f"must be a whole number, not {_json_type(value)}"
        low, high = metadata["minimum"], metadata["maximum"]
        if (low is not None and value < low) or (high is not None and value > high):
            return f"must lie between {low} and {high}, not be {value}"
        return None
    if isinstance(current, tuple):
        if not isinstance(value, (list, tuple)) or not all(isinstance(item, str) for item in value):
            return f"must be a list of strings, not {_json_type(value)}"
        return None
    if not isinstance(value, str):
        return f"must be a string, not {_json_type(value)}"
    choices = metadata["choices"]
    if choices and value not in choices:
        return f"must be one of {', '.join(choices)}"
    return None


@cache
def _json_names() -> Mapping[type, str]:
    return types.MappingProxyType(
        {
            bool: "true/false",
            int: "a number",
            float: "a number",
            str: "a string",
            list: "a list",
            tuple: "a list",
            dict: "an object",
        }
    )


def _json_type(value: object) -> str:
    return _json_names().get(type(value), "null" if value is None else type(value).__name__)


def _describe_type(value: object) -> str:
    if isinstance(value, bool):
        return "boolean"
    if isinstance(value, int):
        return "integer"
    return "array of strings" if isinstance(value, tuple) else "string"
