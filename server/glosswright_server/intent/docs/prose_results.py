"""What a sentence says about the result: "returns the sum", "None is returned if …", "如果为空则返回 0".

The condition under which something is returned stays with it. A noun ("the expected return"), a negation and "returns
nothing" promise no result.
"""

from __future__ import annotations

import re

from glosswright_server.intent.docs.clauses import CJK, NEGATED_CJK, OTHER_VERB, condition_of, stated, trimmed, until
from glosswright_server.intent.docs.wording import is_nothing

MAX_FOUND = 20
"""Results that are kept of one text."""


def read_results(sentence: str, name: str, verbs: re.Pattern[str], found: list[str]) -> None:
    """Add to `found` what a sentence says is returned, or yielded: `verbs` is `RETURN` or `YIELD`."""
    for match in list(verbs.finditer(sentence))[:MAX_FOUND]:
        left, verb, rest = sentence[: match.start()], match[0], sentence[match.end() :]
        if verb.lower() in ("returned", "yielded"):
            text = _passive(left, rest)
        elif verb.isascii():
            text = _english(left, verb, rest, name)
        else:
            text = _chinese(left, rest)
        text = trimmed(text)
        if text and not is_nothing(text) and text not in found and len(found) < MAX_FOUND:
            found.append(text)
            if len(text) > 1 and not CJK.search(verb):
                break  # the rest of the sentence is part of it


def _english(left: str, verb: str, rest: str, name: str) -> str:
    """The object of "return", when the verb says what the code does."""
    if not rest[:1].isspace() and rest[:1] not in ("`", ":", "", '"') and not CJK.match(rest):
        return ""
    rest = rest.lstrip(" :")
    if _NO_RESULT.match(rest) or not stated(left, verb, name):
        return ""
    is_value = re.match(r"value\s+(?:is|will be|should be|must be)\s+", rest)
    text = until(rest[is_value.end() :] if is_value else rest, OTHER_VERB)
    condition = condition_of(left)
    between = " " if condition.casefold() in ("otherwise", "else") else ", "
    return f"{condition}{between}{text}" if condition else text


def _passive(left: str, rest: str) -> str:
    """ "The sum is returned", "None will be returned if empty"."""
    match = _IS.search(left)
    if match is None or re.search(r"\bnot\b|n't", left[match.start() :]):
        return ""
    subject = left[: match.start()].strip()
    if not subject or re.match(r"(?:it|which|that|what|values?|as)$", subject, re.IGNORECASE):
        return ""
    if re.search(r"\b(?:error|exception)s?$", subject, re.IGNORECASE):
        return ""
    return f"{subject} {until(rest, OTHER_VERB).lstrip()}"


def _chinese(left: str, rest: str) -> str:
    """The object of 返回, with the condition that comes before it."""
    if NEGATED_CJK.search(left[-6:]) or left.endswith(("的", "被")):
        return ""
    value = re.match(r"(?:值|结果)\s*(?:为|是|应为|应该是|[:：])\s*", rest)
    if value is None and re.match(r"(?:值|类型|的|到|上一|给|码)", rest):
        return ""
    rest = (rest[value.end() :] if value else rest).lstrip(" :：")
    rest = re.sub(r"^(?:一个|一|为|出)?\s*", lambda match: "" if match[0].strip() in ("为", "出") else match[0], rest)
    clauses = re.split(r"(?=[，,；;。])", rest)
    text = clauses[0]
    for clause in clauses[1:]:
        if _NEW_CLAUSE.match(clause.lstrip("，,；;。 ")) or clause[:1] in "。；;":
            break
        text += clause
    text = re.split(r"(?:并且|并|且|或者?|同时)?(?:抛出|拋出|引发)", text)[0]
    condition = condition_of(left)
    text = trimmed(text)
    between = " " if condition == "否则" else "，"
    return f"{condition}{between}{text}" if condition and text else text


RETURN = re.compile(r"(?<![\w@:.])(?:[Rr]eturn(?:s|ed|ing)?|RETURNS?)(?![\w(=])|返回|回傳|传回|傳回")
YIELD = re.compile(
    r"(?<![\w@:.])(?:[Yy]ield(?:s|ed|ing)?)(?![\w(=])|逐个产出|依次产出|逐一产出|产出|逐个生成|依次生成|逐一生成"
)
_NO_RESULT = re.compile(
    r"(?:nothing\b|void\b|to\s|from\s|early\b|without\b|immediately\b|types?\b|codes?\s+are|key\b|statements?\b"
    r"|address|of\s|on\s|$|value\b(?!\s+(?:is|of|at|in|for|that|will|should|must)))",
    re.IGNORECASE,
)
_IS = re.compile(
    r"\s(?:is|are|will be|should be|must be|gets|be)\s*(?:then\s|also\s|always\s|not\s)?\s*$", re.IGNORECASE
)
_NEW_CLAUSE = re.compile(
    r"如果|若|当|否则|并|且|但|不|要求|使用|时间|空间|抛|拋|引发|例如|比如|例|默认|请|需|用|原地|也|同时|然后|接收|返回|输入"
    r"|每|产出|逐|复杂度|采用|禁止|避免|利用|算法|要|注意"
)
