"""The mutants of a reference: each differs from it by one mechanical mistake.

Docstrings, annotations and imports are left alone. The order is that of the source, the same each time.
"""

import ast
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import cache, partial
from typing import Any

from dlkata.author.operators import expressions
from dlkata.author.scene import Scene, whole
from dlkata.author.statements import blocks, blocks_of, head, statements
from dlkata.content.solution import Equivalent

UNTOUCHED = {"annotation", "returns", "type_params", "ctx"}  # fields of nodes
Put = Callable[[Any], None]


@dataclass(frozen=True)
class Mutant:
    line: int  # where its statement begins in the reference,
    last: int  # and where that (of a compound one, its head) ends
    scope: str  # "Adam.step"
    before: str  # that statement or head, as ast.unparse writes it
    after: str
    source: str  # the whole reference with this mistake


@cache
def mutants(source: str) -> list[Mutant]:
    tree = ast.parse(source)
    seen = {ast.unparse(tree)}
    found = []
    for mutant in _block(tree, tree.body, whole(tree)):
        if mutant.source not in seen and _compiles(mutant.source):
            found.append(mutant)
        seen.add(mutant.source)
    return found


def means(entry: Equivalent, mutant: Mutant, source: str) -> bool:
    """Whether a listed equivalent is this mutant of the source."""
    if entry.within not in ("", mutant.scope) or _words(entry.becomes) != _words(mutant.after):
        return False
    if _words(entry.line) == _words(mutant.before):
        return True
    lines = [number for number, line in enumerate(source.split("\n"), 1) if entry.line in line]
    return len(lines) == 1 and mutant.line <= lines[0] <= mutant.last


def _words(text: str) -> list[str]:
    return text.split()


def _compiles(source: str) -> bool:
    try:
        compile(source, "mutant", "exec", dont_inherit=True)
    except SyntaxError:
        return False
    return True


# Each function below goes through a part of the tree, puts every replacement in its place for a moment, and
# writes down what then stands in the whole.


def _block(tree: ast.Module, block: list[ast.stmt], scene: Scene) -> Iterator[Mutant]:
    for i, statement in enumerate(block):
        if isinstance(statement, (ast.Import, ast.ImportFrom)) or _is_text(statement):
            continue
        here = scene.at(statement)
        for other in statements(statement, here):
            yield _mutant(tree, statement, here, partial(block.__setitem__, i), statement, other)
        if not isinstance(statement, ast.Raise):  # what an error says is free
            yield from _fields(tree, statement, here, statement, skip=blocks(statement))
        for inner in blocks_of(statement):
            yield from _block(tree, inner, scene.inside(statement))


def _fields(
    tree: ast.Module, statement: ast.stmt, scene: Scene, node: ast.AST, skip: list[str]
) -> Iterator[Mutant]:
    if isinstance(node, ast.JoinedStr) or _number(node):
        return
    for name, value in ast.iter_fields(node):
        if name in UNTOUCHED or name in skip or _is_kinds(node, name):
            continue
        if isinstance(value, ast.AST):
            yield from _node(tree, statement, scene, value, partial(setattr, node, name))
        elif isinstance(value, list):
            for i, item in enumerate(value):
                if isinstance(item, ast.AST):
                    yield from _node(tree, statement, scene, item, partial(value.__setitem__, i))


def _node(tree: ast.Module, statement: ast.stmt, scene: Scene, node: ast.AST, put: Put) -> Iterator[Mutant]:
    alone = isinstance(statement, ast.Expr) and node is statement.value
    for other in expressions(node, scene):
        if not alone or isinstance(other, ast.Call):  # else it is the statement dropped
            yield _mutant(tree, statement, scene, put, node, other)
    yield from _fields(tree, statement, scene, node, skip=[])


def _mutant(
    tree: ast.Module, statement: ast.stmt, scene: Scene, put: Put, node: ast.AST, other: ast.AST
) -> Mutant:
    before = head(statement)
    put(other)
    try:
        source = ast.unparse(tree)
        after = head(other if isinstance(other, ast.stmt) else statement)
    finally:
        put(node)
    inner = [block[0].lineno for block in blocks_of(statement)]
    last = max(statement.lineno, min(inner) - 1) if inner else statement.end_lineno or statement.lineno
    return Mutant(statement.lineno, last, scene.scope, before, after, source)


def _is_text(statement: ast.stmt) -> bool:
    return isinstance(statement, ast.Expr) and isinstance(statement.value, ast.Constant)


def _is_kinds(node: ast.AST, name: str) -> bool:
    """The types an isinstance asks for: in any order, and few of them matter."""
    return isinstance(node, ast.Call) and name == "args" and ast.unparse(node.func) == "isinstance"


def _number(node: ast.AST) -> bool:
    return isinstance(node, ast.UnaryOp) and isinstance(node.operand, ast.Constant)
