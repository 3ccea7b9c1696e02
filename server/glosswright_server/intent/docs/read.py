"""Words → contract: the entry to this package, `read_contract`.

It puts together what the other modules find: parts (`sections`), their entries (`entries`), what running text promises
(`prose`), wishes and examples. Sections come first: prose adds what no section says. Pure; never raises on any text;
bounded in time because of how much is read at most (`cleaning`). Whether what a text promises is true, or even
possible, is for others to find out.
"""

from __future__ import annotations

import re
from collections.abc import Collection
from dataclasses import replace

from glosswright_server.intent.contract import Contract, DocStyle, Example, Parameter, Raised, Result
from glosswright_server.intent.docs.cleaning import bounded, clean_lines
from glosswright_server.intent.docs.entries import MAX_ENTRIES, merged, parameters_of, raised_of, result_of
from glosswright_server.intent.docs.examples import find_examples
from glosswright_server.intent.docs.openings import Block
from glosswright_server.intent.docs.prose import promises_in
from glosswright_server.intent.docs.prose_raises import raises_in
from glosswright_server.intent.docs.sections import Outline, outline_of
from glosswright_server.intent.docs.wishes import wishes_in
from glosswright_server.intent.docs.wording import flowing, plain, sentences
from glosswright_server.intent.docs.words import Kind

_MAX_TEXT = 4_000  # code points of a description that are kept


def read_contract(
    request: str, language: str, *, name: str = "", parameters: tuple[str, ...] = (), names: Collection[str] = ()
) -> Contract:
    """What a docstring or comment says about the code that it asks for.

    `request` is the text without markers (`Intent.request`), `language` a key of `languages.LANGUAGES`, `name` the
    function's name and `parameters` the names of its parameters where they are known: plain sentences are matched
    against them ("takes a list of words" describes the only parameter). `names` are bound where the code will stand:
    examples may use them. Long texts are read as far as
    `cleaning.MAX_LINES`.
    """
    parameters = tuple(one.lstrip("*&.") for one in parameters)
    read = bounded(request)
    examples, unreadable = find_examples(read, language, name=name, parameters=parameters, names=names)
    if find_examples(request[len(read) :], language, name=name, parameters=parameters)[0]:
        unreadable += (f"examples below line {read.count(chr(10)) + 1} (only so much of a text is read)",)
    outline = outline_of(_without_examples(clean_lines(request), examples), language, parameters)
    prose = outline.prose + [
        line for block in outline.blocks if block.kind is Kind.TEXT for line in ["", *_lines(block)]
    ]
    said = sentences(prose)
    notes = [one for block in outline.blocks if block.kind in _EXTRA for one in sentences(_lines(block))]
    promises = promises_in(said + notes, language, name, parameters)
    documented = _documented_parameters(outline, parameters)
    returns = _result(outline, Kind.RETURNS) or _of_sentences(promises.returns, outline, Kind.RETURNS)
    yields = _result(outline, Kind.YIELDS) or _of_sentences(promises.yields, outline, Kind.YIELDS)
    raises = _raised(outline, language)
    raises += [one for one in promises.raises if one.type not in {other.type for other in raises}]
    summary, description = _summary(said, notes, outline)
    return Contract(
        style=_style(outline, language, name, said),
        summary=summary[:_MAX_TEXT],
        description=description[:_MAX_TEXT],
        parameters=_merged_parameters(documented, promises.parameters),
        returns=returns,
        yields=yields,
        raises=tuple(raises[:MAX_ENTRIES]),
        examples=examples,
        wishes=wishes_in([*said, *notes]),
        unreadable=unreadable,
    )


def _without_examples(lines: list[str], examples: tuple[Example, ...]) -> list[str]:
    """The lines, those empty that hold an example and nothing else: what it says is no promise in words."""
    kept = list(lines)
    for example in examples:
        size = example.expression.count("\n") + 1
        if example.line < len(lines) and _EXAMPLE_MARK.sub("", lines[example.line], count=1).startswith(
            example.expression.split("\n", 1)[0]
        ):
            kept[example.line : example.line + size] = [""] * min(size, len(lines) - example.line)
    return kept


_EXAMPLE_MARK = re.compile(r"\s*(?:[-*+•]\s+|\d{1,2}[.)]\s+)?(?:assert\s+)?`{0,2}")
_EXTRA = (Kind.NOTES, Kind.COMPLEXITY)


