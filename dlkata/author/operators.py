"""What goes wrong in an expression, mechanically: for one node, the nodes that may stand in its place."""

import ast
from collections.abc import Callable, Iterator
from typing import Any

from dlkata.author.confusions import (
    BUILTINS,
    COMMUTE,
    COMPARISONS,
    DROPPED_ATTRIBUTES,
    ELSEWHERE,
    INPLACE,
    METHODS,
    SWAPS,
    SYMMETRIC,
    UNDERSCORED,
    WORN,
    negated,
)
from dlkata.author.scene import Scene

NEAR = 2  # a name is taken for those that were bound so many before and after it


def expressions(node: ast.AST, scene: Scene) -> Iterator[ast.AST]:
    """Every expression that may stand in place of this one."""
    rule = RULES.get(type(node))
    if rule is not None:
        yield from rule(node, scene)


def number(node: ast.AST) -> int | float | None:
    """The value of a number as it is written, with its sign."""
    if isinstance(node, ast.UnaryOp) and isinstance(node.op, ast.USub):
        inner = number(node.operand)
        return None if inner is None else -inner
    if isinstance(node, ast.Constant) and type(node.value) in (int, float):
        return node.value  # type: ignore[return-value]
    return None


def literal(value: int | float) -> ast.expr:
    negative = value < 0
    constant = ast.Constant(-value if negative else value)
    return ast.UnaryOp(ast.USub(), constant) if negative else constant


def shifted(node: ast.expr, by: int) -> ast.expr:
    return ast.BinOp(node, ast.Add() if by > 0 else ast.Sub(), ast.Constant(abs(by)))


def _numbers(value: int | float) -> Iterator[ast.expr]:
    if isinstance(value, int):
        near: list[int | float] = [value + 1, value - 1, -value, 2 * value]
    else:
        near = [float(f"{value * 1.1:.6g}"), -value, 0.0, 1.0, value * 2]
    for other in dict.fromkeys(near):
        if other != value:
            yield literal(other)


def _constant(node: ast.Constant, scene: Scene) -> Iterator[ast.expr]:
    if isinstance(node.value, bool):
        yield ast.Constant(not node.value)
    elif isinstance(node.value, str):
        position = scene.texts.index(node.value) if node.value in scene.texts else 0
        if len(scene.texts) > 1:
            yield ast.Constant(scene.texts[(position + 1) % len(scene.texts)])
        yield ast.Constant(node.value + "_")
    elif (value := number(node)) is not None:
        yield from _numbers(value)


def _unary(node: ast.UnaryOp, scene: Scene) -> Iterator[ast.expr]:
    value = number(node)
    if value is not None:
        yield from _numbers(value)
    else:
        yield node.operand


def _binary(node: ast.BinOp, scene: Scene) -> Iterator[ast.expr]:
    if (other := SWAPS.get(type(node.op))) is not None:
        yield ast.BinOp(node.left, other(), node.right)
    if not isinstance(node.op, COMMUTE):
        yield ast.BinOp(node.right, node.op, node.left)
    yield node.left
    yield node.right
    edits = INPLACE.get(type(node.op))
    if edits and isinstance(node.left, ast.Name) and node.left.id in scene.parameters:
        yield ast.Call(ast.Attribute(node.left, edits, ast.Load()), [node.right], [])


def _compare(node: ast.Compare, scene: Scene) -> Iterator[ast.expr]:
    for i, op in enumerate(node.ops):
        for other in COMPARISONS[type(op)]:
            yield ast.Compare(node.left, [*node.ops[:i], other(), *node.ops[i + 1 :]], node.comparators)


def _bool(node: ast.BoolOp, scene: Scene) -> Iterator[ast.expr]:
    yield ast.BoolOp(ast.Or() if isinstance(node.op, ast.And) else ast.And(), node.values)
    for i in range(len(node.values)):
        left = node.values[:i] + node.values[i + 1 :]
        yield left[0] if len(left) == 1 else ast.BoolOp(node.op, left)


def _choice(node: ast.IfExp, scene: Scene) -> Iterator[ast.expr]:
    yield ast.IfExp(negated(node.test), node.body, node.orelse)
    yield node.body
    yield node.orelse


def _call(node: ast.Call, scene: Scene) -> Iterator[ast.expr]:
    func, args = node.func, node.args
    name = func.attr if isinstance(func, ast.Attribute) else func.id if isinstance(func, ast.Name) else ""
    if isinstance(func, ast.Attribute) and not _is_module(func.value, scene):
        if not (isinstance(func.value, ast.Call) and ast.unparse(func.value.func) == "super"):
            yield func.value  # the call dropped
    elif args and not isinstance(args[0], ast.Starred):
        yield args[0]
    renamed = (METHODS if isinstance(func, ast.Attribute) else BUILTINS).get(name, [])
    renamed = [*renamed, *([ELSEWHERE[name]] if name in ELSEWHERE else [])]
    if isinstance(func, ast.Attribute):
        if name.endswith("_") and not name.endswith("__"):
            renamed.append(name[:-1])
        elif name in UNDERSCORED and isinstance(func.value, ast.Name) and func.value.id in scene.parameters:
            renamed.append(name + "_")
        for other in renamed:
            yield ast.Call(ast.Attribute(func.value, other, ast.Load()), args, node.keywords)
        if name.endswith("_like") and len(args) == 1:  # in the default dtype
            plain = ast.Attribute(func.value, name.removesuffix("_like"), ast.Load())
            yield ast.Call(plain, [ast.Attribute(args[0], "shape", ast.Load())], node.keywords)
        if name.startswith("new_") and "torch" in scene.modules:
            plain = ast.Attribute(ast.Name("torch", ast.Load()), name.removeprefix("new_"), ast.Load())
            yield ast.Call(plain, args, node.keywords)
    else:
        for other in renamed:
            yield ast.Call(ast.Name(other, ast.Load()), args, node.keywords)
    if name not in SYMMETRIC:
        for swapped in _adjacent(args):
            yield ast.Call(func, swapped, node.keywords)
    if len(args) > 1:
        yield ast.Call(func, args[:-1], node.keywords)
    for i in range(len(node.keywords)):
        yield ast.Call(func, args, node.keywords[:i] + node.keywords[i + 1 :])
    if name == "range":
        for i, bound in enumerate(args[:2]):
            for by in (1, -1) if number(bound) is None else ():
                yield ast.Call(func, [*args[:i], shifted(bound, by), *args[i + 1 :]], node.keywords)


