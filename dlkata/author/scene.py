"""What the rules of mutation know of the place where a node stands."""

import ast
from collections.abc import Iterator
from dataclasses import dataclass, field, replace

FIRST = ("self", "cls", "ctx")  # parameters that are not the learner's


@dataclass(frozen=True)
class Scene:
    scope: str = ""  # "Adam.step"
    bound: list[tuple[str, int]] = field(
        default_factory=list
    )  # each variable and the line that first binds it
    names: list[str] = field(default_factory=list)  # those bound by now, parameters first
    parameters: list[str] = field(default_factory=list)
    attributes: list[str] = field(default_factory=list)  # of self, in the order the class binds them
    texts: list[str] = field(default_factory=list)  # the reference's strings
    modules: frozenset[str] = frozenset()  # what imports bind
    traced: bool = True  # autograd records here

    def at(self, statement: ast.stmt) -> "Scene":
        """Where this statement begins."""
        return replace(self, names=[name for name, line in self.bound if line < statement.lineno])

    def inside(self, statement: ast.stmt) -> "Scene":
        """In the blocks of this statement."""
        if isinstance(statement, ast.ClassDef):
            function = any(ast.unparse(ancestor).endswith("Function") for ancestor in statement.bases)
            return replace(
                self, scope=self._named(statement.name), attributes=_attributes(statement), bound=[],
                traced=self.traced and not function,
            )  # fmt: skip
        if isinstance(statement, (ast.FunctionDef, ast.AsyncFunctionDef)):
            arguments = statement.args
            every = [*arguments.posonlyargs, *arguments.args, *arguments.kwonlyargs]
            parameters = [a.arg for a in every if a.arg not in FIRST]
            silent = any(_stops_gradients(decorator) for decorator in statement.decorator_list)
            return replace(
                self, scope=self._named(statement.name), parameters=parameters,
                bound=[*((name, 0) for name in parameters), *_variables(statement, parameters)],
                traced=self.traced and not silent,
            )  # fmt: skip
        if isinstance(statement, ast.With):
            silent = any(_stops_gradients(item.context_expr) for item in statement.items)
            return replace(self, traced=self.traced and not silent)
        return self

    def _named(self, name: str) -> str:
        return f"{self.scope}.{name}" if self.scope else name


def whole(tree: ast.Module) -> Scene:
    """The scene of a module's own statements."""
    modules: set[str] = set()
    texts: dict[str, None] = {}  # a set that keeps its order
    for node in ast.walk(tree):
        if isinstance(node, (ast.Import, ast.ImportFrom)):
            modules |= {(alias.asname or alias.name).partition(".")[0] for alias in node.names}
        elif isinstance(node, (ast.Compare, ast.Call, ast.arguments)):
            for text in ast.walk(node):
                if isinstance(text, ast.Constant) and isinstance(text.value, str):
                    texts[text.value] = None
    return Scene(texts=list(texts), modules=frozenset(modules))


def _stops_gradients(node: ast.expr) -> bool:
    return any(word in ast.unparse(node) for word in ("no_grad", "inference_mode"))


def _attributes(definition: ast.ClassDef) -> list[str]:
    """Of `self`, in the order in which the class binds them."""
    return list(
        dict.fromkeys(
            node.attr
            for node in _in_order(definition)
            if isinstance(node, ast.Attribute)
            and isinstance(node.ctx, ast.Store)
            and isinstance(node.value, ast.Name)
            and node.value.id == "self"
        )
    )


def _variables(function: ast.AST, known: list[str]) -> list[tuple[str, int]]:
    """Each variable a function binds, but those of comprehensions, and where it first does."""
    found: dict[str, int] = {}
    for node in _in_order(function):
        if isinstance(node, ast.Name) and isinstance(node.ctx, ast.Store) and node.id not in known:
            found.setdefault(node.id, node.lineno)
    return list(found.items())


def _in_order(node: ast.AST) -> Iterator[ast.AST]:
    """As they stand in the source; comprehensions are left out."""
    for child in ast.iter_child_nodes(node):
        if not isinstance(child, ast.comprehension):
            yield child
            yield from _in_order(child)
