"""Words as people read them: flowing text without markup, sentences, names that sound like exceptions."""

from __future__ import annotations

import re

MAX_SENTENCES = 400
"""Sentences of one documentation that are read."""


def flowing(text: str) -> str:
    """Lines as one, with a space between words where a line ended; none between ideographs."""
    joined = ""
    pieces: list[str] = []
    for line in text.split("\n"):
        bare = line.strip()
        if not bare:
            continue
        if pieces and not (_WIDE.match(bare[0]) and _WIDE.match(joined)):
            pieces.append(" ")
        pieces.append(bare)
        joined = bare[-1]
    return "".join(pieces)


def plain(text: str) -> str:
    """Without Javadoc's inline tags, HTML and links of Sphinx and Rustdoc; what they enclose stays."""
    if "{@" in text:
        text = _INLINE_TAG.sub(r"\1", text)
    if "<" in text:
        text = _HTML.sub("", text)
    if "&" in text:
        text = _ENTITY.sub(lambda match: _ENTITIES[match[1]], text)
    if ":`" in text:
        text = _ROLE.sub(lambda match: match[1].rsplit(".", 1)[-1] if match[1][:1] == "~" else match[1], text)
    if "[`" in text:
        text = _LINK.sub(r"`\1`", text)
    return _BLANKS.sub(" ", text).strip()


def sentences(lines: list[str]) -> list[str]:
    """The sentences of running text. A list item, and a line that begins as a statement of its own does, starts one."""
    found: list[str] = []
    current: list[str] = []
    for line in [*lines, ""]:
        bare = line.strip()
        if bare and not (current and _STARTS.match(bare)):
            current.append(bare if current else _BULLET.sub("", bare))
            continue
        if current and len(found) < MAX_SENTENCES:
            found += _sentences_in(plain(flowing("\n".join(current))))
        current = [_BULLET.sub("", bare)] if bare else []
    return found


def _sentences_in(text: str) -> list[str]:
    found, start = [], 0
    for match in _STOP.finditer(text):
        end = match.end()
        if match[0][0] in ".?!":
            word = text[start : match.start()].rsplit(" ", 1)[-1].lstrip("(（").casefold()
            if word in _ABBREVIATIONS or (len(word) == 1 and word.isalpha() and text[end : end + 1].islower()):
                continue
            following = text[end:].lstrip()[:1]
            if following.islower() and following.isascii() and match[0][0] == "." and len(word) < 2:
                continue
        if said := text[start:end].strip():
            found.append(said)
        start = end
    if rest := text[start:].strip():
        found.append(rest)
    return found


def is_nothing(text: str) -> bool:
    """Whether words about a result say that there is none."""
    return text.strip(" .。`'\"").casefold() in _NOTHING


def names_exception(name: str, *, known: bool = False) -> bool:
    """Whether a word is the name of an exception; `known` when it stands where only such names do."""
    if not _NAME.fullmatch(name) or len(name) > 80:
        return False
    last = re.split(r"\.|::", name)[-1]
    qualified = last != name
    if last in _OTHER_EXCEPTIONS or (
        _ENDING.search(last) and last[0].isupper() and (qualified or last not in _TOO_SHORT)
    ):
        return True
    return known and (qualified or last in _TOO_SHORT or (bool(_CAMEL.fullmatch(last)) and last not in _NOT_NAMES))


def _words(row: str) -> frozenset[str]:
    return frozenset(row.split("|"))


_WIDE = re.compile("[\u2e80-\u30ff\u3400-\u9fff\uf900-\ufaff\uff00-\uff60“”‘’]")
_INLINE_TAG = re.compile(r"\{@(?:code|link|linkplain|literal|value)\s+#?([^{}]{0,200})\}")
_HTML = re.compile(r"</?(?:p|b|i|em|strong|code|tt|br|ul|ol|li|pre|blockquote)\s*/?>", re.IGNORECASE)
_ENTITIES = {"lt": "<", "gt": ">", "amp": "&", "quot": '"', "#64": "@", "nbsp": " "}
_ENTITY = re.compile(f"&({'|'.join(_ENTITIES)});")
_ROLE = re.compile(r":(?:[a-z]{1,10}:)?[a-z]{1,10}:`([^`]{1,200})`")
_LINK = re.compile(r"\[`([^`\]]{1,120})`\](?:\([^()\s]{0,200}\))?")
_BLANKS = re.compile(r"[ \t]{2,}")
_BULLET = re.compile(r"^(?:[-*+•·]|\d{1,2}[.)、])\s+")
_STARTS = re.compile(
    r"(?:[-*+•·]|\d{1,2}[.)、])\s+\S|(?:Returns?|Raises?|Throws?|Yields?|Given|Takes|Accepts|Panics)\s|"
    r"(?:返回|抛出|如果|接收|接受|要求|不要|不使用|输入|时间复杂度|空间复杂度)"
)
_STOP = re.compile(r"[.!?]+[\"')\]]?(?=\s|$)|[.!?](?=[\u3400-\u9fff])|[。！？]+[”』」）]?")
_ABBREVIATIONS = frozenset(("e.g", "i.e", "eg", "ie", "etc", "vs", "cf", "approx", "resp", "no", "fig", "z.b", "incl"))
_NOTHING = _words(
    "none|nothing|void|null|nil|undefined|unit|()|n/a|no value|-|无|没有|无返回值|没有返回值|空|无返回|不返回"
    "|nichts|rien|nada|なし|nonetype|no return value|promise<void>|this function returns nothing"
)
_NAME = re.compile(r"[A-Za-z_][\w]*(?:(?:\.|::)[A-Za-z_]\w*)*", re.ASCII)
_ENDING = re.compile(r"(?:Error|Exception|Warning|Interrupt|Exit|Failure|Fault|Iteration)$")
_OTHER_EXCEPTIONS = frozenset(
    ("StopIteration", "StopAsyncIteration", "KeyboardInterrupt", "SystemExit", "GeneratorExit")
)
_TOO_SHORT = frozenset(("Error", "Exception", "Warning", "Failure", "Fault", "Exit", "Interrupt", "Iteration"))
_CAMEL = re.compile(r"[A-Z][A-Za-z0-9]*[a-z][A-Za-z0-9]*", re.ASCII)
_NOT_NAMES = _words(
    "If|When|The|An|This|That|Will|May|None|Never|Raises|Throws|Returns|Return|Any|Nothing|Propagates|See|Note|On|In"
    "|Unless|Otherwise|For|All|Should|It|Whenever|Does|Can|Must|Some|Err|Ok"
)
