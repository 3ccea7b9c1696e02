"""Sentences one at a time: what they promise, and above all what they do not."""

from __future__ import annotations

import pytest

from glosswright_server.intent.docs.read import read_contract


def check(
    text: str,
    *,
    returns: str = "",
    yields: str = "",
    raises: str = "",
    parameters: str = "",
    wishes: str = "",
    known: str = "",
    language: str = "python",
    name: str = "f",
) -> None:
    """Compare the parts of the contract, each written on one line; what is not named must be empty."""
    contract = read_contract(text, language, name=name, parameters=tuple(known.split()))
    assert (contract.returns.description if contract.returns else "") == returns
    assert (contract.yields.description if contract.yields else "") == yields
    assert "; ".join(f"{one.type}: {one.description}".rstrip(": ") for one in contract.raises) == raises
    told = (
        f"{one.name}={one.default}" if one.default else f"{one.name}: {one.description}" for one in contract.parameters
    )
    assert "; ".join(told) == parameters
    assert "; ".join(contract.wishes) == wishes


@pytest.mark.parametrize(
    ("text", "returns"),
    [
        ("Write a function that returns the sum of two numbers.", "the sum of two numbers"),
        ("Write a function to return the nth prime.", "the nth prime"),
        ("The function returns -1 when not found; otherwise the index.", "-1 when not found; otherwise the index"),
        ("Return True if x is even else False.", "True if x is even else False"),
        ("Count the words, then return the number.", "the number"),
        ("At that point function should return True. Otherwise it should return False.", "True; Otherwise False"),
        ("For a list of numbers, returns it sorted.", "it sorted"),
        ("If x is empty, return None.", "If x is empty, None"),
        ("The return value is a list.", ""),
        ("Return value is a list.", "a list"),
        ("The sum is returned.", "The sum"),
        ("The sum is not returned.", ""),
        ("It is returned.", ""),
        ("Sort the list, returning a new one.", "a new one"),
        ("Splits text. (Returns a list.)", "a list"),
        ("f returns x.", "x"),
        ("Returns nothing if empty.", ""),
        ("Returns None.", ""),
        ("Carriage return is stripped. No return value.", ""),
        ("Set the return type to int.", ""),
        ("Compute the expected return on investment.", ""),
        ("Return to the start of the line.", ""),
        ("Does not return the list.", ""),
        ("For example, it returns 3.", ""),
        ("返回值为整数。", "整数"),
        ("返回值类型不限。", ""),
        ("函数不返回任何值。", ""),
        ("该函数返回两个数的和，如果溢出则返回 -1。", "两个数的和；如果溢出，-1"),
        ("如果未找到，返回 -1，否则返回下标", "如果未找到，-1；否则 下标"),
        ("计算平均值，空列表返回 0。", "空列表，0"),
        ("返回一个列表，其中每个元素都是偶数，按升序排列。", "一个列表，其中每个元素都是偶数，按升序排列"),
        ("例如 f(3) 返回 2", ""),
        ("返回的列表已排序", ""),
    ],
)
def test_results(text: str, returns: str) -> None:
    """A result is documented only where a sentence states it, with the condition that it stands under."""
    check(text, returns=returns)


@pytest.mark.parametrize(
    ("text", "raises"),
    [
        ("Raise ValueError.", "ValueError"),
        ("raises a ValueError if x < 0", "ValueError: if x < 0"),
        ("If x < 0, raise ValueError.", "ValueError: If x < 0"),
        ("If n < 0 a ValueError is raised.", "ValueError: If n < 0"),
        ("Raises KeyError or TypeError when it is bad.", "KeyError: when it is bad; TypeError: when it is bad"),
        ("Throws an Error if it is bad.", "Error: if it is bad"),
        ("Raises requests.HTTPError on failure.", "requests.HTTPError: on failure"),
        ("Retry 3 times before raising TimeoutError.", "TimeoutError"),
        ("Raise StopIteration at the end.", "StopIteration: at the end"),
        ("raise the bar by n percent", ""),
        ("Raise x to the power of n.", ""),
        ("raises an error if n < 0", ""),
        ("Catch ValueError and go on.", ""),
        ("Don't raise KeyError.", ""),
        ("Never raises ValueError.", ""),
        ("Log a warning instead of raising KeyError.", ""),
        ("A ValueError is logged.", ""),
        ("若两数均为 0 则抛出 ValueError 异常。", "ValueError: 若两数均为 0"),
        ("x 为负数时，引发 ValueError。", "ValueError: x 为负数时"),
        ("抛出 ValueError 或 TypeError，如果 x 为空", "ValueError: 如果 x 为空; TypeError: 如果 x 为空"),
        ("不会抛出 KeyError。", ""),
    ],
)
def test_raises(text: str, raises: str) -> None:
    """An exception is documented only by its name, and only where it is said to be raised."""
    check(text, raises=raises)


