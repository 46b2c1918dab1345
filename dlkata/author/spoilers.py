"""What can be said of solutions/NAME.toml without running it: hints, notes, bugs and equivalents."""

import ast
import re
from collections import Counter
from collections.abc import Iterable, Iterator

from dlkata.author.mutation import means, mutants
from dlkata.content.kata import Kata
from dlkata.content.library import Library
from dlkata.errors import DlkataError
from dlkata.locale import _

CHINESE = re.compile(r"[\u4e00-\u9fff]")
LEAST_HINTS = LEAST_FOLLOW_UPS = 3
LEAST_BUGS = 10
NEAR = 12  # characters of a reference's expression that a hint must not hold before the last


def _hints(kata: Kata, library: Library) -> Iterator[str]:
    hints = kata.solution.hints
    if len(hints) < LEAST_HINTS:
        yield _(
            "{file}: {count} hints; at least {least} are asked for.",
            file=kata.solution_file,
            count=len(hints),
            least=LEAST_HINTS,
        )
    expressions = _expressions(kata.reference)
    for number, hint in enumerate(hints[:-1], 1):
        for text in (hint.en, hint.zh):
            squeezed = re.sub(r"\s|`", "", text)
            for expression in expressions:
                if expression in squeezed:
                    yield _(
                        "{file}: hint {number} holds `{code}` of the reference; only the last may.",
                        file=kata.solution_file,
                        number=number,
                        code=expression,
                    )
    yield from _parallel(kata, "hints", [(hint.en, hint.zh) for hint in hints])


def _expressions(source: str) -> set[str]:
    """The right-hand sides of a reference, without white space, where they are long enough to give something away."""
    found = set()
    for node in ast.walk(ast.parse(source)):
        value = getattr(node, "value", None)
        if isinstance(node, (ast.Assign, ast.Return, ast.AugAssign)) and value is not None:
            code = re.sub(r"\s", "", ast.unparse(value))
            if len(code) >= NEAR:
                found.add(code)
    return found


def _notes(kata: Kata, library: Library) -> Iterator[str]:
    lines = kata.reference.split("\n")
    for note in kata.solution.notes:
        times = sum(note.line in line for line in lines)
        if times != 1:
            yield _(
                "{file}: the note on `{line}` fits {times} lines of the reference.",
                file=kata.solution_file,
                line=note.line,
                times=times,
            )
    if len(kata.solution.follow_ups) < LEAST_FOLLOW_UPS:
        yield _(
            "{file}: {count} follow-ups; at least {least} are asked for.",
            file=kata.solution_file,
            count=len(kata.solution.follow_ups),
            least=LEAST_FOLLOW_UPS,
        )
    yield from _parallel(kata, "notes", [(note.en, note.zh) for note in kata.solution.notes])
    pairs = [(f.en, f.zh) for f in kata.solution.follow_ups] + [
        (f.answer_en, f.answer_zh) for f in kata.solution.follow_ups
    ]
    yield from _parallel(kata, "follow_ups", pairs)


def _bugs(kata: Kata, library: Library) -> Iterator[str]:
    bugs = kata.solution.bugs
    if len(bugs) < LEAST_BUGS:
        yield _(
            "{file}: {count} bugs; at least {least} are asked for.",
            file=kata.solution_file,
            count=len(bugs),
            least=LEAST_BUGS,
        )
    for name, times in Counter(bug.name for bug in bugs).items():
        if times > 1:
            yield _("{file}: two bugs are called `{name}`.", file=kata.solution_file, name=name)
    for bug in bugs:
        applied: list[str] = []
        for spelling in bug.spellings:
            if not spelling.patches:
                yield _("{file}: bug `{name}` edits nothing.", file=kata.solution_file, name=bug.name)
                continue
            try:
                source = spelling.apply(kata.reference, bug.name)
                ast.parse(source)
            except DlkataError as error:
                yield f"{kata.solution_file}: {error.message} {error.remedy}"
                continue
            except SyntaxError as error:
                yield _(
                    "{file}: bug `{name}` does not parse: {reason}.",
                    file=kata.solution_file,
                    name=bug.name,
                    reason=error.msg,
                )
                continue
            if source in applied:
                yield _(
                    "{file}: bug `{name}`: two spellings are the same.",
                    file=kata.solution_file,
                    name=bug.name,
                )
            applied.append(source)
    yield from _parallel(kata, "bugs", [(bug.en, bug.zh) for bug in bugs])


def _equivalents(kata: Kata, library: Library) -> Iterator[str]:
    entries = kata.solution.equivalents
    known = mutants(kata.reference) if entries else []
    for entry in entries:
        if not any(means(entry, mutant, kata.reference) for mutant in known):
            yield _(
                "{file}: no mutant turns `{line}` into `{becomes}`.",
                file=kata.solution_file,
                line=entry.line,
                becomes=entry.becomes,
            )


def _parallel(kata: Kata, what: str, pairs: Iterable[tuple[str, str]]) -> Iterator[str]:
    for english, chinese in pairs:
        if CHINESE.search(english) or not CHINESE.search(chinese):
            yield _(
                "{file}: {what}: not English and Chinese: {text}",
                file=kata.solution_file,
                what=what,
                text=english[:50],
            )


SPOILERS = (_hints, _notes, _bugs, _equivalents)
