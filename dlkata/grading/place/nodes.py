"""Rewrites a source so that every expression that yields a value reports it, with its place in the text."""

import ast
from collections.abc import Iterator
from dataclasses import dataclass
from typing import TypeVar

# Of a value, of something that was edited in place, of memory that nobody has written to.
NOTE, EDIT, BLANK = "__note__", "__edit__", "__blank__"
YIELDS = (ast.Call, ast.BinOp, ast.UnaryOp, ast.Subscript, ast.Attribute, ast.Compare, ast.IfExp)
UNWRITTEN = ("empty", "empty_like", "new_empty", "empty_strided")

SWITCHES = ("no_grad", "inference_mode", "set_grad_enabled")

N = TypeVar("N", bound=ast.AST)


@dataclass(frozen=True)
class Node:
    """An expression, or a name after what it is bound to was edited in place."""

    number: int
    kind: str  # value · name · edit · unwritten
    line: int
    column: int  # of the first character, from 0
    end_line: int
    end_column: int
    text: str
    binds: frozenset[str] = frozenset()  # names that its statement gives to it, or to parts of it

    def holds(self, other: "Node") -> bool:
        """Whether the other is part of it."""
        begin, end = (self.line, self.column), (self.end_line, self.end_column)
        return begin <= (other.line, other.column) and (other.end_line, other.end_column) <= end


def instrument(source: str, file: str) -> tuple[ast.Module, list[Node]]:
    tree = ast.parse(source, file)
    rewriter = _Rewriter(source)
    rewriter.visit(tree)
    return ast.fix_missing_locations(tree), rewriter.nodes


def switched_off(source: str, line: int) -> int | None:
    """The line of the `with torch.no_grad()` around `line`, or of what else switches gradients off there."""
    for node in ast.walk(ast.parse(source)):
        if not isinstance(node, (ast.With, ast.FunctionDef)) or not node.lineno <= line <= (
            node.end_lineno or 0
        ):
            continue
        heads = (
            node.decorator_list if isinstance(node, ast.FunctionDef) else [i.context_expr for i in node.items]
        )
        for head in heads:
            if any(name in ast.unparse(head) for name in SWITCHES):
                return head.lineno
    return None


