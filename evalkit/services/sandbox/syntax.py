"""The syntax that templates have, and the places in it where work is charged.

Texts, `{{ }}`, `{% if %}`, `{% for %}` and `{% set %}` are all that a mock needs. Without macros,
blocks, imports and recursive loops there is nothing that could call itself or pile up values.
"""

from __future__ import annotations

from collections.abc import Iterable
from difflib import get_close_matches

from jinja2 import Environment, nodes
from jinja2.exceptions import TemplateSyntaxError
from jinja2.visitor import NodeTransformer

EACH = "evalkit_each"
WEIGHED = "evalkit_weighed"
NATIVE = "evalkit_native"
JOINED = "evalkit_joined"

_STATEMENTS = (nodes.Output, nodes.If, nodes.For, nodes.Assign)


def restrict(template: nodes.Template, environment: Environment) -> None:
    """Raise `TemplateSyntaxError` for what a template may not use."""
    for filtered in template.find_all(nodes.Filter):
        _known("filter", filtered.name, environment.filters, filtered.lineno)
    for tested in template.find_all(nodes.Test):
        _known("test", tested.name, environment.tests, tested.lineno)
    for loop in template.find_all(nodes.For):
        if loop.recursive:
            raise TemplateSyntaxError("recursive loops have no place here", loop.lineno)
    for statement in template.find_all(nodes.Stmt):
        if not isinstance(statement, _STATEMENTS):
            name = type(statement).__name__.lower()
            raise TemplateSyntaxError(
                f"`{name}` has no place here: templates have if, for and set", statement.lineno
            )


def meter(template: nodes.Template) -> None:
    """Put in the charges for loops, comparisons and made-up values."""
    _Metering().visit(template)


def _known(what: str, name: str, known: Iterable[str], line: int) -> None:
    if name in known:
        return
    close = get_close_matches(name, list(known), n=1)
    meant = f" Did you mean `{close[0]}`?" if close else ""
    raise TemplateSyntaxError(f"there is no {what} `{name}`.{meant}", line)


class _Metering(NodeTransformer):
    """Wraps what costs into filters that charge for it."""

    def visit_For(self, node: nodes.For) -> nodes.For:  # noqa: N802 - the visitor's name
        self.generic_visit(node)
        node.iter = _filtered(node.iter, EACH)
        return node

    def visit_Concat(self, node: nodes.Concat) -> nodes.Expr:  # noqa: N802
        self.generic_visit(node)
        return _filtered(nodes.List(node.nodes, lineno=node.lineno), JOINED)

    def visit_Compare(self, node: nodes.Compare) -> nodes.Compare:  # noqa: N802
        self.generic_visit(node)
        node.expr = _weighed(node.expr)
        for operand in node.ops:
            operand.expr = _weighed(operand.expr)
        return node

    def visit_List(self, node: nodes.List) -> nodes.Expr:  # noqa: N802
        self.generic_visit(node)
        return _weighed(node)

    def visit_Dict(self, node: nodes.Dict) -> nodes.Expr:  # noqa: N802
        self.generic_visit(node)
        return _weighed(node)

    def visit_Tuple(self, node: nodes.Tuple) -> nodes.Expr:  # noqa: N802
        self.generic_visit(node)
        return _weighed(node) if node.ctx == "load" else node


def _weighed(node: nodes.Expr) -> nodes.Expr:
    return node if isinstance(node, nodes.Const) else _filtered(node, WEIGHED)


def _filtered(node: nodes.Node, name: str) -> nodes.Filter:
    return nodes.Filter(node, name, [], [], None, None, lineno=node.lineno)
