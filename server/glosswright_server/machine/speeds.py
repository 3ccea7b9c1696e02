"""How fast each model was on this machine: one small file in the user's state folder, written by whoever has measured.

It is a convenience: what cannot be read counts as not measured, what cannot be written is not kept. Every method may
wait for the disk, except `heard`.
"""

from __future__ import annotations

import contextlib
import json
import os
import tempfile
import threading
import time
from collections import deque
from collections.abc import Iterable
from dataclasses import dataclass, replace
from datetime import datetime, timezone
from pathlib import Path
from typing import Any

from glosswright_server.verify.trusted import state_dir

FILE_NAME = "speeds.json"
_MAX_BYTES = 1_000_000
ENOUGH = 5
"""So many answers make a figure."""
_REMEMBERED = 20
SAVE_EVERY_S = 60.0


@dataclass(frozen=True, slots=True)
class Speed:
    """What was measured of one model."""

    decode_tokens_per_s: float
    """Code written, after the first token."""
    prefill_tokens_per_s: float | None = None
    """Prompt read; None where only answers to ordinary requests were timed."""
    device: str | None = None
    measured_at: str = ""
    """ISO 8601, UTC."""

    def as_json(self) -> dict[str, Any]:
        """For clients."""
        return {
            "decodeTokensPerS": self.decode_tokens_per_s,
            "prefillTokensPerS": self.prefill_tokens_per_s,
            "device": self.device,
            "measuredAt": self.measured_at,
        }


class Speeds:
    """The file, and what this session has heard since. Safe for threads."""

    def __init__(self, directory: Path | None = None) -> None:
        self.path = (directory if directory is not None else state_dir()) / FILE_NAME
        self._lock = threading.Lock()
        self._heard: dict[str, deque[float]] = {}
        self._saved_at = 0.0

    def all(self) -> dict[str, Speed]:
        """Every model that was measured."""
        try:
            with self.path.open("rb") as file:
                fields = json.loads(file.read(_MAX_BYTES))
        except (OSError, ValueError, RecursionError):
            return {}
        entries = fields.items() if isinstance(fields, dict) else ()
        return {name: speed for name, entry in entries if (speed := _speed(entry)) is not None}

    def remember(self, model: str, speed: Speed) -> None:
        """Keep what was measured, now."""
        with self._lock:
            known = self.all()
            before = known.get(model)
            if before is not None and speed.prefill_tokens_per_s is None:
                speed = replace(speed, prefill_tokens_per_s=before.prefill_tokens_per_s, device=before.device)
            now = datetime.now(timezone.utc).isoformat(timespec="seconds")
            known[model] = replace(speed, measured_at=now)
            self._write(known)

    def heard(self, model: str, tokens_per_s: float) -> bool:
        """An answer came at this speed; whether it is time to `save`. Returns at once."""
        with self._lock:
            self._heard.setdefault(model, deque(maxlen=_REMEMBERED)).append(tokens_per_s)
            if len(self._heard[model]) < ENOUGH or time.monotonic() - self._saved_at < SAVE_EVERY_S:
                return False
            self._saved_at = time.monotonic()
            return True

    def save(self) -> None:
        """Keep the median of what was heard."""
        with self._lock:
            medians = {name: _median(heard) for name, heard in self._heard.items() if len(heard) >= ENOUGH}
        for name, median in medians.items():
            self.remember(name, Speed(round(median, 1)))

    def _write(self, speeds: dict[str, Speed]) -> None:
        document = {
            name: {
                "decode": speed.decode_tokens_per_s,
                "prefill": speed.prefill_tokens_per_s,
                "device": speed.device,
                "at": speed.measured_at,
            }
            for name, speed in speeds.items()
        }
        with contextlib.suppress(OSError):
            self.path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
            descriptor, name = tempfile.mkstemp(prefix=f".{FILE_NAME}-", dir=self.path.parent)
            try:
                with os.fdopen(descriptor, "w", encoding="utf-8") as file:
                    json.dump(document, file, ensure_ascii=True, indent=1)
                os.replace(name, self.path)
            except BaseException:
                with contextlib.suppress(OSError):
                    os.unlink(name)
                raise


def _median(values: Iterable[float]) -> float:
    """The middle one, or the mean of the two: the module `statistics` would cost a start more than this file saves."""
    ordered = sorted(values)
    return (ordered[(len(ordered) - 1) // 2] + ordered[len(ordered) // 2]) / 2


def _speed(entry: Any) -> Speed | None:
    if not isinstance(entry, dict):
        return None
    decode, prefill = entry.get("decode"), entry.get("prefill")
    if not isinstance(decode, (int, float)) or isinstance(decode, bool):
        return None
    device, at = entry.get("device"), entry.get("at")
    return Speed(
        float(decode),
        float(prefill) if isinstance(prefill, (int, float)) and not isinstance(prefill, bool) else None,
        device if isinstance(device, str) else None,
        at if isinstance(at, str) else "",
    )
