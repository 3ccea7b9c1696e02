"""Do the candidate's calls fit the functions and classes of the file? Only calls that raise `TypeError` for sure fail.

Left alone: names bound more than once or anywhere in the function, decorated functions, classes with bases (but for
`self.method(...)`), and calls with `*` or `**`.
"""

from __future__ import annotations

import ast
import inspect
import re
from collections import Counter
from collections.abc import Iterator
from functools import cached_property

import tree_sitter

from glosswright_server.intent.tree import Tree
from glosswright_server.verify.python.excerpt import outline_of
from glosswright_server.verify.python.module_names import ModuleNames
from glosswright_server.verify.python.parsed import (
    FUNCTIONS,
    Function,
    Parsed,
    bound_names,
    decorator_name,
    names_bound_by,
    parse_python,
)
from glosswright_server.verify.verdict import Check, Outcome

NAME = "calls fit"


def calls_fit(parsed: Parsed, module: ModuleNames, tree: Tree, at: int) -> Check:
    """Whether each call in the candidate, which begins at `at` of `tree.text`, fits what is known of what it calls."""
    calls = [node for node in parsed.new_nodes if isinstance(node, ast.Call)]
    known = _Known(parsed, module, tree, at)
    looked_at = 0
    for call in calls:
        if any(isinstance(one, ast.Starred) for one in call.args) or any(one.arg is None for one in call.keywords):
            continue
        signature = known.signature(call)
        if signature is None:
            continue
        looked_at += 1
        try:
            signature.bind(*call.args, **{str(one.arg): one.value for one in call.keywords})
        except TypeError as error:
            return Check(NAME, Outcome.FAILED, f"`{ast.unparse(call.func)}(…)`: {error}")
    if not looked_at:
        return Check(NAME, Outcome.NOT_APPLICABLE, "it calls nothing whose parameters are known")
    return Check(NAME, Outcome.PASSED)


class _Known:
    """What can be called, by name or through `self`."""

    def __init__(self, parsed: Parsed, module: ModuleNames, tree: Tree, at: int) -> None:
        self._parsed = parsed
        self._module = module
        self._tree = tree
        self._at = at
        self._bound = Counter(name for node in parsed.nodes for name in names_bound_by(node))
        self._defined = {node.name: node for node in parsed.nodes if isinstance(node, (*FUNCTIONS, ast.ClassDef))}

    @cached_property
    def _methods(self) -> dict[str, list[tree_sitter.Node]]:
        """The functions of the class around the candidate, which its excerpt leaves out."""
        owner = self._tree.enclosing(self._at, ("class_definition",))
        body = owner.child_by_field_name("body") if owner is not None else None
        found: dict[str, list[tree_sitter.Node]] = {}
        for node in body.named_children if body is not None else ():
            definition = node.child_by_field_name("definition") or node
            name = definition.child_by_field_name("name")
            if definition.type == "function_definition" and name is not None:
                found.setdefault(self._tree.text_of(name), []).append(node)
        return found

    def signature(self, call: ast.Call) -> inspect.Signature | None:
        """The parameters of what is called; None when they are not known for sure."""
        called = call.func
        if isinstance(called, ast.Name):
            definition = self._definition(called.id)
            if isinstance(definition, FUNCTIONS):
                return _signature(definition.args) if not definition.decorator_list else None
            return _constructor(definition) if definition is not None else None
        if isinstance(called, ast.Attribute) and isinstance(called.value, ast.Name):
            return self._method(called.value.id, called.attr)
        return None

    def _definition(self, name: str) -> Function | ast.ClassDef | None:
        nodes = self._module.bound.get(name, [])
        own = self._defined.get(name)
        is_top = own in self._parsed.module.body
        if own is not None and not is_top and own not in self._parsed.methods:
            # Of a class around the candidate the excerpt does not show everything.
            return own if self._bound[name] == 1 and not nodes and own not in self._parsed.enclosing else None
        # At module level it stands in both tables, once in each.
        if self._bound[name] != int(is_top) or len(nodes) != 1 or nodes[0] is None:
            return None
        return self._outlined(nodes[0])

    def _outlined(self, node: tree_sitter.Node) -> Function | ast.ClassDef | None:
        parsed = parse_python(outline_of(self._tree, node))
        first = parsed.body[0] if parsed is not None and parsed.body else None
        return first if isinstance(first, (*FUNCTIONS, ast.ClassDef)) else None

    def _method(self, receiver: str, name: str) -> inspect.Signature | None:
        function, owner = self._parsed.function, self._parsed.owner
        if function is None or owner is None or not function.args.args:
            return None
        decorators = {decorator_name(one) for one in function.decorator_list}
        if function.args.args[0].arg != receiver or "staticmethod" in decorators:
            return None
        if list(_names_bound_in(function)).count(receiver) != 1:  # once, as the parameter
            return None
        others = [one for one in owner.body if not isinstance(one, FUNCTIONS) and name in set(_bound_in_class(one))]
        methods = self._methods.get(name, [])
        method = self._outlined(methods[0]) if len(methods) == 1 and not others else None
        if not isinstance(method, FUNCTIONS):
            return None
        if re.search(rf"\.{re.escape(name)}\s*(?::[^=\n]+)?=[^=]", self._tree.text):
            return None
        kinds = [decorator_name(one) for one in method.decorator_list]
        if kinds == ["staticmethod"]:
            return _signature(method.args)
        if kinds == ["classmethod"] or (not kinds and "classmethod" not in decorators and function.name != "__new__"):
            return _signature(method.args, skip=1)
        return None


