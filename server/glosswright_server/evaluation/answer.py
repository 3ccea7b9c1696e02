"""Task → answer, by the product or by the model alone. Neither is ever given hidden tests: a `Task` holds none."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import replace
from typing import Protocol

from glosswright_server.documents import Snapshot
from glosswright_server.engine.changes import applied, changes_of
from glosswright_server.engine.engine import Engine
from glosswright_server.engine.source import ModelSource, Ready
from glosswright_server.engine.suggestion import ImportEdit, Suggestion, Tried
from glosswright_server.evaluation.problem import Task
from glosswright_server.evaluation.records import Answer, Attempt
from glosswright_server.generation.completions import CompletionRequest
from glosswright_server.generation.launch_options import OnProgress
from glosswright_server.settings import Settings
from glosswright_server.verify.imports import import_edit

RAW_TOKENS = 320
"""Most tokens for the model alone, as is customary on these problems."""

MakeSource = Callable[[Settings], ModelSource]


class Answerer(Protocol):
    """Who answers."""

    async def open(self, on_launch: OnProgress | None = None) -> Ready:
        """Have the model ready. Raises ModelError."""
        ...

    async def answer(self, task: Task, number: int) -> Answer:
        """An answer to one task; `number` tells documents that are open at once apart. Raises ModelError."""
        ...

    async def aclose(self) -> None:
        """End everything."""
        ...


class ProductAnswerer:
    """The whole product path, as a code action takes it."""

    def __init__(self, settings: Settings, *, source: MakeSource = ModelSource) -> None:
        """`source` makes where code comes from."""
        self._engine = Engine(settings, source=source)

    async def open(self, on_launch: OnProgress | None = None) -> Ready:
        """Have the model ready. Raises ModelError."""
        return await self._engine.models.source.acquire(on_launch, by_hand=True)

    async def answer(self, task: Task, number: int) -> Answer:
        """What the product shows at the task's cursor. Raises ModelError."""
        # A URI of its own: requests of one document end each other.
        snapshot = Snapshot(
            uri=f"file:///evaluation/{number}/{task.file_name}",
            language_id=task.language,
            version=1,
            text=task.document,
        )
        try:
            intents = self._engine.actions(snapshot, task.cursor, task.cursor)
            if not intents:
                return Answer(shown=None, why_not="nothing is offered at this place")
            started = time.monotonic()
            suggestion = await self._engine.fulfil(snapshot, intents[0])
            seconds = time.monotonic() - started
        finally:
            self._engine.closed(snapshot.uri)
        if suggestion is None:
            return Answer(shown=None, why_not="no usable code came", seconds=seconds)
        return answer_of(task, suggestion, seconds)

    async def aclose(self) -> None:
        """End everything; a local model server goes on."""
        await self._engine.aclose()


class RawAnswerer:
    """The model alone: the benchmark's prompt continued greedily up to the customary stop words."""

    def __init__(self, settings: Settings, *, source: MakeSource = ModelSource) -> None:
        """`source` makes where code comes from."""
        self._source = source(settings)

    async def open(self, on_launch: OnProgress | None = None) -> Ready:
        """Have the model ready. Raises ModelError."""
        return await self._source.acquire(on_launch, by_hand=True)

    async def answer(self, task: Task, number: int) -> Answer:
        """The prompt with what the model says behind it. Raises ModelError."""
        started = time.monotonic()
        ready = await self._source.acquire(by_hand=True)
        # Stop words are looked for here: some servers take no more than four.
        request = CompletionRequest(prompt=task.prompt, max_tokens=RAW_TOKENS)
        text, pieces, tokens = "", 0, 0
        async with ready.client.stream(request) as chunks:
            async for chunk in chunks:
                text, pieces = text + chunk.text, pieces + bool(chunk.text)
                tokens = chunk.usage.completion_tokens if chunk.usage is not None else tokens
                if (end := _first(text, task.stop)) is not None:
                    text = text[:end]
                    break
        tokens = tokens or pieces
        attempt = Attempt(file=task.prompt + text, tokens=tokens, chosen=True)
        return Answer(
            shown=attempt if text.strip() else None,
            why_not="" if text.strip() else "the model said nothing",
            attempts=(attempt,),
            tokens=tokens,
            seconds=time.monotonic() - started,
        )

    async def aclose(self) -> None:
        """End everything; a local model server goes on."""
        await self._source.aclose()


def _first(text: str, stops: tuple[str, ...]) -> int | None:
    """Where the first stop word begins."""
    return min((at for at in map(text.find, stops) if at >= 0), default=None)


def answer_of(task: Task, suggestion: Suggestion, seconds: float) -> Answer:
    """What the product shows, as an answer with every candidate beside it."""

    def attempt(made: Suggestion) -> Attempt:
        verdict = made.verdict
        return Attempt(
            file=applied(task.document, changes_of(made)),
            label=verdict.label,
            proven=verdict.proven,
            reservation=verdict.reservation.value if verdict.reservation is not None else "",
            passed=verdict.passed,
            ran=verdict.examples.ran if verdict.examples is not None else 0,
        )

    shown = replace(attempt(suggestion), chosen=True)
    attempts = tuple(
        replace(
            shown if one.chosen else attempt(_chosen(task, suggestion, one)),
            temperature=one.temperature,
            mean_logprob=one.mean_logprob,
            tokens=one.tokens,
            repair=one.repair,
        )
        for one in suggestion.tried
    )
    return Answer(
        shown=shown,
        attempts=attempts or (shown,),
        # Where the engine tells only of the one shown, the others have cost something too.
        tokens=max(suggestion.timing.tokens, sum(one.tokens for one in attempts)),
        seconds=seconds,
        complete=suggestion.complete,
        facts=suggestion.facts(),
    )


def _chosen(task: Task, suggestion: Suggestion, one: Tried) -> Suggestion:
    """What the engine would have suggested, had it chosen this candidate."""
    edit = import_edit(task.document, task.language, one.verdict.imports)
    imports = ImportEdit(at=edit[0], text=edit[1]) if edit is not None else None
    return replace(suggestion, text=one.text, verdict=one.verdict, import_edit=imports)
