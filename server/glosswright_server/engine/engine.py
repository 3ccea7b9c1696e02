"""The engine: one request, from a document and a cursor to checked code.

It decides what is wanted, answers from memory where it can, asks the model where it must, and judges what came. A newer
request for the same document and kind supersedes an older one; an automatic request has a deadline after which the
complete statements so far are answered while the model goes on. It knows no editor protocol and changes no document.
"""

from __future__ import annotations

import time
from collections.abc import Awaitable, Callable
from dataclasses import replace

from glosswright_server.documents import Snapshot
from glosswright_server.engine.changes import with_imports
from glosswright_server.engine.jobs import job_for, repair_job
from glosswright_server.engine.memory import MOST_BESIDE, Made, Memory, more_wanted
from glosswright_server.engine.models import Models
from glosswright_server.engine.pause import Current, intent_when_still, moved_on
from glosswright_server.engine.run import Job, Run
from glosswright_server.engine.source import ModelSource, Ready
from glosswright_server.engine.suggestion import Suggestion
from glosswright_server.engine.trees import Trees
from glosswright_server.errors import NotServed
from glosswright_server.generation.debounce import Debounce, DebounceLimits
from glosswright_server.generation.launch_options import OnProgress
from glosswright_server.generation.scheduler import OutcomeKind, Scheduler
from glosswright_server.intent.contract import Contract
from glosswright_server.intent.languages import Language, language_for
from glosswright_server.intent.model import Intent, IntentKind, Trigger
from glosswright_server.intent.read import actions_at, read_intent
from glosswright_server.intent.tree import Tree
from glosswright_server.settings import Settings
from glosswright_server.verify.static import judge

AskToRun = Callable[[str], Awaitable[bool]]
"""Asks the user whether examples of the document with this URI may be run."""
PATIENCE_S = 30.0
"""How long an automatic request waits for its first complete statement, deadline included."""


