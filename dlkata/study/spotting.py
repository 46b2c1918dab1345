"""Spot-the-bug questions, made from the known bugs of katas the learner has solved or given up."""

import ast
from collections.abc import Iterator
from hashlib import sha256
from random import Random

from dlkata.content.kata import Kata
from dlkata.content.question import Kind, Option, Question, QuestionHead
from dlkata.content.solution import Bug
from dlkata.errors import DlkataError
from dlkata.locale import LANGUAGES, _
from dlkata.progress.answers import BUG

OPTIONS = 4
MOST_LINES = 40  # of an excerpt; longer ones are no fun in a terminal
TRIED = 12  # other bugs that are looked at
LINES_TOLD = 2  # of the code that a feedback quotes


def bug_ids(kata: Kata) -> Iterator[str]:
    for bug in kata.solution.bugs:
        yield f"{BUG}{kata.name}.{bug.name}"


def kata_of(name: str) -> tuple[str, str]:
    """The kata and the bug of an id."""
    kata, _dot, bug = name.removeprefix(BUG).rpartition(".")
    return kata, bug


def spot_the_bug(kata: Kata, name: str, rng: Random) -> Question | None:
    """The question about one bug; None where there is no such bug or nothing that could be shown."""
    bug = next((bug for bug in kata.solution.bugs if bug.name == name), None)
    code = _shown(kata, bug) if bug is not None else ""
    if bug is None or not code or code.count("\n") >= MOST_LINES:
        return None
    others = _others(kata, bug, code, rng)
    if len(others) < OPTIONS - 1:
        return None
    chosen = [bug, *others]
    prompt = _(
        "This solution of `{kata}` holds one mistake. What would you tell its author?", kata=kata.typed
    )
    return Question(
        concept=f"{BUG}{kata.name}",
        topic=kata.head.topic,
        head=QuestionHead(question=name, kind=Kind.BUG, level=kata.head.level),
        prompts=dict.fromkeys(LANGUAGES, f"{prompt}\n\n```python\n{code}\n```"),
        options=[_option(kata, b, right=b is bug) for b in chosen],
        content=sha256(f"{bug.en}{bug.patches}".encode()).hexdigest()[:16],
    )


def _others(kata: Kata, bug: Bug, code: str, rng: Random) -> list[Bug]:
    """Three other mistakes, of the same functions if there are enough: others would be ruled out by their place."""
    rest = [other for other in kata.solution.bugs if other.name != bug.name]
    rng.shuffle(rest)
    near: list[Bug] = []
    far: list[Bug] = []
    for other in rest[:TRIED]:
        if shown := _shown(kata, other):
            (near if _functions(shown) & _functions(code) else far).append(other)
        if len(near) == OPTIONS - 1:
            break
    return [*near, *far][: OPTIONS - 1]


def _shown(kata: Kata, bug: Bug) -> str:
    patched = _patched(kata, bug)
    return "" if patched is None else excerpt(kata.reference, patched)


def _option(kata: Kata, bug: Bug, *, right: bool) -> Option:
    reference, patched = _lines(kata.reference), _lines(_patched(kata, bug) or "")
    gone = [line for line in reference if line not in patched]
    came = [line for line in patched if line not in reference]
    if right:
        told = gone
        sentence = _("In the reference it reads:") if gone else _("The reference does not have this.")
    else:
        told = came or gone
        sentence = (
            _("With that mistake it would read:") if came else _("With that mistake this would be missing:")
        )
    code = " · ".join(f"`{line}`" for line in told[:LINES_TOLD])
    feedback = f"{sentence} {code}".strip()
    return Option(right, {"en": bug.en, "zh": bug.zh}, dict.fromkeys(LANGUAGES, feedback))


def _patched(kata: Kata, bug: Bug) -> str | None:
    try:
        return bug.apply(kata.reference) if bug.patches else None
    except DlkataError:
        return None


def _lines(source: str) -> list[str]:
    """Lines of code without comments and white space."""
    try:
        tree = ast.parse(source)
    except SyntaxError:
        return []
    return [line.strip() for line in ast.unparse(_without_prose(tree)).split("\n") if line.strip()]


def excerpt(reference: str, patched: str) -> str:
    """The functions that differ, without comments and docstrings; "" where there is none to show."""
    try:
        before, after = (dict(_defined(_without_prose(ast.parse(s)))) for s in (reference, patched))
    except SyntaxError:
        return ""
    parts: list[str] = []
    last_class = ""
    for name, code in after.items():
        if before.get(name) == code:
            continue
        owner, _dot, _function = name.rpartition(".")
        if owner and owner != last_class:
            parts.append(f"class {owner}:")
        last_class = owner
        parts.append("\n".join(f"    {line}" for line in code.split("\n")) if owner else code)
    return "\n\n".join(parts).replace(":\n\n    def", ":\n    def")


def _defined(tree: ast.Module) -> Iterator[tuple[str, str]]:
    for node in tree.body:
        if isinstance(node, ast.FunctionDef):
            yield node.name, ast.unparse(node)
        elif isinstance(node, ast.ClassDef):
            for inner in node.body:
                if isinstance(inner, ast.FunctionDef):
                    yield f"{node.name}.{inner.name}", ast.unparse(inner)


def _functions(code: str) -> set[str]:
    return {line.strip().partition("(")[0] for line in code.split("\n") if line.strip().startswith("def ")}


def _without_prose(tree: ast.Module) -> ast.Module:
    for node in ast.walk(tree):
        if (
            isinstance(node, (ast.FunctionDef, ast.ClassDef, ast.Module))
            and ast.get_docstring(node) is not None
        ):
            node.body = node.body[1:] or [ast.Pass()]
    return tree
