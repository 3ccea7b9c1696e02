"""The engine: one request, from a document and a cursor to checked code.

It decides what is wanted, answers from memory where it can, asks the model where it must, and judges what came. A newer
request for the same document supersedes an older one; an automatic request has a deadline after which the complete
statements so far are answered while the model goes on. It knows no editor protocol and never touches a document.
"""

from __future__ import annotations

import asyncio
import logging
import time
from collections.abc import Callable
from dataclasses import replace

from glosswright_server.documents import Snapshot
from glosswright_server.engine.run import Job, Run
from glosswright_server.engine.source import ModelSource, OnPhase, Ready
from glosswright_server.engine.suggestion import Suggestion, Timing
from glosswright_server.engine.trees import Trees
from glosswright_server.errors import EndpointTimeout, EndpointUnreachable, ModelError
from glosswright_server.generation.debounce import Debounce
from glosswright_server.generation.scheduler import Outcome, Scheduler
from glosswright_server.generation.suggestions import PendingSuggestion, SuggestionCache
from glosswright_server.intent.languages import Language, language_for
from glosswright_server.intent.model import Intent, IntentKind
from glosswright_server.intent.read import Trigger, actions_at, read_intent
from glosswright_server.prompt.build import build_prompt
from glosswright_server.settings import Settings
from glosswright_server.shaping.shaper import Shaped
from glosswright_server.verify.judge import judge

logger = logging.getLogger(__name__)

Current = Callable[[], Snapshot | None]
"""The document as it is now; a request whose document has moved on is not worth the model's time."""


class Engine:
    """All requests of one editor. Belongs to one event loop; `close` it at the end."""
