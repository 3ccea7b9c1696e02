"""What running text promises: "returns the sum", "raises ValueError if x is negative", "接收一个列表，返回…".

Sentences in English and Chinese, one at a time. Careful rather than clever: a verb counts only where it is a statement
about the code (at the start, after "and", "function that", "则", …), never where it is negated or a noun, and an
exception only by its name. What is not said is not there.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field

from glosswright_server.intent.contract import Parameter, Raised
from glosswright_server.intent.docs.prose_parameters import read_parameters
from glosswright_server.intent.docs.prose_raises import read_raises
from glosswright_server.intent.docs.prose_results import RETURN, YIELD, read_results

_MAX_SENTENCES = 200
_MAX_SENTENCE = 600  # characters of one sentence


@dataclass(slots=True)
class Promises:
    """What running text says."""

    parameters: list[Parameter] = field(default_factory=list)
    returns: list[str] = field(default_factory=list)
    yields: list[str] = field(default_factory=list)
    raises: list[Raised] = field(default_factory=list)


def promises_in(sentences: list[str], language: str, name: str, known: tuple[str, ...]) -> Promises:
    """What sentences say about parameters, results and exceptions. `known` are the function's own parameters."""
    said = Promises()
    for sentence in sentences[:_MAX_SENTENCES]:
        one = sentence[:_MAX_SENTENCE]
        if _EXAMPLE.match(one):
            continue
        read_raises(one, language, said.raises)
        read_results(one, name, RETURN, said.returns)
        read_results(one, name, YIELD, said.yields)
        read_parameters(one, name, known, said.parameters)
    return said


_EXAMPLE = re.compile(r"(?:for example|e\.g\.|example|for instance|例如|比如|示例|例[:：]|如[:：])", re.IGNORECASE)
