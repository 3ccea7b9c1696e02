"""JavaScript and TypeScript expressions in documentation: which can be checked, and which are formulas or slips.

The grammar parses them; nothing is evaluated. Where the grammar is missing nothing is an example. Never raises.
"""

from __future__ import annotations

import re
from collections.abc import Collection, Iterator

import tree_sitter

from glosswright_server.intent.docs.examples_dialect import FORMULA, PLACEHOLDERS, Dialect, meant
from glosswright_server.intent.docs.examples_scan import closing, split_top
from glosswright_server.intent.languages import LANGUAGES
from glosswright_server.intent.tree import Tree, parse

_GLOBALS = frozenset(
    {
        *("Array", "BigInt", "Boolean", "Date", "Error", "Infinity", "JSON", "Map", "Math", "NaN", "Number", "Object"),
        *(
            "RangeError",
            "RegExp",
            "Set",
            "String",
            "Symbol",
            "SyntaxError",
            "TypeError",
            "console",
            "decodeURIComponent",
        ),
        *("encodeURIComponent", "isFinite", "isNaN", "parseFloat", "parseInt", "structuredClone", "undefined"),
    }
)
_MAKERS = frozenset(("Array", "BigInt", "Date", "Map", "Number", "Set", "String"))
_VALUE_NODES = frozenset(
    {
        *(
            "number",
            "string",
            "string_fragment",
            "escape_sequence",
            "template_string",
            "true",
            "false",
            "null",
            "array",
        ),
        *("undefined", "object", "pair", "property_identifier", "unary_expression", "binary_expression", "arguments"),
        *("parenthesized_expression", "new_expression", "call_expression", "computed_property_name", "regex"),
    }
)
_SCALARS = frozenset(("number", "true", "false", "null", "undefined", "unary_expression"))
_SIGNATURE = re.compile(r"[(,]\s*(?:\.\.\.)?\w+\??\s*:")
_EXCEPTION = re.compile(r"(?:new\s+)?(?:[A-Za-z_]\w*\.)*([A-Z]\w*(?:Error|Exception)|Error)\b")
_CONSTANTS = {"True": "true", "False": "false", "None": "null"}


class ScriptDialect(Dialect):
    """What the readers of calls and pairs ask about JavaScript and TypeScript."""

    comment = "//"

    def __init__(self, language: str, name: str, parameters: tuple[str, ...], names: Collection[str] = ()) -> None:
        self.language = LANGUAGES[language]
        self.name = name
        self.parameters = parameters
        self.names = meant(names, (name, *parameters))

    def trouble(self, source: str, bound: Collection[str] = ()) -> str:
        """Why `source` cannot be evaluated for an example: "" when it can, `FORMULA` when it is none."""
        tree = self._parsed(source)
        if tree is None:
            return FORMULA if _SIGNATURE.search(source) or "..." in source else "not an expression"
        read, declared = _names(tree)
        free = read - declared - _GLOBALS - self.names - {self.name, *bound}
        free -= {one for one in free if (one[:1].isupper() or not self.name) and re.search(rf"\b{one}\s*[(.]", source)}
        if not free:
            return ""
        if any(len(one) == 1 or one in self.parameters or one in PLACEHOLDERS for one in free):
            return FORMULA
        return f"{min(free)} is not defined"

    def value(self, source: str, bound: Collection[str] = ()) -> str:
        """`source` as the value that is expected; "" where it is none."""
        source = _CONSTANTS.get(source, source)
        tree = self._parsed(source)
        if tree is None:
            return ""
        for node in _nodes(tree):
            if node.type == "identifier":
                if tree.text_of(node) not in _MAKERS | {"Infinity", "NaN", *bound}:
                    return ""
            elif (
                node.is_named and node.type not in _VALUE_NODES and node.type not in ("program", "expression_statement")
            ):
                return ""
        return source

    def exception(self, source: str) -> str:
        """The exception that `source` starts with; "" where it names none."""
        match = _EXCEPTION.match(source)
        return match[1] if match else ""

    def is_ambiguous(self, source: str) -> bool:
        """Whether `source` may mean either of two values: `1, 2`."""
        parts = split_top(source)
        return len(parts) > 1 and all(self.value(part) for part in parts)

    def printed(self, expression: str) -> str:
        """What `expression` prints, where it is `console.log(…)` of one thing; "" otherwise."""
        match = re.match(r"console\.(?:log|info)\(", expression)
        if match is None or closing(expression, match.end() - 1) != len(expression):
            return ""
        parts = split_top(expression[match.end() : -1])
        return parts[0] if len(parts) == 1 else ""

    def as_printed(self, value: str) -> str:
        """`value` as `console.log` shows it; "" where that can be written in several ways."""
        tree = self._parsed(value)
        inner = [node.type for node in _nodes(tree) if node.is_named] if tree is not None else []
        return value if inner and set(inner[3:]) <= _SCALARS else ""

    def call(self, arguments: list[str]) -> str:
        """A call of the function with these arguments."""
        return f"{self.name}({', '.join(arguments)})"

    def _parsed(self, source: str) -> Tree | None:
        """`source` in parentheses, so that braces are an object; None where that is no expression."""
        if not source.strip() or "\0" in source:
            return None
        tree = parse(f"({source})", self.language)
        root = tree.root
        if root is None or root.has_error or root.named_child_count != 1:
            return None
        statement = root.named_child(0)
        inner = statement.named_child(0) if statement is not None else None
        if inner is None or inner.type != "parenthesized_expression" or inner.end_byte != len(source) + 2:
            return None
        return tree


def _nodes(tree: Tree) -> Iterator[tree_sitter.Node]:
    stack = [tree.root] if tree.root is not None else []
    while stack:
        node = stack.pop()
        yield node
        stack.extend(node.children)


def _names(tree: Tree) -> tuple[set[str], set[str]]:
    """Names that are read, and names that the expression itself declares."""
    read: set[str] = set()
    declared: set[str] = set()
    for node in _nodes(tree):
        if node.type in ("identifier", "shorthand_property_identifier"):
            read.add(tree.text_of(node))
        if node.type == "shorthand_property_identifier_pattern":
            declared.add(tree.text_of(node))
        if node.type in ("formal_parameters", "variable_declarator", "function_expression", "arrow_function"):
            fields = (
                [node]
                if node.type == "formal_parameters"
                else [one for field in ("name", "parameter") if (one := node.child_by_field_name(field)) is not None]
            )
            declared.update(tree.text_of(one) for field in fields for one in (field, *field.named_children))
    return read, declared
