"""What an answer of the sandbox says about an example: passed, failed, or nothing at all.

An example is not held against the code where it is the sandbox that stands in the way: a refused file or socket, a
module that is not there. Nothing that the code can do turns such a case into a pass.
"""

from __future__ import annotations

import errno
import re

from glosswright_server.intent.contract import Example, ExampleKind
from glosswright_server.verify.sandbox.process import Answer
from glosswright_server.verify.sandbox.questions import Question
from glosswright_server.verify.sandbox.values import Tree, equal, holds_object, same, stands, truth
from glosswright_server.verify.verdict import ExampleResult, Outcome

_MOST_SHOWN = 120
_NETWORK = frozenset({"gaierror", "herror", "URLError", "ConnectionError", "ConnectError", "SSLError"})
_DENIED = frozenset({errno.EACCES, errno.EPERM, errno.ENOSYS, errno.EROFS})
_QUOTED = re.compile(r"""('(?:[^'\\]|\\.)*'|"(?:[^"\\]|\\.)*")""", re.DOTALL)
INSIDE = "compared inside the sandbox"


def passed(example: Example, detail: str = "") -> ExampleResult:
    """It holds."""
    return ExampleResult(example, Outcome.PASSED, detail)


def failed(example: Example, detail: str) -> ExampleResult:
    """It does not."""
    return ExampleResult(example, Outcome.FAILED, detail)


def unknown(example: Example, detail: str) -> ExampleResult:
    """It says nothing about the code."""
    return ExampleResult(example, Outcome.NOT_APPLICABLE, detail)


def judged(example: Example, question: Question, answer: Answer, memory_mb: int) -> ExampleResult | None:
    """How the example came out; None where the values must be compared inside."""
    if answer.classes:
        return raised(example, answer, memory_mb)
    match question.kind:
        case ExampleKind.RAISES:
            return failed(example, f"gave {_shown(question, answer.tree)}, expected {question.text} to be raised")
        case ExampleKind.PRINTS:
            if pictures(answer.printed, question.text, lines=True):
                return passed(example)
            return failed(example, f"printed {_quoted(answer.printed)}, expected {_quoted(question.text)}")
        case ExampleKind.HOLDS:
            holds = truth(answer.tree)
            if holds is None:
                return unknown(example, f"gave {_shown(question, answer.tree)}, which is neither true nor false")
            return (
                passed(example)
                if holds
                else failed(example, f"gave {_shown(question, answer.tree)}, which does not hold")
            )
    if question.relation and question.wanted is not None:
        stand = stands(answer.tree, question.relation, question.wanted)
        if stand is None:
            return unknown(
                example, f"gave {_shown(question, answer.tree)}, which cannot be compared outside the sandbox"
            )
        return passed(example) if stand else unlike(example, question, answer)
    if question.wanted is not None and (equal if question.against else same)(answer.tree, question.wanted):
        return passed(example)
    if question.wanted is None and pictures(question.show(answer.tree), question.text):
        return passed(example)
    if too_large(answer.tree):
        return unknown(example, "gave a value too large to compare")
    if question.inside or (question.against and holds_object(answer.tree)):
        return None
    return unlike(example, question, answer)


def judged_inside(example: Example, question: Question, before: Answer, answer: Answer) -> ExampleResult:
    """How the comparison inside came out; `before` is the answer with the value."""
    if answer.classes:
        trouble = "compared with" if question.against else "computed"
        return unknown(example, f"the expected {short(question.text)} cannot be {trouble}: {what(answer)}")
    match answer.tree:
        case ("t", expected, (alike,)):
            if alike == "T" or (not question.against and same(before.tree, expected)):
                return passed(example, INSIDE)
            return failed(example, f"gave {_shown(question, before.tree)}, expected {_shown(question, expected)}")
    return failed(example, "answered the checker what it was not asked")


def unlike(example: Example, question: Question, answer: Answer) -> ExampleResult:
    """A value that is not the one expected."""
    return failed(example, f"gave {_shown(question, answer.tree)}, expected {short(question.text)}")


def raised(example: Example, answer: Answer, memory_mb: int) -> ExampleResult:
    """Something was raised, as was expected or not."""
    obstacle = hindrance(answer)
    wanted = _exception_name(example.expected) if example.kind is ExampleKind.RAISES else ""
    if wanted and wanted in answer.classes and answer.errno not in _DENIED and not answer.missing:
        return passed(example)
    if obstacle:
        return unknown(example, obstacle)
    if "MemoryError" in answer.classes:
        return failed(example, f"needs more than {memory_mb} MiB")
    return failed(example, f"raised {what(answer)}" + (f", expected {wanted}" if wanted else ""))


