"""Which names each statement of a file reads: `p = e / total` reads e and total."""

import ast


def names_read(source: str) -> dict[int, set[str]]:
    """By the statement's first line; of a compound statement, what its head reads."""
    found: dict[int, set[str]] = {}
    for node in ast.walk(ast.parse(source)):
        if isinstance(node, ast.stmt):
            found.setdefault(node.lineno, set()).update(_loads(node))
    return found


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
