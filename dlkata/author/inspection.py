"""What can be said of a kata's files without running them: one sentence for each thing that is not as it must be."""

import ast
from collections import Counter
from collections.abc import Iterator, Sequence

from dlkata.author.spoilers import CHINESE, SPOILERS
from dlkata.content.kata import Kata
from dlkata.content.library import Library
from dlkata.content.names import mentioned, plain
from dlkata.errors import DlkataError
from dlkata.locale import LANGUAGES, _

TODO = "TODO"


def inspect(kata: Kata, library: Library) -> list[str]:
    """Every complaint about a kata's files, in the order in which they are best mended."""
    complaints: list[str] = []
    steps = (_files, _unwritten, _head, _statement, _stub, _suite, *SPOILERS)
    for step in steps:
        try:
            complaints += list(step(kata, library))
        except DlkataError as error:
            complaints.append(f"{error.message} {error.remedy}".strip())
        except SyntaxError as error:
            complaints.append(
                _(
                    "{file}:{line}: Python cannot read this line.",
                    file=error.filename or kata.name,
                    line=error.lineno,
                )
            )
        if complaints and step in (_files, _unwritten):
            break  # the rest would only repeat it
    return complaints


def _files(kata: Kata, library: Library) -> Iterator[str]:
    for file in (kata.page_file, kata.stub_file, kata.reference_file, kata.solution_file, kata.suite_file):
        if not file.exists():
            yield _("{file} does not exist.", file=file)


def _unwritten(kata: Kata, library: Library) -> Iterator[str]:
    for file in (kata.page_file, kata.stub_file, kata.reference_file, kata.solution_file, kata.suite_file):
        for number, line in enumerate(file.read_text(encoding="utf-8").split("\n"), 1):
            if TODO in line:
                yield _(
                    "{file}:{line}: still to be written: {text}", file=file, line=number, text=line.strip()
                )


def _head(kata: Kata, library: Library) -> Iterator[str]:
    if kata.head.topic not in {topic.name for topic in library.topics}:
        yield _("{file}: there is no topic `{name}`.", file=kata.page_file, name=kata.head.topic)
    for name in kata.head.after:
        if name not in library.kata_names:
            yield _("{file}: `after` names `{name}`, which is no kata.", file=kata.page_file, name=name)
    for other in library.katas:
        if other.name != kata.name and (other.head.topic, other.head.order) == (
            kata.head.topic,
            kata.head.order,
        ):
            yield _("{file}: `{name}` has the same topic and order.", file=kata.page_file, name=other.name)


def _statement(kata: Kata, library: Library) -> Iterator[str]:
    from dlkata.ui.math import try_draw
    from dlkata.ui.page import blocks

    english, chinese = (kata.statement[lang] for lang in LANGUAGES)
    if not CHINESE.search(chinese.body) or CHINESE.search(english.body):
        yield _("{file}: the sections are not English and Chinese.", file=kata.page_file)
    shapes = [Counter(kind for kind, _lines in blocks(section.body)) for section in (english, chinese)]
    if shapes[0] != shapes[1]:
        yield _(
            "{file}: the two languages are not parallel: {en} against {zh}.",
            file=kata.page_file,
            en=dict(shapes[0]),
            zh=dict(shapes[1]),
        )
    for lang, section in kata.statement.items():
        words = mentioned(section.body)
        for name in kata.names:
            if name not in words:
                yield _(
                    "{file}: the {lang} statement does not mention `{name}`.",
                    file=kata.page_file,
                    lang=lang,
                    name=name,
                )
        for ban in kata.head.forbids:
            if ban not in words and plain(ban) not in words and ban not in section.body:
                yield _(
                    "{file}: the {lang} statement does not mention the forbidden `{name}`.",
                    file=kata.page_file,
                    lang=lang,
                    name=ban,
                )
        for kind, lines in blocks(section.body):
            if kind == "math" and try_draw("\n".join(lines)) is None:
                yield _(
                    "{file}: this formula cannot be drawn: {latex}",
                    file=kata.page_file,
                    latex=" ".join(lines),
                )


def _stub(kata: Kata, library: Library) -> Iterator[str]:
    tree = ast.parse(kata.stub, str(kata.stub_file))
    if ast.get_docstring(tree) or any(
        ast.get_docstring(node)
        for node in ast.walk(tree)
        if isinstance(node, (ast.ClassDef, ast.FunctionDef))
    ):
        yield _("{file}: a stub has no prose; the attempt gets the statement.", file=kata.stub_file)
    for node in ast.walk(tree):
        if isinstance(node, ast.FunctionDef) and not _raises_not_implemented(node):
            yield _(
                "{file}:{line}: the body of `{name}` is not `raise NotImplementedError`.",
                file=kata.stub_file,
                line=node.lineno,
                name=node.name,
            )
    reference = ast.parse(kata.reference, str(kata.reference_file))
    for name, arguments in _signatures(tree).items():
        if _signatures(reference).get(name) != arguments:
            yield _(
                "{file}: `{name}` does not have the parameters of the stub.",
                file=kata.reference_file,
                name=name,
            )


def _raises_not_implemented(node: ast.FunctionDef) -> bool:
    return (
        len(node.body) == 1
        and isinstance(node.body[0], ast.Raise)
        and "NotImplementedError" in ast.dump(node.body[0])
    )


def _signatures(tree: ast.Module) -> dict[str, str]:
    """Parameters and defaults by dotted name; annotations are free."""
    found = {}

    def visit(body: Sequence[ast.stmt], prefix: str) -> None:
        for node in body:
            if isinstance(node, ast.FunctionDef):
                arguments = node.args
                names = [a.arg for a in [*arguments.posonlyargs, *arguments.args, *arguments.kwonlyargs]]
                found[prefix + node.name] = f"{names} {[ast.unparse(d) for d in arguments.defaults]}"
            elif isinstance(node, ast.ClassDef):
                found[prefix + node.name] = "class"
                visit(node.body, f"{prefix}{node.name}.")

    visit(tree.body, "")
    return found


def _suite(kata: Kata, library: Library) -> Iterator[str]:
    tree = ast.parse(kata.suite_file.read_text(encoding="utf-8"), str(kata.suite_file))
    tests = [n for n in tree.body if isinstance(n, ast.FunctionDef) and n.name.startswith("test_")]
    if not tests:
        yield _("{file}: there are no tests.", file=kata.suite_file)
    for test in tests:
        lines = [line.strip() for line in (ast.get_docstring(test) or "").splitlines() if line.strip()]
        if len(lines) != 2 or CHINESE.search(lines[0]) or not CHINESE.search(lines[1]):
            yield _(
                "{file}:{line}: the docstring of {name} is not one English line and one Chinese line.",
                file=kata.suite_file,
                line=test.lineno,
                name=test.name,
            )
    for node in tree.body:
        value = getattr(node, "value", None)
        if (
            isinstance(node, ast.Assign)
            and isinstance(value, ast.Call)
            and ast.unparse(value.func).startswith("torch.")
        ):
            yield _(
                "{file}:{line}: no tensors at module level: an attempt could change them.",
                file=kata.suite_file,
                line=node.lineno,
            )
