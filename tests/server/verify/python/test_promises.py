"""Bodies against their documentation: what is surely broken fails, what may be kept in a way nobody sees does not."""

from __future__ import annotations

import pytest

from glosswright_server.intent.contract import Contract, Example, ExampleKind, Parameter, Raised, Result
from glosswright_server.intent.model import IntentKind

from .gaps import FAILED, MARK, PASSED, SKIPPED, check, judged

USES, RETURNS, RAISES = "uses its parameters", "returns a value", "raises what it documents"
DOES, ENDS, OWN = "does something", "recursion ends", "not the docstring's words"


def function(header: str, doc: str) -> str:
    """A function with a docstring and a gap below it."""
    return f'{header}\n    """{doc}"""{MARK}\n'


def parameters(*names: str, description: str = "") -> Contract:
    return Contract(parameters=tuple(Parameter(name=name, description=description) for name in names))


@pytest.mark.parametrize(
    ("header", "doc", "contract", "body", "outcome", "detail"),
    [
        ("def f(a, b):", "Add.", parameters("a", "b"), "return a + b", PASSED, ""),
        ("def f(a, b):", "Add.", parameters("a", "b"), "return a", FAILED, "`b` is documented, but not used"),
        ("def f(a, b):", "Add.", parameters("*a", "b"), "return b", FAILED, "`a`"),
        ("def f(a, b):", "Add.", parameters("a", "b", description="Ignored."), "return a", PASSED, ""),
        ("def f(a, b):", "Add.\n\n    b: unused, for compatibility", parameters("a", "b"), "return a", PASSED, ""),
        ("def f(rows, key):", "Sort `rows` by `key`.", None, "return sorted(rows)", FAILED, "`key`"),
        ("def f(rows, key):", "Sort rows by key.", None, "return sorted(rows)", FAILED, "`key`"),
        ("def f(rows, key):", "Sort them.", None, "return sorted(rows)", SKIPPED, ""),
        ("def f(rows, key):", "Sort them.", None, "return 1", FAILED, "none of its parameters is used"),
        ("def f(n):", "Make one.", None, "return 1", FAILED, "`n` is not used"),
        ("def f(a):", "Make a list.", None, "return a", SKIPPED, ""),
        ("def f(a, b):", "Add.", parameters("a", "b"), "return [x + b for x in a]", PASSED, ""),
        ("def f(a, b):", "Add.", parameters("a", "b"), "def g(): return a, b\n    return g", PASSED, ""),
        ("def f(a, b):", "Add.", parameters("a", "b"), "return '{a}'.format(**locals())", PASSED, ""),
        ("def f(a, b):", "Add.", parameters("a", "b"), "raise KeyError(a)", SKIPPED, ""),
        ("def f(a, _b):", "Add.", parameters("a", "_b"), "return a", PASSED, ""),
        ("def f(*args, **kwargs):", "Add args and kwargs.", None, "return 1", SKIPPED, ""),
        ("@app.route('/')\ndef f(a):", "Show a page.", None, "return 1", SKIPPED, ""),
        ("@app.route('/')\ndef f(name):", "Show a page for name.", None, "return 1", PASSED, ""),
        ("def f(a):", "", None, "return 1", SKIPPED, ""),
        ("def f(event):", "Handle the event.", None, "return event", SKIPPED, ""),
        ("def f(a, b):", "Do nothing.", parameters("a", "b"), "pass", SKIPPED, ""),
        ("def 求和(数, 另):", "数与另之和。", parameters("数", "另"), "return 数", FAILED, "`另`"),
    ],
)
def test_uses_its_parameters(
    header: str, doc: str, contract: Contract | None, body: str, outcome: object, detail: str
) -> None:
    """A documented parameter that does nothing is the commonest fault of a small model's answer."""
    check(USES, function(header, doc), f"\n    {body}", outcome, detail, contract=contract)  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("document", "outcome"),
    [
        ('class A:\n    def f(self, a):\n        """Use a thing."""▮\n', SKIPPED),
        ('class A(Base):\n    def f(self, name):\n        """Use the name."""▮\n', PASSED),
        ('class A:\n    def f(self, name):\n        """Use the name."""▮\n', FAILED),
        ('class A:\n    @staticmethod\n    def f(name):\n        """Use the name."""▮\n', PASSED),
        ('class A:\n    @abstractmethod\n    def f(self, name):\n        """Use the name."""▮\n', SKIPPED),
        ('class A(Protocol[T]):\n    def f(self, name):\n        """Use the name."""▮\n', SKIPPED),
    ],
)
def test_methods_have_their_own_reasons(document: str, outcome: object) -> None:
    """An override takes what its base gives it; `self` need not be used."""
    verdict = judged(document, "\n        return 1")
    assert [one.outcome for one in verdict.checks if one.name == USES] == [outcome]


