"""Which examples are read from documentation in other languages than Python."""

from __future__ import annotations

import pytest

from glosswright_server.intent.docs.examples import find_examples

# language | text | what is found; the function is `add`, its parameters `a` and `b`.
FOUND = [
    ("javascript", "add(1, 2)  // => 3", "add(1, 2) == 3"),
    ("javascript", "add(1, 2); // 3", "add(1, 2) == 3"),
    ("javascript", "const sum = add(1, 2); // 3", "add(1, 2) == 3"),
    ("javascript", "await add(1, 2) // 3", "await add(1, 2) == 3"),
    ("javascript", "const sum = await add(1, 2); // 3", "await add(1, 2) == 3"),
    ("javascript", 'add("a", 1) // NaN', 'add("a", 1) == NaN'),
    ("javascript", "add(1, 2) === 3", "add(1, 2) == 3"),
    ("javascript", "add([1], {a: 1}) -> undefined", "add([1], {a: 1}) == undefined"),
    ("javascript", "add(1, 2) -> new Set([1])", "add(1, 2) == new Set([1])"),
    ("javascript", "add((x) => x * 2, [1]) // [2]", "add((x) => x * 2, [1]) == [2]"),
    (
        "javascript",
        "add(({k}) => k, function (y) { return y; }) // 1",
        "add(({k}) => k, function (y) { return y; }) == 1",
    ),
    ("javascript", "console.log(add(1, 2)) // 3", "console.log(add(1, 2)) prints 3"),
    ("javascript", "console.log(add(1, 2)) // [1, 2]", "add(1, 2) == [1, 2]"),
    ("javascript", "console.log(1, add(1, 2)) // 3", ""),
    ("javascript", "@example\nadd(2, 2);\n// => 4", "add(2, 2) == 4"),
    ("javascript", ">>> add(1, 2)\n3\n>>> add(2, 2);\n 4", "add(1, 2) == 3; add(2, 2) == 4"),
    ("javascript", ">>> add([1, 2], 0.5)\nfalse\n\nand more", "add([1, 2], 0.5) == false"),
    ("javascript", ">>> add(1, 2)\n>>> add(2, 2)\n4", "add(2, 2) == 4"),
    ("javascript", ">>> add(1, 2)\n\n3 is prose", ""),
    ("javascript", ">>> add(1, 2)\n3 times as much", ""),
    ("javascript", ">>> console.log(add(1, 2))\n3", "console.log(add(1, 2)) prints 3"),
    ("javascript", "add(1, 2)\n3", ""),
    ("javascript", "assert.equal(add(1, 2), 3)", "add(1, 2) == 3"),
    ("javascript", "assert.deepStrictEqual(add([1], 2),\n  [1, 2]);", "add([1], 2) == [1, 2]"),
    ("javascript", "assert(add(1, 2) === 3)", "add(1, 2) == 3"),
    ("javascript", "assert.ok(add(1, 2) > 2)", "add(1, 2) > 2"),
    ("javascript", "expect(add(1, 2)).toBe(3);", "add(1, 2) == 3"),
    ("javascript", "expect(add(1)).toEqual([1])", "add(1) == [1]"),
    ("javascript", "expect(add(1)).toBeNull()", "add(1) == null"),
    ("javascript", "expect(add(1)).toBeFalsy()", "!(add(1))"),
    ("javascript", "expect(() => add()).toThrow(RangeError)", "add() raises RangeError"),
    ("javascript", "assert.throws(() => { add(1); })", "add(1) raises Error"),
    ("javascript", "expect(add(1)).not.toBe(3)", ""),
    ("javascript", "add(1) throws a TypeError", "add(1) raises TypeError"),
    ("javascript", "add(1, 2) returns 3.", "add(1, 2) == 3"),
    ("javascript", "add(1, 2) 返回 3。", "add(1, 2) == 3"),
    ("javascript", "Input: a = 1, b = 2\nOutput: True", "add(1, 2) == true"),
    ("javascript", "const xs = [1];\nadd(xs, 2) // 3", "?"),
    ("javascript", "const xs = [1]\nadd(xs, 2) // 3", "add(xs, 2) == 3"),
    ("javascript", "add(a, b) -> a + b", ""),
    ("javascript", "add(...args) -> 3", ""),
    ("javascript", "add(1, 2) == 1, 2", "?"),
    ("javascript", "add(1, 2) -> [1", "?"),
    ("javascript", "add(1, foo) -> 3", "?"),
    ("javascript", "assert.equal(add(1, 2, 3", "?"),
    ("typescript", "add(a: number, b: number): number", ""),
    ("typescript", "{@code add(1, 2)} returns {@code 3}", "add(1, 2) == 3"),
    ("tsx", "add<number>(1, 2) // 3", ""),
    ("rust", "assert_eq!(add(1, 2), 3);", "add(1, 2) == 3"),
    ("rust", "assert!(add(1, 2) == 3);", "add(1, 2) == 3"),
    ("rust", "add(vec![1], 2) -> Some(3)", "add(vec![1], 2) == Some(3)"),
    ("rust", "add(a: i32, b: i32) -> i32", ""),
    ("go", "add(1, 2) == 3", "add(1, 2) == 3"),
    ("go", ">>> add(1, 2)\n3", "add(1, 2) == 3"),
    ("go", 'add([]int{1, 2}, "a") returns nil', 'add([]int{1, 2}, "a") == nil'),
    ("java", "assertEquals(3, add(1, 2));", "add(1, 2) == 3"),
    ("java", "assertFalse(add(1, 2))", "add(1, 2) == false"),
    ("java", "assertThrows(BadException.class, () -> add(1, 2));", "add(1, 2) raises BadException"),
    ("java", 'add("a", 1) throws IllegalArgumentException', 'add("a", 1) raises IllegalArgumentException'),
    ("java", "assertTrue(check(1))", ""),
    ("c", "add(1, 2) = 3", "add(1, 2) == 3"),
    ("c", "add(x, 2) = 3", ""),
    ("c", "add(1, 2) = 3, 4", "?"),
    ("lua", "add(1, 2)  -- 3", "add(1, 2) == 3"),
    ("nothing known", "add(1, 2) -> 3", "add(1, 2) == 3"),
]


@pytest.mark.parametrize(("language", "text", "expected"), FOUND, ids=[f"{row[0]} {row[1]}" for row in FOUND])
def test_form(language: str, text: str, expected: str) -> None:
    """Each language's way of writing an example is read, and what only looks like one is not."""
    examples, unreadable = find_examples(text, language, name="add", parameters=("a", "b"))
    assert "; ".join([one.text for one in examples] + ["?"] * len(unreadable)) == expected
