"""Python's abstract syntax as text, local variables under names of their own: looks are gone, behaviour is left.

Names that others can see keep theirs: parameters of functions that are not local, attributes, everything at module or
class level. A function that looks at its own variables by name (`locals`, `eval`, ...) is left alone.
"""

from __future__ import annotations

import ast
from dataclasses import dataclass, field

from glosswright_server.verify.program_names import bound_by, same_scope

_SEE_NAMES = frozenset({"locals", "vars", "eval", "exec", "dir", "globals"})


def canonical(module: ast.Module) -> str:
    """The dump of `module`, which is changed by it. Raises RecursionError for code nested too deeply."""
    keywords = {node.arg for node in ast.walk(module) if isinstance(node, ast.keyword)}
    _Renamer(keywords).visit(module)
    return ast.dump(module)


@dataclass(slots=True)
class _Scope:
    names: dict[str, str] = field(default_factory=dict)
    """Name → the name it goes by here; a name that is kept maps to itself."""
    is_class: bool = False


class _Renamer(ast.NodeTransformer):
    """Renames in the order of first appearance, so that equal programs get equal names."""

    def __init__(self, keywords: set[str | None]) -> None:
        self._keywords = keywords
        self._scopes: list[_Scope] = []
        self._count = 0

    def visit_Module(self, node: ast.Module) -> ast.AST:
        node.body = _without_docstring(node.body)
        return self.generic_visit(node)

    def visit_FunctionDef(self, node: ast.FunctionDef) -> ast.AST:
        return self._function(node)

    def visit_AsyncFunctionDef(self, node: ast.AsyncFunctionDef) -> ast.AST:
        return self._function(node)

    def visit_ClassDef(self, node: ast.ClassDef) -> ast.AST:
        node.body = _without_docstring(node.body)
        node.decorator_list = [self.visit(one) for one in node.decorator_list]
        node.bases = [self.visit(one) for one in node.bases]
        node.keywords = [self.visit(one) for one in node.keywords]
        node.name = self._name(node.name)
        # What is bound in a class body is an attribute.
        bound = {name for one in node.body for name in bound_by(one)}
        self._scopes.append(_Scope({name: name for name in bound}, is_class=True))
        node.body = [self.visit(one) for one in node.body]
        self._scopes.pop()
        return node

    def visit_Lambda(self, node: ast.Lambda) -> ast.AST:
        self._defaults(node.args)
        self._scopes.append(self._scope_of(node, inner=True))
        self._parameters(node.args)
        node.body = self.visit(node.body)
        self._scopes.pop()
        return node

    def visit_ListComp(self, node: ast.ListComp) -> ast.AST:
        return self._comprehension(node)

    def visit_SetComp(self, node: ast.SetComp) -> ast.AST:
        return self._comprehension(node)

    def visit_DictComp(self, node: ast.DictComp) -> ast.AST:
        return self._comprehension(node)

    def visit_GeneratorExp(self, node: ast.GeneratorExp) -> ast.AST:
        return self._comprehension(node)

    def visit_Name(self, node: ast.Name) -> ast.AST:
        node.id = self._name(node.id)
        return node

    def visit_Constant(self, node: ast.Constant) -> ast.AST:
        node.kind = None
        return node

    def visit_Nonlocal(self, node: ast.Nonlocal) -> ast.AST:
        node.names = sorted(map(self._name, node.names))
        return node

    def visit_alias(self, node: ast.alias) -> ast.AST:
        bound = node.asname or node.name.split(".")[0]
        renamed = self._name(bound)
        if renamed != bound or node.asname:
            # `import a.b` binds `a`, `import a.b as x` binds `a.b`.
            node.asname = renamed if node.asname or "." not in node.name else f"{renamed}."
        return node

    def visit_ExceptHandler(self, node: ast.ExceptHandler) -> ast.AST:
        node.name = self._name(node.name) if node.name else None
        return self.generic_visit(node)

    def visit_MatchAs(self, node: ast.MatchAs) -> ast.AST:
        node.name = self._name(node.name) if node.name else None
        return self.generic_visit(node)

    def visit_MatchStar(self, node: ast.MatchStar) -> ast.AST:
        node.name = self._name(node.name) if node.name else None
        return node

    def visit_MatchMapping(self, node: ast.MatchMapping) -> ast.AST:
        node.rest = self._name(node.rest) if node.rest else None
        return self.generic_visit(node)

    def _function(self, node: ast.FunctionDef | ast.AsyncFunctionDef) -> ast.AST:
        node.body = _without_docstring(node.body)
        node.decorator_list = [self.visit(one) for one in node.decorator_list]
        self._defaults(node.args)
        node.returns = self.visit(node.returns) if node.returns is not None else None
        inner = bool(self._scopes) and not self._scopes[-1].is_class
        node.name = self._name(node.name)
        self._scopes.append(self._scope_of(node, inner=inner))
        self._parameters(node.args)
        node.body = [self.visit(one) for one in node.body]
        self._scopes.pop()
        return node

    def _comprehension(self, node: ast.ListComp | ast.SetComp | ast.DictComp | ast.GeneratorExp) -> ast.AST:
        bound = {name for one in node.generators for name in _stored(one.target)}
        # The first iterable is evaluated outside (language reference, 6.2.4).
        node.generators[0].iter = self.visit(node.generators[0].iter)
        self._scopes.append(_Scope(dict.fromkeys(bound, "")))
        for at, one in enumerate(node.generators):
            if at:
                one.iter = self.visit(one.iter)
            one.target = self.visit(one.target)
            one.ifs = [self.visit(test) for test in one.ifs]
        for part in ("key", "value", "elt"):
            if hasattr(node, part):
                setattr(node, part, self.visit(getattr(node, part)))
        self._scopes.pop()
        return node

    def _defaults(self, args: ast.arguments) -> None:
        args.defaults = [self.visit(one) for one in args.defaults]
        args.kw_defaults = [self.visit(one) if one is not None else None for one in args.kw_defaults]
        for one in _arguments(args):
            one.annotation = self.visit(one.annotation) if one.annotation is not None else None

    def _parameters(self, args: ast.arguments) -> None:
        for one in _arguments(args):
            one.arg = self._name(one.arg)

    def _scope_of(self, node: ast.FunctionDef | ast.AsyncFunctionDef | ast.Lambda, *, inner: bool) -> _Scope:
        parameters = [one.arg for one in _arguments(node.args)]
        body = node.body if isinstance(node.body, list) else [node.body]
        inside = [one for part in body for one in ast.walk(part)]
        by_position = inner and not {None, *parameters} & self._keywords
        names = dict.fromkeys((name for part in body for name in bound_by(part)), "")
        # A parameter is part of what callers see, unless the function is local and called by position.
        names.update({name: "" if by_position else name for name in parameters})
        names.update({one.name: one.name for one in inside if isinstance(one, ast.ClassDef) and one.name in names})
        if _SEE_NAMES & {one.id for one in inside if isinstance(one, ast.Name)}:
            names = {name: name for name in names}
        for one in same_scope(body):
            if isinstance(one, ast.Global):
                names.update({name: name for name in one.names})
            elif isinstance(one, ast.Nonlocal):
                names = {name: value for name, value in names.items() if name not in one.names}
        return _Scope(names)

    def _name(self, name: str) -> str:
        for at in range(len(self._scopes) - 1, -1, -1):
            scope = self._scopes[at]
            # Functions inside a class do not see its names.
            if name in scope.names and (not scope.is_class or at == len(self._scopes) - 1):
                if not scope.names[name]:
                    scope.names[name] = f"·{self._count}"  # no identifier can look like this
                    self._count += 1
                return scope.names[name]
        return name


def _without_docstring(body: list[ast.stmt]) -> list[ast.stmt]:
    first = body[0] if body else None
    if isinstance(first, ast.Expr) and isinstance(first.value, ast.Constant) and isinstance(first.value.value, str):
        return body[1:] or [ast.Pass()]
    return body


def _arguments(args: ast.arguments) -> list[ast.arg]:
    rest = [one for one in (args.vararg, args.kwarg) if one is not None]
    return [*args.posonlyargs, *args.args, *args.kwonlyargs, *rest]


def _stored(target: ast.AST) -> set[str]:
    return {one.id for one in ast.walk(target) if isinstance(one, ast.Name) and isinstance(one.ctx, ast.Store)}
