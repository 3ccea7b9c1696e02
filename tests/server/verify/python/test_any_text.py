"""Any text gets a verdict, soon: checks that raise or hang would take the suggestion down with them."""

from __future__ import annotations

import time

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from glosswright_server.intent.contract import Contract, Example, Parameter, Raised, Result
from glosswright_server.intent.model import Extent, Intent, IntentKind
from glosswright_server.verify.python import python_checks
from glosswright_server.verify.verdict import Outcome

from .gaps import judged

PIECES = (
    *(
        "def f(a, b=1, *c, d, **e):\n",
        "    return a\n",
        "class A(B, metaclass=C):\n",
        "    def g(self): return self.g()\n",
    ),
    *("    pass\n", "if x:\n", "else:\n", "@d\n", "import os\n", "from x import *\n", "lambda: 0\n", "f(1, *a, b=2)\n"),
    *(
        "x = [i for i in y if (z := i)]\n",
        "match x:\n",
        "    case [a, *b]:\n",
        "try:\n",
        "except* E as e:\n",
        "\t",
        "\r\n",
    ),
    *(
        "async def h():\n",
        "    await x\n",
        "    yield\n",
        "nonlocal q\n",
        "global r\n",
        "del s\n",
        "'''",
        '"""',
        "\\\n",
    ),
    *(
        "é = 1\n",
        "\0",
        "\ud800",
        "\x0c",
        "\ufeff",
        "return\n",
        "break\n",
        "f'{x!r:>{y}}'\n",
        "1 if 2 else\n",
        "    raise E\n",
    ),
)
CONTRACT = Contract(
    parameters=(Parameter(name="a"), Parameter(name="(")),
    returns=Result(type="int"),
    raises=(Raised(type="E"), Raised(type="")),
    examples=(Example(expression="f(1)", expected="1"), Example(expression="f((", expected=")")),
)


@given(
    st.lists(st.sampled_from(PIECES), max_size=8).map("".join),
    st.lists(st.sampled_from(PIECES), max_size=5).map("".join) | st.text(max_size=40),
    st.sampled_from([IntentKind.BODY, IntentKind.COMMENT, IntentKind.CONTINUE]),
    st.sampled_from(list(Extent)),
    st.integers(0, 200),
    st.booleans(),
)
@settings(max_examples=400, deadline=None)
def test_never_raises(text: str, insertion: str, kind: IntentKind, extent: Extent, at: int, complete: bool) -> None:
    """Broken and odd code alike."""
    at = min(at, len(text))
    intent = Intent(kind=kind, language="python", extent=extent, start=at, end=at, name="f", request="Return it.")
    checks, imports = python_checks(text, intent, insertion, contract=CONTRACT, complete=complete)
    assert len({one.name for one in checks}) == len(checks) >= 3
    assert all(one.startswith(("import ", "from ")) for one in imports)


@pytest.mark.parametrize(
    "body",
    [
        "\n    return " + "(" * 150 + "a" + ")" * 150,
        "\n    return " + "-" * 5_000 + "a",
        "\n    return " + " + ".join(["a"] * 5_000),
        "\n    return " + "a." * 3_000 + "a",
        "\n    x = [" + "1, " * 20_000 + "]\n    return x",
        "\n    if a:\n        return 1\n" + "    elif a:\n        return 2\n" * 1_500,
        "".join(f"\n    undefined_{n}()" for n in range(500)),
        "\n    return 10 ** 10 ** 10, 'x' * 10 ** 12",
        "\n    return " + "9" * 5_000,
    ],
)
def test_much_of_one_thing(body: str) -> None:
    """Deep, long and huge: a verdict within seconds of work, however busy the machine is."""
    began = time.thread_time()
    verdict = judged("def f(a):▮\n", body)
    assert time.thread_time() - began < 10
    assert verdict.checks


def test_too_long_a_file() -> None:
    """Beyond what is parsed nothing is claimed."""
    checks = judged("x = 1\n" * 60_000 + "def f(a):▮\n", "\n    return a").checks
    assert {one.outcome for one in checks if one.name != "not a repeat"} == {Outcome.NOT_APPLICABLE}
