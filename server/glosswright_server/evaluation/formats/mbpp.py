"""MBPP rows, full and sanitized: a sentence and asserts → the stub that a user would have written.

The stub is a header with the name and parameters of the reference (the asserts call it by that name) and the sentence
as its docstring. Classes of the reference that the asserts build values of stand above it; helpers and imports of the
reference do not, they would tell how it is done. The asserts stay hidden unless they are asked to be shown.
"""

from __future__ import annotations

import ast
import re
import warnings

from glosswright_server.evaluation.formats.humaneval import python_task
from glosswright_server.evaluation.formats.row import Row
from glosswright_server.evaluation.problem import HiddenTests, Problem

_INDENT = "    "


def mbpp(row: Row, *, show_tests: bool = False) -> Problem:
    """One row with text (or prompt), code, test_list and perhaps setups and challenges. Raises UsageError."""
    asserts = row.texts("test_list")
    if not asserts:
        raise row.wrong("test_list", "a list of strings that is not empty")
    setup = "\n".join((row.text("test_setup_code", ""), *row.texts("test_imports"), *row.texts("test_setup_list")))
    tests = "\n".join((setup, *asserts, *row.texts("challenge_test_list")))
    reference = row.text("code").replace("\r\n", "\n")
    sentence = row.text("text") if "text" in row else row.text("prompt")
    return Problem(
        id=row.name("task_id"),
        task=python_task(_stub(row, reference, sentence.strip(), tests, asserts if show_tests else ())),
        tests=HiddenTests(code=tests + "\n"),
        solution=reference + "\n",
    )


def _stub(row: Row, reference: str, sentence: str, tests: str, shown: tuple[str, ...]) -> str:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # old escapes in somebody's strings
        try:
            module = ast.parse(reference)
        except (SyntaxError, ValueError) as error:
            raise row.error(f"the reference in `code` is not Python: {error}.") from None
    named = set(re.findall(r"\w+", tests))
    functions = [node for node in module.body if isinstance(node, ast.FunctionDef) and node.name in named]
    if not functions:
        raise row.error("the tests call no function that `code` defines.")
    classes = [node for node in module.body if isinstance(node, ast.ClassDef) and node.name in named]
    function = functions[-1]
    returns = f" -> {ast.unparse(function.returns)}" if function.returns is not None else ""
    header = f"def {function.name}({ast.unparse(function.args)}){returns}:"
    docstring = _docstring(sentence if not shown else "\n".join((sentence, "", *shown)))
    return "".join(ast.unparse(node) + "\n\n\n" for node in classes) + f"{header}\n{docstring}\n"


def _docstring(words: str) -> str:
    lines = words.replace("\\", "\\\\").replace('"""', r"\"\"\"").split("\n")
    if len(lines) > 1:
        lines.append("")  # the quotation marks get a line of their own
    elif lines[0].endswith('"'):
        lines[0] += " "  # it would join those that end the docstring
    lines[0] = '"""' + lines[0]
    lines[-1] += '"""'
    return "\n".join((_INDENT + line).rstrip() for line in lines)
