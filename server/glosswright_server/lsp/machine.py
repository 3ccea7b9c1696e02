"""`glosswright/models`, `glosswright/pullModel`, `glosswright/stopModel`, `glosswright/doctor`: this machine and its
models.

All of it runs in processes of its own, with progress and cancel; nothing here blocks the event loop. What is asked for
once in a while is imported then: the server's start does not wait for it.
"""

from __future__ import annotations

from typing import Any

from .arguments import invalid, token_in
from .context import Context
from .features import Features
from .progress import Stopped, WorkDone, in_progress
from .status import Status


def register(features: Features) -> None:
    """Answer for the machine."""
    server = features.server

    @server.feature("glosswright/models")
    async def list_models(params: Any, context: Context) -> dict[str, Any]:
        from glosswright_server.machine.catalogue import models

        settings = features.settings
        return {"models": await models(settings, features.speeds), "endpoint": settings.endpoint.url}

    @server.feature("glosswright/pullModel")
    async def pull_model(params: Any, context: Context) -> dict[str, Any] | None:
        name = params.get("name") if isinstance(params, dict) else None
        # A name and nothing that the command could take for an option.
        if not isinstance(name, str) or not name or name.startswith("-"):
            raise invalid("`name` must be that of a model in `glosswright/models`")

        from glosswright_server.machine.model_package import pull

        async def work(progress: WorkDone) -> dict[str, Any]:
            done = await pull(name, lambda said: progress.report(str(said), said.percentage))
            progress.conclude(f"{name} is on this machine")
            return done

        try:
            return {"name": name, **await in_progress(server, f"Fetching {name}", work, token=token_in(params))}
        except Stopped:
            return None

    @server.feature("glosswright/stopModel")
    async def stop_model(params: Any, context: Context) -> dict[str, Any]:
        from glosswright_server.machine.model_package import stop_server

        stopped = await stop_server()
        if stopped:
            features.status.show(Status("off", "the model server was stopped", features.engine.models.name))
        return {"stopped": stopped}

    @server.feature("glosswright/doctor")
    async def doctor(params: Any, context: Context) -> dict[str, Any] | None:
        measure = params.get("measure", True) if isinstance(params, dict) else True
        if not isinstance(measure, bool):
            raise invalid("`measure` must be true or false")

        from glosswright_server.machine.doctor import as_text, examine

        async def work(progress: WorkDone) -> dict[str, Any]:
            progress.report("measuring the model" if measure else "looking at the machine")
            return await examine(features.settings, measure=measure)

        try:
            report = await in_progress(server, "Glosswright doctor", work, token=token_in(params))
        except Stopped:
            return None
        return {**report, "text": as_text(report)}
