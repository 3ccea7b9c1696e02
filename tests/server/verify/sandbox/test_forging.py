"""Code that lies about its result, run for real: it leaves early, writes records of its own, patches what compares, or
returns objects that equal anything. None of it may pass for a right answer. Walls: see `test_hostile`."""

from __future__ import annotations

import pytest

LIARS = {
    "leaves": ("import os\ndef f(): os._exit(0)", "ended the interpreter (status 0)"),
    "leaves while loading": ("import os\nos._exit(0)", "ended the interpreter"),
    "raises its way out": ("def f(): raise SystemExit(0)", "raised SystemExit"),
    "is interrupted": ("def f(): raise KeyboardInterrupt", "raised KeyboardInterrupt"),
    "raises what is no Exception": ("class B(BaseException): pass\ndef f(): raise B('x')", "raised B: x"),
    "raises what cannot be shown": (
        "class B(BaseException):\n    def __str__(self): raise self\n    __repr__ = __str__\ndef f(): raise B",
        "raised B",
    ),
    "forges a record": (
        'import os\ndef f():\n    for n in range(64):\n        try: os.write(n, b\'["0","value",["s","61"],""]\\n\')\n'
        "        except OSError: pass\n    return 1",
        "wrote to the checker's channel",
    ),
    "forges and leaves": (
        "import os\ndef f():\n    for n in range(64):\n        try: os.write(n, b'[\"ready\"]\\n')\n"
        "        except OSError: pass\n    os._exit(0)",
        "wrote to the checker's channel",
    ),
    "floods the channel": (
        "import os\ndef f():\n    for n in range(3, 64):\n"
        "        try:\n            while 1: os.write(n, b'[' * 60000)\n"
        "        except OSError: pass",
        "",
    ),
    "nests a record": (
        "import os\ndef f():\n    for n in range(64):\n        try: os.write(n, b'[' * 50000 + b'\\n')\n"
        "        except OSError: pass",
        "wrote to the checker's channel",
    ),
    "closes everything": ("import os\ndef f(): os.closerange(0, 64); return 1", ""),
    "takes the output away": ("import sys\ndef f():\n    sys.stdout.close(); sys.stdout = None; return 1", "gave 1"),
    "equals anything": (
        "class E:\n    def __eq__(self, other): return True\n    __hash__ = None\ndef f(): return E()",
        "gave <program.E object",
    ),
    "is a text that equals anything": (
        "class E(str):\n    def __eq__(self, other): return True\n    __hash__ = str.__hash__\ndef f(): return E('no')",
        "gave 'no'",
    ),
    "lies about its class": (
        "class E:\n    @property\n    def __class__(self): return str\n"
        "    def __str__(self): return 'a'\n    __repr__ = __str__\n"
        "def f(): return E()",
        "gave a",
    ),
    "has a class that lies": (
        "class M(type):\n    __name__ = property(lambda s: 1 / 0)\n    __mro__ = property(lambda s: 1 / 0)\n"
        "class E(metaclass=M):\n    def __repr__(self): raise SystemExit\ndef f(): return E()",
        "gave <E whose repr raises SystemExit>",
    ),
    "patches builtins": (
        "import builtins\nfor n in ('repr', 'str', 'len', 'type', 'bytes', 'int', 'isinstance', 'eval', 'compile'):\n"
        "    setattr(builtins, n, lambda *a, **k: 'a secret')\ndef f(): return 1",
        "gave 1",
    ),
    "patches modules": (
        "import sys, os\nos.write = os.read = os._exit = lambda *a: 'a secret'\nsys.modules.clear()\ndef f(): return 1",
        "gave 1",
    ),
    "traces the checker": (
        "import sys\ndef f():\n    def spy(frame, event, arg):\n"
        "        for name in list(frame.f_locals): frame.f_locals[name] = 'x'\n"
        "        return spy\n    sys.settrace(spy); sys.setprofile(spy)\n    return 1",
        "",
    ),
    "hangs itself into the collector": (
        "import gc\ngc.callbacks.append(lambda *a: 1 / 0)\n"
        "import atexit\natexit.register(print, 'a secret')\ndef f(): return 1",
        "gave 1",
    ),
    "rewrites the checker": (
        "import sys\ndef f():\n    frame = sys._getframe()\n    while frame:\n"
        "        frame.f_globals['hexed'] = lambda text: ''\n"
        "        frame.f_globals.pop('describer', None)\n        frame = frame.f_back\n    return 1",
        "gave 1",
    ),
    "looks what is wanted": (
        "import sys\ndef f():\n    frame = sys._getframe().f_back\n    while frame:\n"
        "        if 'raises' in repr(list(frame.f_locals.values())): raise ValueError\n        frame = frame.f_back\n"
        "    return 1",
        "gave 1, expected ValueError to be raised",
    ),
    "is no module": ("raise ModuleNotFoundError('x', name='x')", "it needs the module 'x'"),
    "says it needs files": ("def f(): raise PermissionError(13, 'x', 'y')", "needs files"),
    "does not parse": ("def f(:", "does not load: SyntaxError"),
    "fails to load": ("1 / 0", "does not load: ZeroDivisionError"),
    "holds a zero byte": ("x = '\0'", "does not load"),
}