def _bound_in_class(statement: ast.stmt) -> Iterator[str]:
    """What a statement of a class body binds in the class."""
    if isinstance(statement, (*FUNCTIONS, ast.ClassDef)):
        yield statement.name
    else:
        yield from bound_names(statement)


def _names_bound_in(function: Function) -> Iterator[str]:
    yield from bound_names(function.args)
    for statement in function.body:
        yield from bound_names(statement)


def _constructor(owner: ast.ClassDef) -> inspect.Signature | None:
    """The parameters of a class without bases, metaclass and `__new__`, by its `__init__` or as a plain dataclass."""
    bases = [one for one in owner.bases if not (isinstance(one, ast.Name) and one.id == "object")]
    bound = Counter(name for statement in owner.body for name in _bound_in_class(statement))
    if bases or owner.keywords or bound["__new__"] or bound["__init__"] > 1:
        return None
    if owner.decorator_list:
        return _dataclass(owner) if not bound["__init__"] else None
    for statement in owner.body:
        if isinstance(statement, ast.FunctionDef) and statement.name == "__init__":
            return _signature(statement.args, skip=1) if not statement.decorator_list else None
    return inspect.Signature() if not bound["__init__"] else None


def _dataclass(owner: ast.ClassDef) -> inspect.Signature | None:
    """The parameters of `@dataclass class …` whose fields say no more than name, type and a plain default."""
    [decorator, *others] = owner.decorator_list
    if others or isinstance(decorator, ast.Call) or decorator_name(decorator) != "dataclass":
        return None
    parameters = []
    for statement in owner.body:
        if not isinstance(statement, ast.AnnAssign):
            continue
        annotation = ast.unparse(statement.annotation)
        if not isinstance(statement.target, ast.Name) or re.search("ClassVar|InitVar|KW_ONLY|_:", annotation):
            return None
        if isinstance(statement.value, ast.Call):  # field(...) has a mind of its own
            return None
        default = inspect.Parameter.empty if statement.value is None else None
        parameters.append(
            inspect.Parameter(statement.target.id, inspect.Parameter.POSITIONAL_OR_KEYWORD, default=default)
        )
    try:
        return inspect.Signature(parameters)
    except ValueError:  # a default before none: not a class that can be made at all
        return None


def _signature(arguments: ast.arguments, skip: int = 0) -> inspect.Signature | None:
    """`arguments` as `inspect` sees them, the first `skip` positional ones left out."""
    kind = inspect.Parameter
    positional = [*arguments.posonlyargs, *arguments.args]
    if len(positional) < skip:
        return None
    defaults: list[object] = [kind.empty] * (len(positional) - len(arguments.defaults)) + [None] * len(
        arguments.defaults
    )
    found = []
    for number, (one, default) in enumerate(zip(positional, defaults, strict=True)):
        how = kind.POSITIONAL_ONLY if number < len(arguments.posonlyargs) else kind.POSITIONAL_OR_KEYWORD
        found.append(kind(one.arg, how, default=default))
    del found[:skip]
    if arguments.vararg:
        found.append(kind(arguments.vararg.arg, kind.VAR_POSITIONAL))
    for one, default in zip(arguments.kwonlyargs, arguments.kw_defaults, strict=True):
        found.append(kind(one.arg, kind.KEYWORD_ONLY, default=kind.empty if default is None else None))
    if arguments.kwarg:
        found.append(kind(arguments.kwarg.arg, kind.VAR_KEYWORD))
    try:
        return inspect.Signature(found)
    except ValueError:  # a repeated parameter: "compiles" says so
        return None