def _lines(block: Block) -> list[str]:
    if block.kind is Kind.COMPLEXITY and block.heading:
        return [block.heading, *block.lines]
    return block.text.split("\n")


def _summary(said: list[str], notes: list[str], outline: Outline) -> tuple[str, str]:
    """The first sentence, and all others. Where there is no running text, the first part that says something."""
    if not said:
        told = (plain(flowing(block.text)) for block in outline.blocks if block.kind in (Kind.RETURNS, Kind.YIELDS))
        return next((one for one in told if one), notes[0] if notes else ""), " ".join(notes[1:])
    return said[0], _joined([*said[1:], *notes])


def _joined(pieces: list[str]) -> str:
    """Sentences one after another; where none of them has a stop, as in a list, a semicolon parts them."""
    text = ""
    for piece in pieces:
        wide = bool(_WIDE.match(text[-1:]) or (text[-1:] != "." and _WIDE.match(piece)))
        if (text and text[-1].isalnum()) or text[-1:] in (")", "）", "`"):
            text += "；" if wide else "; "
        elif text and not wide:
            text += " "
        text += piece
    return text


_WIDE = re.compile("[\u3000-\u30ff\u3400-\u9fff\uff00-\uff60]")


def _style(outline: Outline, language: str, name: str, said: list[str]) -> DocStyle:
    """The style of the first part that shows one; else what the language and its habits say."""
    for block in outline.blocks:
        if block.style is DocStyle.RUSTDOC and language != "rust":
            continue
        if block.style not in (DocStyle.GOOGLE, DocStyle.PLAIN) or (
            block.style is DocStyle.GOOGLE and _is_google(block)
        ):
            return block.style
    first = said[0].split(" ", 1)[0] if said else ""
    if language == "go" and name and first == name:
        return DocStyle.GODOC
    return DocStyle.PLAIN


def _is_google(block: Block) -> bool:
    """Whether a heading with a colon is one of Google's sections: "Args:" above lines, not "Note: …" in a sentence."""
    return block.kind in (Kind.PARAMETERS, Kind.RETURNS, Kind.YIELDS, Kind.RAISES, Kind.PANICS)


def _documented_parameters(outline: Outline, known: tuple[str, ...]) -> list[Parameter]:
    found = []
    for block in outline.blocks:
        if block.kind is Kind.PARAMETERS:
            found += parameters_of(block, known)
    return found[:MAX_ENTRIES]


def _merged_parameters(documented: list[Parameter], told: list[Parameter]) -> tuple[Parameter, ...]:
    """One entry for each name, in the order of first mention; later ones fill in what is missing."""
    found: dict[str, Parameter] = {}
    for one in [*documented, *told]:
        first = found.get(one.name)
        if first is None:
            found[one.name] = one
            continue
        found[one.name] = replace(
            first,
            type=first.type or one.type,
            default=first.default or one.default,
            description=first.description or one.description,
            optional=first.optional or one.optional,
        )
    return tuple(found.values())[:MAX_ENTRIES]


def _result(outline: Outline, kind: Kind) -> Result | None:
    """What the sections on results say; `:rtype:` names the type of what another one describes."""
    found = [one for block in outline.blocks if block.kind is kind and (one := _one_result(block)) is not None]
    typed = [one for one in found if one.type and not one.description]
    told = [one for one in found if one.description]
    if len(typed) == 1 and len(told) == 1 and not told[0].type:
        return replace(told[0], type=typed[0].type)
    return merged(found)


def _one_result(block: Block) -> Result | None:
    if block.tag in ("rtype", "ytype"):
        text = plain(flowing(block.text))
        return Result(type=text) if result_of(block) is not None else None
    return result_of(block)


def _of_sentences(told: list[str], outline: Outline, kind: Kind) -> Result | None:
    """What sentences say of a result, unless a section says that there is none."""
    if not told or any(block.kind is kind for block in outline.blocks):
        return None
    return Result(description=_joined(told))


def _raised(outline: Outline, language: str) -> list[Raised]:
    found: list[Raised] = []
    for block in outline.blocks:
        if block.kind is Kind.RAISES:
            found += raised_of(block) or raises_in(sentences(_lines(block)), language)
        elif block.kind is Kind.PANICS:
            text = re.sub(r"^panics?\s+", "", plain(flowing(block.text)), flags=re.IGNORECASE).rstrip(".")
            found.append(Raised(type="panic", description=text))
    return list(dict.fromkeys(found))
