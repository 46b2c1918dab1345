"""What goes wrong in a statement, mechanically: for one statement, those that may stand in its place."""

import ast
from collections.abc import Iterator
from copy import copy
from typing import Any

from dlkata.author.confusions import SWAPS, negated
from dlkata.author.scene import Scene

DEFINITIONS = (ast.FunctionDef, ast.AsyncFunctionDef, ast.ClassDef)
KEPT = (*DEFINITIONS, ast.Pass, ast.Global, ast.Nonlocal, ast.Import, ast.ImportFrom)
BLOCKS = ("body", "handlers", "orelse", "finalbody")
BINDING = ("staticmethod", "classmethod", "property")  # without them it crashes, or nothing changes
UNDETACHED = (ast.Constant, ast.Tuple, ast.List, ast.Dict, ast.ListComp, ast.Compare, ast.BoolOp, ast.Lambda)


def statements(node: ast.stmt, scene: Scene) -> Iterator[ast.stmt]:
    """Every statement that may stand in place of this one."""
    if not isinstance(node, KEPT) and not (isinstance(node, ast.AnnAssign) and node.value is None):
        yield ast.Pass()
    match node:
        case ast.FunctionDef() | ast.AsyncFunctionDef():
            for decorator in node.decorator_list:
                if ast.unparse(decorator) not in BINDING:
                    yield changed(node, decorator_list=[d for d in node.decorator_list if d is not decorator])
        case ast.With():
            yield ast.If(ast.Constant(True), node.body, [])
        case ast.If():
            yield changed(node, test=negated(node.test))
            yield changed(node, test=ast.Constant(True))
            if node.orelse:
                yield changed(node, test=ast.Constant(False))
        case ast.While():
            yield changed(node, test=negated(node.test))
        case ast.Assign(targets=[ast.Name() | ast.Attribute() | ast.Subscript()]) | ast.AnnAssign():
            yield from _detached(node, scene)
        case ast.AugAssign():
            yield from _detached(node, scene)
            yield from _augmented(node)
        case ast.Return(value=ast.expr()):
            yield from _detached(node, scene)
            yield from _returns(node, scene)
        case ast.Expr(value=ast.Call() as call):
            yield from _unregistered(call)
        case ast.Break():
            yield ast.Continue()
        case ast.Continue():
            yield ast.Break()


def blocks(node: ast.stmt) -> list[str]:
    """The names of a compound statement's blocks."""
    return [name for name in BLOCKS if isinstance(getattr(node, name, None), list)]


def blocks_of(node: ast.stmt) -> Iterator[list[ast.stmt]]:
    for name in blocks(node):
        items = getattr(node, name)
        if name == "handlers":
            yield from (handler.body for handler in items)
        elif items:
            yield items


def head(node: ast.stmt) -> str:
    """A simple statement; of a compound one, all but its blocks."""
    if not blocks(node):
        return ast.unparse(node)
    empty = {name: [ast.Pass()] if name == "body" else [] for name in blocks(node)}
    return ast.unparse(changed(node, **empty)).rpartition("\n")[0]


def changed(node: Any, **fields: Any) -> Any:
    """A copy of the node with other fields."""
    other = copy(node)
    for name, value in fields.items():
        setattr(other, name, value)
    return other


def _detached(node: Any, scene: Scene) -> Iterator[ast.stmt]:
    if scene.traced and node.value is not None and not isinstance(node.value, UNDETACHED):
        yield changed(node, value=ast.Call(ast.Attribute(node.value, "detach", ast.Load()), [], []))


def _augmented(node: ast.AugAssign) -> Iterator[ast.stmt]:
    if (other := SWAPS.get(type(node.op))) is not None:
        yield changed(node, op=other())
    yield ast.Assign([node.target], node.value, lineno=node.lineno)
    if isinstance(node.target, ast.Name) and not isinstance(node.value, ast.Constant):
        read = ast.Name(node.target.id, ast.Load())  # a new object takes the name of the old
        yield ast.Assign([node.target], ast.BinOp(read, node.op, node.value), lineno=node.lineno)


def _returns(node: ast.Return, scene: Scene) -> Iterator[ast.stmt]:
    """An intermediate instead of the result."""
    if not isinstance(node.value, (ast.Tuple, ast.Constant)):
        for name in scene.names:
            yield ast.Return(ast.Name(name, ast.Load()))


def _unregistered(call: ast.Call) -> Iterator[ast.stmt]:
    """A plain attribute where a buffer or a parameter was to be registered."""
    match call:
        case ast.Call(
            func=ast.Attribute(value=owner, attr="register_buffer" | "register_parameter"),
            args=[ast.Constant(value=str(name)), value, *_],
        ):
            yield ast.Assign([ast.Attribute(owner, name, ast.Store())], value, lineno=call.lineno)
