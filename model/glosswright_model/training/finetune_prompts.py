"""A mined pair as a prompt and its answer, in the form in which a file looks while a person writes it.

A model that completes documents is asked for code behind a comment, or inside a function whose signature and docstring
stand; so that is what it is tuned on. No chat, no marks of our own.
"""

from __future__ import annotations

from glosswright_model.data.pairs import Pair

_LINE_COMMENTS = {"python": "#", "ruby": "#", "shellscript": "#", "sql": "--"}
_INDENT = {"go": "\t", "ruby": "  ", "javascript": "  ", "typescript": "  ", "typescriptreact": "  "}


def prompt_and_answer(pair: Pair) -> tuple[str, str]:
    """What stands in the file before the answer, and the answer; joined, they are code."""
    if pair.kind != "body":
        context = f"{pair.context.rstrip()}\n" if pair.context else ""
        return f"{context}{_comment(pair)}\n", pair.target.rstrip() + "\n"
    indent = _INDENT.get(pair.language, "    ")
    body = "\n".join(indent + line if line.strip() else "" for line in pair.target.rstrip().split("\n"))
    if pair.language == "python":
        return f"{pair.context.rstrip()}\n{_docstring(pair.source)}\n", body + "\n"
    if pair.language == "ruby":
        return f"{_comment(pair)}\n{pair.context.rstrip()}\n", f"{body}\nend\n"
    return f"{_comment(pair)}\n{pair.context.rstrip()} {{\n", f"{body}\n}}\n"


def _comment(pair: Pair) -> str:
    sign = _LINE_COMMENTS.get(pair.language, "//")
    return "\n".join(f"{sign} {line}".rstrip() for line in pair.source.strip().split("\n"))


def _docstring(text: str) -> str:
    lines = text.strip().replace("\\", "\\\\").replace('"""', "'''").split("\n")
    if len(lines) == 1 and not lines[0].endswith('"'):
        return f'    """{lines[0]}"""'
    return "\n".join(["    " + line if line.strip() else "" for line in [f'"""{lines[0]}', *lines[1:], '"""']])
