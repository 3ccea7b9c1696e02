"""What a sentence says about parameters: "takes a list of words", "where n is a positive integer", "k defaults to 10".

A parameter counts only by a name that the function has, or that the text writes as code does; where a function has but
one, what it takes needs no name.
"""

from __future__ import annotations

import re

from glosswright_server.intent.contract import Parameter
from glosswright_server.intent.docs.clauses import NEGATED_CJK, OTHER_VERB, stated, trimmed, until
from glosswright_server.intent.docs.entries import described
from glosswright_server.intent.docs.items import default_in

MAX_FOUND = 20
"""Parameters that are kept of one text."""


def read_parameters(sentence: str, name: str, known: tuple[str, ...], found: list[Parameter]) -> None:
    """Add to `found` the parameters that a sentence describes; `known` are those of the function called `name`."""
    own = tuple(one for one in known if one not in ("self", "cls", "this"))
    for match in list(_TAKES.finditer(sentence))[:MAX_FOUND]:
        left, verb = sentence[: match.start()], match[0]
        if verb.isascii() and not stated(left, verb, name):
            continue
        if not verb.isascii() and (NEGATED_CJK.search(left[-6:]) or left.endswith("的")):
            continue
        rest = sentence[match.end() :]
        if verb.isascii() and rest[:1] not in (" ", ":", "`"):
            continue
        _take(_object(rest), own, found)
    for one in own:
        _read_known(sentence, one, found)


def _object(rest: str) -> str:
    """The noun phrase that a function takes."""
    text = _NEXT_CLAUSE.split(until(rest.lstrip(" :："), OTHER_VERB), maxsplit=1)[0]
    return trimmed(_NEXT_VERB.split(text, maxsplit=1)[0])


def _take(text: str, own: tuple[str, ...], found: list[Parameter]) -> None:
    pieces = [
        one.strip() for one in re.split(r",\s*(?:and\s+)?|\s+and\s+|、|，|\s*(?:和|与|及|以及)\s*", text) if one.strip()
    ]
    named = False
    for piece in pieces[:MAX_FOUND]:
        mentioned = _named_in(piece, own)
        if mentioned:
            named = True
            _put(found, mentioned, "" if trimmed(piece.strip("`")) in (mentioned, f"参数 {mentioned}") else piece)
    if not named and len(own) == 1 and text:
        _put(found, own[0], text)


def _named_in(piece: str, own: tuple[str, ...]) -> str:
    for one in own:
        if re.search(rf"(?<![\w.]){re.escape(one)}(?![\w(])", piece, re.ASCII):
            return one
    match = _TICKED.search(piece)
    if match is not None:
        return match[1]
    last = _LAST_NAME.search(piece)
    return last[1] if not own and last is not None else ""


def _read_known(sentence: str, one: str, found: list[Parameter]) -> None:
    """`limit` defaults to 10; where n is a positive integer; 其中 n 为正整数."""
    for match in list(re.finditer(rf"(?<![\w.]){re.escape(one)}(?![\w(])", sentence, re.ASCII))[:MAX_FOUND]:
        rest = sentence[match.end() :].lstrip("`* ")
        left = sentence[: match.start()].rstrip("`* ")
        if _DEFAULTS.match(rest):
            phrase = _DEFAULTS_END.split(rest, maxsplit=1)[0]
            default = default_in(phrase)
            if default is not None:
                said = next((p for p in found if p.name == one), None)
                made = Parameter(name=one, default=default, optional=True, description=said.description if said else "")
                found[:] = [p for p in found if p.name != one]
                found.append(made)
                return
        begins = not left or re.search(r"(?:^|[,，;；。.(（]|\b(?:where|and)|其中|参数|这里)$", left)
        if begins and (being := _BEING.match(rest)):
            text = trimmed(re.split(r"[;。；，]|,\s|\.\s|\band\s+\w+\s+(?:is|are)\b", rest[being.end() :])[0])
            if text and not _DEFAULTS.match(rest):
                _put(found, one, text)
                return


def _put(found: list[Parameter], name: str, text: str) -> None:
    if len(found) < MAX_FOUND and not any(one.name == name for one in found):
        found.append(described(name, "", text))


_TAKES = re.compile(
    r"(?<![\w@:.])(?:[Tt]akes?|[Aa]ccepts?|[Rr]eceives?|[Gg]iven|[Ee]xpects?)(?![\w(=])|接收|接受|给定|传入|输入|读入|給定|接收參數"
)
# "Given n, compute its square": a comma and a verb with its object end what is given.
_NEXT_CLAUSE = re.compile(
    r"[;。；]|\.\s|，(?=[^，]{0,12}(?:返回|抛出|输出|计算|判断|求|如果|若|当))"
    r"|,\s+(?=(?:and\s+|then\s+)?[a-z]+\s+(?:the|an?|it|its|their|all|if|whether|how|every|each)\b)"
)
_NEXT_VERB = re.compile(r"\s+(?:and\s+)?(?:returns?|computes?|finds?|to)\b|(?:并|然后|，)?\s*返回")
_TICKED = re.compile(r"`([A-Za-z_]\w{0,60})`", re.ASCII)
_LAST_NAME = re.compile(
    r"(?:^|[\u3400-\u9fff]\s?|(?<![\u3400-\u9fff])(?<!the)\s(?!a$))([a-z]\d?|[a-z]\w*_\w+|[a-z]+\d+)$", re.ASCII
)
_DEFAULTS = re.compile(
    r"[(（,，]?\s*(?:的)?(?:by default\s+|defaults?\b|optional|可选|默认|缺省|預設|is\s+optional)", re.IGNORECASE
)
_DEFAULTS_END = re.compile(r"[;。；)）]|\.\s|\.$")
_BEING = re.compile(
    r"(?:is|are)\s+(?=(?:an?|the|one|any|optional)\s)|(?:must|should)\s+be\s+|(?:为|是)\s*(?!否|空|负|零|0|偶|奇|None|不)|(?:表示|代表|指定)\s*"
)
