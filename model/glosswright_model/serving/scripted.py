"""A model server without a model, for tests and demonstrations of everything around it (`serve --scripted FILE`).

The file is a JSON object: the fields of `backends.scripted.Script`, and beside them `model`, `slots`, `context_length`,
`supports_suffix`; `download_bytes` (pretend to download so much), `load_s` (seconds to load), `load_error` (fail so).
"""

from __future__ import annotations

import json
import time
from dataclasses import fields
from pathlib import Path
from typing import Any

from glosswright_model.backends.base import Backend
from glosswright_model.backends.scripted import Script, ScriptedBackend
from glosswright_model.errors import ModelLoadError
from glosswright_model.serving.loading import Load, Report

STEP_S = 0.02
OPTIONS = ("model", "slots", "context_length", "supports_suffix")
PRETENCES = ("download_bytes", "load_s", "load_error")


def scripted_load(path: Path) -> Load:
    """What plays the script in `path`. Raises ModelLoadError when it is not one; nothing is read later."""
    try:
        data = json.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError) as error:
        raise ModelLoadError(f"{path} is not a readable JSON file.") from error
    names = {field.name for field in fields(Script)} - {"answer"}
    if not isinstance(data, dict) or not data.keys() <= names | {*OPTIONS, *PRETENCES}:
        raise ModelLoadError(
            f"{path} is not a script: it may hold {', '.join(sorted(names | {*OPTIONS, *PRETENCES}))}."
        )
    script = Script(**{key: value for key, value in data.items() if key in names})
    options: dict[str, Any] = {key: value for key, value in data.items() if key in OPTIONS}

    def load(report: Report) -> Backend:
        total = int(data.get("download_bytes", 0))
        for step in range(11 if total else 0):
            if report.cancelled():
                break
            report.downloading(total * step // 10, total, total / 10 / STEP_S)
            time.sleep(STEP_S)
        report.loading()
        ready_at = time.monotonic() + float(data.get("load_s", 0))
        while time.monotonic() < ready_at and not report.cancelled():
            time.sleep(STEP_S)
        if "load_error" in data:
            raise ModelLoadError(str(data["load_error"]))
        return ScriptedBackend(script, **options)

    return load
