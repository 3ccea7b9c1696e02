"""What is wanted once the user has stopped typing. Waits; asks no model.

An automatic request is made on each keystroke, and most of them are out of date before anything could be done: the
document has moved on, or the cursor stands in front of code that nobody waits for.
"""

from __future__ import annotations

import asyncio
import re
from collections.abc import Callable

from glosswright_server.documents import Snapshot
from glosswright_server.engine.trees import Trees
from glosswright_server.generation.debounce import Debounce
from glosswright_server.intent.languages import language_for
from glosswright_server.intent.model import Intent, IntentKind, Trigger
from glosswright_server.intent.read import read_intent

Current = Callable[[], "Snapshot | None"]
"""The document as it is now: a request whose document has moved on is not worth the model's time."""

_TAIL = re.compile(r"[\s)\]}>'\"`:;,]*(\s(#|//|--).*)?")
"""What may stand behind the cursor while code is being written in front of it: what closes, and a comment."""


async def intent_when_still(
    snapshot: Snapshot, offset: int, *, by_hand: bool, current: Current, debounce: Debounce, trees: Trees
) -> Intent | None:
    """What is wanted, once the user has stopped typing; None when nothing is, or when the document has moved on."""
    line = snapshot.line_at(offset)
    left, right = snapshot.text[snapshot.line_start(line) : offset], snapshot.text[offset : snapshot.line_end(line)]
    await asyncio.sleep(debounce.wait_s(explicit=by_hand, left=left, right=right))
    if not by_hand and moved_on(snapshot, current):
        return None
    language = language_for(snapshot.language_id, snapshot.uri)
    tree = trees.of(snapshot, language)
    trigger = Trigger.EXPLICIT if by_hand else Trigger.AUTOMATIC
    intent = read_intent(snapshot.text, offset, language, trigger=trigger, tree=tree)
    if not by_hand and intent.kind is IntentKind.CONTINUE and not _open_ended(left, right):
        return None  # in front of what stands there already, nobody waits for more
    if not by_hand and not intent.wanted:
        # At the end of a comment the user may still be writing it: wait for a pause.
        intent = read_intent(snapshot.text, offset, language, trigger=Trigger.PAUSED, tree=tree)
        if intent.wanted:
            await asyncio.sleep(debounce.pause_left_s())
            if moved_on(snapshot, current):
                return None
    return intent if intent.wanted else None


def moved_on(snapshot: Snapshot, current: Current) -> bool:
    """Whether the document is another by now, or closed."""
    now = current()
    return now is None or now.revision != snapshot.revision


def _open_ended(left: str, right: str) -> bool:
    """Whether code may be going on at the cursor, between `left` and `right` of its line."""
    return not right.strip() or bool(left.strip() and _TAIL.fullmatch(right))
