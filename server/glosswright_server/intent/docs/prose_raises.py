"""What a sentence says about exceptions: "raises ValueError if x is negative", "若为空则抛出 IndexError".

An exception counts by its name alone: "raises an error" names none. In Rust and Go, which have no exceptions, a panic
counts as one whose name is `panic`.
"""

from __future__ import annotations

import re

from glosswright_server.intent.contract import Raised
from glosswright_server.intent.docs.clauses import OTHER_VERB, RESULT_VERB, condition_of, last_match, trimmed, until
from glosswright_server.intent.docs.wording import names_exception

MAX_FOUND = 20
"""Exceptions that are kept of one text."""
_NEAR = 40  # characters between a verb and the name of what it raises


def raises_in(sentences: list[str], language: str) -> list[Raised]:
    """The exceptions that the sentences of a section on errors name, whatever their verbs."""
    found: list[Raised] = []
    for sentence in sentences[:MAX_FOUND]:
        before = len(found)
        read_raises(sentence, language, found)
        if len(found) == before:
            named = [match for match in _ERROR_NAME.finditer(sentence) if names_exception(match[0])]
            for match in named[:MAX_FOUND]:
                left = re.sub(
                    r"(?:返回|\breturns?\b)?\s*(?:an?\s)?[`\[]*$", "", sentence[: match.start()], flags=re.IGNORECASE
                )
                text = _after_name(sentence[match.end() :]) or condition_of(left)
                _add(found, match[0], text or trimmed(sentence))
    return found


def read_raises(sentence: str, language: str, found: list[Raised]) -> None:
    """Add to `found` the exceptions that a sentence says are raised."""
    if language in ("rust", "go"):
        _read_panic(sentence, found)
    names = [
        match
        for match in list(_ERROR_NAME.finditer(sentence))[:MAX_FOUND]
        if names_exception(match[0]) or match[0] in ("Error", "Exception")
    ]
    end = 0
    for index, match in enumerate(names):
        if match.start() < end:
            continue
        head = _raising(sentence, match)
        if head is None:
            continue
        # "ValueError or TypeError": names that stand together share what is said of them.
        chain = [match]
        for other in names[index + 1 :]:
            if not _CHAIN.fullmatch(sentence[chain[-1].end() : other.start()]):
                break
            chain.append(other)
        end = chain[-1].end()
        text = _after_name(_RAISED.sub("", sentence[end:], count=1)) or condition_of(head)
        for one in chain:
            _add(found, one[0], text)


def _read_panic(sentence: str, found: list[Raised]) -> None:
    match = _PANICS.search(sentence)
    if match is not None and not _NEGATED.search(sentence[: match.start()]):
        text = trimmed(until(sentence[match.end() :], OTHER_VERB))
        _add(found, "panic", text or condition_of(sentence[: match.start()]))


def _raising(sentence: str, name: re.Match[str]) -> str | None:
    """What stands before the statement that the named exception is raised; None where the sentence does not say so."""
    before = sentence[: name.start()]
    near = max(0, len(before) - _NEAR)
    verb = last_match(_RAISE, before[near:])
    if verb is None:
        return before if _RAISED.match(sentence[name.end() :]) else None
    head, between = before[: near + verb.start()], before[near + verb.end() :]
    return None if _NEGATED.search(head[-24:]) or not _RAISE_GAP.fullmatch(between) else head


def _after_name(rest: str) -> str:
    """What follows an exception's name: "if x is negative"."""
    text = re.sub(r"^[`’'\"\]}]*\s*(?:exceptions?\b|errors?\b|异常|错误|異常)?\s*", "", rest)
    if text[:1] in ("，", "；", "。", ";"):
        clause = text[1:].lstrip()
        return (
            trimmed(re.split(r"[，；。]", clause)[0])
            if re.match(r"(?:如果|若|当)", clause)
            and text[0] == "，"
            and not re.search(r"返回|抛出|拋出|则|引发", clause)
            else ""
        )
    text = re.sub(r"^\s*(?:with (?:the )?message\b.*|[,:：]\s*)", lambda match: match[0].lstrip(" ,:："), text)
    text = re.split(r"[，；。]", text)[0]
    return trimmed(until(text, RESULT_VERB))


def _add(found: list[Raised], name: str, text: str) -> None:
    if len(found) < MAX_FOUND and not any(one.type == name and one.description == text for one in found):
        found.append(Raised(type=name, description=text))


_ERROR_NAME = re.compile(r"(?<![\w.:/])[A-Za-z_]\w{0,60}(?:(?:\.|::)[A-Za-z_]\w{0,60}){0,4}", re.ASCII)
_RAISE = re.compile(
    r"\b(?:raises?|throws?|raising|throwing|raised|rejects? with|fails? with)(?![\w])"
    r"|抛出|拋出|引发|触发|丢出|抛|报出?",
    re.IGNORECASE,
)
_RAISE_GAP = re.compile(
    r"\s*(?:(?:an?|the|one of|either|built-in|builtin|一个|異常|异常|错误|new|[`\[{:]|@link|with)\s*)*", re.IGNORECASE
)
_RAISED = re.compile(
    r"[`\]}]*\s*(?:exception\s+|error\s+|异常)?(?:(?:is|are|will be|should be|must be|gets)"
    r"\s+(?:raised|thrown)\b|(?:会|将|应)?被(?:抛出|引发))",
    re.IGNORECASE,
)
_CHAIN = re.compile(r"[`\]}]*\s*(?:,|，|、|/|or|and|或|或者|和|, or)\s*(?:an?\s+)?[`\[{]*", re.IGNORECASE)
_NEGATED = re.compile(
    r"(?:\bnot|n't|\bnever|\bwithout|\binstead of|\brather than|\bno longer|\bavoid|\bcatch(?:es)?"
    r"|不|不会|不要|不能|不得|不应|没有|而不是|避免|不再|不用)\s*(?:\w+ly\s*)?$",
    re.IGNORECASE,
)
_PANICS = re.compile(
    r"(?:^|\b(?:it|and|or|but|function|method|will|must|should|then|(?-i:[A-Z]\w*))\s+|,\s*)panics?\b", re.IGNORECASE
)
