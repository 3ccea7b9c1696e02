"""Names resolve: whatever Python would find is found, whatever it would not is named, and an import is offered."""

from __future__ import annotations

import pytest

from glosswright_server.intent.model import IntentKind
from glosswright_server.verify.verdict import Outcome

from .gaps import FAILED, PASSED, SKIPPED, check, failed, judged

NAME = "names resolve"
F = "def f(a, b=2, *args, c, **options):▮\n"


@pytest.mark.parametrize(
    ("document", "insertion"),
    [
        (F, "\n    return a, b, args, c, options, f, __name__, __file__, len, print"),
        ("import os.path as p, sys\nfrom re import (sub as s,\n  match)\n" + F, "\n    return p, sys, s, match"),
        (F + "\nlater = 1\nclass Later: pass\n", "\n    return later, Later()"),
        ("try:\n    import x as y\nexcept ImportError:\n    y = None\n" + F, "\n    return y"),
        ("if TYPE_CHECKING:\n    from m import Thing\n" + F, "\n    t: Thing = a\n    return t"),
        ("if a:\n    def g(): ...\nelse:\n    g = 1\n" + F, "\n    return g"),
        ("for i, (j, *k) in x: pass\nwith o() as (m, n): pass\n" + F, "\n    return i, j, k, m, n"),
        ("x, [y, z] = w = 1, [2, 3]\nt: int\nt2: int = 2\n" + F, "\n    return x, y, z, w, t, t2"),
        ("match q:\n    case [p, *r] if p: pass\n    case {'k': v, **rest}: pass\n" + F, "\n    return p, r, v, rest"),
        ("if (n := 3) > 2: pass\n" + F, "\n    return n"),
        ("try:\n    pass\nexcept E as error:\n    pass\n" + F, "\n    return error"),
        ("def g():\n    global made\n    made = 1\n\n" + F, "\n    return made"),
        ("def g():\n    global made, also\n\n" + F, "\n    return also"),
        (F, "\n    total = 0\n    for x in a:\n        total += x\n    return total"),
        (F, "\n    return [x for row in a for x in row if (y := x)] + [y]"),
        (F, "\n    return {k: v for k, v in a}, {k for k in a}, (k for k in a), lambda q, *r: (q, r)"),
        (
            F,
            "\n    def inner():\n        return late\n    late = 1\n    return inner",
        ),
        (F, "\n    x = 1\n    def g():\n        nonlocal x\n        x += 1\n    g()\n    return x"),
        (F, "\n    for i in a:\n        if i:\n            print(last)\n        last = i"),
        (
            F,
            "\n    try:\n        import numpy\n    except OSError as e:\n        raise a from e\n    return numpy",
        ),
        (F, "\n    match a:\n        case {'x': x, **r}:\n            return x, r\n        case [y, *z]: print(y, z)"),
        (F, "\n    with open(a) as one, open(b) as two:\n        return one, two"),
        (F, "\n    if a:\n        x = 1\n    else:\n        del b\n        x = 2\n    return x"),
        (F, "\n    try:\n        return unicode\n    except NameError:\n        return str"),
        (F, "\n    class Local(Exception):\n        kind = 1\n        other = kind\n    return Local"),
        (F, "\n    global counter\n    counter = 1\n    return counter"),
        ("class A:\n    limit = 3\n    other = limit▮\n", "\n    third = other + limit"),
        ("class A:\n    def __init__(self):▮\n", "\n        super().__init__()\n        self.x = __class__"),
        ("class A:\n    def g(self): ...\n    g2 = property(g)▮\n", "\n    g3 = property(g)"),
        ("async def f(a):▮\n", "\n    async for x in a:\n        await x\n    return [y async for y in a]"),
        ("def f[T](a: T) -> T:▮\n", "\n    return a")
        if hasattr(__import__("ast"), "TypeAlias")
        else (F, "\n    return a"),
        ("env = Environment()\nEnvironment().x\n" + F, "\n    return Environment(a)"),
        ("# %%\n" + F, "\n    display(a)"),
        ("def 求和(数):▮\n", "\n    值 = 数\n    return 值"),
        ("\ufeffimport os\r\n\r\n\r\ndef f(a):▮\r\n", "\r\n    s = 'é'; return os, a, s"),
        ("\x0cdef f(a):▮\n\x0c\ndef g(): pass\n", "\n    return g(), a"),
        ("total = 0\n# add them all up ▮\n", "\ntotal += sum([1, 2])"),
        ("urlpatterns += [1]\n# add two to the urls ▮\n", "\nurlpatterns += [2]"),
        ("# add them all up ▮\n", "\ntotal = 0\nfor n in [1, 2]:\n    total += n"),
        ("def f(a):\n\tif a:▮\n", "\n\t\treturn a"),
    ],
)
def test_what_python_finds(document: str, insertion: str) -> None:
    """A false alarm hides right code from the user: every way of binding a name is known."""
    verdict = judged(document, insertion)
    assert not [one for one in failed(verdict) if one.name in (NAME, "compiles", "parses")], verdict
    [found] = [one for one in verdict.checks if one.name == NAME]
    assert (found.outcome, found.detail) == (PASSED, ""), verdict