@pytest.mark.parametrize(
    ("text", "yields"),
    [
        ("Yields each line.", "each line"),
        ("Create a generator that yields squares.", "squares"),
        ("逐个产出每一行。", "每一行"),
        ("Compute the yield of a bond.", ""),
        ("Yield of the bond in percent.", ""),
        ("生成一个随机字符串。", ""),
    ],
)
def test_yields(text: str, yields: str) -> None:
    """Generating something is no generator."""
    check(text, yields=yields)


@pytest.mark.parametrize(
    ("text", "known", "parameters"),
    [
        ("Takes a list of words.", "words", "words: a list of words"),
        ("Takes a list of words.", "self words", "words: a list of words"),
        ("Takes a list of words.", "words n", "words: a list of words"),
        ("Takes a list of words.", "xs n", ""),
        ("Takes a list of words.", "", ""),
        ("Given n, count.", "", "n: "),
        ("Accepts a list xs and a number k.", "xs k", "xs: a list xs; k: a number k"),
        ("It takes `path`.", "", "path: "),
        ("The journey takes a day.", "x", ""),
        ("Given a number, compute its square.", "n", "n: a number"),
        ("where n is a positive integer", "n", "n: a positive integer"),
        ("Fail if n is a negative integer.", "n", ""),
        ("limit defaults to 10.", "limit", "limit=10"),
        ("limit (default 'a') is used.", "limit", "limit='a'"),
        ("limit 默认为 10。", "limit", "limit=10"),
        ("other defaults to 10.", "limit", ""),
        ("给定一个字符串 s，判断它是否是回文", "s", "s: 一个字符串 s"),
        ("传入两个参数 a 和 b", "", "a: 两个参数 a; b: "),
        ("不接受 x。", "x", ""),
    ],
)
def test_parameters(text: str, known: str, parameters: str) -> None:
    """A parameter is described only by a name that the function has, or that the text writes as code."""
    check(text, known=known, parameters=parameters)


@pytest.mark.parametrize(
    ("text", "wishes"),
    [
        ("O(n log n) time", "O(n log n) time"),
        ("Time complexity: O(n), O(1) extra space.", "Time complexity: O(n); O(1) extra space"),
        ("in linear time", "in linear time"),
        ("Flatten without recursion or loops.", "without recursion or loops"),
        ("Drop words without vowels.", ""),
        ("a list without duplicates", ""),
        ("Sort in place, using a heap.", "in place; using a heap"),
        ("Use this in place of eval.", ""),
        ("Don't use eval. Do not modify the input!", "Don't use eval; Do not modify the input!"),
        ("don't use set(), please", "don't use set()"),
        ("Avoid regular expressions.", "Avoid regular expressions"),
        ("no extra memory", "no extra memory"),
        ("Solve recursively with memoization.", "recursively; with memoization"),
        ("Use `bisect`.", "Use `bisect`"),
        ("print it in one line", "in one line"),
        ("read one line from the file", ""),
        ("without modifying the original list", "without modifying the original list"),
        ("filter out users", ""),
        ("不使用循环", "不使用循环"),
        ("用递归实现", "用递归实现"),
        ("不要使用 numpy 库", "不要使用 numpy 库"),
        ("原地反转链表，时间复杂度 O(n)，空间复杂度为 O(1)", "原地反转; 时间复杂度 O(n); 空间复杂度为 O(1)"),
        ("用一行代码实现", "用一行代码实现"),
        ("删除不用的用户", ""),
        ("O(n). o(n)? O(n)!", "O(n)"),
    ],
)
def test_wishes(text: str, wishes: str) -> None:
    """A wish says how, the task says what: words that can be either count for the task."""
    check(text, wishes=wishes)


@pytest.mark.parametrize(
    ("text", "language", "name", "raises"),
    [
        ("Panics if b is zero.", "rust", "div", "panic: if b is zero"),
        ("Must panics if s is malformed.", "go", "Must", "panic: if s is malformed"),
        ("It never panics.", "rust", "div", ""),
        ("Panics if b is zero.", "python", "div", ""),
    ],
)
def test_panics(text: str, language: str, name: str, raises: str) -> None:
    """Rust and Go have no exceptions to name; a panic is what their documentation promises instead."""
    check(text, language=language, name=name, raises=raises)
