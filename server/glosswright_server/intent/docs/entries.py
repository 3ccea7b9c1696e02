"""Blocks of a documentation → parameters, results, exceptions. One reader for each kind of block; no running text.

NumPy's sections are read by `docstring_parser`, imported when the first one is met; it is given one clean section at a
time, so that what it refuses costs that section at most, which is then read like any other.
"""

from __future__ import annotations

import re

from glosswright_server.intent.contract import DocStyle, Parameter, Raised, Result
from glosswright_server.intent.docs.items import (
    Item,
    closing,
    default_in,
    is_optional,
    is_type,
    parameter_item,
    read_spec,
    split_top,
)
from glosswright_server.intent.docs.openings import Block
from glosswright_server.intent.docs.wording import flowing, is_nothing, names_exception, plain

MAX_ENTRIES = 200
"""Entries of one block that are read."""


def parameters_of(block: Block, known: tuple[str, ...]) -> list[Parameter]:
    """The parameters that a block documents."""
    if block.style is DocStyle.SPHINX and block.argument:
        return _field_parameter(block)
    if block.tag and block.tag != "item":
        return _tag_parameter(block)
    if block.underlined and (found := _by_library(block)) is not None:
        return [one for one in found if isinstance(one, Parameter)]
    names = frozenset(known)
    return [
        made
        for lines in _grouped(block)
        if (item := parameter_item(lines[0], names)) is not None
        for made in _from_item(item, lines[1:])
    ]


def result_of(block: Block) -> Result | None:
    """What a block documents to be returned or yielded; None when it says that nothing is."""
    if block.underlined and (found := _by_library(block)) is not None:
        return merged([one for one in found if isinstance(one, Result)])
    if block.tag in ("rtype", "ytype"):
        return _result(plain(flowing(block.text)), "")
    if block.tag and block.inline.startswith("{"):
        end = closing(block.inline)
        if end is not None:
            kind = block.inline[1 : end - 1].strip()
            rest = [block.inline[end:].strip().removeprefix("-").lstrip(), *block.lines]
            return _result(kind, plain(flowing("\n".join(rest))))
    if block.argument:
        return _result(block.argument, plain(flowing(block.text)))
    items = [_BULLET.sub("", one.strip()) for one in block.text.split("\n")]
    listed = [one for one in block.text.split("\n") if _BULLET.match(one.strip())]
    text = plain("; ".join(one for one in items if one) if len(listed) > 1 else flowing("\n".join(items)))
    return _result(*_type_and_text(text)) if not block.tag else _result("", text)


def raised_of(block: Block) -> list[Raised]:
    """The exceptions that a block names."""
    if block.underlined and (found := _by_library(block)) is not None:
        return [one for one in found if isinstance(one, Raised)]
    if block.argument:
        text = plain(flowing(block.text))
        return [
            Raised(type=one.strip("` "), description=text)
            for one in re.split(r"[,，|]|\sor\s", block.argument)
            if names_exception(one.strip("` "), known=True)
        ]
    if block.inline.startswith("{"):
        end = closing(block.inline)
        name = block.inline[1 : end - 1].strip() if end is not None else ""
        if end is not None and names_exception(name, known=True):
            text = plain(flowing("\n".join([block.inline[end:].strip(" -"), *block.lines])))
            return [Raised(type=name, description=text)]
        return []
    found_here = []
    for lines in _grouped(block):
        match = _EXCEPTION_ITEM.match(plain(lines[0]).strip())
        if match is None:
            continue
        names = [one.strip("`* ") for one in re.split(r"\s*(?:[,，、/|]|\bor\b|\band\b|或)\s*", match[1])]
        rest = plain(flowing("\n".join([match[2], *lines[1:]])))
        named = bool(_SEPARATED.match(plain(lines[0]).strip()[match.end(1) :])) or bool(block.tag)
        found_here += [Raised(type=one, description=rest) for one in names if names_exception(one, known=named)]
    return found_here


def merged(results: list[Result]) -> Result | None:
    """Several results as one: names and types side by side, descriptions one after another."""
    if len(results) < 2:
        return results[0] if results else None
    return Result(
        type=", ".join(dict.fromkeys(one.type for one in results if one.type)) if not all(one.name for one in results)
        else ", ".join(one.type for one in results if one.type),
        description="; ".join(one.description.rstrip(" .。;；") for one in results if one.description),
        name=", ".join(one.name for one in results if one.name),
    )  # fmt: skip


