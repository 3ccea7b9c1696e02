"""Where code comes from right now: the endpoint that the settings name, or the shared local model server.

`acquire` gives a client whose model is known and ready. After a failure it answers with the same error for a while,
longer each time, so that a broken endpoint costs nothing while the user types; a request made by hand tries again.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING

from glosswright_server.errors import EndpointBroken, EndpointBusy, EndpointRefused, EndpointUnreachable, ModelError
from glosswright_server.generation.completions import ModelCard
from glosswright_server.generation.credentials import Credentials
from glosswright_server.generation.endpoint import Endpoint
from glosswright_server.generation.launch_options import LaunchOptions, LaunchProgress, OnProgress
from glosswright_server.generation.launcher import LocalModelServer
from glosswright_server.prompt.families import family_of
from glosswright_server.prompt.profile import PromptProfile, profile_for
from glosswright_server.settings import DEFAULT_MODEL, Settings

if TYPE_CHECKING:
    from glosswright_server.generation.client import CompletionClient

_BACKOFF_S = (1.0, 60.0)
_APPEAR_S = 15.0
_LOOK_AGAIN_S = 0.1


@dataclass(frozen=True, slots=True)
class Ready:
    """A model that can be asked now."""

    client: CompletionClient
    model: str
    profile: PromptProfile
    batch: int | None = None
    """Choices of one request that it makes at once; None where it does not say."""
    takes_temperatures: bool = False
    """Whether each of the choices may have its own temperature."""


class ModelSource:
    """The model of one language server. Belongs to one event loop."""

    def __init__(
        self,
        settings: Settings,
        *,
        launcher: LocalModelServer | None = None,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._settings = settings
        self._clock = clock
        self._launcher = launcher or LocalModelServer(launch_options(settings))
        self._credentials = Credentials(
            variable=settings.endpoint.api_key_env, command=settings.endpoint.api_key_command
        )
        self._ready: tuple[Endpoint, Ready] | None = None
        self._given_up: list[CompletionClient] = []
        """Clients of endpoints that failed, closed at the next opportunity to wait."""
        self._lock = asyncio.Lock()
        self._error: ModelError | None = None
        self._failures = 0
        self._retry_at = 0.0
        self._stopping = False

    @property
    def is_local(self) -> bool:
        """Whether code comes from the local model server."""
        return not self._settings.endpoint.url

    @property
    def progress(self) -> LaunchProgress | None:
        """How far the local model server has come, as last heard."""
        return self._launcher.progress if self.is_local else None

    def ready_now(self) -> Ready | None:
        """The model if it can be asked without waiting; starts nothing."""
        if self._ready is None:
            return None
        endpoint, ready = self._ready
        if self.is_local and self._launcher.ready_endpoint() != endpoint:
            return None
        return ready

    async def acquire(self, on_progress: OnProgress | None = None, *, by_hand: bool = True) -> Ready:
        """The model, once it can be asked. Raises ModelError; within the back-off at once, unless asked `by_hand`."""
        if by_hand:
            self._stopping = False
            if self._error is not None:
                self._launcher.reset()
        elif self._error is not None and self._clock() < self._retry_at:
            # Anew each time: an error gathers the frames it passes, and with them the documents it was raised for.
            raise self._error.with_traceback(None)
        if ready := self.ready_now():
            return ready
        try:
            endpoint = await (self._launcher.ensure_ready(on_progress) if self.is_local else self._configured())
            ready = await self._open(endpoint)
        except ModelError as error:
            self.failed(error)
            raise
        return ready

    def failed(self, error: ModelError) -> None:
        """Remember that the model could not be had or answered with an error."""
        if isinstance(error, EndpointUnreachable) and self._ready is not None:
            self._launcher.lost(self._ready[0])
        if isinstance(error, EndpointRefused):
            self._credentials.forget()  # keys are rotated: read it anew the next time
        if isinstance(error, (EndpointUnreachable, EndpointRefused)) and self._ready is not None:
            self._given_up.append(self._ready[1].client)
            self._ready = None
        shortest, longest = _BACKOFF_S
        wait_s = min(shortest * 2.0 ** min(self._failures, 10), longest)
        if isinstance(error, EndpointBusy):
            wait_s = min(error.retry_after_s, longest)
        elif not error.retryable:
            wait_s = longest
        self._failures += 1
        self._error, self._retry_at = error, self._clock() + wait_s

    def succeeded(self) -> None:
        """Forget failures: the model has answered."""
        self._error, self._failures = None, 0

    async def stop_launch(self) -> None:
        """End a local model server that is not ready yet, with its download. A ready one serves other windows too.

        Raises LaunchError when it does not end.
        """
        if not self.is_local or self.ready_now() is not None:
            return
        progress = self.progress
        self._stopping = True
        await self._launcher.aclose()
        # A process that was started a moment ago cannot be found yet; it would go on, and download, unseen.
        ends_at = self._clock() + (_APPEAR_S if progress is not None and progress.stage == "starting" else 0.0)
        while not await self._launcher.stop():
            if not self._stopping or self._clock() >= ends_at:
                return
            await asyncio.sleep(_LOOK_AGAIN_S)

    async def aclose(self) -> None:
        """Close connections. A local model server goes on for the other windows."""
        await self._launcher.aclose()
        if self._ready is not None:
            self._given_up.append(self._ready[1].client)
            self._ready = None
        await self._close_given_up()

    async def _configured(self) -> Endpoint:
        settings = self._settings.endpoint
        return Endpoint(
            settings.url, settings.model, await self._credentials.key(), timeout_s=float(settings.timeout_s)
        )

    async def _open(self, endpoint: Endpoint) -> Ready:
        """A client whose model is known. One caller opens, the others find it open."""
        # Here and not above: the editor gets its answer to `initialize` before httpx is imported.
        from glosswright_server.generation.client import CompletionClient

        async with self._lock:
            if self._ready is not None and self._ready[0] == endpoint:
                return self._ready[1]
            client = CompletionClient(endpoint)
            try:
                card = await self._card(client, endpoint)
            except BaseException:
                await client.aclose()
                raise
            name = card.id if self.is_local else endpoint.model or card.id
            if name != endpoint.model:
                named = CompletionClient(Endpoint(endpoint.url, name, endpoint.token, timeout_s=endpoint.timeout_s))
                await client.aclose()
                client = named
            ready = Ready(client, name, self._profile(card), card.batch, card.takes_temperatures)
            if self._ready is not None:
                self._given_up.append(self._ready[1].client)
            self._ready = (endpoint, ready)
            await self._close_given_up()
            return ready

    async def _close_given_up(self) -> None:
        while self._given_up:
            await self._given_up.pop().aclose()

    async def _card(self, client: CompletionClient, endpoint: Endpoint) -> ModelCard:
        """What the endpoint says of its model; a bare card where it lists nothing but the name is set."""
        try:
            cards = await client.models()
        except (EndpointRefused, EndpointBroken):
            # Some gateways offer completions only. A wrong key or address shows again, clearly, at the first request.
            if not endpoint.model:
                raise
            return ModelCard(endpoint.model)
        if not cards:
            if endpoint.model:
                return ModelCard(endpoint.model)
            raise EndpointBroken("The endpoint lists no model; set `endpoint.model`.")
        if not endpoint.model or self.is_local:  # ours has one model; asked for by a path it is listed by its name
            return cards[0]
        return next((card for card in cards if card.id == endpoint.model), ModelCard(endpoint.model))

    def _profile(self, card: ModelCard) -> PromptProfile:
        settings = self._settings
        family = card.family or settings.endpoint.family
        if family == "auto":
            family = family_of(card.id)
        suffix = settings.endpoint.supports_suffix if card.supports_suffix is None else card.supports_suffix
        # A foreign endpoint is somebody's GPU until it says otherwise; ours names its device.
        fast = card.device is None or card.device != "cpu"
        return profile_for(
            family,
            suffix,
            fast,
            prefix_chars=settings.context.prefix_chars or None,
            suffix_chars=settings.context.suffix_chars or None,
            max_tokens=settings.explicit.max_tokens,
            unit=card.unit,
            language=card.language,
        )


def launch_options(settings: Settings) -> LaunchOptions:
    """How the local model server is started under these settings."""
    return LaunchOptions(
        model=settings.model.name,
        model_is_explicit=settings.model.name != DEFAULT_MODEL,
        backend=settings.model.backend,
        idle_minutes=settings.model.idle_minutes,
        download=settings.model.download,
        autostart=settings.model.autostart,
        timeout_s=max(120.0, settings.explicit.deadline_ms / 1000 + 30),
    )
