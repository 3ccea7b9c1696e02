"""What the user asks for at one place of a document: text in, values out, no I/O."""

from glosswright_server.intent.languages import LANGUAGES, PLAIN, Language, language_for
from glosswright_server.intent.model import Extent, Intent, IntentKind, Trigger
from glosswright_server.intent.read import actions_at, read_intent
from glosswright_server.intent.tree import Tree, parse

__all__ = [
    "LANGUAGES",
    "PLAIN",
    "Extent",
    "Intent",
    "IntentKind",
    "Language",
    "Tree",
    "Trigger",
    "actions_at",
    "language_for",
    "parse",
    "read_intent",
]
