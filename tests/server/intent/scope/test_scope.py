"""What the syntax tree says about the place of an intent, per language."""

from __future__ import annotations

from dataclasses import fields
from typing import Any

import pytest

from glosswright_server.intent.languages import LANGUAGES
from glosswright_server.intent.model import Trigger
from glosswright_server.intent.read import read_intent
from glosswright_server.intent.scope import surroundings_of
from glosswright_server.intent.surroundings import Argument, Surroundings
from glosswright_server.intent.tree import parse


def read(language: str, text: str) -> Surroundings:
    """The surroundings at the `▮` of `text`."""
    at = text.index("▮")
    text = text.replace("▮", "", 1)
    tree = parse(text, LANGUAGES[language])
    intent = read_intent(text, at, LANGUAGES[language], trigger=Trigger.EXPLICIT, tree=tree)
    return surroundings_of(tree, intent)


def shown(arguments: tuple[Argument, ...]) -> str:
    """`a: int = 1 | *b`, so that a table can be read."""
    signs = {"rest": "*", "keywords": "**", "keyword-only": "--", "positional-only": "/", "positional": ""}
    return " | ".join(
        signs[one.kind]
        + one.name
        + (f": {one.type}" if one.type else "")
        + (f" = {one.default}" if one.default else "")
        for one in arguments
    )


def check(language: str, text: str, **expected: Any) -> None:
    """Every field is as expected; what is not named is empty."""
    found = read(language, text)
    for field in fields(Surroundings):
        value = getattr(found, field.name)
        if field.name == "arguments":
            assert shown(value) == expected.get("arguments", "")
        elif field.name == "names":
            assert " ".join(sorted(value)) == expected.get("names", "")
        else:
            assert value == expected.get(field.name, type(value)()), field.name


def test_python_method() -> None:
    """All that a method's surroundings can hold, in one."""
    check(
        "python",
        '''import os, sys as system
from typing import List as L, Any
try:
    import numpy as np
except ImportError as error:
    np = None
LIMIT: int = 3
first, (second, *others) = 1, (2, 3)
with open("x") as handle:
    pass
settings.value = {}
class Base: pass
class Stack(Base, Generic[T], metaclass=Meta):
    """Doc."""
    size: int = 0
    kind = "x"
    class Inner:
        hidden = 1
    def __init__(self, items):
        self.items = items
        self._n: int = 0
        self.items[0] = local = 3
    @property
    @cached(3)
    async def push(self, item: int, /, *rest: str, key=None, k2: L[int] = [1], **kw: int) -> Any:
        """Push."""
        ▮
    def pop(self):
        for other in []: pass
def last(x): return x
''',
        function="push",
        arguments="/self | /item: int | *rest: str | --key = None | --k2: L[int] = [1] | **kw: int",
        returns="Any",
        decorators=("@property", "@cached(3)"),
        is_async=True,
        is_method=True,
        class_name="Stack",
        bases=("Base", "Generic[T]"),
        fields=("size", "kind", "items", "_n"),
        methods=("__init__", "push", "pop"),
        imports=("import os, sys as system", "from typing import List as L, Any", "import numpy as np"),
        names="Any Base L LIMIT Stack error first handle item k2 key kw last np os others rest second self system",
    )


def test_python_nested_function() -> None:
    """A function in a method is no method; the names of all functions around it are in scope."""
    check(
        "python",
        "class A:\n    def outer(self, p):\n        q = 1\n        def inner(a, *, b=2) -> int:\n"
        '            """Do."""\n            ▮\n',
        function="inner",
        arguments="a | --b = 2",
        returns="int",
        class_name="A",
        methods=("outer",),
        names="A a b inner p q self",
    )


def test_python_comment_in_module() -> None:
    """Outside functions, imports and names alone are known."""
    check("python", "import os\nx = 1\n# sort the list\n▮\n", imports=("import os",), names="os x")


