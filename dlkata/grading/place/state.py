"""Where the names, the sizes or the kind of a module's state are decided that state_dict() shows to be wrong."""

import ast
import re
from collections.abc import Iterator

from dlkata.grading.place.nodes import characters
from dlkata.grading.placing import Place, Relation, seen
from dlkata.suite.finding import Finding

# "weight (3, 4)", "weight (3, 4) ≠ (4, 3)"
ENTRY = re.compile(r"([\w.]+) \(([\d, ]*)\)(?: ≠ \(([\d, ]*)\))?")


def where_state_is_made(source: str, finding: Finding, failing: int) -> Place | None:
    """The expression that makes what state_dict() lacks, or has by another name or in another shape."""
    missing, extra = ENTRY.findall(finding.expected), ENTRY.findall(finding.actual)
    made = dict(_made(ast.parse(source)))
    for name, shape, _none in missing:
        if (value := made.get(_first(name))) is not None and not any(
            _first(n) == _first(name) for n, *_ in extra
        ):
            return _place(source, value, failing, Relation("unregistered", name=f"self.{_first(name)}"))
        alike = [other for other, size, _none in extra if size == shape]
        if len(alike) == 1 and sum(size == shape for _n, size, _none in missing) == 1:
            if (value := made.get(_first(alike[0]))) is not None:
                return _place(source, value, failing, Relation("misnamed", name=name))
    for name, found, wanted in ENTRY.findall(finding.name):
        if (value := made.get(_first(name))) is not None:
            sizes = [[int(size) for size in shape.split(",") if size.strip()] for shape in (found, wanted)]
            return _place(source, value, failing, Relation("sized", name=name, mine=sizes[0], right=sizes[1]))
    return None


def where_layer_is_made(source: str, call: str) -> int | None:
    """The line that chooses how a layer works, if the call is one of a layer that is made elsewhere: `self.conv(x)`."""
    tree, called = ast.parse(source), ast.parse(f"({call})", mode="eval").body
    if not isinstance(called, ast.Call) or not isinstance(called.func, ast.Attribute):
        return None
    made = dict(_made(tree)).get(called.func.attr) if ast.unparse(called.func.value) == "self" else None
    own = {node.name for node in ast.walk(tree) if isinstance(node, ast.ClassDef)}
    return made.lineno if isinstance(made, ast.Call) and ast.unparse(made.func) not in own else None


def way_back(source: str, function: str) -> list[int]:
    """Where the way back of an autograd function begins, and the line that returns the gradients."""
    for node in ast.walk(ast.parse(source)):
        if isinstance(node, ast.ClassDef) and node.name == function:
            for method in node.body:
                if isinstance(method, ast.FunctionDef) and method.name == "backward":
                    returns = [one.lineno for one in ast.walk(method) if isinstance(one, ast.Return)]
                    return [method.body[0].lineno, *returns[-1:]]
    return []


def _first(name: str) -> str:
    return name.partition(".")[0]


def _made(tree: ast.AST) -> Iterator[tuple[str, ast.expr]]:
    """What is assigned to attributes of self, by their names."""
    for node in ast.walk(tree):
        if isinstance(node, (ast.Assign, ast.AnnAssign)) and node.value is not None:
            for target in node.targets if isinstance(node, ast.Assign) else [node.target]:
                for one, value in _paired(target, node.value):
                    if isinstance(one, ast.Attribute) and ast.unparse(one.value) == "self":
                        yield one.attr, value


def _paired(target: ast.expr, value: ast.expr) -> list[tuple[ast.expr, ast.expr]]:
    if isinstance(target, ast.Tuple) and isinstance(value, ast.Tuple):
        return list(zip(target.elts, value.elts, strict=False))
    return [(target, value)]


def _place(source: str, value: ast.expr, failing: int, relation: Relation) -> Place:
    code, end = source.split("\n"), value.end_lineno or value.lineno
    columns = (
        characters(code[value.lineno - 1], value.col_offset),
        characters(code[end - 1], value.end_col_offset or 0),
    )
    return seen(value.lineno, end, columns, ast.get_source_segment(source, value) or "", relation, failing)
