"""Data flow of a piece of code: which occurrence of a variable takes its value from which other.

After Guo et al. 2021 (GraphCodeBERT, section 3) as CodeBLEU uses it (Ren et al. 2020, section 3.3). The grammars name
alike what is alike (an assignment has `left` and `right`, a loop a `body`), so one reading serves ten languages. It is
an approximation, meant for comparing two pieces of code: no aliases, no calls, exceptions in order of the text.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator
from contextlib import suppress

from tree_sitter import Node, Tree

_VARIABLES = frozenset(
    {
        "identifier",
        "shorthand_property_identifier",
        "shorthand_property_identifier_pattern",
        "instance_variable",
        "class_variable",
        "global_variable",
    }
)
_WRITES = frozenset(
    {
        "assignment",
        "augmented_assignment",
        "named_expression",
        "as_pattern",
        "default_parameter",
        "typed_default_parameter",
        "for_in_clause",
        "assignment_expression",
        "augmented_assignment_expression",
        "assignment_pattern",
        "object_assignment_pattern",
        "variable_declarator",
        "short_var_declaration",
        "var_spec",
        "assignment_statement",
        "range_clause",
        "let_declaration",
        "let_condition",
        "compound_assignment_expr",
        "init_declarator",
        "operator_assignment",
        "optional_parameter",
    }
)
"""Nodes that give a target a value."""
_LOOPS = frozenset(
    {
        "for_statement",
        "while_statement",
        "do_statement",
        "for_in_statement",
        "enhanced_for_statement",
        "for_range_loop",
        "for_expression",
        "while_expression",
        "loop_expression",
        "for",
        "while",
        "until",
    }
)
_BRANCHES = frozenset(
    {
        "if_statement",
        "if_expression",
        "if",
        "unless",
        "switch_statement",
        "switch_expression",
        "expression_switch_statement",
        "match_statement",
        "match_expression",
        "case",
        "conditional_expression",
        "ternary_expression",
    }
)
_PARAMETERS = frozenset(
    {
        "parameters",
        "lambda_parameters",
        "formal_parameters",
        "parameter_list",
        "method_parameters",
        "block_parameters",
        "closure_parameters",
    }
)
_TARGET_FIELDS = ("left", "name", "pattern", "declarator", "alias")
_VALUE_FIELDS = ("right", "value")
_NAMES_ONLY = frozenset({"attribute", "field", "property", "method", "type", "return_type", "result", "key", "path"})
"""Fields whose identifiers name something that is no variable."""
_NAMED = frozenset(
    {
        "keyword_argument",
        "method_invocation",
        "class_definition",
        "class_declaration",
        "function_definition",
        "function_declaration",
        "function_item",
        "method",
        "method_declaration",
        "method_definition",
        "class",
        "module",
    }
)
"""Nodes whose field `name` is no variable."""
_PARTS = frozenset(
    {
        "attribute",
        "subscript",
        "member_expression",
        "subscript_expression",
        "selector_expression",
        "index_expression",
        "field_expression",
        "field_access",
        "array_access",
        "element_reference",
        "call",
    }
)
"""Targets that are parts of a variable: writing to one writes to its first name, the others are read."""

Flow = Counter[tuple[str, str]]
"""How often a variable takes a value from a variable; names are var_0, var_1, … in the order of the flow."""
State = dict[str, frozenset[int]]
"""Variable to the places in the text where it may have got its value."""


def data_flow(tree: Tree) -> Flow:
    """The normalised flow of a piece of code; empty where nothing takes a value from a variable."""
    reader = _Reader()
    with suppress(RecursionError):  # nested deeper than Python can walk: what was found so far
        reader.read(tree.root_node, {})
    names: dict[str, str] = {}
    flow: Flow = Counter()
    for target, source in sorted(reader.edges):
        # The source comes first: it stands where the value was made.
        pair = [names.setdefault(reader.names[place], f"var_{len(names)}") for place in (source, target)]
        flow[pair[1], pair[0]] += 1
    return flow


class _Reader:
    """Walks a tree in the order of execution."""

    def __init__(self) -> None:
        self.edges: set[tuple[int, int]] = set()
        """(place that takes a value, place it takes it from)"""
        self.names: dict[int, str] = {}

    def read(self, node: Node, state: State) -> State:
        """The state after a node."""
        if node.type in _VARIABLES:
            return self._use(node, state)
        if node.type in _PARAMETERS:
            return self._parameters(node, state)
        if node.type in _LOOPS:
            return self._loop(node, state)
        if node.type in _BRANCHES:
            return self._branches(node, state)
        if node.type in _WRITES and (parts := _write(node)) is not None:
            return self._assign(*parts, state, keeps=_keeps(node))
        # A comprehension's clauses run before what they are for.
        children = sorted(_children(node), key=lambda child: child.type not in ("for_in_clause", "if_clause"))
        if not any(child.type == "for_in_clause" for child in children):
            children = list(_children(node))
        for child in children:
            state = self.read(child, state)
        return state

    def _use(self, node: Node, state: State) -> State:
        place = self._place(node)
        self.edges.update((place, source) for source in state.get(self.names[place], ()) if source != place)
        return state

    def _parameters(self, node: Node, state: State) -> State:
        for child in _children(node):
            write = _write(child) if child.type in _WRITES else None
            if write is not None:
                state = self._assign(*write, state)
            else:
                for name in _variables(child):
                    place = self._place(name)
                    state = {**state, self.names[place]: frozenset({place})}
        return state

    def _assign(self, targets: Node, values: Node, state: State, *, keeps: bool = False) -> State:
        """`keeps`: the old value goes into the new one, as with `+=`."""
        state = self.read(values, state)
        for target, value in _paired(targets, values):
            sources = [self._place(name) for name in _variables(value)]
            written = _written(target)
            partly = {name.id for name in written if target.type in _PARTS}
            reads = [name for name in _variables(target) if name.id not in {each.id for each in written}]
            for name in reads:
                self._use(name, state)
            for name in written:
                place = self._place(name)
                if keeps or name.id in partly:
                    self._use(name, state)
                self.edges.update((place, source) for source in sources)
                self.edges.update((place, self._place(read)) for read in reads)
                state = {**state, self.names[place]: frozenset({place})}
        return state

    def _loop(self, node: Node, state: State) -> State:
        write = _write(node)
        for _ in range(2):  # the second time sees what the first has left
            before = state
            if write is not None:
                state = self._assign(*write, state)
            for child in _children(node):
                if write is None or child not in write:
                    state = self.read(child, state)
            state = _joined([before, state])
        return state

    def _branches(self, node: Node, state: State) -> State:
        ends: list[State] = []
        otherwise = False
        for child in _children(node):
            field = _field(node, child)
            if field in ("condition", "subject", "value", "initializer"):
                state = self.read(child, state)
                continue
            otherwise = otherwise or (child.type != "elif_clause" and (field == "alternative" or "else" in child.type))
            ends.append(self.read(child, state))
        return _joined(ends if otherwise and ends else [*ends, state])

    def _place(self, node: Node) -> int:
        self.names[node.start_byte] = (node.text or b"").decode("utf-8", "replace")
        return node.start_byte


def _write(node: Node) -> tuple[Node, Node] | None:
    """Target and value of a node that gives one, if it does."""
    if node.type == "as_pattern":
        children = node.named_children
        return (children[-1], children[0]) if len(children) > 1 else None
    target = next((found for name in _TARGET_FIELDS if (found := node.child_by_field_name(name)) is not None), None)
    value = next((found for name in _VALUE_FIELDS if (found := node.child_by_field_name(name)) is not None), None)
    return (target, value) if target is not None and value is not None else None


def _keeps(node: Node) -> bool:
    operator = node.child_by_field_name("operator")
    text = (operator.text or b"").decode() if operator is not None else "="
    return text not in ("=", ":=")


def _paired(targets: Node, values: Node) -> list[tuple[Node, Node]]:
    """`a, b = c, d` one by one; otherwise everything on the left comes from everything on the right."""
    left, right = targets.named_children, values.named_children
    lists = targets.type.endswith("list") and values.type.endswith("list")
    return list(zip(left, right, strict=True)) if lists and len(left) == len(right) else [(targets, values)]


def _written(target: Node) -> list[Node]:
    names = list(_variables(target))
    return names[:1] if target.type in _PARTS else names


def _variables(node: Node) -> Iterator[Node]:
    """The variables below a node, in order of the text."""
    if node.type in _VARIABLES:
        yield node
        return
    for child in _children(node):
        yield from _variables(child)


def _children(node: Node) -> Iterator[Node]:
    """The named children that may hold variables."""
    for number, child in enumerate(node.children):
        field = node.field_name_for_child(number)
        if not child.is_named or field in _NAMES_ONLY:
            continue
        if field != "name" or node.type not in _NAMED:
            yield child


def _field(node: Node, child: Node) -> str | None:
    return next((node.field_name_for_child(n) for n, each in enumerate(node.children) if each == child), None)


def _joined(states: Iterable[State]) -> State:
    joined: State = {}
    for state in states:
        for name, places in state.items():
            joined[name] = joined.get(name, frozenset()) | places
    return joined
