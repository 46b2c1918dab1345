"""Opens an attempt in the learner's editor, at the function to write: the statement above it is long."""

import ast
import os
import re
import shlex
import subprocess
from collections.abc import Iterator
from pathlib import Path

from dlkata.errors import DlkataError
from dlkata.locale import _
from dlkata.progress.workspace import read_attempt

# How an editor is told the line, by its program's name. One that is not known opens the file, as it always did.
GOTO = {
    "+{line} {file}": "vi vim nvim gvim mvim nano pico emacs emacsclient joe jed kak ne mg micro gedit xed",
    "--goto {file}:{line}": "code code-insiders codium vscodium cursor windsurf",
    "{file}:{line}": "subl sublime_text zed hx helix lapce",
    "--line {line} {file}": "charm pycharm idea mate kate",
}
UNWRITTEN = "raise NotImplementedError"
DEFINITION = re.compile(r"\s*(async\s+)?def\s")


def open_in_editor(configured: str | None, file: Path) -> None:
    """The configured editor, $VISUAL, $EDITOR, or VS Code when we are inside its terminal."""
    editor = configured or os.environ.get("VISUAL") or os.environ.get("EDITOR")
    if not editor and os.environ.get("TERM_PROGRAM") == "vscode":
        editor = "code"
    remedy = _("Choose one: dlkata config editor COMMAND, or set EDITOR.")
    if not editor:
        raise DlkataError(_("No editor is set."), remedy)
    try:
        subprocess.run(_command(editor, file), check=False)
    except (OSError, ValueError) as error:
        raise DlkataError(
            _("The editor `{editor}` cannot be started: {reason}.", editor=editor, reason=error), remedy
        ) from None


def _command(editor: str, file: Path) -> list[str]:
    words = shlex.split(editor)
    try:
        line = line_to_write(read_attempt(file))
    except DlkataError:
        line = 1  # no text: the editor will say what it thinks of it
    program = Path(words[0]).name.lower().removesuffix(".exe")
    known = (form for form, names in GOTO.items() if program in names.split())
    return [*words, *(part.format(file=file, line=line) for part in next(known, "{file}").split())]


def line_to_write(source: str) -> int:
    """The first function that is still to be written; where all are, the first one; else the first line."""
    functions = list(_functions(source))
    lines = source.split("\n")
    for start, end in functions:
        if any(line.strip().startswith(UNWRITTEN) for line in lines[start - 1 : end]):
            return start
    return functions[0][0] if functions else 1


def _functions(source: str) -> Iterator[tuple[int, int]]:
    """First and last line of each function, in their order."""
    try:
        tree = ast.parse(source)
    except (SyntaxError, ValueError):  # half-written: each function ends where the next one begins
        starts = [n for n, line in enumerate(source.split("\n"), 1) if DEFINITION.match(line)]
        yield from zip(starts, [*(start - 1 for start in starts[1:]), source.count("\n") + 1], strict=False)
        return
    found = [n for n in ast.walk(tree) if isinstance(n, (ast.FunctionDef, ast.AsyncFunctionDef))]
    for node in sorted(found, key=lambda node: node.lineno):
        yield node.lineno, node.end_lineno or node.lineno