def test_python_comment_in_class() -> None:
    """In a class body, outside its methods, the class is known."""
    check(
        "python",
        "class A(B):\n    x = 1\n    # a method that adds\n    ▮\n",
        class_name="A",
        bases=("B",),
        fields=("x",),
        names="A",
    )


def test_python_comment_in_function() -> None:
    """A comment's code stands in the function around it."""
    check(
        "python",
        "def f(a, b=1):\n    total = a\n    # add b\n    ▮\n    return total\n",
        function="f",
        arguments="a | b = 1",
        names="a b f total",
    )


def test_python_comment_at_the_end_of_a_function() -> None:
    """Below a function's last statement, indentation says whether the function goes on."""
    text = "class A:\n    def f(self, a):\n        total = a\n\n        # add one\n        ▮\n"
    more = {"class_name": "A", "methods": ("f",)}
    check("python", text, function="f", arguments="self | a", is_method=True, names="A a self total", **more)
    check("python", text.replace("        #", "    #").replace("        ▮", "    ▮"), names="A", **more)
    check("python", text.replace("        #", "#").replace("        ▮", "▮"), names="A")


def test_python_broken_around() -> None:
    """The header is found among code that does not parse."""
    check(
        "python",
        'import os\ndef broken(:\nclass (\ndef f(a: int, b=2) -> str:\n    """Doc."""\n    ▮\nx = = 3\n',
        function="f",
        arguments="a: int | b = 2",
        returns="str",
        imports=("import os",),
        names="a b broken f os x",
    )


def test_javascript_method() -> None:
    """Private fields, fields of the constructor, patterns, `require`."""
    check(
        "javascript",
        """import fs, {a as b, c} from "fs"; import * as ns from "x";
const path = require("path"), {x, y: z} = q;
class A extends B {
  #n = 1; count = 0;
  constructor(n) { this.n = n; }
  /** Doc it. */
  async go(a, b = 2, {d, e}, ...rest) {
    ▮
  }
}
const f = (q) => q;
""",
        function="go",
        arguments="a | b = 2 | {d, e} | *rest",
        is_async=True,
        is_method=True,
        class_name="A",
        bases=("B",),
        fields=("#n", "count", "n"),
        methods=("constructor", "go"),
        imports=(
            'import fs, {a as b, c} from "fs";',
            'import * as ns from "x";',
            'const path = require("path"), {x, y: z} = q;',
        ),
        names="A a b c d e f fs ns path rest x z",
    )


def test_javascript_arrow_function() -> None:
    """An arrow function has the name of what it is assigned to."""
    check(
        "javascript",
        "// twice as much\nconst twice = async x => {\n  ▮\n};\n",
        function="twice",
        arguments="x",
        is_async=True,
        names="twice x",
    )


def test_typescript_method() -> None:
    """Types, optional parameters, parameter properties, interfaces."""
    check(
        "typescript",
        """import { A } from "./a";
interface P { x: number }
class S extends B implements I, J {
  private items: number[] = [];
  constructor(private readonly name: string, other: number) {}
  @log
  push(item: number, opt?: string, z: number = 3, ...r: string[]): Promise<void> {
    // add it
    ▮
  }
}
""",
        function="push",
        arguments="item: number | opt: string | z: number = 3 | *r: string[]",
        returns="Promise<void>",
        decorators=("@log",),
        is_method=True,
        class_name="S",
        bases=("B", "I", "J"),
        fields=("items", "name"),
        methods=("constructor", "push"),
        imports=('import { A } from "./a";',),
        names="A P S item opt r z",
    )


def test_java_method() -> None:
    """Annotations, two fields in one declaration, imports."""
    check(
        "java",
        """import java.util.List;
import static java.lang.Math.max;
class A extends B implements C, D {
  private int n, m;
  /** Doc. */
  @Override public List<String> go(int a, final String b, int... c) {
    ▮
  }
  void other() {}
}
""",
        function="go",
        arguments="a: int | b: String | *c: int",
        returns="List<String>",
        decorators=("@Override",),
        is_method=True,
        class_name="A",
        bases=("B", "C", "D"),
        fields=("n", "m"),
        methods=("go", "other"),
        imports=("import java.util.List;", "import static java.lang.Math.max;"),
        names="A List a b c max",
    )