VALUE = Example(expression="f(1)", expected="2")


@pytest.mark.parametrize(
    ("header", "doc", "contract", "body", "outcome"),
    [
        ("def f(a):", "Add.", Contract(returns=Result(description="The sum.")), "return a", PASSED),
        ("def f(a):", "Add.", Contract(returns=Result(description="The sum.")), "print(a)", FAILED),
        ("def f(a):", "Add.", Contract(returns=Result(type="None")), "print(a)", SKIPPED),
        ("def f(a):", "Add.", Contract(returns=Result(description="Nothing.")), "print(a)", SKIPPED),
        ("def f(a):", "Add.", Contract(returns=Result(description="无返回值")), "print(a)", SKIPPED),
        ("def f(a):", "Add.", Contract(yields=Result(description="Each.")), "print(a)", FAILED),
        ("def f(a):", "Add.", Contract(yields=Result(description="Each.")), "yield from a", PASSED),
        ("def f(a) -> int:", "Add.", None, "print(a)", FAILED),
        ("def f(a) -> None:", "Returns the sum.", None, "print(a)", SKIPPED),
        ("def f(a) -> 'NoReturn':", "Add.", None, "print(a)", SKIPPED),
        ("def f(a) -> Optional[None]:", "Add.", None, "print(a)", SKIPPED),
        ("def f(a) -> Iterator[int]:", "Add.", None, "yield a", PASSED),
        ("def f(a):", "Return the sum of a.", None, "print(a)", FAILED),
        ("def f(a):", "返回和。", None, "print(a)", FAILED),
        ("def f(a):", "Return to the start.", None, "print(a)", SKIPPED),
        ("def f(a):", "Add.", Contract(examples=(VALUE,)), "print(a)", FAILED),
        ("def f(a):", "Add.", Contract(examples=(Example(expression="g(f(1))", expected="2"),)), "print(a)", SKIPPED),
        ("def f(a):", "Add.", Contract(examples=(Example(expression="f(1)", expected="None"),)), "print(a)", SKIPPED),
        ("def f(a):", "Return it.", None, "while True:\n        print(a)", SKIPPED),
        ("def f(a):", "Return it.", None, "print(a)\n    raise ValueError(a)", SKIPPED),
        ("def f(a):", "Return it.", None, "def g():\n        return a\n    g()", FAILED),
        ("def f(a):", "Return it.", None, "if a:\n        return a", PASSED),
        ("def __init__(a):", "Return it.", None, "print(a)", SKIPPED),
    ],
)
def test_returns_a_value(header: str, doc: str, contract: Contract | None, body: str, outcome: object) -> None:
    """Printing a result instead of returning it is the other common fault."""
    check(RETURNS, function(header, doc), f"\n    {body}", outcome, contract=contract)  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("exceptions", "body", "outcome"),
    [
        (("ValueError",), "if a:\n        raise ValueError('no')\n    return a", PASSED),
        (("ValueError", "KeyError"), "if a:\n        raise ValueError\n    raise KeyError(a)", PASSED),
        (("errors.ValueError",), "raise errors.ValueError(a)", PASSED),
        (("ValueError",), "return a + 1", FAILED),
        (("ValueError",), "return len(a) + sum(a)", FAILED),
        (("ValueError",), "return int(a)", SKIPPED),
        (("ValueError",), "x, y = a\n    return x", SKIPPED),
        (("ValueError",), "return a.index(1)", SKIPPED),
        (("ValueError",), "return min(a)", SKIPPED),
        (("ValueError",), "return helper(a)", SKIPPED),
        (("ValueError",), "if a:\n        raise Other\n    return a", SKIPPED),
        (("ValueError",), "return a and f(a - 1)", FAILED),
        (("KeyError",), "return a['x']", SKIPPED),
        (("IndexError",), "return a[0]", SKIPPED),
        (("IndexError",), "return a", FAILED),
        (("ZeroDivisionError",), "return 1 / a", SKIPPED),
        (("ZeroDivisionError",), "return 1 + a", FAILED),
        (("TypeError",), "return a", SKIPPED),
        (("AssertionError",), "assert a\n    return a", SKIPPED),
        (("OSError",), "with open(a) as x:\n        return x", SKIPPED),
        (("ConfigError",), "return a['x']", SKIPPED),
        (("ConfigError",), "return a.lower()", SKIPPED),
        (("ConfigError",), "return a", FAILED),
        (("UnboundLocalError",), "return a", SKIPPED),
        (("StopIteration",), "for x in a:\n        return x", SKIPPED),
        (("when it is wrong",), "return a", SKIPPED),
        ((), "return a", SKIPPED),
    ],
)
def test_raises_what_it_documents(exceptions: tuple[str, ...], body: str, outcome: object) -> None:
    """Only where nothing in the body could raise it: most of Python raises by itself."""
    contract = Contract(raises=tuple(Raised(type=one) for one in exceptions))
    document = "import errors\n\nOther = errors.Other\n\n\ndef helper(x): pass\n\n\n" + function("def f(a):", "Do.")
    check(RAISES, document, f"\n    {body}", outcome, contract=contract)  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("doc", "body", "outcome"),
    [
        ("Add.", "pass", FAILED),
        ("Add.", "...", FAILED),
        ("Add.", "'your code here'", FAILED),
        ("Add.", "pass  # your code here", FAILED),
        ("Add.", "raise NotImplementedError", FAILED),
        ("Add.", "raise NotImplementedError('later')", FAILED),
        ("Add.", "'Add.'\n    pass", FAILED),
        ("Do nothing.", "pass", SKIPPED),
        ("Called by nobody; subclasses override it.", "raise NotImplementedError", SKIPPED),
        ("Add.", "raise ValueError", PASSED),
        ("Add.", "return None", PASSED),
        ("Add.", "a.x = 1", PASSED),
    ],
)
def test_does_something(doc: str, body: str, outcome: object) -> None:
    """A placeholder is what was there before."""
    verdict = judged(function("def f(a):", doc), f"\n    {body}")
    assert [one.outcome for one in verdict.checks if one.name == DOES] == [outcome]


