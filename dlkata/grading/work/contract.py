"""Does the attempt define what the stub asks for, itself, with the stub's signatures?"""

import ast
import functools
import inspect
import types
from typing import Any

from dlkata.grading.protocol import Banned, Default, Problem
from dlkata.grading.reading import DEFINITIONS, skeleton
from dlkata.grading.work.bans import BanWatch

PLAIN = (bool, int, float, str, tuple, type(None))
CALLED_WITH_NAMES = ("__init__", "__new__", "__call__")


def prepare(stub: str) -> None:
    """Reads a stub once in the process that forks, for all its workers."""
    skeleton(stub)


def breach(attempt: types.ModuleType, stub: types.ModuleType, watch: BanWatch) -> Problem | Banned | None:
    """The first way in which the attempt does not keep to the stub."""
    names = [name for name, value in vars(stub).items() if _is_contract(name, value, stub)]
    missing = [name for name in names if not hasattr(attempt, name)]
    if missing:
        return Problem(kind="missing", names=missing)
    for name in names:
        value = getattr(attempt, name)
        if (borrowed := watch.borrowed(value)) is not None:
            return Banned(borrowed, _line_of(attempt, name))
        if not _own(value, attempt):
            return Problem(kind="not_own", names=[name], line=_line_of(attempt, name))
        if (problem := _signature_problem(name, value, getattr(stub, name), attempt)) is not None:
            return problem
    return None


def changed_defaults(attempt: types.ModuleType, stub: types.ModuleType) -> list[Default]:
    """Parameters with another default than the stub's. Which is no breach: the suite may not care."""
    found = []
    for name, asked in vars(stub).items():
        if not _is_contract(name, asked, stub):
            continue
        mine = getattr(attempt, name, None)
        pairs = [(name, mine, asked)]
        if isinstance(asked, type):
            pairs = [
                (f"{name}.{method}", getattr(mine, method, None), function)
                for method, function in vars(asked).items()
                if isinstance(function, types.FunctionType)
            ]
        for label, one, other in pairs:
            found += [
                Default(parameter, _line_of(attempt, label), *shown)
                for parameter, shown in _defaults_apart(one, other).items()
            ]
    return found


def _defaults_apart(mine: Any, asked: Any) -> dict[str, tuple[str, str]]:
    try:
        have, want = inspect.signature(mine).parameters, inspect.signature(asked).parameters
    except (ValueError, TypeError):
        return {}
    apart = {}
    for name, parameter in want.items():
        other = have.get(name)
        if other is None or inspect.Parameter.empty in (parameter.default, other.default):
            continue
        shown = repr(other.default), repr(parameter.default)
        if type(other.default) in PLAIN and shown[0] != shown[1] and other.default != parameter.default:
            apart[name] = shown
    return apart


def _is_contract(name: str, value: Any, stub: types.ModuleType) -> bool:
    return not name.startswith("_") and getattr(value, "__module__", None) == stub.__name__


def _own(value: Any, attempt: types.ModuleType) -> bool:
    if isinstance(value, functools.partial):
        return _own(value.func, attempt)
    if isinstance(value, type):
        return value.__module__ == attempt.__name__
    unwrapped = inspect.unwrap(value) if callable(value) else value
    code = getattr(unwrapped, "__code__", None)
    if code is not None:
        return code.co_filename == attempt.__file__
    return type(value).__module__ == attempt.__name__ or type(value).__name__ == "ScriptFunction"


def _signature_problem(name: str, value: Any, asked: Any, attempt: types.ModuleType) -> Problem | None:
    if isinstance(asked, type):
        if not isinstance(value, type):
            return Problem(kind="signature", names=[name], text="class", line=_line_of(attempt, name))
        for method, function in vars(asked).items():
            if not isinstance(function, (types.FunctionType, staticmethod, classmethod)):
                continue
            mine = inspect.getattr_static(value, method, None)
            if mine is None:
                return Problem(kind="missing", names=[f"{name}.{method}"], line=_line_of(attempt, name))
            if not callable(getattr(value, method, None)):
                continue
            problem = _compare(f"{name}.{method}", getattr(value, method), getattr(asked, method), attempt, 1)
            if problem is not None:
                return problem
        return None
    return _compare(name, value, asked, attempt, 0)


def _compare(label: str, mine: Any, asked: Any, attempt: types.ModuleType, skip: int) -> Problem | None:
    """Every parameter asked for is there, in its place, by its name, optional if it should be; more may follow.

    Whether a default has the right value is the suite's to say: it can name the mistake. An operator (`__pow__`) hands
    its operands over by position: what they are called is free.
    """
    method = label.rpartition(".")[2]
    named = not (method.startswith("__") and method.endswith("__")) or method in CALLED_WITH_NAMES
    try:
        have = list(inspect.signature(mine).parameters.values())[skip:]
        want = list(inspect.signature(asked).parameters.values())[skip:]
    except (ValueError, TypeError):
        return None
    takes_anything = any(p.kind is p.VAR_POSITIONAL for p in have) and any(
        p.kind is p.VAR_KEYWORD for p in have
    )
    if takes_anything:
        return None
    for position, parameter in enumerate(want):
        other = have[position] if position < len(have) else None
        optional = parameter.default is parameter.empty or (
            other is not None and other.default is not other.empty
        )
        if other is None or (named and other.name != parameter.name) or not optional:
            return _signature(label, mine, asked, attempt)
    if any(
        p.default is p.empty and p.kind in (p.POSITIONAL_OR_KEYWORD, p.KEYWORD_ONLY)
        for p in have[len(want) :]
    ):
        return _signature(label, mine, asked, attempt)
    return None


def _signature(label: str, mine: Any, asked: Any, attempt: types.ModuleType) -> Problem:
    def shown(function: Any) -> str:
        signature = inspect.signature(function)
        bare = [p.replace(annotation=p.empty) for p in signature.parameters.values()]
        return f"{label}{inspect.Signature(bare)}"

    line = _line_of(attempt, label)
    lines = _source_lines(attempt)
    return Problem(
        kind="signature",
        names=[shown(mine), shown(asked)],
        line=line,
        code=lines[line - 1].rstrip() if 0 < line <= len(lines) else "",
        column=len(lines[line - 1]) - len(lines[line - 1].lstrip()) + 1 if 0 < line <= len(lines) else 0,
    )


def _source_lines(attempt: types.ModuleType) -> list[str]:
    import linecache

    return linecache.getlines(str(attempt.__file__))


def _line_of(attempt: types.ModuleType, dotted: str) -> int:
    """The line that defines or assigns a name (`Adam.step` looks inside the class), 0 if it is nowhere."""
    body: list[ast.stmt] = ast.parse("".join(_source_lines(attempt))).body
    line = 0
    for name in dotted.split("."):
        for node in body:
            if isinstance(node, DEFINITIONS) and node.name == name:
                line, body = node.lineno, node.body
                break
            targets = node.targets if isinstance(node, ast.Assign) else []
            imported = node.names if isinstance(node, (ast.Import, ast.ImportFrom)) else []
            if any(isinstance(t, ast.Name) and t.id == name for t in targets) or any(
                (alias.asname or alias.name) == name for alias in imported
            ):
                return node.lineno
    return line
