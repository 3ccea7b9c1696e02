"""Plays a conversation that was written down: what a client of some dialect says, and what it must be answered.

A recording is a JSON file with a list of steps, each with a `note` if it needs one:

- `{"request": method, "params": …, "result": pattern, "save": {name: path}}`
- `{"notify": method, "params": …}`
- `{"receive": method, "params": pattern}`: a notification that the server has sent or sends in time
- `{"never": method}`: one that it has not sent
- `{"stats": pattern}`: the total of `glosswright/stats`

In a pattern an object may have more members than are named, `"$any"` fits everything, `"$string"` a text that is not
empty, `{"$starts": text}` a text that begins so. `"$name"` in parameters stands for what was saved.
"""

from __future__ import annotations

import json
import time
from pathlib import Path
from typing import Any

from .raw import RawClient

RECEIVE_S = 10.0


def play(path: Path, client: RawClient) -> None:
    """Play the recording; AssertionError, with the step, where the server answers otherwise."""
    saved: dict[str, Any] = {}
    for number, step in enumerate(json.loads(path.read_text(encoding="utf-8"))):
        where = f"{path.name}, step {number + 1}: {step.get('note', '')}"
        if "notify" in step:
            client.notify(step["notify"], _filled(step.get("params"), saved))
        elif "receive" in step:
            _received(client, step["receive"], step["params"], where)
        elif "never" in step:
            assert not client.notifications(step["never"]), where
        elif "stats" in step:
            assert_fits(client.call("glosswright/stats")["total"], step["stats"], where)
        else:
            result = client.call(step["request"], _filled(step.get("params"), saved))
            assert_fits(result, step.get("result", "$any"), where)
            for name, place in step.get("save", {}).items():
                saved[name] = _at(result, place)


def assert_fits(value: Any, pattern: Any, where: str = "") -> None:
    """Raise AssertionError unless `value` fits the pattern."""
    if pattern == "$any":
        return
    if pattern == "$string":
        assert isinstance(value, str) and value, (where, value)  # noqa: PT018 - one condition
    elif isinstance(pattern, dict) and "$starts" in pattern:
        assert isinstance(value, str) and value.startswith(pattern["$starts"]), (where, value)  # noqa: PT018
    elif isinstance(pattern, dict):
        assert isinstance(value, dict), (where, value)
        for key, wanted in pattern.items():
            assert key in value, (where, key, value)
            assert_fits(value[key], wanted, f"{where} {key}")
    elif isinstance(pattern, list):
        assert isinstance(value, list), (where, value)
        assert len(value) == len(pattern), (where, value)
        for index, wanted in enumerate(pattern):
            assert_fits(value[index], wanted, f"{where} {index}")
    else:
        assert value == pattern, (where, value, pattern)


def _received(client: RawClient, method: str, pattern: Any, where: str) -> None:
    ends_at = time.monotonic() + RECEIVE_S
    while True:
        problem = AssertionError(f"{where}: nothing came")
        for message in client.notifications(method):
            try:
                assert_fits(message.get("params"), pattern, where)
            except AssertionError as error:
                problem = error
            else:
                return
        if time.monotonic() > ends_at:
            raise problem
        time.sleep(0.02)


def _filled(params: Any, saved: dict[str, Any]) -> Any:
    if isinstance(params, str) and params.startswith("$"):
        return saved[params[1:]]
    if isinstance(params, dict):
        return {key: _filled(value, saved) for key, value in params.items()}
    if isinstance(params, list):
        return [_filled(value, saved) for value in params]
    return params


def _at(value: Any, place: str) -> Any:
    for part in filter(None, place.split(".")):
        value = value[int(part)] if part.isdigit() else value[part]
    return value