def test_a_class_that_leaves_its_methods_to_others() -> None:
    """In a class whose other methods raise NotImplementedError, so may this one; in another class it may not."""
    abstract = 'class A:\n    def g(self):\n        raise NotImplementedError\n\n    def f(self):\n        """Go."""▮\n'
    for document, outcome in ((abstract, SKIPPED), (abstract.replace("raise NotImplementedError", "return 1"), FAILED)):
        verdict = judged(document, "\n        raise NotImplementedError")
        assert [one.outcome for one in verdict.checks if one.name == DOES] == [outcome]


@pytest.mark.parametrize(
    ("header", "body", "outcome"),
    [
        ("def f(n):", "return f(n - 1)", FAILED),
        ("def f(n):", "return n * f(n - 1)", FAILED),
        ("def f(n):", "x = f(n - 1)\n    if n == 0:\n        return 1\n    return x", FAILED),
        ("def f(n):", "if n > 3:\n        return f(n - 1)\n    return f(n - 2)", FAILED),
        ("def f(n):", "if n > 3:\n        return f(n - 1)\n    else:\n        return f(n - 2)", FAILED),
        ("def f(n):", "return [f(n - 1)]", FAILED),
        ("def f(n):", "return f(n - 1) if n else f(n - 2)", FAILED),
        ("def f(n):", "for x in f(n):\n        return x", FAILED),
        ("def f(n):", "assert f(1) == 2", FAILED),
        ("@lru_cache\ndef f(n):", "return f(n - 1)", FAILED),
        ("def f(n):", "if n == 0:\n        return 1\n    return n * f(n - 1)", PASSED),
        ("def f(n):", "return n and f(n - 1)", PASSED),
        ("def f(n):", "return 1 if n == 0 else n * f(n - 1)", PASSED),
        ("def f(n):", "return [f(x) for x in n]", PASSED),
        ("def f(n):", "for x in n:\n        f(x)", PASSED),
        ("def f(n):", "if not n:\n        raise ValueError\n    return f(n - 1)", PASSED),
        ("def f(n):", "try:\n        return n[0]\n    except IndexError:\n        return f(n)", PASSED),
        ("def f(n):", "match n:\n        case 0:\n            return 1\n    return f(n - 1)", PASSED),
        ("def f(n):", "while n:\n        n -= 1\n        f(n)", PASSED),
        ("def f(n):", "return 0 < n < f(n - 1)", PASSED),
        ("def f(n):", "return lambda: f(n)", PASSED),
        ("def f(n):", "yield n\n    yield from f(n)", SKIPPED),
        ("def f(n):", "f = n\n    return f(n)", SKIPPED),
        ("def f(n, f):", "return f(n)", SKIPPED),
        ("@dispatch\ndef f(n):", "return f(n - 1)", SKIPPED),
        ("def f(n):", "return n", SKIPPED),
        ("def f(n):", "def g(x):\n        return g(x)\n    return g(n)", FAILED),
    ],
)
def test_recursion_ends(header: str, body: str, outcome: object) -> None:
    """A function that calls itself on every path never comes back."""
    verdict = judged(function(header, "Go."), f"\n    {body}")
    assert [one.outcome for one in verdict.checks if one.name == ENDS] == [outcome], verdict


