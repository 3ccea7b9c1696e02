"""Whether a text holds what must not end up in a model: keys, tokens, passwords, addresses with credentials.

Known forms of keys, and assignments of random-looking strings to names that promise a secret. It finds what is written
plainly; it is no proof that a corpus is clean.
"""

from __future__ import annotations

import math
import re
from collections import Counter

_KNOWN = re.compile(
    r"-----BEGIN [A-Z ]*PRIVATE KEY-----"
    r"|\b(?:AKIA|ASIA)[0-9A-Z]{16}\b"  # Amazon
    r"|\bgh[pousr]_[A-Za-z0-9]{36,}|\bgithub_pat_\w{22,}|\bglpat-[\w-]{20,}"  # GitHub, GitLab
    r"|\bxox[abeoprs]-[\w-]{10,}|\bsk-[A-Za-z0-9_-]{20,}|\bAIza[\w-]{35}|\bhf_[A-Za-z0-9]{30,}"
    r"|\bpypi-[\w-]{50,}|\bnpm_[A-Za-z0-9]{36}\b|\b[sr]k_live_[A-Za-z0-9]{16,}|\bSG\.[\w-]{16,}\.[\w-]{16,}"
    r"|\beyJ[\w-]{10,}\.eyJ[\w-]{10,}\.[\w-]{10,}"  # a JSON Web Token
    r"|[a-z][a-z0-9+.-]*://[^\s/:@'\"]+:[^\s/:@'\"{}$<%*]{3,}@"  # credentials in an address
)
_NAMED = re.compile(
    r"(?:pass(?:word|wd|phrase)?|secret|token|api_?key|access_?key|private_?key|credential)\w*[\"']?\s*(?:=|:|=>)\s*"
    r"[\"'`](?P<value>[^\"'`\s]{8,})[\"'`]",
    re.I,
)
_PLACEHOLDER = re.compile(r"example|placeholder|changeme|your|xxx|test|dummy|<|\$\{|%[sd(]|\{\{|\.\.\.", re.I)
_MIN_BITS = 3.0
"""Entropy of one character from which a value looks random; English words have less."""


def holds_secret(*texts: str) -> bool:
    """Whether one of the texts holds a secret, as far as can be seen."""
    return any(_KNOWN.search(text) or any(map(_looks_random, _NAMED.finditer(text))) for text in texts)


def _looks_random(match: re.Match[str]) -> bool:
    value = match["value"]
    if _PLACEHOLDER.search(value):
        return False
    counts = Counter(value)
    bits = -sum(count / len(value) * math.log2(count / len(value)) for count in counts.values())
    return bits >= _MIN_BITS and any(letter.isdigit() or not letter.isalnum() for letter in value)