class Engine:
    """All requests of one editor. Belongs to one event loop; `aclose` it at the end."""

    def __init__(
        self,
        settings: Settings,
        *,
        source: Callable[[Settings], ModelSource] = ModelSource,
        companion: Callable[[Settings], ModelSource] | None = None,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        """`source` makes where code comes from, `companion` where the companion's does, if the settings name one;
        nothing is started or connected before the first request."""
        self.settings = settings
        self.ask_to_run: AskToRun = _never
        """Asks the user whether examples of a document may be run; called only where the settings say `ask`."""
        self.models = Models(settings, source=source, companion=companion)
        self._clock = clock
        self._scheduler = Scheduler()
        self._debounce = Debounce(_limits(settings), clock=clock)
        self._memory = Memory(clock=clock)
        self._trees = Trees()

    def reconfigure(self, settings: Settings) -> None:
        """Take other settings; where the model changes, the next request opens the new one."""
        self.settings = settings
        self._debounce.limits = _limits(settings)
        self.models.reconfigure(settings)

    def edited(self, uri: str, snapshot: Snapshot | None, cursor: int | None) -> None:
        """A document has changed; `cursor` is where the last edit ended. A generation that no longer fits is ended."""
        self._debounce.typed()
        if snapshot is not None and cursor is not None:
            self._memory.prune(uri, snapshot.text, cursor)

    def closed(self, uri: str) -> None:
        """A document was closed: whatever is under way for it ends, and what was kept of it is dropped."""
        self._scheduler.cancel(lambda key: isinstance(key, tuple) and key[1] == uri)
        self._memory.forget(uri)
        self._trees.forget(uri)

    async def inline(self, snapshot: Snapshot, offset: int, *, by_hand: bool, current: Current) -> Suggestion | None:
        """Ghost text at `offset`: an edit of the cursor's line, or None. Raises ModelError."""
        started = self._clock()
        remembered = self._memory.recall(snapshot, offset, started)
        wanted = 1 if remembered is None else more_wanted(remembered, self.settings) if by_hand else 0
        if not wanted:
            return with_imports(snapshot, remembered)
        deadline_ms = self.settings.explicit.deadline_ms if by_hand else self.settings.inline.deadline_ms
        suggestion = await self._latest(
            ("inline", snapshot.uri),
            lambda: self._inline(snapshot, offset, started, by_hand, deadline_ms, current, wanted=wanted),
        )
        return with_imports(snapshot, suggestion)

    async def completion(self, snapshot: Snapshot, offset: int, *, current: Current) -> Suggestion | None:
        """Code for the comment or docstring at `offset`, as an edit of the cursor's line, or None. Raises ModelError.

        A list is asked for on each keystroke too, so this waits, like ghost text, until the user has stopped typing.
        """
        started = self._clock()
        if remembered := self._memory.recall(snapshot, offset, started):
            return with_imports(snapshot, remembered)
        deadline_ms = self.settings.completion.deadline_ms
        suggestion = await self._latest(
            ("completion", snapshot.uri),
            lambda: self._inline(snapshot, offset, started, False, deadline_ms, current, any_kind=False),
        )
        return with_imports(snapshot, suggestion)

    def actions(self, snapshot: Snapshot, start: int, end: int) -> tuple[Intent, ...]:
        """What could be asked for at a cursor or selection, nearest first. Cheap: no model is asked."""
        language = _language(snapshot)
        return actions_at(snapshot.text, start, end, language, self._trees.of(snapshot, language))

    async def at(self, snapshot: Snapshot, offset: int, *, on_launch: OnProgress | None = None) -> Suggestion | None:
        """Whatever is wanted at `offset` of an explicit request, or None. Raises ModelError."""
        language = _language(snapshot)
        tree = self._trees.of(snapshot, language)
        intent = read_intent(snapshot.text, offset, language, trigger=Trigger.EXPLICIT, tree=tree)
        return await self.fulfil(snapshot, intent, on_launch=on_launch) if intent.wanted else None

    async def fulfil(
        self,
        snapshot: Snapshot,
        intent: Intent,
        *,
        on_launch: OnProgress | None = None,
        on_lines: Callable[[int], None] | None = None,
        on_step: Callable[[str], None] | None = None,
        timeout_s: float | None = None,
    ) -> Suggestion | None:
        """Code for one intent that the user asked for, or None when none worth showing came. Raises ModelError.

        As the first of `alternatives`, which are no more than it takes to find one that holds.
        """
        found = await self.alternatives(
            snapshot, intent, on_launch=on_launch, on_lines=on_lines, on_step=on_step, timeout_s=timeout_s
        )
        return found[0] if found else None

    async def alternatives(
        self,
        snapshot: Snapshot,
        intent: Intent,
        *,
        wanted: int = 1,
        most: int | None = None,
        every: bool = False,
        on_launch: OnProgress | None = None,
        on_lines: Callable[[int], None] | None = None,
        on_step: Callable[[str], None] | None = None,
        timeout_s: float | None = None,
    ) -> tuple[Suggestion, ...]:
        """Different pieces of code for one intent, `wanted` of them if so many come, the best first. Raises ModelError.

        It is asked `most` times at most, where the settings allow more. With `every`, those that were tried on the way
        to a single one are given as well. `on_lines` is told how many lines were written so far, `on_step` what is done
        after that. At the deadline the best of what has come is given: the complete statements so far, if need be.
        """
        # Loaded at the first use: none of it is needed to start, and it takes a fifth of a second.
        from glosswright_server.engine.candidates import Search
        from glosswright_server.engine.examine import Examiner
        from glosswright_server.verify.fingerprint import fingerprint

        started = self._clock()
        ends_at = started + (timeout_s or self.settings.explicit.deadline_ms / 1000)
        # Explicit requests come first: an automatic generation for the same document would share the processor.
        self._memory.end_generations(snapshot.uri)
        language = _language(snapshot)
        tree = self._trees.of(snapshot, language)
        contract = _contract(intent, tree)
        examiner = await Examiner.begin(
            snapshot, intent, tree=tree, contract=contract, settings=self.settings.verify, ask=self.ask_to_run
        )
        ready = await self.models.ready_for_hand(on_launch)
        if not ready.profile.serves(intent):
            raise NotServed(f"The model {ready.model} answers {ready.profile.served} only.")
        beside = self.models.ask_beside(
            lambda other: self._jobs(snapshot, intent, other)[0] if other.profile.serves(intent) else None
        )
        limits = self.settings.candidates
        search = Search(
            self._jobs(snapshot, intent, ready),
            examiner,
            write=lambda run, on_growth: self.models.write(ready, run, on_growth),
            same=lambda text: fingerprint(snapshot.text, intent, text),
            repair=lambda text, verdict: repair_job(
                snapshot, intent, ready.profile, self.settings.explicit.max_tokens, attempt=text, verdict=verdict
            ),
            limits=replace(limits, count=min(max(limits.count, wanted), most or 64)),
            wanted=wanted,
            beside=beside,
            batch=ready.batch,
            takes_temperatures=ready.takes_temperatures,
            on_lines=on_lines or (lambda lines: None),
            on_step=on_step or (lambda step: None),
            clock=self._clock,
        )
        # The time for loading the model is not counted: the user watches its progress and can cancel.
        left_s = max(ends_at - self._clock(), 1.0) if timeout_s else self.settings.explicit.deadline_ms / 1000
        try:
            found = await search.find(left_s)
        finally:
            self.models.leave_beside(beside)
        if found is None:
            return ()
        timing = replace(found.run.timing(started), tokens=found.tokens)
        return tuple(
            with_imports(
                snapshot,
                Suggestion(
                    intent=intent,
                    start=intent.start,
                    end=intent.end,
                    text=found.tried[number].text,
                    verdict=found.tried[number].verdict,
                    model=found.tried[number].model or ready.model,
                    timing=timing,
                    complete=found.complete[number],
                    contract=contract,
                    tried=tuple(replace(one, chosen=index == number) for index, one in enumerate(found.tried)),
                    origins=found.tried[number].origins,
                ),
            )
            for number in (found.ranked if every or wanted > 1 else found.ranked[:1])
        )

    async def aclose(self) -> None:
        """End everything. A local model server goes on for the other windows."""
        await self._scheduler.aclose()
        await self._memory.aclose()
        await self.models.aclose()

    async def _latest(
        self, key: tuple[str, str], factory: Callable[[], Awaitable[Suggestion | None]]
    ) -> Suggestion | None:
        """Run a request unless a newer one comes: then it is answered with nothing."""
        outcome = await self._scheduler.run(key, factory)
        if outcome.kind is OutcomeKind.FAILED and outcome.error is not None:
            raise outcome.error
        return outcome.value

    async def _inline(
        self,
        snapshot: Snapshot,
        offset: int,
        started: float,
        by_hand: bool,
        deadline_ms: int,
        current: Current,
        *,
        any_kind: bool = True,
        wanted: int = 1,
    ) -> Suggestion | None:
        intent = await intent_when_still(
            snapshot, offset, by_hand=by_hand, current=current, debounce=self._debounce, trees=self._trees
        )
        if intent is None or not (any_kind or intent.kind in (IntentKind.COMMENT, IntentKind.BODY)):
            return None
        made = Made.of(snapshot, offset, intent)
        if made is None:  # it cannot be shown on the cursor's line
            return None
        if by_hand:
            return await self._by_hand(snapshot, made, intent, current, wanted)
        pending = self._memory.attach(snapshot, offset)
        if pending is None:
            ready = await self.models.ready_by_itself()
            if ready is None or not ready.profile.serves(intent):
                return None
            run = Run(job_for(snapshot, intent, ready.profile, self.settings.inline.max_tokens), clock=self._clock)
            before = self._trees.of(snapshot, _language(snapshot))
            contract = _contract(intent, before)
            pending = self._memory.begin(
                made,
                run,
                model=ready.model,
                write=lambda on_growth: self.models.write(ready, run, on_growth),
                judge=lambda text, complete: judge(
                    snapshot.text, intent, text, before=before, contract=contract, complete=complete
                ),
                contract=contract,
                started=started,
            )
        suggestion = await pending.answer(
            snapshot, deadline_s=started + deadline_ms / 1000 - self._clock(), patience_s=PATIENCE_S
        )
        if suggestion is None or not suggestion.verdict.passed:
            return None
        self._debounce.answered(suggestion.timing.first_token_ms)
        return suggestion

    async def _by_hand(
        self, snapshot: Snapshot, made: Made, intent: Intent, current: Current, wanted: int
    ) -> Suggestion | None:
        """Ghost text that was asked for: several candidates, the best of them even if it fails; others if they hold."""
        fitted = [
            replace(whole, start=edit.start, end=edit.end, text=edit.text)
            for whole in await self.alternatives(
                snapshot, intent, wanted=wanted, most=MOST_BESIDE if wanted > 1 else None, every=True
            )
            if (edit := made.fit(whole.text)) is not None
        ]
        if not fitted:
            return None
        suggestion = replace(fitted[0], others=tuple(one for one in fitted[1:] if one.verdict.passed))
        if suggestion.verdict.passed and suggestion.start == suggestion.end:
            self._memory.keep(made, suggestion)
        # Its place may be another by now. Who has typed along gets it from memory at the next request.
        return None if moved_on(snapshot, current) else suggestion

    def _jobs(self, snapshot: Snapshot, intent: Intent, ready: Ready) -> list[Job]:
        """What to ask a model by hand: the same in different forms, the best first."""
        most = self.settings.explicit.max_tokens
        styles = ready.profile.asked_styles(intent.kind)
        return [job_for(snapshot, intent, ready.profile, most, asked=style) for style in styles]


def _language(snapshot: Snapshot) -> Language:
    return language_for(snapshot.language_id, snapshot.uri)


def _contract(intent: Intent, tree: Tree) -> Contract:
    """What the words that ask for the code promise."""
    from glosswright_server.intent.docs.read import read_contract
    from glosswright_server.intent.scope import surroundings_of

    if not intent.request:
        return Contract()
    around = surroundings_of(tree, intent)
    parameters = tuple(argument.name for argument in around.arguments)
    return read_contract(intent.request, intent.language, name=intent.name, parameters=parameters, names=around.names)


async def _never(uri: str) -> bool:
    return False


def _limits(settings: Settings) -> DebounceLimits:
    shortest = settings.inline.debounce_min_ms
    return DebounceLimits(min_ms=shortest, max_ms=max(shortest, settings.inline.debounce_max_ms))
