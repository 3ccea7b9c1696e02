"""What the launcher is told and what it tells: values only."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from glosswright_server.generation.completions import Health, HealthStatus


@dataclass(frozen=True, slots=True, kw_only=True)
class LaunchOptions:
    """What to start when no server runs."""

    model: str
    """Catalogue name or path; a relative path is made absolute, for the server runs in another folder."""
    model_is_explicit: bool = False
    """Whether the user asked for this model, so that a running server with another one is replaced."""
    backend: str = "auto"
    idle_minutes: int = 30
    download: bool = True
    autostart: bool = True
    timeout_s: float = 60.0
    """For the requests to the server, as in `Endpoint`."""


@dataclass(frozen=True, slots=True, kw_only=True)
class LaunchTimings:
    """How long to wait for what, in seconds. Downloading and loading have no limit as long as the server answers."""

    poll_s: float = 0.1
    appear_s: float = 60.0
    """From the start of the process to its state file."""
    silent_s: float = 30.0
    """A living server that does not answer `/health` for so long is given up."""
    stop_s: float = 10.0
    backoff_min_s: float = 1.0
    backoff_max_s: float = 60.0


@dataclass(frozen=True, slots=True)
class LaunchProgress:
    """How far the server has come. Sizes in bytes, 0 when not known."""

    stage: HealthStatus
    message: str = ""
    done_bytes: int = 0
    total_bytes: int = 0
    bytes_per_s: float = 0.0

    @classmethod
    def of(cls, health: Health) -> LaunchProgress:
        """What a server's health says."""
        return cls(health.status, health.message, health.done_bytes, health.total_bytes, health.bytes_per_s)

    @property
    def percentage(self) -> int | None:
        """0 to 100 while downloading, else None."""
        if self.stage != "downloading" or self.total_bytes <= 0:
            return None
        return min(100 * self.done_bytes // self.total_bytes, 100)


OnProgress = Callable[[LaunchProgress], None]
