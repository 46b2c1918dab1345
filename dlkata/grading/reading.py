"""What an attempt's source tells before it runs: that it is still the stub, that it is no Python, that a name is
missing. Answered by the command itself, without a process that has torch."""

import ast
import functools
import warnings

from dlkata.grading.protocol import Problem

# With one of these a module may define names that no reading finds.
UNREADABLE = {"exec", "eval", "globals", "locals", "vars", "setattr", "__import__", "__dict__", "modules"}
# What can be imported wherever dlkata runs, spelt rightly.
KNOWN = {
    "__future__.annotations", "math", "numpy", "random", "torch", "torch.Tensor", "torch.nn", "torch.nn.functional",
    "torch.optim",
}  # fmt: skip
BASES = {"nn.Module", "torch.nn.Module", "object"}
DEFINITIONS = (ast.FunctionDef, ast.AsyncFunctionDef, ast.ClassDef)


def obstacle(source: str, file: str, stub: str) -> Problem | None:
    """Why it need not be run; None where only running it tells."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # an odd backslash is no matter of ours
        try:
            tree = ast.parse(source, file)
            compile(source, file, "exec", dont_inherit=True)
        except SyntaxError as error:
            return syntax_problem(error)
        except (ValueError, RecursionError, MemoryError):
            return None  # the worker says it better
    if untouched(source, stub):
        return Problem(kind="stub")
    wanted = [node.name for node in ast.parse(stub).body if isinstance(node, DEFINITIONS)]
    bound = _bound(tree)
    missing = [name for name in wanted if not name.startswith("_") and name not in bound]
    plain = UNREADABLE.isdisjoint(bound) and all(map(_cannot_fail, tree.body))
    return Problem(kind="missing", names=missing) if missing and plain else None


def _cannot_fail(statement: ast.stmt) -> bool:
    """Loading it raises nothing: what would be raised has to be told before what is missing."""
    if isinstance(statement, (ast.Import, ast.ImportFrom)):
        module = f"{statement.module}." if isinstance(statement, ast.ImportFrom) else ""
        return all(f"{module}{alias.name}" in KNOWN for alias in statement.names)
    if isinstance(statement, (ast.Expr, ast.Assign)):
        return isinstance(statement.value, ast.Constant)
    if isinstance(statement, ast.ClassDef):
        bases = all(ast.unparse(base) in BASES for base in statement.bases)
        return bases and not statement.decorator_list and all(map(_cannot_fail, statement.body))
    if isinstance(statement, (ast.FunctionDef, ast.AsyncFunctionDef)):
        written = [*statement.args.defaults, *filter(None, statement.args.kw_defaults)]
        annotated = any(isinstance(node, ast.arg) and node.annotation for node in ast.walk(statement.args))
        plain = all(isinstance(default, ast.Constant) for default in written)
        return plain and not annotated and statement.returns is None and not statement.decorator_list
    return isinstance(statement, ast.Pass)


def syntax_problem(error: SyntaxError) -> Problem:
    code = (error.text or "").rstrip("\n")
    return Problem(kind="syntax", text=error.msg, line=error.lineno or 0, column=error.offset or 0, code=code)


def _bound(tree: ast.AST) -> set[str]:
    """Every name that occurs anywhere, but for plain reads of unsuspicious ones; `*` for a star import."""
    found: set[str] = set()
    for node in ast.walk(tree):
        if isinstance(node, DEFINITIONS):
            found.add(node.name)
        elif isinstance(node, ast.Name):
            if isinstance(node.ctx, ast.Store) or node.id in UNREADABLE:
                found.add(node.id)
        elif isinstance(node, ast.Attribute) and node.attr in UNREADABLE:
            found.add(node.attr)
        elif isinstance(node, ast.alias):
            found.add("exec" if node.name == "*" else (node.asname or node.name).partition(".")[0])
        elif isinstance(node, (ast.MatchAs, ast.MatchStar)) and node.name:
            found.add(node.name)
    return found


def untouched(source: str, stub: str) -> bool:
    """The attempt's code is still the stub's: comments, docstrings, imports and layout aside."""
    if "NotImplementedError" in stub and "NotImplementedError" not in source:
        return False  # the usual case, and a hundred times faster
    return skeleton(source) == skeleton(stub)


@functools.cache
def skeleton(source: str) -> str:
    tree = ast.parse(source)
    tree.body = [node for node in tree.body if not isinstance(node, (ast.Import, ast.ImportFrom))]
    for node in ast.walk(tree):
        body = getattr(node, "body", None)
        if isinstance(body, list) and body and isinstance(body[0], ast.Expr):
            value = body[0].value
            if isinstance(value, ast.Constant) and isinstance(value.value, str):
                body.pop(0)
    return ast.dump(tree)
