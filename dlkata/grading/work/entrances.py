"""Where an attempt's code is entered: every function it defines says so, and is watched while it runs.

A mode that sees each torch call costs as much as the call. Most calls of a suite are its own and the reference's,
so the mode is entered with the attempt's functions and left with them. Code that could run unseen, in a generator
or made from text, gets the mode for the whole test as well.
"""

import ast
from secrets import token_hex

# Whoever names one of these may make functions of which the source shows no definition, or undo our mark.
WAYS_ROUND = {
    "exec", "eval", "compile", "globals", "locals", "vars", "FunctionType", "LambdaType", "CodeType", "__code__",
    "__wrapped__", "__dict__", "__globals__", "__builtins__", "builtins", "importlib", "inspect", "gc", "ctypes", "sys",
}  # fmt: skip
READERS_OF_SOURCE = {"jit", "script", "compile"}  # they would read the decorator's source for the function's
SUSPENDED = (ast.Yield, ast.YieldFrom, ast.Await, ast.AsyncFunctionDef)


def all_in_sight(tree: ast.Module) -> bool:
    """Whether everything this source can do happens inside a function that it defines, or while it is loaded."""
    suspended = any(isinstance(node, SUSPENDED) for node in ast.walk(tree))
    return not suspended and (WAYS_ROUND | READERS_OF_SOURCE).isdisjoint(_names(tree))


def _names(tree: ast.Module) -> set[str]:
    """Every name a source mentions, also as text."""
    found = set()
    for node in ast.walk(tree):
        if isinstance(node, ast.Name):
            found.add(node.id)
        elif isinstance(node, ast.Attribute):
            found.add(node.attr)
        elif isinstance(node, (ast.Import, ast.ImportFrom)):
            found.update(part for alias in node.names for part in alias.name.split("."))
            found.update((getattr(node, "module", None) or "").split("."))
        elif isinstance(node, ast.Constant) and isinstance(node.value, str):
            found.add(node.value)
    return found


def mark_entrances(tree: ast.Module) -> str:
    """Puts a decorator on every function of the tree; its name, which the attempt cannot know."""
    name = f"_{token_hex(8)}"
    if not READERS_OF_SOURCE.isdisjoint(_names(tree)):
        return name
    _Marks(name).visit(tree)
    return name


class _Marks(ast.NodeTransformer):
    def __init__(self, name: str):
        self.name = name

    def visit_FunctionDef(self, node: ast.FunctionDef) -> ast.AST:
        self.generic_visit(node)
        node.decorator_list.append(self._name(node))
        return node

    def visit_Lambda(self, node: ast.Lambda) -> ast.AST:
        self.generic_visit(node)
        return ast.copy_location(ast.Call(func=self._name(node), args=[node], keywords=[]), node)

    def _name(self, node: ast.expr | ast.stmt) -> ast.Name:
        place = ast.Name(id=self.name, ctx=ast.Load())
        place.lineno = place.end_lineno = node.lineno
        place.col_offset = place.end_col_offset = node.col_offset
        return place
