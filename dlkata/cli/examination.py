"""What the doctor looks at. torch is asked in a child process: the CLI never imports it."""

import json
import os
import platform
import shutil
import subprocess
import sys
from pathlib import Path

from dlkata.cli.app import App
from dlkata.errors import DlkataError
from dlkata.locale import _, language
from dlkata.progress.places import data_folder
from dlkata.ui.doctor import Examined

ASK_TORCH = """
import json, torch, pytest, numpy
devices = ["cpu"]
if torch.cuda.is_available():
    devices.append("cuda (" + torch.cuda.get_device_name() + ")")
if torch.backends.mps.is_available():
    devices.append("mps")
print(json.dumps([torch.__version__, pytest.__version__, numpy.__version__, devices]))
"""


def examine(app: App) -> list[Examined]:
    return [
        _python(),
        *_torch(),
        _content(app),
        _workspace(app),
        _record(app),
        _backups(),
        _editor(app),
        _protection(),
        _warm(app),
        _terminal(),
        _locale(),
    ]


def _python() -> Examined:
    ok = sys.version_info >= (3, 11)
    return Examined(
        "Python",
        ok,
        f"{platform.python_version()}, {sys.executable}",
        "" if ok else _("Install Python 3.11 or newer."),
    )


def _torch() -> list[Examined]:
    answer = subprocess.run(
        [sys.executable, "-P", "-c", ASK_TORCH], capture_output=True, text=True, encoding="utf-8", cwd="/"
    )
    if answer.returncode != 0:
        reason = (answer.stderr.strip().splitlines() or ["?"])[-1]
        return [Examined("torch", False, reason, _("Install it again: pip install --force-reinstall torch"))]
    torch, pytest, numpy, devices = json.loads(answer.stdout)
    new_enough = tuple(int(part) for part in torch.split("+")[0].split(".")[:2]) >= (2, 6)
    return [
        Examined("torch", new_enough, f"{torch}; pytest {pytest}; numpy {numpy}", "" if new_enough else _("Install torch 2.6 or newer.")),
        Examined(_("devices"), True, ", ".join(devices)),
    ]  # fmt: skip


def _content(app: App) -> Examined:
    try:
        concepts = app.library.index.concepts.values()
        count = _(
            "{katas}, {concepts} concepts, {questions} questions",
            katas=_("{count} katas", count=len(app.library.katas)),
            concepts=len(concepts),
            questions=sum(len(concept.questions) for concept in concepts),
        )
        problems = app.library.index.problems
        return Examined(_("content"), not problems, count, "\n".join(problems))
    except DlkataError as error:
        return Examined(_("content"), False, error.message, error.remedy)


def _workspace(app: App) -> Examined:
    folder = app.workspace.folder
    if _writable(folder):
        return Examined(
            _("workspace"),
            True,
            str(folder) if folder.exists() else _("{folder} (not there yet)", folder=folder),
        )
    return Examined(
        _("workspace"),
        False,
        _("{folder} may not be written to", folder=folder),
        _("Choose another: dlkata config workspace FOLDER"),
    )


def _record(app: App) -> Examined:
    what = _("record")
    file = data_folder() / "record.db"
    if not file.exists():
        ok = _writable(file.parent)
        remedy = "" if ok else _("Set DLKATA_HOME to a folder you may write to.")
        return Examined(what, ok, _("{file} (not there yet)", file=file), remedy)
    from dlkata.progress.record import open_record

    try:
        record = open_record(file)
    except DlkataError as error:
        return Examined(what, False, f"{file}: {error.message}", error.remedy)
    sound = record.connection.execute("PRAGMA quick_check").fetchone()[0]
    count = record.connection.execute("SELECT COUNT(*) FROM events").fetchone()[0]
    record.close()
    if sound != "ok":
        return Examined(what, False, f"{file}: {sound}", _("Keep a copy, then: sqlite3 record.db .recover"))
    return Examined(what, True, _("{file}, {count} events", file=file, count=count))


def _backups() -> Examined:
    """The copies of the record; there is none before something was written to it."""
    from dlkata.progress.backups import backups

    what, found = _("backups"), backups(data_folder() / "backups")
    if not found:
        return Examined(what, True, _("none yet; one is made on each day you practise"))
    return Examined(what, True, _("{count}, the newest: {file}", count=len(found), file=found[-1]))


def _editor(app: App) -> Examined:
    editor = app.settings.get("editor") or os.environ.get("VISUAL") or os.environ.get("EDITOR")
    if not editor:
        return Examined(
            _("editor"), True, _("none set; `kata --edit` needs one: dlkata config editor COMMAND")
        )
    found = shutil.which(editor.split()[0]) is not None
    return Examined(_("editor"), found, editor, "" if found else _("It is not on the PATH."))


def _protection() -> Examined:
    """What keeps an attempt within bounds on this machine."""
    from dlkata.grading.sandbox import obstacle
    from dlkata.grading.work.landlock import version
    from dlkata.grading.work.seccomp import available

    kept = [_("a process of its own"), _("deadlines"), _("capped output")]
    if sys.platform == "linux":
        kept += [_("2 GiB of memory"), _("no core dumps"), _("no new privileges"), _("daemons are ended")]
        closed = _("the kernel closes files to it (Landlock {version})", version=version())
        kept.append(closed if version() else _("no Landlock: files are watched, not closed"))
        kept += [_("its system calls are filtered")] if available() else []
    reason = obstacle()
    kept.append(_("`--sandbox` works") if reason is None else _("no `--sandbox`: {reason}", reason=reason))
    return Examined(_("protection"), True, ", ".join(kept))


def _warm(app: App) -> Examined:
    """The grader that was left behind by the last check, if there is one."""
    from dlkata.grading.client import connect, find, ping

    what, minutes = _("warm grader"), app.warm_minutes
    path = find()
    answer = ping(connect(path)) if path is not None else None
    if answer is None:
        off = _("off; the first check of each run takes longer")
        waiting = _("none now; a check in a terminal leaves one for {minutes} idle minutes", minutes=minutes)
        return Examined(what, True, off if minutes == "off" else waiting)
    return Examined(
        what,
        True,
        _("process {pid}, {age} min old, {memory} MiB, ends after {minutes} idle minutes",
          pid=answer.pid, age=round(answer.age / 60), memory=answer.memory, minutes=minutes),
        "" if minutes != "off" else _("End it: kill {pid}", pid=answer.pid),
    )  # fmt: skip


def _terminal() -> Examined:
    encoding = (sys.stdout.encoding or "?").lower()
    kind = os.environ.get("TERM", "") or _("none")
    colour = _("colour off (NO_COLOR)") if os.environ.get("NO_COLOR") else _("colour on")
    found = f"{kind}, {encoding}, {shutil.get_terminal_size().columns} × {shutil.get_terminal_size().lines}, {colour}"
    ok = encoding.replace("-", "") == "utf8"
    return Examined(
        _("terminal"),
        ok,
        found,
        "" if ok else _("Symbols are shown in ASCII. For all of them: export LC_ALL=C.UTF-8"),
    )


def _locale() -> Examined:
    names = {"en": "English", "zh": "中文"}
    return Examined(_("language"), True, f"{names[language()]} ({language()})")


def _writable(folder: Path) -> bool:
    while not folder.exists() and folder != folder.parent:
        folder = folder.parent
    return folder.is_dir() and os.access(folder, os.W_OK)
