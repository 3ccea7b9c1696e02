"""A mined pair as a prompt and its answer, in the form in which a file looks while a person writes it.

A model that completes documents is asked for code behind a comment, or inside a function whose signature and docstring
stand; so that is what it is tuned on. No chat, no marks of our own.
"""

from __future__ import annotations

from glosswright_model.data.pairs import Pair

_LINE_COMMENTS = {
    **dict.fromkeys(("python", "ruby", "shellscript", "julia", "perl", "elixir", "powershell", "nix"), "#"),
    **dict.fromkeys(("makefile", "terraform", "toml", "yaml"), "#"),
    **dict.fromkeys(("sql", "lua", "haskell"), "--"),
    "commonlisp": ";;",
    "fortran": "!",
    "matlab": "%",
}
_INDENT = {
    "go": "\t",
    "haskell": "",
    **dict.fromkeys(("ruby", "javascript", "typescript", "typescriptreact", "lua", "elixir", "nix", "ocaml"), "  "),
    **dict.fromkeys(("commonlisp", "fortran", "scala"), "  "),
}
_ENCLOSED = {
    **dict.fromkeys(("ruby", "lua", "julia", "matlab", "fortran"), ("", "\nend")),
    **dict.fromkeys(("haskell", "ocaml", "fsharp"), ("", "")),
    "commonlisp": ("", ")"),
    "elixir": (" do", "\nend"),
    "nix": ("", ";"),
}
"""What stands behind a signature, and behind a body; braces in all other languages."""


def prompt_and_answer(pair: Pair) -> tuple[str, str]:
    """What stands in the file before the answer, and the answer; joined, they are code."""
    context = pair.context.rstrip()
    if pair.kind != "body":
        return f"{context}\n{_comment(pair)}\n" if context else f"{_comment(pair)}\n", pair.target.rstrip() + "\n"
    indent = _INDENT.get(pair.language, "    ")
    body = "\n".join(indent + line if line.strip() else "" for line in pair.target.rstrip().split("\n"))
    if pair.language == "python":
        return f"{context}\n{_docstring(pair.source)}\n", body + "\n"
    begin, end = _enclosing(pair.language, context, body)
    return f"{_comment(pair)}\n{context}{begin}\n", f"{body}{end}\n"


def _enclosing(language: str, context: str, body: str) -> tuple[str, str]:
    is_block = language == "scala" and "\n" in body
    if context.endswith(("=", "=>", "do:")) and not is_block:  # an expression
        return "", ""
    is_open = context.count("{") > context.count("}")
    return _ENCLOSED.get(language, ("" if is_open else " {", "\n}"))


def _comment(pair: Pair) -> str:
    lines = pair.source.strip().split("\n")
    if pair.language == "ocaml":
        return f"(* {chr(10).join(lines)} *)"
    sign = _LINE_COMMENTS.get(pair.language, "//")
    return "\n".join(f"{sign} {line}".rstrip() for line in lines)


def _docstring(text: str) -> str:
    lines = text.strip().replace("\\", "\\\\").replace('"""', "'''").split("\n")
    if len(lines) == 1 and not lines[0].endswith('"'):
        return f'    """{lines[0]}"""'
    return "\n".join(["    " + line if line.strip() else "" for line in [f'"""{lines[0]}', *lines[1:], '"""']])
