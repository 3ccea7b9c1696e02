"""What is left of a helper when the text is cut off, and how long is waited for one."""

from __future__ import annotations

import pytest

from glosswright_server.intent.model import Extent, Intent, IntentKind
from glosswright_server.shaping import Shaper
from glosswright_server.shaping.helpers import MOST

TEXT = 'def f(x):\n    """Do it."""\n'
INTENT = Intent(
    kind=IntentKind.BODY,
    language="python",
    extent=Extent.BODY,
    start=len(TEXT),
    end=len(TEXT),
    lead="    ",
    tail="\n",
    indent="    ",
    name="f",
    signature="def f(x):",
)
BODY = "return g(x) + h(x)\n\n"
G, H = "def g(x):\n    y = x\n    return y\n\n", "def h(x):\n    return 2\n\n"


@pytest.mark.parametrize(
    ("answer", "kept"),
    [
        (BODY + G + "def h(x):\n    if x:\n", ["def f", "def g"]),
        (BODY + "def g(x):\n    y = (1,\n", ["def f"]),
        (BODY + G + "def ", ["def f", "def g"]),
        (BODY + "# what is it", ["def f"]),
    ],
)
def test_cut_off_within_a_helper(answer: str, kept: list[str]) -> None:
    """Whole helpers stay, and the answer does not claim to be complete."""
    shaper = Shaper(TEXT, INTENT)
    assert not shaper.feed(answer)
    shaped = shaper.result(truncated=True)
    assert shaped is not None
    assert not shaped.complete
    after = TEXT + shaped.text
    compile(after, "answer", "exec")
    assert [line[: line.index("(")] for line in after.split("\n") if line.startswith("def")] == kept


def test_complete_with_all_helpers() -> None:
    """The stream ends by itself behind the last one."""
    shaper = Shaper(TEXT, INTENT)
    shaper.feed(BODY + G + H)
    shaped = shaper.result()
    assert shaped is not None
    assert shaped.complete
    assert shaped.text.count("def ") == 2


@pytest.mark.parametrize(
    ("answer", "rest"),
    [
        ("return len(x)\n", "def"),  # it calls nothing that is missing
        ("return f(x[1:])\n", "def"),
        (BODY, "print("),
        (BODY, "class "),
        (BODY + G + H, "def"),  # all are there
    ],
)
def test_nothing_is_waited_for_in_vain(answer: str, rest: str) -> None:
    """The stream is closed at the first word that cannot begin a helper that is needed."""
    shaper = Shaper(TEXT, INTENT)
    assert not shaper.feed(answer)
    assert shaper.feed(rest + " ")


def test_no_more_than_so_many() -> None:
    """A model that writes a helper for each helper is stopped."""
    chain = "".join(f"def g{n}(x):\n    return g{n + 1}(x)\n\n" for n in range(MOST + 2))
    shaper = Shaper(TEXT, INTENT)
    assert shaper.feed("return g0(x)\n\n" + chain)
    shaped = shaper.result()
    assert shaped is not None
    assert shaped.text.count("def ") == MOST