def _is_module(node: ast.expr, scene: Scene) -> bool:
    while isinstance(node, ast.Attribute):
        node = node.value
    return isinstance(node, ast.Name) and node.id in scene.modules


def _attribute(node: ast.Attribute, scene: Scene) -> Iterator[ast.expr]:
    if not isinstance(node.ctx, ast.Load):
        return
    if node.attr in DROPPED_ATTRIBUTES:
        yield node.value
    if node.attr in ELSEWHERE:
        yield ast.Attribute(node.value, ELSEWHERE[node.attr], node.ctx)
    if _is_module(node.value, scene) and node.attr in WORN:
        yield ast.Constant(WORN[node.attr])
    if isinstance(node.value, ast.Name) and node.value.id == "self":
        for other in _neighbours(node.attr, scene.attributes):
            yield ast.Attribute(node.value, other, node.ctx)


def _name(node: ast.Name, scene: Scene) -> Iterator[ast.expr]:
    if isinstance(node.ctx, ast.Load):
        for other in _neighbours(node.id, scene.names):
            yield ast.Name(other, node.ctx)


def _neighbours(name: str, names: list[str]) -> list[str]:
    if name not in names:
        return []
    i = names.index(name)
    return names[max(0, i - NEAR) : i] + names[i + 1 : i + 1 + NEAR]


def _subscript(node: ast.Subscript, scene: Scene) -> Iterator[ast.expr]:
    if isinstance(node.ctx, ast.Load):
        yield node.value
    if isinstance(node.slice, (ast.Name, ast.BinOp)):
        yield ast.Subscript(node.value, shifted(node.slice, -1), node.ctx)


def _slice(node: ast.Slice, scene: Scene) -> Iterator[ast.expr]:
    for lower in _bounds(node.lower, 1):
        yield ast.Slice(lower, node.upper, node.step)
    for upper in _bounds(node.upper, -1):
        yield ast.Slice(node.lower, upper, node.step)
    if node.step is not None:
        yield ast.Slice(node.lower, node.upper)


def _bounds(bound: ast.expr | None, first: int) -> Iterator[ast.expr | None]:
    if bound is None:
        yield literal(first)
        return
    yield None
    if number(bound) is None:
        yield shifted(bound, 1)
        yield shifted(bound, -1)


def _sequence(node: ast.Tuple | ast.List, scene: Scene) -> Iterator[ast.expr]:
    for swapped in _adjacent(node.elts):
        yield type(node)(swapped, node.ctx)


def _adjacent(items: list[ast.expr]) -> Iterator[list[ast.expr]]:
    for i in range(len(items) - 1):
        yield [*items[:i], items[i + 1], items[i], *items[i + 2 :]]


def _listed(node: ast.ListComp, scene: Scene) -> Iterator[ast.expr]:
    """One object many times over, instead of many."""
    source = node.generators[0]
    bound = {name.id for name in ast.walk(source.target) if isinstance(name, ast.Name)}
    used = {name.id for name in ast.walk(node.elt) if isinstance(name, ast.Name)}
    if (
        len(node.generators) == 1
        and not source.ifs
        and not bound & used
        and not isinstance(node.elt, ast.Constant)
    ):
        length = ast.Call(ast.Name("len", ast.Load()), [source.iter], [])
        yield ast.BinOp(ast.List([node.elt], ast.Load()), ast.Mult(), length)


def _comprehension(node: ast.comprehension, scene: Scene) -> Iterator[ast.AST]:
    for i, test in enumerate(node.ifs):
        for tests in ([], [negated(test)]):
            ifs = [*node.ifs[:i], *tests, *node.ifs[i + 1 :]]
            yield ast.comprehension(node.target, node.iter, ifs, node.is_async)


RULES: dict[type[ast.AST], Callable[[Any, Scene], Iterator[ast.AST]]] = {
    ast.Constant: _constant, ast.UnaryOp: _unary, ast.BinOp: _binary, ast.Compare: _compare, ast.BoolOp: _bool,
    ast.IfExp: _choice, ast.Call: _call, ast.Attribute: _attribute, ast.Name: _name, ast.Subscript: _subscript,
    ast.Slice: _slice, ast.Tuple: _sequence, ast.List: _sequence, ast.ListComp: _listed,
    ast.comprehension: _comprehension,
}  # fmt: skip
