"""Which attempt at which kata `check` means."""

import os
import stat
from pathlib import Path

from dlkata.cli.app import App
from dlkata.content.kata import Kata
from dlkata.errors import DlkataError
from dlkata.locale import _
from dlkata.study.next_step import last_worked_on


def resolve(app: App, target: str | None, kata_name: str | None) -> tuple[Kata, Path]:
    """The kata and the file of an attempt, from a name, a file, or nothing at all."""
    if target is None:
        kata = app.library.kata(kata_name) if kata_name else _latest(app)
        return kata, _existing(app, kata)
    if _is_path(target):
        file = _file(target)
        return app.library.kata(kata_name) if kata_name else kata_of_file(app, file), file
    kata = app.library.kata(target)
    return kata, _existing(app, kata)


def _file(target: str) -> Path:
    try:
        file = Path(target).expanduser().absolute()
        str(file).encode()
        kind = file.stat().st_mode
    except (FileNotFoundError, RuntimeError):  # or it lies in the home of nobody
        raise DlkataError(_("{file} does not exist.", file=target)) from None
    except OSError as error:
        raise DlkataError(_("{file} cannot be read: {reason}.", file=target, reason=error.strerror)) from None
    except UnicodeEncodeError:
        raise DlkataError(
            _("The path {file} is not UTF-8.", file=target), _("Rename the file, or move it.")
        ) from None
    if stat.S_ISDIR(kind):
        raise DlkataError(_("{file} is a folder; name a Python file or a kata.", file=target))
    if not stat.S_ISREG(kind):
        raise DlkataError(_("{file} is a device or a pipe; name a Python file or a kata.", file=target))
    return file


def _is_path(target: str) -> bool:
    return (
        target.endswith(".py")
        or target.startswith((".", "/", "~"))
        or ("/" in target and os.path.exists(target))
    )


def latest(app: App) -> Kata | None:
    """The kata last opened or edited."""
    event = None
    if app.record is not None:
        try:
            event = app.record.last_kata()
        except DlkataError:
            pass
    name = last_worked_on(event, app.workspace.edited(app.library.kata_names))
    return None if name is None else app.library.kata(name)


def _latest(app: App) -> Kata:
    kata = latest(app)
    if kata is None:
        raise DlkataError(
            _("You have not started a kata yet."),
            _("`{command}` shows what there is.", command=f"{app.run} list"),
        )
    return kata


def _existing(app: App, kata: Kata) -> Path:
    file = app.workspace.file(kata.name)
    if not file.exists():
        raise DlkataError(
            _("You have not started `{name}` yet: {file} does not exist.", name=kata.typed, file=file),
            _("Start it: {command}", command=f"{app.run} kata {kata.typed}"),
        )
    return file


def kata_of_file(app: App, file: Path) -> Kata:
    """By the file's name (`adam.py`, the copy `adam.1.py`), or by what only one kata asks a file to define."""
    stem = file.name.split(".")[0]
    try:
        inside = file.parent.relative_to(app.workspace.folder).as_posix()
        names = [stem if inside == "." else f"{inside}/{stem}", stem]
    except ValueError:
        names = [stem]
    for name in names:
        if name in app.library.kata_names:
            return app.library.kata(name)
    defined = _defined(file)
    fitting = [kata for kata in app.library.katas if kata.names and defined.issuperset(kata.names)]
    if len(fitting) == 1:
        return fitting[0]
    raise DlkataError(
        _("{file}: which kata is it an attempt at?", file=file),
        _("Say so: {command}", command=f"{app.run} check {file} --as NAME"),
    )


def _defined(file: Path) -> set[str]:
    import ast

    from dlkata.progress.workspace import read_attempt

    try:
        body = ast.parse(read_attempt(file)).body
    except (SyntaxError, ValueError):
        return set()
    return {node.name for node in body if isinstance(node, (ast.FunctionDef, ast.ClassDef))}
