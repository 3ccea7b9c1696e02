"""What every feature file is given: the server, the engine behind it, and the few rules that all features share."""

from __future__ import annotations

import asyncio
import logging
from dataclasses import dataclass, field

from glosswright_server.documents import Snapshot
from glosswright_server.engine.notebook import NotebookEngine
from glosswright_server.engine.suggestion import Suggestion
from glosswright_server.errors import ModelError
from glosswright_server.feedback.impression import Surface
from glosswright_server.feedback.impressions import Impressions
from glosswright_server.feedback.recorder import Recorder
from glosswright_server.machine.speeds import Speeds
from glosswright_server.settings import Settings

from .dialects.recognise import Spoken
from .excluding import Excluding
from .notices import Notices
from .offering import Offering
from .provenance import Provenance
from .server_base import ServerBase
from .status import Status, StatusLine
from .trust import Trust

logger = logging.getLogger(__name__)

MODEL_TOPIC = "model"


@dataclass
class Features:
    """One server with its engine. Settings change here and nowhere else."""

    server: ServerBase
    engine: NotebookEngine
    notices: Notices
    status: StatusLine
    trust: Trust
    offering: Offering
    excluding: Excluding
    recorder: Recorder
    speeds: Speeds
    """How fast models are on this machine."""
    impressions: Impressions
    """What becomes of suggestions."""
    spoken: Spoken = field(default_factory=Spoken)
    """Which dialects beside LSP the client speaks."""
    provenance: Provenance = field(default_factory=Provenance)
    """Which code came from which suggestion."""
    start_settings: Settings = field(default_factory=Settings)
    """As they were after `initialize`: what restricted settings keep for good."""
    settings: Settings = field(default_factory=Settings)
    pending_problems: list[str] = field(default_factory=list)
    """What was wrong with the initialization options; told once the client may be told things."""
    warming: asyncio.Task[None] | None = None
    """Starts the model ahead of the first request."""

    async def offers(self, snapshot: Snapshot) -> bool:
        """Whether anything is offered in this document at all."""
        return await self.offering.why_not(snapshot) is None

    def offered(
        self, snapshot: Snapshot, suggestion: Suggestion, surface: Surface, *, shown: bool = True, ahead: str = ""
    ) -> str:
        """Remember a suggestion that the client is given for `snapshot`; its id. `shown`: the user sees it by that;
        `ahead`: what stands before its text in the client's item."""
        offer_id = self.provenance.offered(snapshot, suggestion)
        speed = suggestion.timing.tokens_per_second if suggestion.origin == "model" else 0.0
        if speed > 0 and self.speeds.heard(suggestion.model, speed):
            self.server.spawn(asyncio.to_thread(self.speeds.save), name="keep the model's speed")
        reported = surface is Surface.INLINE and self.spoken.reports_what_is_shown
        self.impressions.offered(offer_id, snapshot, suggestion, surface, shown=shown and not reported, ahead=ahead)
        return offer_id

    def current(self, uri: str) -> Snapshot | None:
        """The document as it is now, which may be newer than a request's snapshot."""
        return self.server.documents.get(uri)

    def model_failed(self, error: ModelError) -> None:
        """An automatic request could not be answered: say so once, and show it in the status line."""
        self.notices.warn(MODEL_TOPIC, str(error))
        self.status.show(Status("error", str(error), self.engine.models.name))

    def model_worked(self) -> None:
        """The model answered: a later failure is worth a message again."""
        self.notices.clear(MODEL_TOPIC)