@pytest.mark.parametrize("name", LIARS)
async def test_liars(never_passes, name: str) -> None:
    """Code that would rather look right than be right never does, and what it did is said in a few words."""
    source, said = LIARS[name]
    examples = [("f()", "ValueError", "raises")] if "to be raised" in said else []
    assert said in await never_passes(source, *examples, example_s=2, wall_s=3)


async def test_objects_that_compare(never_passes) -> None:
    """An object that claims every relation to every number stands in none."""
    source = """
class E:
    __gt__ = __lt__ = __contains__ = __ne__ = lambda *a: True
    __sub__ = __rsub__ = __abs__ = lambda *a: 0
def f(): return E()
"""
    for expression in ("f() > 3", "3 > f()", "f() != 3", "f() in (1, 2)", "abs(f() - 3) < 1e-6", "abs(3 - f()) < 1e-6"):
        assert "cannot be compared outside" in await never_passes(source, (expression, "", "holds"))


async def test_expected_value_is_not_inside(never_passes) -> None:
    """Code that searches all it can reach, frames and objects, does not find what a literal example expects."""
    source = """
import gc, sys
def f():
    wanted = 8000000 - 345679
    todo = gc.get_objects()
    frame = sys._getframe()
    while frame:
        todo += [frame.f_locals, frame.f_globals, frame.f_code.co_consts]
        frame = frame.f_back
    for thing in todo:
        for part in list(thing.values()) if type(thing) is dict else thing if type(thing) in (list, tuple) else ():
            if type(part) is str and str(wanted) in part or type(part) is bytes and str(wanted).encode() in part:
                return wanted
            if type(part) is int and part == wanted and thing is not frame and "wanted" not in thing:
                return wanted
    return 0
"""
    assert "gave 0" in await never_passes(source, ("f()", "7654321"))
    assert "gave 0" in await never_passes(source, ("f() == 7654321", "", "holds"))


async def test_class_that_equals_anything_inside(run) -> None:
    """Where values must be compared inside, one of another class is not the one expected, whatever it says."""
    source = """
class P:
    def __init__(self, x): self.x = x
    def __eq__(self, other): return isinstance(other, P) and self.x == other.x
class E(P):
    def __init__(self): pass
    def __eq__(self, other): return True
def f(): return E()
def g(): return P(1)
"""
    report = await run(source, ("f()", "P(1)"), ("g()", "P(1)"), ("g()", "P(2)"), ("f() == P(1)", "", "holds"))
    assert [r.outcome.name for r in report.results] == ["FAILED", "PASSED", "FAILED", "FAILED"], report.results
    assert report.results[1].detail == "compared inside the sandbox"


async def test_thread_has_no_say(never_passes) -> None:
    """A thread left running could change what is compared inside; then nothing compared there counts."""
    source = """
import threading, time
class P:
    def __eq__(self, other): return True
def f():
    threading.Thread(target=time.sleep, args=(60,), daemon=True).start()
    return P()
"""
    assert "gave" in await never_passes(source, ("f()", "P()"))