@pytest.mark.parametrize(
    ("document", "body", "outcome"),
    [
        ("class A:\n    def f(self):▮\n", "return self.f()", FAILED),
        ("class A:\n    def f(self):▮\n", "return super().f()", SKIPPED),
        ("class A:\n    def f(self):▮\n", "return self.other.f()", SKIPPED),
        ("class A:\n    def f(self):▮\n", "return f(self)", SKIPPED),
        ("class A:\n    def f(self):▮\n", "self = 1\n        return self.f()", SKIPPED),
        ("class A:\n    @property\n    def f(self):▮\n", "return self.f", FAILED),
        ("class A:\n    @property\n    def f(self):▮\n", "return self._f", SKIPPED),
        ("class A:\n    @staticmethod\n    def f(n):▮\n", "return A.f(n)", SKIPPED),
    ],
)
def test_methods_that_call_themselves(document: str, body: str, outcome: object) -> None:
    """A method calls itself through `self`; a property by being read."""
    verdict = judged(document, f"\n        {body}")
    assert [one.outcome for one in verdict.checks if one.name == ENDS] == [outcome], verdict


def examples(*pairs: tuple[str, str]) -> Contract:
    return Contract(examples=tuple(Example(expression=call, expected=value) for call, value in pairs))


TWO = examples(("f(1)", "2"), ("f(3)", "4"))


@pytest.mark.parametrize(
    ("contract", "body", "outcome"),
    [
        (TWO, "if n == 1:\n        return 2\n    elif n == 3:\n        return 4", FAILED),
        (TWO, "if n == 1:\n        return 2\n    if n == 3:\n        return 4\n    return None", FAILED),
        (TWO, "if n == 1 and n == 1:\n        return 2\n    return 4", FAILED),
        (TWO, "return 2", FAILED),
        (TWO, "return 7", PASSED),
        (TWO, "return n + 1", PASSED),
        (TWO, "if n == 1:\n        return 2\n    return n + 1", PASSED),
        (TWO, "if n == 0:\n        return 1\n    return 2", PASSED),
        (TWO, "if n == 1:\n        return 2\n    raise ValueError", PASSED),
        (TWO, "if n < 1:\n        return 2\n    return 4", PASSED),
        (examples(("f(1)", "True"), ("f(2)", "False")), "if n == 1:\n        return True\n    return False", PASSED),
        (examples(("f(x)", "2")), "return 2", SKIPPED),
        (examples(("g(1)", "2")), "return 2", SKIPPED),
        (examples(("f(1", "2")), "return 2", SKIPPED),
        (Contract(examples=(Example(expression="f(1)", kind=ExampleKind.HOLDS),)), "return 2", SKIPPED),
        (None, "return 2", SKIPPED),
    ],
)
def test_more_than_the_examples(contract: Contract | None, body: str, outcome: object) -> None:
    """The examples written down again pass every example, and nothing else."""
    verdict = judged(function("def f(n):", "Go."), f"\n    {body}", contract=contract)
    assert [one.outcome for one in verdict.checks if one.name == OWN] == [outcome], verdict