@pytest.mark.parametrize(
    ("document", "insertion", "detail"),
    [
        (F, "\n    return total", "`total` is not defined"),
        (F, "\n    return one + two + three + four", "`one`, `two`, `three` … are not defined"),
        (F, "\n    print(x)\n    x = 1", "`x` is used before it has a value"),
        ("x = 1\n" + F, "\n    print(x)\n    x = 2", "`x` is used before it has a value"),
        ("class A:\n    limit = 3\n    def f(self):▮\n", "\n        return limit", "`limit` is not defined"),
        ("class A:\n    def g(self): pass\n    def f(self):▮\n", "\n        return g()", "`g` is not defined"),
        (F, "\n    [x for x in a]\n    return x", "`x` is not defined"),
        (F, "\n    try:\n        pass\n    except E:\n        pass", "`E` is not defined"),
        (F, "\n    return string.lower()", "`string` is not defined"),
        (F, "\n    return no_such_module_anywhere.run(a)", "`no_such_module_anywhere` is not defined"),
        ("def other():\n    hidden = 1\n\n\n" + F, "\n    return hidden", "`hidden` is not defined"),
        ("# add them all up ▮\n", "\ntotal += sum([1, 2])", "`total` is not defined"),
    ],
)
def test_what_python_does_not_find(document: str, insertion: str, detail: str) -> None:
    """What fails whenever it is reached fails here, with its name."""
    import string  # noqa: F401  # loaded, so that it is known to have no `lower`

    check(NAME, document, insertion, FAILED, detail)


@pytest.mark.parametrize(
    ("document", "insertion", "outcome", "detail"),
    [
        (F, "\n    import nonexist_mod\n    return nonexist_mod.f(a)", FAILED, "no module `nonexist_mod` is installed"),
        (F, "\n    from nonexist_mod.deep import g\n    return g(a)", FAILED, "no module `nonexist_mod` is installed"),
        (F, "\n    import os, nonexist_mod as n\n    return n, os", FAILED, "where Glosswright runs"),
        (F, "\n    from . import nonexist_mod as n\n    return n", PASSED, ""),
        (F, "\n    import os.path, json, pytest\n    return os, json, pytest", PASSED, ""),
        (
            F,
            "\n    try:\n        import nonexist_mod as n\n    except ImportError:\n        n = a\n    return n",
            PASSED,
            "",
        ),
        ("from nonexist_mod import g\n" + F, "\n    from nonexist_mod import h\n    return h(g)", PASSED, ""),
        ('def f(a):\n    """Use nonexist_mod."""▮\n', "\n    import nonexist_mod\n    return nonexist_mod", PASSED, ""),
        (F, "\n    import gmpy2\n    return gmpy2.mpz(a)", SKIPPED, "no module `gmpy2` is installed"),
    ],
)
def test_modules_that_are_imported(document: str, insertion: str, outcome: Outcome, detail: str) -> None:
    """A module that does not exist fails when it is reached; one that the project may have does not."""
    verdict = judged(document, insertion)
    [found] = [one for one in verdict.checks if one.name == NAME]
    assert (found.outcome, detail in found.detail) == (outcome, True), verdict


FOR_TYPING = "if TYPE_CHECKING:\n    from app.models import User as U\n    import decimal\n"


@pytest.mark.parametrize(
    ("document", "insertion", "outcome", "detail", "imports"),
    [
        (FOR_TYPING + F, "\n    return U(a)", FAILED, "`U` is imported for type checkers only", ()),
        (FOR_TYPING + F, "\n    return decimal.Decimal(a)", PASSED, "with import decimal", ("import decimal",)),
        (FOR_TYPING + F, "\n    u: U = a\n    v: list['U'] = [u]\n    return v", PASSED, "", ()),
        (FOR_TYPING + F, "\n    def g(u: U, *more: U) -> U: ...\n    return g", PASSED, "", ()),
        (FOR_TYPING + "def f(u: U) -> list[U]:▮\n", "\n    return [u]", PASSED, "", ()),
        (FOR_TYPING + "else:\n    U = decimal = None\n" + F, "\n    return U, decimal", PASSED, "", ()),
        (FOR_TYPING + "from b import U\n" + F, "\n    return U(a)", PASSED, "", ()),
        ("if typing.TYPE_CHECKING:\n    from m import U\n" + F, "\n    return U(a)", FAILED, "`U` is imported", ()),
        ("if TYPE_CHECKING:\n    class U: ...\n    from m import *\n" + F, "\n    return U(a)", PASSED, "", ()),
    ],
)
def test_imports_for_type_checkers(
    document: str, insertion: str, outcome: Outcome, detail: str, imports: tuple[str, ...]
) -> None:
    """What is imported under TYPE_CHECKING is not there when the code runs; annotations do without."""
    verdict = judged(document, insertion)
    [found] = [one for one in verdict.checks if one.name == NAME]
    assert (found.outcome, detail in found.detail) == (outcome, True), verdict
    assert verdict.imports == imports


