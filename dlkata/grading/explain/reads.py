"""Which names each statement of a file reads: `p = e / total` reads e and total."""

import ast

HEADS = (ast.For, ast.While, ast.If, ast.With, ast.FunctionDef, ast.ClassDef)
UNWRITTEN = ("empty", "empty_like", "new_empty", "empty_strided")


def names_read(source: str) -> dict[int, set[str]]:
    """By the statement's first line; of a compound statement, what its head reads."""
    found: dict[int, set[str]] = {}
    for node in ast.walk(ast.parse(source)):
        if isinstance(node, ast.stmt):
            found.setdefault(node.lineno, set()).update(_loads(node))
    return found


def telling_lines(source: str) -> set[int]:
    """The first lines of statements that compute something: no loop's head, no plain read, no memory that nobody has
    written to yet."""
    return {
        node.lineno
        for node in ast.walk(ast.parse(source))
        if isinstance(node, ast.stmt) and not isinstance(node, HEADS) and not _only_reads(node)
    }


def _only_reads(statement: ast.stmt) -> bool:
    value = getattr(statement, "value", None)
    if isinstance(value, (ast.Name, ast.Attribute)):
        return isinstance(statement, (ast.Assign, ast.AnnAssign, ast.Return))
    return isinstance(value, ast.Call) and ast.unparse(value.func).rpartition(".")[2] in UNWRITTEN


def _loads(statement: ast.stmt) -> set[str]:
    names: set[str] = set()
    waiting: list[ast.AST] = list(ast.iter_child_nodes(statement))
    while waiting:
        node = waiting.pop()
        if isinstance(node, ast.stmt):
            continue  # it has an entry of its own
        if isinstance(node, ast.Attribute) and isinstance(node.value, ast.Name):
            names.add(f"{node.value.id}.{node.attr}")
        if isinstance(node, ast.Name) and isinstance(node.ctx, ast.Load):
            names.add(node.id)
        waiting += ast.iter_child_nodes(node)
    if isinstance(statement, ast.AugAssign) and isinstance(statement.target, ast.Name):
        names.add(statement.target.id)  # `x *= 2` reads x too
    return names
