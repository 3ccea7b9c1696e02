"""What the user is told about the rights in a model after fetching it.

Some sources carry the weights without any licence text, so the catalogue holds who made them and under which terms.
This is information, not advice, and it is shown, not asked.
"""

from __future__ import annotations

from glosswright_model.weights.catalogue import ModelEntry

_TEXTS = {"Apache-2.0": "https://www.apache.org/licenses/LICENSE-2.0"}


def licence_notice(entry: ModelEntry) -> str:
    """A few lines of plain text: the model, its licence and where to read it, and the copyright notice."""
    where = _TEXTS.get(entry.licence)
    licence = f"{entry.licence} ({where})" if where else entry.licence
    return f"{entry.title}\nLicence: {licence}\n{entry.notice}"