@pytest.mark.parametrize(
    ("insertion", "imports"),
    [
        ("\n    return math.sqrt(a)", ("import math",)),
        ("\n    return os.path.join(a, b)", ("import os",)),
        ("\n    return urllib.parse.quote(a)", ("import urllib.parse",)),
        ("\n    return xml.etree.ElementTree.parse(a)", ("import xml.etree.ElementTree",)),
        ("\n    return concurrent.futures.Future()", ("import concurrent.futures",)),
        ("\n    return Counter(a)", ("from collections import Counter",)),
        (
            "\n    return reduce(max, defaultdict(list))",
            ("from functools import reduce", "from collections import defaultdict"),
        ),
        (
            "\n    return datetime.now() - timedelta(1)",
            ("from datetime import datetime", "from datetime import timedelta"),
        ),
        ("\n    return datetime.timedelta(1)", ("import datetime",)),
        ("\n    return bisect(a, 1)", ("from bisect import bisect",)),
        ("\n    return bisect.insort(a, 1)", ("import bisect",)),
        ("\n    x: List[int] = a\n    return x", ("from typing import List",)),
        ("\n    return pytest.raises(a)", ("import pytest",)),
        ("\n    return ET.parse(a)", ("import xml.etree.ElementTree as ET",)),
    ],
)
def test_an_import_is_offered(insertion: str, imports: tuple[str, ...]) -> None:
    """A model that writes `math.sqrt` into a file without `import math` is right but for one line at the top."""
    verdict = check(NAME, F, insertion, PASSED, "with " + imports[0])
    assert sorted(verdict.imports) == sorted(imports)


@pytest.mark.parametrize(
    ("document", "imports"),
    [
        ("def f(a: List[int]) -> Optional[int]:▮\n", ("from typing import List", "from typing import Optional")),
        ("@lru_cache\ndef f(a):▮\n", ("from functools import lru_cache",)),
        ("from __future__ import annotations\n\n\ndef f(a: List[int]):▮\n", ()),
        ("from typing import *\n\n\ndef f(a: List[int]):▮\n", ()),
        ("def g(a: List[int]): pass\n\n\ndef f(a):▮\n", ()),
        ("def f(a: Unheard):▮\n", ()),
    ],
)
def test_the_header_above(document: str, imports: tuple[str, ...]) -> None:
    """The header is the user's own, so it never fails; but without its imports the function would not run."""
    verdict = check(NAME, document, "\n    return a", PASSED)
    assert sorted(verdict.imports) == sorted(imports)


@pytest.mark.parametrize("line", ["from os.path import *", "globals().update(x)", "names = globals()", "exec(code)"])
def test_any_name_may_be_bound(line: str) -> None:
    """Where a file binds names that nobody can list, nothing is claimed, and no import is offered."""
    verdict = check(NAME, line + "\n" + F, "\n    return join(a), sqrt(2)", SKIPPED, "star import")
    assert verdict.imports == ()


def test_faults_of_the_file_do_not_count() -> None:
    """The user's own unresolved names are no reason to hide a suggestion."""
    document = "def g():\n    return nowhere\n\n\nbroken = nothing_here\n\n\n" + F
    check(NAME, document, "\n    return a", PASSED)
    check(NAME, "def f(a):\n    x = nowhere▮\n", "\n    return a", PASSED, kind=IntentKind.COMMENT)


def test_around_broken_code_nothing_is_claimed() -> None:
    """What Python's own parser cannot read has no names."""
    verdict = judged("x = [[(\n# add\n▮\n)]}}\n", "y = unknown", kind=IntentKind.COMMENT)
    assert {one.outcome for one in verdict.checks if one.name in (NAME, "calls fit", "compiles")} == {SKIPPED}
    check(NAME, "def g(:\n    zed = 1\n\n\n" + F, "\n    return a, zed", PASSED)


@pytest.mark.parametrize(
    ("document", "insertion", "kind", "outcome"),
    [
        ("x = 1\n▮\n", "return x", IntentKind.COMMENT, FAILED),
        ("x = 1\n▮\n", "break", IntentKind.COMMENT, FAILED),
        ("x = 1\n▮\n", "def g(a, a): pass", IntentKind.COMMENT, FAILED),
        ("x = 1\n▮\n", "y = await x", IntentKind.COMMENT, SKIPPED),
        ("def f(x):▮\n", "\n    return await x", IntentKind.BODY, FAILED),
        ("def f(x):▮\n", "\n    nonlocal y\n    y = x", IntentKind.BODY, FAILED),
        ("def f(x):▮\n", "\n    return x", IntentKind.BODY, PASSED),
        ("def f(x, x):▮\n", "\n    return x", IntentKind.BODY, SKIPPED),
    ],
)
def test_compiles(document: str, insertion: str, kind: IntentKind, outcome: object) -> None:
    """What parses may still be refused when the file is imported."""
    found = [one for one in judged(document, insertion, kind=kind).checks if one.name == "compiles"]
    assert [one.outcome for one in found] == [outcome]