def test_an_answer_cut_off_is_not_blamed_for_what_is_missing() -> None:
    """At the deadline the statements so far are shown: only what is there can be wrong."""
    contract = Contract(parameters=(Parameter(name="b"),), returns=Result(description="it"))
    document = function("def f(a, b):", "Return it.")
    whole = judged(document, "\n    total = a", contract=contract)
    part = judged(document, "\n    total = a", contract=contract, complete=False)
    assert not whole.passed
    assert part.passed
    assert {one.name for one in part.checks} >= {"names resolve", "calls fit"}
    assert not judged(document, "\n    total = nowhere", contract=contract, complete=False).passed


def test_promises_are_those_of_a_body() -> None:
    """Code for a comment keeps no docstring's promises; its own functions must still end."""
    names = {one.name for one in judged("# add\n▮\n", "x = 1", kind=IntentKind.COMMENT).checks}
    assert not names & {USES, RETURNS, RAISES, DOES, OWN}
    check(ENDS, "# add\n▮\n", "def g(x):\n    return g(x)", FAILED, kind=IntentKind.COMMENT)
    check(ENDS, "# add\n▮\n", "def g(x):\n    return x and g(x)", PASSED, kind=IntentKind.COMMENT)


def shown(*pairs: tuple[str, str]) -> Contract:
    return Contract(examples=tuple(Example(expression=one, expected=result) for one, result in pairs))


@pytest.mark.parametrize(
    ("body", "outcome"),
    [
        ("return {1: 2, 2: 4}[x]", FAILED),
        ("return {1: 2, 2: 4}.get(x)", FAILED),
        ("return {1: 2, 2: 4}.get(x, 0)", FAILED),
        ("table: dict[int, int] = {1: 2, 2: 4}\n    return table[x]", FAILED),
        ("return [0, 2, 4][x]", FAILED),
        ("return (0, 2, 4)[x]", FAILED),
        ("match x:\n        case 1:\n            return 2\n        case 2:\n            return 4", FAILED),
        ("match x:\n        case 1: return 2\n        case 2: return 4\n        case _: raise ValueError(x)", FAILED),
        ("match x:\n        case 1: return 2\n        case 2: return 4\n        case _: return x * 2", PASSED),
        ("match x:\n        case 1: return 2\n        case 2 if x: return 4", PASSED),
        ("match x:\n        case [1, 2]: return 2\n        case None: return 4", PASSED),
        ("return {1: 2, 2: 4, 3: 6}[x]", PASSED),
        ("return {1: 2, 2: 4}.get(x, x * 2)", PASSED),
        ("return {1: 2, 2: x * 2}[x]", PASSED),
        ("return [0, 2, 4, 6, 8, 10][x]", PASSED),
        ("return {1: 2, 2: 4}[x % 3]", PASSED),
        ("print(x)\n    return {1: 2, 2: 4}[x]", PASSED),
        ("return x * 2", PASSED),
    ],
)
def test_a_table_of_the_examples(body: str, outcome: object) -> None:
    """A table of the examples passes them all and knows nothing else; one that knows more is a program."""
    contract = shown(("f(1)", "2"), ("f(2)", "4"))
    verdict = judged(function("def f(x):", "Double."), f"\n    {body}", contract=contract)
    [found] = [one for one in verdict.checks if one.name == OWN]
    assert found.outcome is outcome, verdict


def test_a_table_by_two_arguments() -> None:
    """Two arguments are looked up as a pair."""
    contract = shown(("f(1, 2)", "3"), ("f(2, 2)", "4"))
    for body in (
        "return {(1, 2): 3, (2, 2): 4}[a, b]",
        "match (a, b):\n        case (1, 2): return 3\n        case 2, 2: return 4",
    ):
        check(OWN, function("def f(a, b):", "Add."), f"\n    {body}", FAILED, "only repeats", contract=contract)