def described(name: str, spec: str, text: str) -> Parameter:
    """A parameter with what its bracketed words and its description say."""
    said = read_spec(spec)
    default = said.default or default_in(text) or ""
    optional = said.optional or default_in(text) is not None or is_optional(text)
    return Parameter(name=name.lstrip("*&."), type=said.type, default=default, description=text, optional=optional)


def _from_item(item: Item, below: list[str]) -> list[Parameter]:
    spec, text = item.spec, plain(flowing("\n".join([item.text, *below])))
    first, *rest = split_top(item.text if spec else text, ",，")
    if not spec and below and is_type(item.text, surely=True):
        spec, text = item.text, plain(flowing("\n".join(below)))
    elif not spec and is_type(first.rstrip(". "), surely=True):
        # `x: int, the first number` and `x: int, optional`: the type stands where the description would.
        if all(_is_spec_word(one) for one in rest if one.strip()):
            spec, text = text.rstrip(". "), ""
        else:
            spec, text = first, text[len(first) + 1 :].strip()
    return [described(name, spec, text) for name in item.names]


def _is_spec_word(text: str) -> bool:
    said = read_spec(text)
    return (said.optional or bool(said.default)) and not said.type


def _field_parameter(block: Block) -> list[Parameter]:
    """`:param int x: text`; `:type x: int`."""
    if block.tag == "type":
        said = read_spec(flowing(block.text))
        return [
            Parameter(name=block.argument.lstrip("*\\"), type=said.type, default=said.default, optional=said.optional)
        ]
    kind, _, name = block.argument.rpartition(" ")
    made = described(name.lstrip("*\\"), kind, plain(flowing(block.text)))
    return [made] if re.fullmatch(r"\w+", made.name) else []


def _tag_parameter(block: Block) -> list[Parameter]:
    """`@param {int} [x=1] - text`, `@param x text`, `@param x: text` and `@type x: int`."""
    rest, kind = block.inline, ""
    if rest.startswith("{"):
        end = closing(rest)
        if end is None:
            return []
        kind, rest = rest[1 : end - 1].strip(), rest[end:].lstrip()
    optional, default = kind.endswith("="), ""
    if rest.startswith("["):
        end = closing(rest)
        if end is None:
            return []
        name, _, default = (part.strip() for part in rest[1 : end - 1].partition("="))
        optional, rest = True, rest[end:]
    else:
        match = _TAG_NAME.match(rest)
        if match is None:
            return []
        name, rest = match[0], rest[match.end() :]
    name = name.strip("`").removeprefix("...").lstrip("$*&")
    text = plain(flowing("\n".join([_AFTER_NAME.sub("", rest, count=1).strip(), *block.lines])))
    if block.tag == "type":
        return [Parameter(name=name, type=text)]
    made = described(name, "", text)
    return [
        Parameter(
            name=name,
            type=kind.rstrip("="),
            default=default or made.default,
            description=text,
            optional=optional or made.optional,
        )
    ]


def _result(kind: str, text: str) -> Result | None:
    if (is_nothing(kind) and (is_nothing(text) or not text)) or (not kind and is_nothing(text)) or is_nothing(kind):
        return None
    return Result(type=kind, description=text) if kind or text else None


def _type_and_text(text: str) -> tuple[str, str]:
    """`int: the sum`, `(int) the sum`, `int - the sum`, `int`."""
    if text[:1] in "([{（" and text:
        end = closing(text)
        if end is not None and is_type(text[1 : end - 1]) and text[end:].strip():
            return text[1 : end - 1].strip("` "), text[end:].lstrip(" :：-–—")
    match = _TYPED.search(text[:160])
    if match is not None and is_type(text[: match.start()]):
        return text[: match.start()].strip("` "), text[match.end() :].strip()
    if is_type(text.rstrip(".")):
        return text.rstrip(".").strip("` "), ""
    return "", text


