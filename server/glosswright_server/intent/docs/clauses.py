"""Parts of a sentence: whether a verb states what the code does, under which condition, and where its phrase ends.

English and Chinese. Every pattern is linear and meets one bounded sentence at a time.
"""

from __future__ import annotations

import re


def stated(left: str, verb: str, name: str) -> bool:
    """Whether what stands left of a verb lets it be a statement."""
    before = left.rstrip().rstrip("`")
    if not before:
        return True
    if verb.lower().endswith("ing"):
        return before.endswith((",", "，", "and", "by", "then"))
    if before.endswith((",", ";", ":", "，", "；", "：", "—", ")", "）", "(", "（")) or CJK.match(before[-1]):
        return not NEGATED_CJK.search(before)
    last = re.split(r"[^\w.]+", before)[-1]
    if name and last.casefold() == name.casefold():
        return True
    if _TO_RETURN.search(before[-60:]):
        return True
    if _LEADING.search(before[-40:]):
        return True
    # "Add returns …": Go's way to begin, with a name in the place of a subject.
    return (
        before.replace(".", "").isidentifier()
        and before[0].isupper()
        and verb.lower().endswith("s")
        and before.lower() not in _NO_SUBJECT
    )


def condition_of(left: str) -> str:
    """The condition right before a verb, its conjunction ("如果 x 为空则", "If x is empty, it") removed at the end."""
    clauses = [one.strip() for one in re.split(r"[，,；;。]", left)]
    own = clauses[-1]
    if not own or _FILLER.fullmatch(own):
        own = clauses[-2] if len(clauses) > 1 else ""
    else:
        own = _FILLER_END.sub("", own).strip()
    if _CONDITION.match(own) or own.endswith(("时", "的话", "時")):
        own = _FILLER_END.sub("", own).strip()
        return re.sub(r"^(?:and|or|but|then|而|并)\s*", "", own)
    return ""


def until(text: str, stop: re.Pattern[str]) -> str:
    match = stop.search(text)
    return text[: match.start()] if match else text


def trimmed(text: str) -> str:
    """Without the punctuation around a phrase; brackets that it opened stay closed."""
    stripped = text.strip(" \t.,;:。，；：、!！")
    if stripped.endswith((")", "）")) and not re.search(r"[(（]", stripped):
        stripped = stripped[:-1].rstrip(" .。")
    return stripped


def last_match(pattern: re.Pattern[str], text: str) -> re.Match[str] | None:
    found = None
    for match in pattern.finditer(text):
        found = match
    return found


CJK = re.compile("[\u3400-\u9fff]")
NEGATED_CJK = re.compile(r"(?:不|不会|不要|没有|无需|无须|未|不能|不得|不应|不可|无)\s*$")
_TO_RETURN = re.compile(
    r"\b(?:functions?|methods?|code|routine|program|procedure|helper|generator|script|closure)\s+(?:\w+\s+)?(?:to|that|which)$",
    re.IGNORECASE,
)
_LEADING = re.compile(
    r"(?:^|[\s(])(?:(?:^(?:it|this))|and|then|or|but|it|which|function|method|should|must|will|shall|also|simply|just|always"
    r"|lastly|finally|otherwise|else|this|please|now|generator|iterator)$",
    re.IGNORECASE,
)
_NO_SUBJECT = frozenset(
    ("the", "a", "an", "no", "all", "any", "its", "bond", "total", "never", "not", "only", "without")
)
_CONDITION = re.compile(
    r"(?:and\s+|or\s+|but\s+)?(?:if|when|unless|whenever|otherwise|else|in case)\b"
    r"|如果|若|当|如|空|要是|否则|對於|对于|一旦|遇到",
    re.IGNORECASE,
)
_FILLER = re.compile(
    r"(?:(?:then|it|the function|this function|the method|and|also|should|must|will|please"
    r"|(?<!否)则|就|应|应该|需要|要|请|直接|函数|会|并|并且|那么|将|需|应当)\s*)+",
    re.IGNORECASE,
)
_FILLER_END = re.compile(
    r"(?:[\s,，]*(?:\b(?:then|it|the function|this function|and|should|must|will|an?|the)\b"
    r"|(?<!否)则|就|应该|应当|应|需要|要|请|直接|函数|会|并且|并|那么|将|需))+$",
    re.IGNORECASE,
)
OTHER_VERB = re.compile(
    r"\s*[,;，；]?\s*(?:\b(?:and|but|or|also)\s+)?(?:\bit\s+)?\b(?:also\s+)?(?:raises?|throws?|raising|throwing|yields?|panics?)\b"
    r"|\s*[,，；]?\s*(?:并|且|或|否则|则|同时)?(?:抛出|拋出|引发)",
    re.IGNORECASE,
)
RESULT_VERB = re.compile(
    r"\s*[,;，；]?\s*(?:\b(?:and|but|or|otherwise|else)\b,?\s*)?\b(?:returns?|yields?|raises?|throws?)\b|返回",
    re.IGNORECASE,
)
