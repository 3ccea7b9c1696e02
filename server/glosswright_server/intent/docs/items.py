"""Lines of a section → parameters, types, defaults. One line or phrase at a time; no sections, no sentences.

Nothing is guessed: a word before a colon is a type only when it looks like one, and a default is only a literal or a
name that the text calls so.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from types import MappingProxyType

_MAX = 600  # characters of one line that are matched


@dataclass(frozen=True, slots=True)
class Item:
    """A line that describes a parameter."""

    names: tuple[str, ...]
    spec: str
    """What stands in brackets after the name: `int, optional`."""
    text: str
    separated: bool
    """Whether a colon, a dash or brackets tell the name from the text."""

    @property
    def name(self) -> str:
        """The first name."""
        return self.names[0]


def parameter_item(line: str, known: frozenset[str] = frozenset()) -> Item | None:
    """`x (int): text`, `- x, y: text`, `**x** – text`, `x：说明`, and `x text` where `x` is a known parameter."""
    bare = line[:_MAX].strip()
    bullet = _BULLET.match(bare)
    bare = bare[bullet.end() :] if bullet else bare
    match = _NAMES.match(bare)
    if match is None:
        return None
    names = tuple(re.sub(r"[`*\\]", "", name).strip() for name in _BETWEEN.split(match[0]))
    if not all(names):
        return None
    rest = bare[match.end() :].lstrip()
    spec = ""
    if rest[:1] in _BRACKETS:
        end = closing(rest)
        if end is None:
            # A bracket that is never closed ends where the text begins.
            end = next((at for at, character in enumerate(rest) if character in ":："), 0)
            spec, rest = rest[1:end].strip(), rest[end:]
        else:
            spec, rest = rest[1 : end - 1].strip(), rest[end:].lstrip()
    rest = rest.removeprefix("**").lstrip()
    separator = _SEPARATOR.match(rest)
    if separator is not None:
        return Item(names, spec, rest[separator.end() :].strip(), True)
    if not rest:
        return Item(names, spec, "", bool(spec)) if spec or names[0] in known else None
    if spec and (bullet or _CJK.match(rest) or names[0] in known):
        return Item(names, spec, rest, True)
    if names[0] in known and len(names) == 1:
        return Item(names, spec, rest, False)
    return None


@dataclass(frozen=True, slots=True)
class Spec:
    """What the words about a parameter's type say."""

    type: str = ""
    default: str = ""
    optional: bool = False


def read_spec(spec: str) -> Spec:
    """`int, optional, default 3` → type, default and whether it may be left out."""
    kept: list[str] = []
    default, optional = "", False
    for piece in split_top(spec[:_MAX], ",，;；、"):
        bare = piece.strip().strip("`")
        lower = bare.casefold()
        found = default_in(bare)
        if lower in _OPTIONAL:
            optional = True
        elif found is not None or lower.startswith(("default", "默认", "缺省")):
            default, optional = found or default, True
        elif lower not in ("required", "必填", "必须", "必需", "keyword-only", "positional-only", "in", "out") and bare:
            kept.append(bare)
    kind = ", ".join(kept)
    if kind.startswith("[") or kind.endswith("="):
        optional = optional or kind.endswith("=")
        kind = kind.rstrip("=")
    return Spec(kind, default, optional)


def default_in(text: str) -> str | None:
    """The default that a description names, "" when it says that there is one without naming it, None for none."""
    for pattern in (_SAID_DEFAULT, _LITERAL_DEFAULT, _CHINESE_DEFAULT):
        match = pattern.search(text[:_MAX])
        if match is not None:
            rest = text[match.end() : _MAX]
            value = _value(rest, names=pattern is not _LITERAL_DEFAULT)
            if value or pattern is _SAID_DEFAULT:
                return value
    return None


def is_optional(text: str) -> bool:
    """Whether a description says that a parameter may be left out."""
    return _SAYS_OPTIONAL.search(text[:_MAX]) is not None


def is_type(text: str, *, surely: bool = False) -> bool:
    """Whether words before a colon, or alone, are a type: `int`, `list of str`, `dict[str, int] | None`, `整数`.

    `surely`: where a description is as likely ("list of words"), each word must be known as one.
    """
    bare = text.strip().strip("`")
    if not bare or len(bare) > 120 or bare.casefold() in ("true", "false") or _ARTICLE.match(bare):
        return False
    flat = _flattened(bare)
    if flat is None:
        return False
    words = re.split(r"[\s|,/]+", flat.strip())
    if not all(_TYPE_WORD.fullmatch(word) for word in words):
        return False
    if len(words) == 1:
        word = words[0]
        return flat != bare or word.casefold() in _TYPES or bool(_CAMEL.fullmatch(word)) or "." in word.strip(".")
    joined = bool(re.search(r"\s(?:of|or|and|to)\s|[|/]|,\s", flat))
    plain = [word for word in words if word not in ("of", "or", "and", "to")]
    if not joined or not plain:
        return False
    if not surely and len(words) <= 9 and (plain[0].casefold() in _TYPES or plain[0].casefold() == "optional"):
        return True
    return all(word.casefold() in _TYPES or _CAMEL.fullmatch(word) for word in plain)


def closing(text: str) -> int | None:
    """Offset after the bracket that closes the one which opens `text`; None where nothing does."""
    waits: list[str] = []
    quote = ""
    for at, character in enumerate(text[:_MAX]):
        if quote:
            quote = "" if character == quote else quote
        elif character in "\"'" and waits:
            # An apostrophe opens nothing: it has a letter before it.
            quote = character if not text[at - 1].isalnum() else ""
        elif character in _BRACKETS:
            waits.append(_BRACKETS[character])
        elif waits and character == waits[-1]:
            waits.pop()
            if not waits:
                return at + 1
    return None


