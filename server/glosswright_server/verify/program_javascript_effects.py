"""Tells the JavaScript statements that only define something from those that act, and what names they bind and read.

The counterpart of `program_effects` and `program_names` over tree-sitter's nodes, and like them a judgement by kind.
Scopes are not resolved: a name that is local in one place and global in another counts as both.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator

import tree_sitter

from glosswright_server.intent.tree import Tree

FUNCTIONS = frozenset(
    (
        *("function_declaration", "generator_function_declaration", "method_definition", "arrow_function"),
        *("function_expression", "generator_function"),
    )
)
DECLARATIONS = frozenset(
    (
        *("function_declaration", "generator_function_declaration", "class_declaration"),
        *("lexical_declaration", "variable_declaration"),
    )
)
_PURE = frozenset(
    (
        *("Array", "ArrayBuffer", "BigInt", "Boolean", "Date", "Error", "Float64Array", "Int32Array", "Intl", "JSON"),
        *("Map", "Math", "Number", "Object", "RangeError", "Reflect", "RegExp", "Set", "String", "Symbol", "TypeError"),
        *("URL", "Uint8Array", "Uint16Array", "Uint32Array", "WeakMap", "WeakSet", "isFinite", "isNaN", "parseFloat"),
        *("parseInt", "require", "structuredClone", "BigInt64Array", "Float32Array", "Proxy", "TextEncoder"),
    )
)
"""Globals whose calls make a value."""
_ACTING = frozenset(
    (
        *("Function", "alert", "console", "document", "eval", "fetch", "globalThis", "process", "queueMicrotask"),
        *("setImmediate", "setInterval", "setTimeout", "window"),
    )
)
_METHODS = frozenset(
    (
        "connect",
        "createServer",
        "exec",
        "execSync",
        "exit",
        "listen",
        "on",
        "run",
        "send",
        "spawn",
        "start",
        "then",
        "write",
    )
)
_PURE_MODULES = frozenset({"path", "util", "url", "node:path", "node:util", "node:url"})
_MUTATORS = frozenset({"push", "unshift", "set", "add", "sort", "reverse", "splice"})


class JavaScriptEffects:
    """Judges the top-level statements of one tree."""

    def __init__(self, tree: Tree, statements: list[tree_sitter.Node]) -> None:
        self._text = tree.text_of
        self._bound: set[str] = set()
        self._definitions: dict[str, tree_sitter.Node] = {}
        self._modules: dict[str, str] = {}
        self._harmless: dict[str, bool] = {}
        self._pending: list[str] | None = None
        for node in statements:
            self._bound |= bound_by(tree, node)
            for name, value in _values(tree, node):
                if value.type in FUNCTIONS or value.type in ("class", "class_declaration"):
                    self._definitions.setdefault(name, value)
            source = node.child_by_field_name("source") if node.type == "import_statement" else None
            module = required(tree, node) if source is None else self._text(source)[1:-1]
            if module is not None:
                self._modules.update(dict.fromkeys(bound_by(tree, node), module))

    def defines(self, node: tree_sitter.Node) -> bool:
        """Whether loading `node` only defines."""
        if node.type in ("import_statement", "function_declaration", "generator_function_declaration"):
            return True
        if node.type in DECLARATIONS:
            return self._value(node)
        if node.type == "expression_statement" and node.named_child_count:
            inner = node.named_children[0]
            if inner.type == "assignment_expression":
                right = inner.child_by_field_name("right")
                return right is not None and self._value(right)
            return inner.type == "call_expression" and self._method(inner) in _MUTATORS and self._value(inner)
        return False

    def changed_by(self, node: tree_sitter.Node) -> set[str]:
        """The names whose values `node`, an expression statement, changes: `x.y = …`, `x.push(…)`."""
        if node.type != "expression_statement" or not node.named_child_count:
            return set()
        inner = node.named_children[0]
        if inner.type in ("assignment_expression", "augmented_assignment_expression"):
            return {self._root(inner.child_by_field_name("left"))} - {"", "module", "exports"}
        if inner.type == "call_expression" and self._method(inner) in _MUTATORS:
            return {self._root(inner.child_by_field_name("function"))} - {""} - set(self._modules)
        return set()

    def _value(self, node: tree_sitter.Node) -> bool:
        """Whether evaluating `node` only makes a value; bodies of functions run later."""
        return all(self._step(part, at_top=True) for part in _walk(node, FUNCTIONS))

    def _step(self, node: tree_sitter.Node, *, at_top: bool) -> bool:
        if node.type in ("call_expression", "new_expression"):
            return self._callable(node.child_by_field_name("function") or node.child_by_field_name("constructor"))
        if node.type in ("await_expression", "import"):
            return False
        return not at_top or node.type not in ("assignment_expression", "update_expression", "class_static_block")

    def _callable(self, function: tree_sitter.Node | None) -> bool:
        if function is None:
            return False
        root = self._root(function)
        if root in _ACTING:
            return False
        if function.type == "identifier":
            return root in _PURE or (self._runs(root) if root in self._definitions else root not in self._bound)
        if function.type != "member_expression" or self._property(function) in _METHODS:
            return False
        return root not in self._modules or self._modules[root] in _PURE_MODULES

    def _runs(self, name: str) -> bool:
        """Whether calling a definition of the file only makes a value, as far as its text tells."""
        if name in self._harmless:
            return self._harmless[name]
        if self._pending is not None:
            # What is called from there is looked at in its turn, once.
            self._pending.append(name)
            return True
        self._pending = [name]
        seen: set[str] = set()
        harmless = True
        while harmless and self._pending:
            each = self._pending.pop()
            if each not in seen:
                seen.add(each)
                harmless = all(self._step(part, at_top=False) for part in _walk(self._definitions[each], frozenset()))
        self._pending = None
        self._harmless.update(dict.fromkeys(seen, True) if harmless else {name: False})
        return harmless

    def _root(self, node: tree_sitter.Node | None) -> str:
        while node is not None and node.type in ("member_expression", "subscript_expression"):
            node = node.child_by_field_name("object")
        return self._text(node) if node is not None and node.type == "identifier" else ""

    def _property(self, member: tree_sitter.Node) -> str:
        name = member.child_by_field_name("property")
        return self._text(name) if name is not None else ""

    def _method(self, call: tree_sitter.Node) -> str:
        function = call.child_by_field_name("function")
        return self._property(function) if function is not None and function.type == "member_expression" else ""


def bound_by(tree: Tree, node: tree_sitter.Node) -> set[str]:
    """The names that a top-level statement binds."""
    if node.type == "import_statement":
        names = set()
        for part in _walk(node, frozenset({"string"})):
            if part.type == "import_specifier":
                names.add(tree.text_of(part.child_by_field_name("alias") or part.named_children[0]))
            elif part.type == "identifier" and part.parent is not None and part.parent.type != "import_specifier":
                names.add(tree.text_of(part))
        return names
    name = node.child_by_field_name("name")
    if name is not None:
        return {tree.text_of(name)}
    found: set[str] = set()
    for declarator in node.named_children:
        pattern = declarator.child_by_field_name("name") if declarator.type == "variable_declarator" else None
        if pattern is not None:
            found.update(_pattern(tree, pattern))
    return found


def read_by(tree: Tree, node: tree_sitter.Node) -> tuple[set[str], set[str]]:
    """The names that `node` mentions, and those of them that it binds somewhere inside (parameters, variables)."""
    read: set[str] = set()
    bound: set[str] = set()
    for part in _walk(node, frozenset()):
        if part.type in ("identifier", "shorthand_property_identifier"):
            read.add(tree.text_of(part))
        elif part.type == "formal_parameters":
            bound.update(name for one in part.named_children for name in _pattern(tree, one))
        elif part.type in ("variable_declarator", "function_declaration", "class_declaration", "function_expression"):
            name = part.child_by_field_name("name")
            bound.update(_pattern(tree, name) if name is not None else ())
        elif part.type in ("arrow_function", "catch_clause", "for_in_statement"):
            one = part.child_by_field_name("parameter") or part.child_by_field_name("left")
            bound.update(_pattern(tree, one) if one is not None else ())
    return read, bound


def required(tree: Tree, node: tree_sitter.Node) -> str | None:
    """The module of `const x = require("module")`; None for anything else."""
    for part in _walk(node, FUNCTIONS):
        function = part.child_by_field_name("function") if part.type == "call_expression" else None
        if function is not None and tree.text_of(function) == "require":
            arguments = part.child_by_field_name("arguments")
            first = arguments.named_children[0] if arguments is not None and arguments.named_child_count else None
            if first is not None and first.type == "string":
                return tree.text_of(first)[1:-1]
    return None


def find(node: tree_sitter.Node, wanted: Callable[[tree_sitter.Node], bool]) -> Iterator[tree_sitter.Node]:
    """Every wanted node at or below `node`, in the order of the text."""
    return (part for part in _walk(node, frozenset()) if wanted(part))


def _values(tree: Tree, node: tree_sitter.Node) -> Iterator[tuple[str, tree_sitter.Node]]:
    name = node.child_by_field_name("name")
    if name is not None:
        yield tree.text_of(name), node
    for declarator in node.named_children if node.type in DECLARATIONS else ():
        name, value = declarator.child_by_field_name("name"), declarator.child_by_field_name("value")
        if declarator.type == "variable_declarator" and name is not None and value is not None:
            yield tree.text_of(name), value


def _pattern(tree: Tree, node: tree_sitter.Node) -> Iterator[str]:
    """The names that a pattern binds; default values are left out."""
    stack = [node]
    while stack:
        part = stack.pop()
        if part.type in ("identifier", "shorthand_property_identifier_pattern"):
            yield tree.text_of(part)
        elif part.type in ("assignment_pattern", "object_assignment_pattern"):
            stack.append(part.named_children[0])
        elif part.type == "pair_pattern":
            stack.append(part.named_children[-1])
        else:
            stack.extend(part.named_children)


def _walk(node: tree_sitter.Node, closed: frozenset[str]) -> Iterator[tree_sitter.Node]:
    """`node` and what is below it; nodes of a type in `closed` are not entered."""
    stack = [node]
    while stack:
        part = stack.pop()
        if part.type in closed:
            continue
        yield part
        stack.extend(reversed(part.children))
