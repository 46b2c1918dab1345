"""What is taken for what: names and operators that stand for one another in a mutant."""

import ast

PAIRS = """
mean sum, amax amin, max min, argmax argmin, maximum minimum, add sub, add_ sub_, mul div, mul_ div_, any all,
addcmul addcdiv, addcmul_ addcdiv_, var std, tril triu, zeros ones, zeros_like ones_like, new_zeros new_ones,
zeros_ ones_, randn rand, randn_like rand_like, normal_ uniform_, sin cos, tanh sigmoid, cat stack, floor ceil,
repeat repeat_interleave, cumsum cumprod, squeeze unsqueeze, clamp_min clamp_max, append extend, sqrt rsqrt,
logical_and logical_or, softmax log_softmax, exp expm1, log log1p, square abs, prod sum, relu tanh,
"""
BUILTIN_PAIRS = "min max, any all, int float,"
DROPPED_ATTRIBUTES = {"T", "mT", "H", "mH"}
ELSEWHERE = {"mT": "T", "reshape": "view"}  # right for some inputs only; not the other way round
WORN = {"inf": 1e9, "pi": 3.0, "e": 3.0}  # of math and torch
SYMMETRIC = {"transpose", "swapaxes", "maximum", "minimum", "max", "min", "isinstance", "equal", "allclose"}
INPLACE = {ast.Add: "add_", ast.Sub: "sub_", ast.Mult: "mul_", ast.Div: "div_"}
UNDERSCORED = {
    "add", "sub", "mul", "div", "addcmul", "addcdiv", "lerp", "clamp", "clamp_min", "exp", "log", "sqrt", "abs",
    "square", "relu", "tanh", "sigmoid", "masked_fill", "tril", "triu", "neg", "copy", "zero", "fill",
}  # fmt: skip
SWAPS: dict[type[ast.operator], type[ast.operator]] = {
    ast.Add: ast.Sub, ast.Sub: ast.Add, ast.Mult: ast.Div, ast.Div: ast.Mult, ast.Pow: ast.Mult,
    ast.FloorDiv: ast.Div, ast.Mod: ast.FloorDiv, ast.MatMult: ast.Mult, ast.BitAnd: ast.BitOr,
    ast.BitOr: ast.BitAnd, ast.BitXor: ast.BitOr,
}  # fmt: skip
COMMUTE = (ast.Add, ast.Mult, ast.BitAnd, ast.BitOr, ast.BitXor)
COMPARISONS: dict[type[ast.cmpop], list[type[ast.cmpop]]] = {
    ast.Lt: [ast.LtE, ast.Gt], ast.LtE: [ast.Lt, ast.GtE], ast.Gt: [ast.GtE, ast.Lt], ast.GtE: [ast.Gt, ast.LtE],
    ast.Eq: [ast.NotEq], ast.NotEq: [ast.Eq], ast.Is: [ast.IsNot], ast.IsNot: [ast.Is], ast.In: [ast.NotIn],
    ast.NotIn: [ast.In],
}  # fmt: skip
OPPOSITES: dict[type[ast.cmpop], type[ast.cmpop]] = {
    ast.Eq: ast.NotEq, ast.NotEq: ast.Eq, ast.Is: ast.IsNot, ast.IsNot: ast.Is, ast.In: ast.NotIn,
    ast.NotIn: ast.In, ast.Lt: ast.GtE, ast.GtE: ast.Lt, ast.Gt: ast.LtE, ast.LtE: ast.Gt,
}  # fmt: skip


def _others(table: str) -> dict[str, list[str]]:
    found: dict[str, list[str]] = {}
    for one, other in (pair.split() for pair in table.split(",") if pair.strip()):
        found.setdefault(one, []).append(other)
        found.setdefault(other, []).append(one)
    return found


METHODS, BUILTINS = _others(PAIRS), _others(BUILTIN_PAIRS)


def negated(test: ast.expr) -> ast.expr:
    if isinstance(test, ast.UnaryOp) and isinstance(test.op, ast.Not):
        return test.operand
    if isinstance(test, ast.Compare) and len(test.ops) == 1 and type(test.ops[0]) in OPPOSITES:
        return ast.Compare(test.left, [OPPOSITES[type(test.ops[0])]()], test.comparators)
    return ast.UnaryOp(ast.Not(), test)