def hindrance(answer: Answer) -> str:
    """What of the sandbox stood in the way of what was raised; "" when nothing did."""
    if answer.missing:
        return missing(answer.missing)
    kinds = set(answer.classes)
    if "ImportError" in kinds and re.search("[Pp]ermission denied|cannot open shared object", answer.message):
        return "it needs a library that lies outside of what the sandbox may read"
    if "ImportError" in kinds and "attempted relative import" in answer.message:
        return "it needs another module of its package, which is not available to the sandbox"
    if kinds & _NETWORK:
        return "needs the network, which the sandbox does not give"
    if answer.errno == errno.EFBIG:
        return "writes a larger file than the sandbox allows"
    if answer.errno in _DENIED or answer.errno == errno.ENOENT:
        if answer.names_file:
            return "needs files, which the sandbox does not give"
        return "needs the network or another program, which the sandbox does not give"
    return ""


def missing(module: str) -> str:
    """The sentence for a module that cannot be imported."""
    return f"it needs the module {short(module)!r}, which is not available to the sandbox"


def pictures(found: str, wanted: str, *, lines: bool = False) -> bool:
    """Whether a text is the expected one: white space at line ends does not count, and `...` stands for anything.

    Without `lines` the text is a picture of a value: every run of white space counts as one space, and nothing within
    quotes stands for anything else.
    """
    if lines:
        found, wanted = ("\n".join(line.rstrip() for line in text.strip("\n").splitlines()) for text in (found, wanted))
        wanted = re.sub(r"^<BLANKLINE>$", "", wanted, flags=re.MULTILINE)
        found, wanted = found.strip("\n"), wanted.strip("\n")
    else:
        found, wanted = _pictured(found), _pictured(wanted)
    first, *others = wanted.split("...")
    if not others:
        return found == wanted
    if not found.startswith(first) or not found.endswith(others[-1]) or not wanted.replace(".", "").strip():
        return False
    at, end = len(first), len(found) - len(others[-1])
    for part in others[:-1]:
        at = found.find(part, at, end)
        if at < 0:
            return False
        at += len(part)
    return at <= end


def _pictured(text: str) -> str:
    """With one space for each run of them outside of quotes, and dots within quotes that match only dots."""
    parts = _QUOTED.split(text)
    parts[::2] = [re.sub(r"\s+", " ", part) for part in parts[::2]]
    parts[1::2] = [part.replace(".", "\0") for part in parts[1::2]]
    return "".join(parts).strip()


def too_large(tree: Tree) -> bool:
    """Whether some of the value was left behind."""
    return tree[0] == "x" or any(too_large(part) for part in tree[1:] if isinstance(part, tuple))


def _exception_name(text: str) -> str:
    """`ValueError` of "mod.ValueError: message"."""
    found = re.match(r"[\w.]+", text.strip())
    return found[0].rpartition(".")[2] if found else "an exception"


def what(answer: Answer) -> str:
    """What was raised, class and message, for people."""
    message = short(" ".join(answer.message.split()))
    return f"{short(answer.classes[0])}: {message}" if message else short(answer.classes[0])


def before(example: Example, answer: Answer, memory_mb: int) -> ExampleResult:
    """The lines before the example raised something, which is never what an example promises."""
    if obstacle := hindrance(answer):
        return unknown(example, obstacle)
    if "MemoryError" in answer.classes:
        return failed(example, f"needs more than {memory_mb} MiB")
    return failed(example, f"raised {what(answer)} in the lines before")


def _shown(question: Question, tree: Tree) -> str:
    return short(question.show(tree))


def _quoted(text: str) -> str:
    return short(repr(text.rstrip("\n"))) if text.strip() else "nothing"


def short(text: str) -> str:
    """On one line, short, and without characters that a terminal or an editor would act on."""
    text = re.sub(r"\s*[\n\r]\s*", " ", text.strip()).replace("\t", " ")
    text = "".join(c if c.isprintable() else "\N{REPLACEMENT CHARACTER}" for c in text)
    return text if len(text) <= _MOST_SHOWN else text[: _MOST_SHOWN - 1] + "…"
