"""Values and lines seen in the sandbox, of code that behaves and of code that does not."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from pathlib import Path

import pytest

from glosswright_server.verify.reach import spread_out
from glosswright_server.verify.sandbox import availability
from glosswright_server.verify.sandbox.model import Limits, SandboxOptions
from glosswright_server.verify.sandbox.observe import Observed, Seen, Step, observe

See = Callable[..., Awaitable[Observed]]


@pytest.fixture
def see(scratch: Path) -> See:
    """`await see(source, *expressions)`, each in a session of its own."""
    found = availability("python", SandboxOptions())
    if not found.sandbox:
        pytest.skip(f"no sandbox here: {found.why_not}")

    async def see(source: str, *expressions: str, **limits: float) -> Observed:
        steps = [Step(expression=one, session=str(number)) for number, one in enumerate(expressions)]
        options = SandboxOptions(scratch=scratch, limits=Limits(**limits))  # type: ignore[arg-type] # any of its fields
        observed = await observe(source, steps, options)
        assert list(scratch.iterdir()) == [], "a scratch folder was left behind"
        assert len(observed.seen) == len(expressions)
        return observed

    return see


def values(observed: Observed) -> list[object]:
    """What came: the number, the exception, or None."""
    return [None if one is None else one.raised or (one.tree or ("", ""))[1] for one in observed.seen]


async def test_values_exceptions_and_lines(see: See) -> None:
    """Each step tells its own lines, and only those of functions."""
    observed = await see("A = 1\ndef f(x):\n    if x > A:\n        return x\n    return 1 // x\n", "f(2)", "f(0)", "A")
    assert values(observed) == [2, "ZeroDivisionError", 1]
    lines = [sorted(one.lines) for one in observed.seen if one is not None]
    assert lines == [[3, 4], [3, 5], []]
    assert sorted(observed.there) == [2, 3, 4, 5]


async def test_other_frames_are_followed_too(see: See) -> None:
    """Generators, nested functions and callbacks of the program; nothing of the library."""
    source = (
        "def f(x):\n    def g():\n        yield x\n    return sorted(g(),\n        key=lambda one:\n            -one)\n"
    )
    (seen,) = (await see(source, "f(2)")).seen
    assert seen is not None
    assert {2, 3, 4, 6} <= seen.lines <= set(range(1, 7))


async def test_after_what_does_not_end(see: See) -> None:
    """A fresh process goes on with the next step; after a few of them the rest is left unknown."""
    source = "def f(x):\n    while x:\n        pass\n    return 7\n"
    assert values(await see(source, "f(1)", "f(0)")) == [None, 7]
    assert values(await see(source, *["f(1)"] * 4, "f(0)")) == [None] * 5


async def test_the_time_is_bounded(see: See) -> None:
    """Many slow steps do not add up."""
    source = "import time\ndef f(x):\n    time.sleep(0.1)\n    return x\n"
    found = values(await see(source, *[f"f({n})" for n in range(100)], wall_s=4.0))
    assert found[0] == 0
    assert found[-1] is None


@pytest.mark.parametrize(
    "source",
    [
        "import os\ndef f(x):\n    os._exit(0)\n",
        "import os\nos._exit(0)\n",
        "def f(x:\n",
        "def f(x):\n    return open('/etc/passwd').read()\n",
        "import socket\ndef f(x):\n    return socket.socket()\n",
        "import no_such_module_at_all\ndef f(x):\n    return 1\n",
        "import os\ndef f(x):\n    for n in range(64):\n        try: os.write(n, b'[1]\\n')\n"
        "        except OSError: pass\n    return 1\n",
    ],
)
async def test_what_tells_nothing(see: See, source: str) -> None:
    """Code that leaves, cannot be loaded, needs what the sandbox refuses, or speaks on the checker's channel."""
    assert values(await see(source, "f(1)")) == [None]


@pytest.mark.parametrize(
    "trick", ["sys.settrace(None)", "sys._getframe().f_trace = None", "sys.settrace = print", "sys.setprofile = None"]
)
async def test_code_that_hides(see: See, trick: str) -> None:
    """Who ends the noting has more code that never ran, not less; and the next step is noted again."""
    source = f"def f(x):\n    if x:\n        return 1\n    {trick}\n    return 2\nimport sys\n"
    spread = spread_out(source, "f")
    assert spread is not None
    observed = await see(source, "f(0)", "f(1)")
    hidden, shown = observed.seen
    assert hidden is not None
    assert shown is not None
    missed = [part.text for part in spread.never_ran(hidden.lines, observed.there)]
    assert "return 1" in missed
    assert shown == Seen(tree=("i", 1), lines=frozenset({2, 3}))


async def test_an_interpreter_without_lines(see: See) -> None:
    """Where none can be told, as by Python before 3.10, there are none at all: nothing is taken for left out."""
    source = "def f(x):\n    return x\nf.__code__ = compile('lambda x: x', '<other>', 'eval').co_consts[0]\n"
    (seen,) = (await see(source, "f(1)")).seen
    assert seen == Seen(tree=("i", 1))
