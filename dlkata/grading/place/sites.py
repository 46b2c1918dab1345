"""Where a helper is called that several places share: it may be right, and one of them wrong to call it so."""

import ast
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from dlkata.grading.place.nodes import Node


@dataclass(frozen=True)
class Helper:
    name: str
    line: int
    end_line: int

    def has(self, line: int) -> bool:
        return self.line <= line <= self.end_line


def helper_around(source: str, line: int) -> Helper | None:
    """The innermost function around a line."""
    functions = [
        Helper(node.name, node.lineno, node.end_lineno or node.lineno)
        for node in ast.walk(ast.parse(source))
        if isinstance(node, ast.FunctionDef)
    ]
    return max((one for one in functions if one.has(line)), key=lambda one: one.line, default=None)


def is_within_one(source: str, lines: Sequence[int]) -> bool:
    """Whether the lines belong to one function."""
    return len({helper_around(source, line) for line in lines}) == 1


def own_first(source: str, nodes: Sequence[Node], lines: Sequence[int]) -> list[int]:
    """The first line's own function first, helpers that several places call last: they seldom are what is wrong."""
    own = helper_around(source, lines[0])

    def is_shared(line: int) -> bool:
        helper = helper_around(source, line)
        return helper is not None and helper != own and len(list(calls_of(helper, nodes))) > 1

    return sorted(lines, key=is_shared)


def calls_of(helper: Helper, nodes: Sequence[Node]) -> Iterator[Node]:
    """Expressions outside of it that are a call of it."""
    for node in nodes:
        if node.kind == "value" and not helper.has(node.line) and _called(node.text) == helper.name:
            yield node


def _called(text: str) -> str:
    call = ast.parse(f"({text})", mode="eval").body
    if not isinstance(call, ast.Call):
        return ""
    return call.func.attr if isinstance(call.func, ast.Attribute) else ast.unparse(call.func)
