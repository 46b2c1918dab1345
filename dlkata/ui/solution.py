"""The reference on the screen: code, notes under the lines they are about, what an interviewer asks next."""

import ast
import difflib
from typing import TYPE_CHECKING

from dlkata.content.kata import Kata
from dlkata.locale import _
from dlkata.ui.wrap import joined, wrap

if TYPE_CHECKING:
    from rich.text import Text

STRONG, NOTE = "bold", "green"
DIFF_STYLES = {"+": "green", "-": "red", "@": "cyan"}


def solution(kata: Kata, width: int, *, fitted: bool = False) -> list["Text"]:
    """`fitted`: no line of code is wider than the screen that it is read on; to be copied, each is one line."""
    from rich.text import Text

    from dlkata.ui.code import broken

    lines = [Text(_("{title}: the reference", title=kata.title), style=STRONG), Text()]
    notes = list(kata.solution.notes)
    for code in kata.reference.rstrip().split("\n"):
        row = Text("  " + code)
        lines += broken(row, width) if fitted else [row]
        for note in [n for n in notes if n.line in code]:
            notes.remove(note)
            indent = 2 + len(code) - len(code.lstrip())
            lines += [Text(" " * indent + "↳ " if i == 0 else " " * indent + "  ").append_text(row)
                      for i, row in enumerate(_noted(joined(note.text.split("\n")), max(30, width - indent - 2)))]  # fmt: skip
    if kata.solution.follow_ups:
        lines += [Text(), Text(_("What an interviewer asks next"), style=STRONG)]
    for follow_up in kata.solution.follow_ups:
        lines += [
            Text(),
            *_hanging("? ", joined(follow_up.text.split("\n")), width, STRONG),
            *_hanging("  ", joined(follow_up.answer.split("\n")), width, ""),
        ]
    return lines


def _noted(text: str, width: int) -> list["Text"]:
    from rich.text import Text

    rows = wrap(Text(text), width)
    for row in rows:
        row.stylize(NOTE)
    return rows


def _hanging(mark: str, text: str, width: int, style: str) -> list["Text"]:
    from rich.text import Text

    rows = wrap(Text(text, style=style), width - 4)
    return [Text("  " + (mark if i == 0 else "  ")).append_text(row) for i, row in enumerate(rows)]


def difference(kata: Kata, attempt: str, file: str, width: int = 0) -> list["Text"]:
    """From the attempt to the reference, without the docstring that holds the statement; fitted to a width, if any."""
    from rich.text import Text

    from dlkata.ui.code import broken

    mine, reference = _code(attempt), _code(kata.reference)
    rows = difflib.unified_diff(mine, reference, file, _("reference"), lineterm="")
    lines = [Text(row, style=DIFF_STYLES.get(row[:1], "")) for row in rows]
    lines = [part for line in lines for part in broken(line, width)] if width else lines
    return lines or [Text(_("Your code is the reference, line by line."))]


def _code(source: str) -> list[str]:
    lines = source.rstrip().split("\n")
    try:
        first = ast.parse(source).body[0]
    except (SyntaxError, IndexError):
        return lines
    if (
        isinstance(first, ast.Expr)
        and isinstance(first.value, ast.Constant)
        and isinstance(first.value.value, str)
    ):
        lines = lines[first.end_lineno or 0 :]
    while lines and not lines[0].strip():
        lines.pop(0)
    return lines
