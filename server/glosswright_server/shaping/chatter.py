"""What a chat model says around its code, and what it says instead of code. Recognises; the shaper drops it."""

from __future__ import annotations

import re

from glosswright_server.intent.languages import LANGUAGES, PLAIN
from glosswright_server.intent.model import Intent
from glosswright_server.shaping.lexis import Lexis, Scanner

_FENCE = re.compile(r"\s*(```|~~~)[\w+#.-]*\s*$")
_PROSE = re.compile(
    r"\s*(sure\b|certainly\b|of course\b|okay\b|here(['’]s| is| are)\b|below is\b"
    r"|the following (code|function|is)\b|this (code|function) \w+|to (solve|implement|do) this\b|you can use\b"
    r"|i (will|'ll|have)\b|the (code|function|answer) (is|should|will)\b"
    r"|当然|好的|以下是|下面是|这是|可以使用|您可以|你可以)",
    re.IGNORECASE,
)
_SPECIAL = re.compile(
    r"<\|(?:im_start|im_end|endoftext|fim_prefix|fim_suffix|fim_middle|fim_pad|repo_name|file_sep|file_separator|end"
    r"|eot_id|EOT|begin_of_text|end_of_text|assistant|user|system)\|>"
    r"|<(?:fim_prefix|fim_suffix|fim_middle|fim_pad|file_sep|repo_name|EOT|END|end_of_turn|eos)>"
    r"|<｜[^｜\n]{1,40}｜>|</s>\s*$|\[/?INST\]"
)
_BROKEN_UP = re.compile(r"([<\[]) ([|/A-Za-z_｜<][^<>\[\]\n]{0,40}[>\]]{1,2})")
_STUB = re.compile(
    r"(?:pass|\.\.\.|…|return;?|return (?:None|null|nil|undefined);?|todo!\(.*\);?|unimplemented!\(.*\);?"
    r"|raise NotImplementedError\b.*|throw new \w*\((['\"]).*not (?:yet )?implemented.*\1\);?"
    r"|panic\(\"(?:not implemented|TODO).*\"\);?)",
    re.IGNORECASE,
)
_STUB_WANTED = re.compile(
    r"\b(pass|placeholder|stub|no-?op|does nothing|do nothing|abstract|not implemented|notimplemented\w*|todo|override"
    r"|returns? (?:none|null|nil|nothing|undefined))\b|什么也不做|什么都不做|占位|空实现|返回空",
    re.IGNORECASE,
)


def is_fence(line: str) -> bool:
    """Whether a line opens or closes a Markdown code block."""
    return bool(_FENCE.match(line))


def is_prose(line: str) -> bool:
    """Whether a line opens an answer the way people talk: "Here is the code:"."""
    return bool(_PROSE.match(line)) and not re.search(r"[;{}=]|\(\)|\w\(", line)


def special_token_at(line: str, document: str) -> int:
    """Index of the first control token of a model family that the document itself does not use; -1 without one."""
    for found in _SPECIAL.finditer(line):
        if found.group() not in document:
            return found.start()
    return -1


def restored(line: str, document: str) -> str:
    """The line with the document's control tokens spelt as in the document: prompts show them with a blank in."""
    if "< " not in line and "[ " not in line:
        return line
    return _BROKEN_UP.sub(lambda found: _spelt(found, document), line)


def _spelt(found: re.Match[str], document: str) -> str:
    whole = found.group(1) + found.group(2)
    return whole if whole in document and found.group() not in document else found.group()


def _all_comments(code: str, language: str) -> bool:
    """Whether each line is a comment of the language; also for languages that `lexis` knows no comments of."""
    markers = LANGUAGES.get(language, PLAIN).line_comments
    return all(line.lstrip().startswith(markers) for line in code.split("\n") if line.strip())


def is_stub(code: str, intent: Intent, lexis: Lexis) -> bool:
    """Whether the answer does nothing (`# Your code here`, `pass`) although something was asked for."""
    scanner = Scanner(lexis)
    statements = []
    for text in code.split("\n"):
        line = scanner.line(text)
        if line.code.strip():
            statements.append(text[: len(line.code.rstrip())].strip())
    if not statements or _all_comments(code, intent.language):
        return True
    if _STUB_WANTED.search(intent.request) or _STUB_WANTED.search(intent.name.replace("_", " ")):
        return False
    statements = [text for text in statements if text not in ("{", "}")]
    return len(statements) <= 1 and all(_STUB.fullmatch(text) for text in statements)