class _Rewriter(ast.NodeTransformer):
    def __init__(self, source: str) -> None:
        self.lines = source.split("\n")
        self.source = source
        self.nodes: list[Node] = []
        self.local: list[set[str]] = []  # names that the functions around bind
        self.binds: dict[ast.AST, frozenset[str]] = {}  # by the expression

    # ------------------------------------------------------------ statements

    def visit_FunctionDef(self, node: ast.FunctionDef) -> ast.AST:
        self.local.append(set(_bound(node)))
        node.body = self._block(node.body)
        self.local.pop()
        return node

    def visit_ClassDef(self, node: ast.ClassDef) -> ast.AST:
        node.body = self._block(node.body)
        return node

    def _block(self, body: list[ast.stmt]) -> list[ast.stmt]:
        done: list[ast.stmt] = []
        for statement in body:
            found = self.visit(statement)
            done += found if isinstance(found, list) else [found]
        return done

    def visit_AnnAssign(self, node: ast.AnnAssign) -> ast.AST:
        if node.value is not None:
            self.binds[node.value] = frozenset(_stored(node.target))
            node.value = self.visit(node.value)
        return node

    def visit_Assign(self, node: ast.Assign) -> ast.AST | list[ast.AST]:
        edits = [self._edit(target, node) for target in node.targets if isinstance(target, ast.Subscript)]
        self.binds[node.value] = frozenset(name for target in node.targets for name in _stored(target))
        alias = isinstance(node.value, ast.Name)  # another name for it, which may be where it goes wrong
        node.value = self._noted(node.value, "value") if alias else self.visit(node.value)
        for target in node.targets:
            self._target(target)
        return [node, *filter(None, edits)]

    def visit_AugAssign(self, node: ast.AugAssign) -> ast.AST | list[ast.AST]:
        edit = self._edit(node.target, node)
        node.value = self.visit(node.value)
        self._target(node.target)
        return [node, edit] if edit is not None else node

    def visit_Expr(self, node: ast.Expr) -> ast.AST | list[ast.AST]:
        call, edit = node.value, None
        if isinstance(call, ast.Call) and isinstance(call.func, ast.Attribute):
            if call.func.attr.endswith("_") and not call.func.attr.endswith("__"):
                edit = self._edit(call.func.value, node)
        if isinstance(call, ast.Constant):
            return node  # a docstring
        node.value = self.visit(node.value)
        return [node, edit] if edit is not None else node

    def visit_Return(self, node: ast.Return) -> ast.AST:
        if isinstance(node.value, ast.Name):
            node.value = self._noted(node.value, "name")
        elif node.value is not None:
            node.value = self.visit(node.value)
        return node

    def visit_For(self, node: ast.For) -> ast.AST:
        self.binds[node.iter] = frozenset(_stored(node.target))
        node.iter = self.visit(node.iter)
        node.body, node.orelse = self._block(node.body), self._block(node.orelse)
        return node

    def _leave(self, node: N) -> N:
        return node

    visit_Assert = visit_Raise = visit_JoinedStr = visit_Import = visit_ImportFrom = visit_Global = _leave
    visit_Nonlocal = visit_Delete = _leave

    def _target(self, target: ast.expr) -> None:
        """Where to, whose indices are values."""
        if isinstance(target, ast.Subscript):
            target.slice = self.visit(target.slice)

    def _edit(self, target: ast.expr, statement: ast.stmt) -> ast.stmt | None:
        """A statement that reports what was edited in place."""
        base = target
        while isinstance(base, ast.Subscript):
            base = base.value
        path = ast.unparse(base)
        if not isinstance(base, (ast.Name, ast.Attribute)) or not path.replace(".", "").isidentifier():
            return None
        again = ast.parse(path, mode="eval").body
        call = self._noted(ast.copy_location(again, statement), "edit")
        if isinstance(base, ast.Name) and base.id in (self.local[-1] if self.local else ()):
            edit: ast.stmt = ast.Assign([ast.Name(base.id, ast.Store())], call)
        else:
            edit = ast.Expr(call)  # a name of another scope must not become one of this
        return ast.copy_location(edit, statement)

    # ------------------------------------------------------------ expressions

    def generic_visit(self, node: ast.AST) -> ast.AST:
        yields = isinstance(node, YIELDS) and _is_read(node)
        text = ast.get_source_segment(self.source, node) if yields else ""
        if isinstance(node, ast.Call):
            if isinstance(node.func, ast.Attribute):  # what it is called on, not the method
                node.func.value = self.visit(node.func.value)
            elif not isinstance(node.func, ast.Name):
                node.func = self.visit(node.func)
            node.args = [self.visit(argument) for argument in node.args]
            for keyword in node.keywords:
                keyword.value = self.visit(keyword.value)
        elif isinstance(node, ast.Lambda):
            node.body = self.visit(node.body)
        else:
            super().generic_visit(node)
        if not yields or not isinstance(node, ast.expr):
            return node
        return self._noted(node, "unwritten" if _is_unwritten(node) else "value", text or "")

    def visit_Name(self, node: ast.Name) -> ast.AST:
        if isinstance(node.ctx, ast.Load) and self.local and node.id in self.local[-1]:
            return self._noted(node, "name", node.id)
        return node

    def _noted(self, node: ast.expr, kind: str, text: str = "") -> ast.expr:
        line, end_line = node.lineno, node.end_lineno or node.lineno
        columns = (
            characters(self.lines[line - 1], node.col_offset),
            characters(self.lines[end_line - 1], node.end_col_offset or 0),
        )
        text = text or ast.unparse(node)
        binds = self.binds.get(node, frozenset({text} if kind == "edit" else ()))
        self.nodes.append(Node(len(self.nodes), kind, line, columns[0], end_line, columns[1], text, binds))
        how = ast.Name({"edit": EDIT, "unwritten": BLANK}.get(kind, NOTE), ast.Load())
        return ast.copy_location(ast.Call(how, [ast.Constant(len(self.nodes) - 1), node], []), node)


def characters(line: str, offset: int) -> int:
    """How many stand before a place that Python counts in bytes."""
    return len(line.encode()[:offset].decode())


def _is_read(node: ast.AST) -> bool:
    if isinstance(node, ast.UnaryOp) and isinstance(node.operand, ast.Constant):
        return False  # -1
    if isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.func.id in ("super", "range"):
        return False
    return isinstance(getattr(node, "ctx", ast.Load()), ast.Load)


def _is_unwritten(node: ast.AST) -> bool:
    """Memory that nobody has written to yet."""
    return isinstance(node, ast.Call) and ast.unparse(node.func).rpartition(".")[2] in UNWRITTEN


def _stored(target: ast.AST) -> Iterator[str]:
    for node in ast.walk(target):
        if isinstance(node, (ast.Name, ast.Attribute)) and isinstance(node.ctx, ast.Store):
            yield ast.unparse(node)


def _bound(function: ast.FunctionDef) -> Iterator[str]:
    arguments = [*function.args.posonlyargs, *function.args.args, *function.args.kwonlyargs]
    yield from (argument.arg for argument in arguments if argument.arg not in ("self", "cls", "ctx"))
    for node in ast.walk(function):
        if isinstance(node, ast.Name) and isinstance(node.ctx, ast.Store):
            yield node.id
