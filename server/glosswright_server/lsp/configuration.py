"""Settings from the client: at `initialize`, by `workspace/configuration`, and by `didChangeConfiguration`.

What is wrong with a value is told once. Restricted settings are taken at `initialize` only (see `settings`).
"""

from __future__ import annotations

import logging
from collections.abc import Mapping
from typing import Any

from lsprotocol import types

from glosswright_server.errors import GlosswrightError
from glosswright_server.settings import Settings, merge

from .context import Context
from .dialects import copilot
from .dialects.recognise import problems as unknown_dialect
from .dialects.recognise import recognise, without_foreign
from .features import Features

logger = logging.getLogger(__name__)

SECTION = "glosswright"
STATUS_OPTION = "statusNotifications"


def register(features: Features) -> None:
    """Take settings from the client."""
    server = features.server

    @server.feature(types.INITIALIZE)
    def initialize(params: types.InitializeParams, context: Context) -> None:
        options = params.initialization_options
        features.spoken = recognise(context.raw)
        server.unannounced = frozenset() if features.spoken.copilot else copilot.COMMANDS
        problems = [*unknown_dialect(options)]
        if isinstance(options, Mapping):
            features.status.wanted = features.offering.tells = options.get(STATUS_OPTION) is True
            options = {key: value for key, value in options.items() if key != STATUS_OPTION}
        features.start_settings, more = merge(Settings(), without_foreign(options), allow_restricted=True)
        _use(features, features.start_settings)
        _tell_later(features, (*problems, *more))

    @server.feature(types.INITIALIZED)
    async def initialized(params: types.InitializedParams, context: Context) -> None:
        for problem in features.pending_problems:
            features.notices.warn(problem, problem)
        features.pending_problems.clear()
        features.status.introduce()
        if server.client_supports("workspace.did_change_configuration.dynamic_registration", False):
            await _watch(features)
        await features.excluding.watch()
        await _pull(features)

    @server.feature(types.WORKSPACE_DID_CHANGE_CONFIGURATION)
    async def changed(params: types.DidChangeConfigurationParams, context: Context) -> None:
        # Clients that can be asked send null or only what changed: ask for the whole.
        if not await _pull(features):
            _take(features, params.settings)


async def _watch(features: Features) -> None:
    registration = types.Registration(
        id="glosswright-configuration",
        method=types.WORKSPACE_DID_CHANGE_CONFIGURATION,
        register_options=types.DidChangeConfigurationRegistrationOptions(section=SECTION),
    )
    try:
        await features.server.request(
            types.CLIENT_REGISTER_CAPABILITY, types.RegistrationParams(registrations=[registration])
        )
    except GlosswrightError as error:
        logger.info("changes of settings are not announced: %s", error)


async def _pull(features: Features) -> bool:
    """Ask the client for our section; returns whether it can be asked at all."""
    if not features.server.client_supports("workspace.configuration", False):
        return False
    params = types.ConfigurationParams(items=[types.ConfigurationItem(section=SECTION)])
    try:
        answer = await features.server.request(types.WORKSPACE_CONFIGURATION, params)
    except GlosswrightError as error:
        logger.info("settings stay as they are: %s", error)
        return True
    section: Any = answer[0] if isinstance(answer, (list, tuple)) and answer else None
    _take(features, section)
    return True


def _take(features: Features, sent: Any) -> None:
    """Lay what was sent over the settings of the start: a value that is no longer sent is back at its default."""
    settings, problems = merge(features.start_settings, without_foreign(sent), allow_restricted=False)
    for problem in problems:
        features.notices.warn(problem, problem)
    _use(features, settings)


def _use(features: Features, settings: Settings) -> None:
    if settings == features.settings:
        return
    features.settings = settings
    features.offering.settings = settings
    features.recorder.turn(on=settings.feedback.enabled)
    logging.getLogger("glosswright_server").setLevel(settings.log_level.upper())
    features.engine.reconfigure(settings)
    features.offering.changed()


def _tell_later(features: Features, problems: tuple[str, ...]) -> None:
    """The client must not be sent anything but logs before it has its answer to `initialize` (LSP 3.17)."""
    features.pending_problems.extend(problems)
