"""What opens a part of a documentation: a field, a tag or a heading, each seen on one line (and the one below).

Whether it opens one *there* is for `sections` to say, which knows what is open.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from types import MappingProxyType

from glosswright_server.intent.contract import DocStyle
from glosswright_server.intent.docs.words import Kind, is_of_example, kind_of

TAGGED = frozenset(("javascript", "typescript", "tsx", "jsx", "java", "php", "c", "cpp", "csharp", "kotlin", "scala"))
"""Languages in which a line that starts with `@` is a tag, known or not."""

_TAGS: Mapping[str, Kind] = MappingProxyType(
    {
        **dict.fromkeys(("param", "arg", "argument", "parameter", "params", "keyword", "kwarg"), Kind.PARAMETERS),
        **dict.fromkeys(("return", "returns", "result", "retval", "rtype"), Kind.RETURNS),
        **dict.fromkeys(("yield", "yields", "ytype"), Kind.YIELDS),
        **dict.fromkeys(("throws", "throw", "exception", "raise", "raises", "except"), Kind.RAISES),
        **dict.fromkeys(("example", "examples", "code"), Kind.EXAMPLES),
        **dict.fromkeys(("complexity",), Kind.COMPLEXITY),
        **dict.fromkeys(
            ("note", "notes", "remark", "remarks", "implnote", "implspec", "apinote", "warning", "pre", "requires"),
            Kind.NOTES,
        ),
        **dict.fromkeys(("description", "desc", "summary", "brief", "details", "classdesc"), Kind.TEXT),
    }
)


@dataclass(slots=True)
class Block:
    """One part with a heading, as it stands."""

    kind: Kind
    style: DocStyle
    tag: str = ""
    """The word of a field or tag (`param`, `type`, `rtype`); "" under a heading."""
    argument: str = ""
    """What stands between the colons of `:param int x:`."""
    inline: str = ""
    """What stands right of the heading."""
    lines: list[str] = field(default_factory=list)
    """The lines below, as indented."""
    heading: str = ""
    """The line that opens it, for kinds whose heading says something itself ("时间复杂度：O(n)")."""
    indent: int = 0
    underlined: bool = False
    markdown: bool = False

    @property
    def text(self) -> str:
        """All of it as lines."""
        return "\n".join([self.inline, *self.lines] if self.inline else self.lines)


def field_at(line: str) -> Block | None:
    """`:param int x: text`, with either colon."""
    match = _FIELD.match(line)
    if match is None:
        return None
    word, argument, rest = match[2].lower(), (match[3] or "").strip(), match[4].strip()
    kind = Kind.PARAMETERS if word == "type" else _TAGS.get(word) or kind_of(word)
    if kind is None:
        # `:meta private:` and roles such as :func:`x` at the start of a line.
        if rest.startswith("`") or (not argument and rest):
            return None
        kind = Kind.OTHER
    return Block(kind, DocStyle.SPHINX, word, argument, rest, indent=indent_of(line))


def tag_at(line: str, language: str) -> Block | None:
    """`@param {int} x text`, `\\param x text`, epytext's `@param x: text`."""
    match = _TAG.match(line)
    if match is None:
        return None
    word, rest = match[2].lower(), match[3].strip()
    kind = _TAGS.get(word)
    style = DocStyle.JAVADOC
    if language in ("javascript", "typescript", "tsx", "jsx") or rest.startswith("{"):
        style = DocStyle.JSDOC
    elif language == "python":
        style = DocStyle.SPHINX  # epytext, whose fields are those of Sphinx with another mark
    if word == "type":
        kind = Kind.PARAMETERS if style is DocStyle.SPHINX else Kind.OTHER
    if kind is None and language not in TAGGED:
        return None
    return Block(kind or Kind.OTHER, style, word, "", rest, indent=indent_of(line))


def heading_at(lines: list[str], at: int) -> Block | None:
    """`Args:`, `返回：和`, `# Errors`, `【参数】`, or a word above a line of dashes."""
    line = lines[at]
    bare = line.strip()
    below = lines[at + 1] if at + 1 < len(lines) else ""
    underlined = is_underline(below)
    marked = _MARKED.match(bare)
    title, colon, rest = _parted(marked[1] if marked else bare)
    if bracketed := _BRACKETED.match(bare):
        title, colon, rest = bracketed[1].strip(), ":", bracketed[2]
    kind = kind_of(_NUMBERED.sub("", title))
    if kind is None:
        return None
    if is_of_example(title) and colon and _LITERAL.match(rest):
        kind = Kind.EXAMPLES
    if not colon and not marked and not underlined:
        following = next((one for one in lines[at + 1 :][:2] if one.strip()), "")
        if indent_of(following) <= indent_of(line) or title.islower():
            return None
    style = DocStyle.GOOGLE
    if underlined:
        style = DocStyle.NUMPY
    elif bare.startswith("#"):
        style = DocStyle.RUSTDOC
    return Block(
        kind,
        style,
        inline=rest,
        heading=bare if colon and rest else "",
        indent=indent_of(line),
        underlined=underlined,
        markdown=bare.startswith("#"),
    )


def _parted(text: str) -> tuple[str, str, str]:
    """Heading, colon and rest of a line; without a colon the whole line is the heading."""
    found = _COLON.search(text[:60])
    if found is None:
        return text.strip(_MARKS), "", ""
    title = text[: found.start()].strip(_MARKS)
    rest = text[found.end() :].lstrip(":：").strip()
    if set(rest) <= {"*", "_"}:
        rest = ""
    return title, ":", rest


def is_underline(line: str) -> bool:
    bare = line.strip()
    return len(bare) >= 3 and _UNDERLINE.fullmatch(bare) is not None


def indent_of(line: str) -> int:
    return len(line) - len(line.lstrip(" "))


_MARKS = " *_【】[]#=-「」`"
_COLON = re.compile("[:：]")
_NUMBERED = re.compile(r"\s*(?:\d{1,2}|[#(（]\d{1,2}[)）]?|[一二三四五])$")
_BRACKETED = re.compile(r"[【\[]([^】\]]{1,20})[】\]]\s*[:：]?\s*(.*)$")
_MARKED = re.compile(r"(?:#{1,6}\s+|[-*+•]\s+|\*\*|__|【|\[)(.*)$")
_UNDERLINE = re.compile(r"-+|=+|~+")
_FIELD = re.compile(r"([ ]*)[:：]([^\W\d]\w*)(?:[ ]+([^:：]*))?[:：](?:[ ]+|$|(?=[^\x00-\x7f]))(.*)$")
_TAG = re.compile(r"([ ]*)[@\\]([A-Za-z]+)\b(?:\[\w+(?:,\w+)?\])?[:]?(.*)$")
_LITERAL = re.compile(r"[-+]?\d|[\"'`\[({“]|\w+\s*=|True|False|true|false|None|null")