def test_go_method() -> None:
    """The receiver's type is the class; its methods stand anywhere in the file."""
    check(
        "go",
        """package main
import (
  "net/http"
  str "strings"
)
type Stack struct { items []int; n, m int }
func (s *Stack) Pop() int { return 0 }
func (o Other) Not() {}
// Push adds.
func (s *Stack) Push(a, b int, c ...string) (int, error) {
    ▮
}
var X = 1
""",
        function="Push",
        arguments="a: int | b: int | *c: string",
        returns="(int, error)",
        is_method=True,
        class_name="Stack",
        fields=("items", "n", "m"),
        methods=("Pop", "Push"),
        imports=('import (\n  "net/http"\n  str "strings"\n)',),
        names="Not Pop Push Stack X a b c http str",
    )


def test_rust_method() -> None:
    """An `impl` has the fields of its struct; its trait is its base."""
    check(
        "rust",
        """use std::collections::{HashMap, HashSet as HS};
use std::io;
struct P { x: i32, y: i32 }
impl Shape for P {
    /// Area.
    #[inline]
    pub async fn area(&self, k: i32, mut j: Vec<i32>) -> f64 {
        ▮
    }
    fn other() {}
}
const C: i32 = 1;
""",
        function="area",
        arguments="self | k: i32 | j: Vec<i32>",
        returns="f64",
        decorators=("#[inline]",),
        is_async=True,
        is_method=True,
        class_name="P",
        bases=("Shape",),
        fields=("x", "y"),
        methods=("area", "other"),
        imports=("use std::collections::{HashMap, HashSet as HS};", "use std::io;"),
        names="C HS HashMap P io j k self",
    )


def test_cpp_method() -> None:
    """Methods that are only declared are methods, not fields."""
    check(
        "cpp",
        """#include <vector>
using namespace std;
#define N 3
class A : public B, private C {
  int n; double *p;
  void decl(int);
public:
  // go
  static int go(const std::string& a, int b = 3, int* c) {
    ▮
  }
};
int g = 1;
""",
        function="go",
        arguments="a: std::string | b: int = 3 | c: int",
        returns="int",
        is_method=True,
        class_name="A",
        bases=("B", "C"),
        fields=("n", "p"),
        methods=("decl", "go"),
        imports=("#include <vector>", "using namespace std;"),
        names="A N a b c g",
    )


def test_c_function() -> None:
    """A pointer's function has its name inside two declarators."""
    check(
        "c",
        "#include <stdio.h>\nstruct s { int a; };\nint g = 1;\n// add\nint *add(int a, char *b[], ...) {\n  ▮\n}\n",
        function="add",
        arguments="a: int | b: char",
        returns="int",
        imports=("#include <stdio.h>",),
        names="a add b g s",
    )


def test_ruby_method() -> None:
    """Every kind of parameter that Ruby has, and instance variables."""
    check(
        "ruby",
        """require "set"
class A < B
  # go
  def go(a, b = 2, *c, d:, e: 3, **f, &g)
    ▮
  end
  def start
    @x = 1
  end
end
""",
        function="go",
        arguments="a | b = 2 | *c | --d | --e = 3 | **f | g",
        is_method=True,
        class_name="A",
        bases=("B",),
        fields=("x",),
        methods=("go", "start"),
        imports=('require "set"',),
        names="A a b c d e f g",
    )


@pytest.mark.parametrize("language", ["lua", "plain", "yaml"])
def test_without_grammar(language: str) -> None:
    """Where nothing can be parsed, nothing is claimed."""
    check(language, "# sort the list\n▮\n")