def _grouped(block: Block) -> list[list[str]]:
    """The block's lines, one group for each item: lines indented deeper than the first, and wrapped ones, follow it."""
    if block.tag == "item":
        return [[block.inline, *block.lines]]
    lines = [one for one in block.lines if one.strip()]
    if block.inline:
        if block.tag:
            return [[block.inline, *lines]]
        inline = _inline_items(block.inline)
        return [*([one] for one in inline[:-1]), [inline[-1], *lines]]
    margin = min((len(one) - len(one.lstrip()) for one in lines), default=0)
    groups: list[list[str]] = []
    for line in lines:
        own = len(line) - len(line.lstrip())
        starts = own <= margin and (
            parameter_item(line) is not None or not groups or bool(_EXCEPTION_ITEM.match(line.strip()))
        )
        if starts and len(groups) < MAX_ENTRIES:
            groups.append([line])
        elif groups:
            groups[-1].append(line)
    return groups


def _inline_items(text: str) -> list[str]:
    """`参数：a 第一个数，b 第二个数` and `Args: a: first; b: second`: one piece for each item, else the whole."""
    for separators in (";；", ",，"):
        pieces = [one.strip() for one in split_top(text, separators)]
        items = [parameter_item(one) for one in pieces]
        if len(pieces) > 1 and all(item is not None and item.separated for item in items):
            return pieces
    return [text]


def _by_library(block: Block) -> list[Parameter | Result | Raised] | None:
    """What `docstring_parser` reads in one NumPy section; None when it refuses, or finds nothing."""
    # Imported here because it takes 15 ms, which the start of the server need not pay.
    from docstring_parser import ParseError
    from docstring_parser import numpydoc as library

    lines = [one.replace("：", ":", 1) if one[:1].strip() else one for one in _dedented(block.lines)]
    heading = {"parameters": "Parameters", "returns": "Returns", "yields": "Yields", "raises": "Raises"}.get(block.kind)
    if heading is None or not any(one.strip() for one in lines):
        return None
    try:
        read = library.parse("\n".join([heading, "-" * len(heading), *lines[: MAX_ENTRIES * 5]]))
    except (ParseError, ValueError, IndexError, AttributeError, TypeError, KeyError):
        return None
    found: list[Parameter | Result | Raised] = []
    for one in read.params:
        if one.args[:1] == ["param"]:
            text = plain(flowing(one.description or ""))
            names = [name.strip().lstrip("*\\") for name in one.arg_name.split(",")]
            found += [
                described(name, _with_default(one.type_name or "", one.default), text)
                for name in names
                if re.fullmatch(r"\w+", name)
            ]
    for result in read.many_returns:
        kind, text = result.type_name or "", plain(flowing(result.description or ""))
        if not result.return_name and not text and not is_type(kind):
            kind, text = "", plain(kind)
        if not is_nothing(kind):
            found.append(Result(type=kind, description=text, name=result.return_name or ""))
    for error in read.raises:
        if names_exception((error.type_name or "").strip("` "), known=True):
            found.append(
                Raised(type=(error.type_name or "").strip("` "), description=plain(flowing(error.description or "")))
            )
    return found


def _with_default(kind: str, default: str | None) -> str:
    return f"{kind}, default {default}" if default and kind and default_in(kind) is None else kind


def _dedented(lines: list[str]) -> list[str]:
    margin = min((len(one) - len(one.lstrip()) for one in lines if one.strip()), default=0)
    return [one[margin:] for one in lines]


_BULLET = re.compile(r"^(?:[-*+•]|\d{1,2}[.)、])\s+")
_TAG_NAME = re.compile(r"`?[.$*&]{0,4}[^\W\d][\w.$]*`?(?:\[\])?")
_AFTER_NAME = re.compile(r"\s*(?:[:：]|--?\s|–|—)?\s*")
_TYPED = re.compile(r"\s*[:：](?!:)\s*|\s+(?:--?|–|—)\s+")
_EXCEPTION = r"[`*\[{]{0,2}[A-Za-z_]\w*(?:(?:\.|::)\w+)*[`*\]}]{0,2}"
_EXCEPTION_ITEM = re.compile(
    rf"(?:[-*+•]\s+)?((?:{_EXCEPTION})(?:\s*(?:[,，、/|]|\bor\b|\band\b|或)\s*{_EXCEPTION}){{0,5}}?)(?:\s*(?:[:：]|--?\s|–|—)\s*|\s+(?=\S)|(?=[^\x00-\x7f])|$)(.*)$"
)
_SEPARATED = re.compile(r"\s*(?:[:：]|--?\s|–|—|$)")
