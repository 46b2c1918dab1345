"""Writes commits with git: a new repository appears whole, an old one gets all the new commits or none."""

import os
import shutil
import subprocess
import tempfile
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

from dlkata.errors import DlkataError
from dlkata.locale import _

# Nothing of the learner's hooks, line endings or clean-up may change what is written.
SETTINGS = ("core.hooksPath=/dev/null", "core.autocrlf=false", "gc.auto=0", "maintenance.auto=false")
BRANCH = "main"


@dataclass(frozen=True)
class Commit:
    message: str
    when: datetime
    files: Mapping[str, str]


class Repository:
    def __init__(self, folder: Path):
        self.folder = folder

    def git(self, *arguments: str, stdin: bytes | None = None, cwd: Path | None = None) -> str:
        settings = [part for setting in SETTINGS for part in ("-c", setting)]
        environment = {name: value for name, value in os.environ.items() if not name.startswith("GIT_")}
        try:
            done = subprocess.run(
                ["git", *settings, *arguments], input=stdin, capture_output=True, cwd=cwd or self.folder,
                env=environment | {"LC_ALL": "C.UTF-8"}, stdin=None if stdin is not None else subprocess.DEVNULL,
            )  # fmt: skip
        except FileNotFoundError:
            raise DlkataError(
                _("There is no git on this machine."), _("Install git, then do it once more.")
            ) from None
        if done.returncode:
            lines = done.stderr.decode("utf-8", "replace").strip().splitlines() or [f"git {arguments[0]}"]
            raise DlkataError(_("git could not do it: {reason}", reason=lines[0]), _("Nothing was exported."))
        return done.stdout.decode("utf-8", "replace")

    def is_new(self) -> bool:
        return not self.folder.exists() or (self.folder.is_dir() and not any(self.folder.iterdir()))

    def files(self) -> set[str]:
        """Of the newest commit."""
        return set(self.git("ls-tree", "-r", "-z", "--name-only", "HEAD").split("\0")) - {""}

    def text(self, file: str) -> str:
        return self.git("show", f"HEAD:{file}")

    def create(self, commits: Sequence[Commit], author: str) -> None:
        """Beside its place first, then moved there."""
        beside = Path(tempfile.mkdtemp(dir=self.folder.parent, prefix=f".{self.folder.name}."))
        try:
            made = Repository(beside)
            made.git("init", "-q", "--template=")
            made.git("symbolic-ref", "HEAD", f"refs/heads/{BRANCH}")
            made._write(commits, BRANCH, author, None)
            beside.chmod(0o755)
            if self.folder.exists():
                self.folder.rmdir()
            beside.rename(self.folder)
        except OSError as error:
            raise DlkataError(
                _("{file} cannot be written: {reason}.", file=self.folder, reason=error.strerror),
                _("Nothing was exported."),
            ) from None
        finally:
            shutil.rmtree(beside, ignore_errors=True)

    def append(self, commits: Sequence[Commit], author: str) -> None:
        written = {file for commit in commits for file in commit.files}
        for line in self.git("status", "--porcelain", "-z", "--untracked-files=all").split("\0"):
            if line and (line[:2] != "??" or line[3:] in written):
                raise DlkataError(
                    _(
                        "{folder} has changes that are not committed: {file}.",
                        folder=self.folder,
                        file=line[3:],
                    ),
                    _("Commit them, then export once more."),
                )
        branch = self.git("symbolic-ref", "--short", "HEAD").strip()
        before = self.git("rev-parse", "HEAD").strip()
        try:
            self._write(commits, branch, author, before)
        except BaseException:
            self.git("reset", "-q", "--hard", before)
            raise

    def _write(self, commits: Iterable[Commit], branch: str, author: str, parent: str | None) -> None:
        self.git("fast-import", "--quiet", "--done", stdin=_stream(commits, branch, author, parent))
        self.git("reset", "-q", "--hard", f"refs/heads/{branch}")


def author() -> str:
    """`Name <address>`, as the learner's other commits have it."""
    here = Repository(Path.cwd())
    found = {}
    for key in ("name", "email"):
        try:
            found[key] = (
                os.environ.get(f"GIT_AUTHOR_{key.upper()}") or here.git("config", f"user.{key}").strip()
            )
        except DlkataError:
            here.git("--version")  # it may be git itself that is missing
            raise DlkataError(
                _("git does not know your name and address, which a commit carries."),
                _('Tell it: git config --global user.name "…", git config --global user.email "…"'),
            ) from None
    plain = {key: "".join(c for c in value if c not in "<>\n") for key, value in found.items()}
    return f"{plain['name']} <{plain['email']}>"


def _stream(commits: Iterable[Commit], branch: str, author: str, parent: str | None) -> bytes:
    """The commits as `git fast-import` reads them."""
    out: list[bytes] = []
    for commit in commits:
        when = f"{int(commit.when.timestamp())} {commit.when:%z}"
        out += [f"commit refs/heads/{branch}\nauthor {author} {when}\ncommitter {author} {when}\n".encode()]
        out += [_data(commit.message)]
        if parent is not None:
            out.append(f"from {parent}\n".encode())
            parent = None
        for file, text in commit.files.items():
            out += [f"M 100644 inline {file}\n".encode(), _data(text)]
    return b"".join([*out, b"done\n"])


def _data(text: str) -> bytes:
    content = text.encode()
    return b"data %d\n%b\n" % (len(content), content)