def split_top(text: str, separators: str) -> list[str]:
    """`text` cut at separators that stand in no bracket."""
    parts, depth, start = [], 0, 0
    for at, character in enumerate(text):
        if character in _BRACKETS:
            depth += 1
        elif character in _BRACKETS.values():
            depth = max(0, depth - 1)
        elif character in separators and depth == 0:
            parts.append(text[start:at])
            start = at + 1
    return [*parts, text[start:]]


def _flattened(text: str) -> str | None:
    """A type without what stands in its brackets; None when they do not match."""
    kept, at = [], 0
    while at < len(text):
        if text[at] in _BRACKETS:
            end = closing(text[at:])
            if end is None:
                return None
            at += end
            continue
        kept.append(text[at])
        at += 1
    return "".join(kept)


def _value(text: str, *, names: bool) -> str:
    """The literal, or the name, that `text` begins with."""
    bare = text.lstrip(" :=：")
    if bare[:1] in ("`", "“"):
        end = bare.find("”" if bare[0] == "“" else "`", 1)
        return bare[1:end] if end > 0 else ""
    if bare[:1] in "\"'" and bare:
        end = bare.find(bare[0], 1)
        return bare[: end + 1] if end > 0 else ""
    if bare[:1] in "[{(" and bare:
        size = closing(bare)
        return bare[:size] if size is not None else ""
    match = _NUMBER_OR_CONSTANT.match(bare) or (_NAME.match(bare) if names else None)
    value = match[0].rstrip(".") if match else ""
    return "" if value.casefold() in _NO_VALUES else value


def _words(row: str) -> frozenset[str]:
    return frozenset(row.split("|"))


_BRACKETS = MappingProxyType({"(": ")", "[": "]", "{": "}", "（": "）", "<": ">"})
_CJK = re.compile("[\u3040-\u30ff\u3400-\u9fff\uac00-\ud7a3]")
_BULLET = re.compile(r"(?:[-*+•·]|\d{1,2}[.)、])\s+")
_ONE = r"[`*]{0,3}\\?\*{0,2}(?:\.\.\.|&)?[^\W\d][\w.$\[\]]{0,60}[`*]{0,3}"
# Names after the first are ASCII: "n，非负整数" is a name and what it means.
_NAMES = re.compile(rf"{_ONE}(?:\s*[,/、，]\s*(?![^\x00-\x7f]){_ONE}){{0,8}}")
_BETWEEN = re.compile(r"\s*[,/、，]\s*")
_SEPARATOR = re.compile(r"[:：]|，(?=[\u3400-\u9fff])|(?:--?|–|—|=>|->)\s|(?:——|–|—)")
_OPTIONAL = frozenset(("optional", "opt", "可选", "可省略", "选填", "可選", "非必填", "可空", "facultatif", "opcional"))
_SAYS_OPTIONAL = re.compile(
    r"(?:^|[(（,，;；]\s*)(?:optional(?:ly)?|opt\.)\b|^(?:可选|可選|选填)|[(（,，]\s*(?:可选|可選|选填|可省略|非必填)|可省略|可以省略",
    re.IGNORECASE,
)
_SAID_DEFAULT = re.compile(
    r"\bdefaults?\s+to\s+(?=\S)|(?<!by )\bdefault(?:\s+value)?(?:\s+is\s+|\s*[:=]\s*)", re.IGNORECASE
)
_LITERAL_DEFAULT = re.compile(r"(?<!by )\bdefaults?\s+", re.IGNORECASE)
_CHINESE_DEFAULT = re.compile(r"(?:默认|缺省|預設|默認)(?:值|参数|參數)?\s*(?:为|是|等于|爲|為|[:：=])?\s*")
_NUMBER_OR_CONSTANT = re.compile(
    r"[-+]?(?:\d[\w.]*|\.\d+)|(?:True|False|None|true|false|null|nil|undefined|NaN|Infinity)\b"
)
_NAME = re.compile(r"[A-Za-z_$][\w$]*(?:\.[A-Za-z_$][\w$]*)*(?:\(\))?", re.ASCII)
_NO_VALUES = frozenset(("the", "a", "an", "this", "that", "no", "all", "any", "when", "if", "and", "or", "what", "its"))
_ARTICLE = re.compile(r"(?:an?|the|this|that|if|when|all|each|every|some|no)\s", re.IGNORECASE)
_TYPE_WORD = re.compile(r"[&*?!]*[^\W\d][\w.:]*[*&?]*|\.\.\.")
_CAMEL = re.compile(r"[A-Z][A-Za-z0-9_]*[a-z][A-Za-z0-9_]*", re.ASCII)
_TYPES = _words(
    "int|integer|integers|ints|str|strs|string|strings|float|floats|double|bool|boolean|booleans|bytes|bytearray"
    "|list|lists|dict|dictionary|dictionaries|dicts|mapping|set|sets|frozenset|tuple|tuples|iterable|iterator"
    "|generator|sequence|array|arrays|ndarray|object|objects|number|numbers|complex|callable|function|any|none"
    "|void|null|nil|undefined|char|long|short|byte|usize|isize|u8|u16|u32|u64|i8|i16|i32|i64|f32|f64|vec|option"
    "|result|error|rune|map|slice|promise|date|datetime|path|type|class|file|range|pair|regexp|symbol|bigint"
    "|整数|整型|字符串|列表|字典|布尔|布尔值|布尔型|元组|集合|浮点数|浮点型|数组|对象|数字|函数|迭代器|生成器|整數|字串|數字"
)
