"""What every command needs, opened when first asked for."""

import os
import shutil
import sys
from collections.abc import Iterable, Sequence
from datetime import datetime
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click
from click.shell_completion import CompletionItem

from dlkata.errors import DlkataError
from dlkata.progress.places import cache_folder, data_folder, workspace
from dlkata.progress.settings import WARM_MINUTES, Settings, load_settings
from dlkata.progress.workspace import Workspace

if TYPE_CHECKING:
    from dlkata.content.kata import Kata
    from dlkata.content.library import Library
    from dlkata.grading.client import Sandbox
    from dlkata.progress.record import Kind, Record
    from dlkata.study.headway import Progress
    from dlkata.study.mastery import Mastery
    from dlkata.study.next_step import Standing
    from dlkata.study.opening import Pace, Today

NEVER_SET = datetime(2000, 1, 1)
PACE_KEYS = {"new": "new_per_day", "reviews": "reviews_per_day", "ends": "day_ends"}


class App:
    def __init__(self, packs: Sequence[Path] = ()):
        self.packs = [pack.absolute() for pack in packs]

    @cached_property
    def settings(self) -> Settings:
        return load_settings(data_folder())

    @cached_property
    def library(self) -> "Library":
        from dlkata.cli.trust import ask_trust
        from dlkata.content.library import Library

        trusted = [Path(pack) for pack in self.settings.packs if Path(pack).is_dir()]
        for pack in self.packs:
            if pack not in trusted:
                ask_trust(pack, self.settings)
                trusted.append(pack)
        return Library(trusted, cache_folder())

    @cached_property
    def workspace(self) -> Workspace:
        return Workspace(workspace(self.settings.get("workspace")))

    @cached_property
    def record(self) -> "Record | None":
        """The record; None, with one warning, where it cannot be used. Nothing else stops for it."""
        from dlkata.progress.record import open_record

        try:
            record = open_record(data_folder() / "record.db")
        except DlkataError as error:
            warn(f"{error.message} {error.remedy}")
            return None
        for message in record.messages:
            warn(message)
        record.ends = int(self.settings.get("day_ends") or record.ends)
        return record

    def complain(self, error: DlkataError) -> None:
        """Of the record; once it was set aside, whatever follows does without."""
        warn(f"{error.message} {error.remedy}")
        if self.record is not None and self.record.closed:
            self.__dict__["record"] = None

    def back_up(self) -> None:
        """Keeps a copy of the record, once a day: after the first command that wrote to it, when all is shown."""
        if self.__dict__.get("record") is not None:
            from dlkata.cli.moving import back_up

            back_up(self)

    def remember(self, kind: "Kind", kata: "Kata", **details: Any) -> None:
        if self.record is None:
            return
        try:
            self.record.add(kind, kata.name, now(), **details)
        except DlkataError as error:
            self.complain(error)

    def follow(self, kata: "Kata") -> None:
        """A kata that was passed comes back one day."""
        from dlkata.study.rounds import follow

        if self.record is None:
            return
        try:
            follow(self.record, kata, self.pace.ends)
        except DlkataError as error:
            self.complain(error)

    @cached_property
    def standing(self) -> "Standing":
        from dlkata.progress.day import study_day
        from dlkata.study.begun import begun
        from dlkata.study.next_step import Standing
        from dlkata.study.worth import planned_katas

        solved: set[str] = set()
        along: list[str] = []
        if self.record is not None:
            try:
                solved = self.record.solved(self.library.kata_names)
                along = planned_katas(self.library, self.record, study_day(now(), self.pace.ends))
            except DlkataError as error:
                self.complain(error)
        return Standing(self.library.katas, solved, begun(self.library.katas, self.workspace), along)

    @cached_property
    def pace(self) -> "Pace":
        """How much a day of study holds."""
        from dlkata.study.opening import Pace

        given = {name: self.settings.get(key) for name, key in PACE_KEYS.items()}
        return Pace(**{name: int(value) for name, value in given.items() if value is not None})

    @cached_property
    def today(self) -> "Today | None":
        """What the schedule holds for today; None where there is no record."""
        from dlkata.study.opening import today

        if self.record is None:
            return None
        try:
            return today(self.library, self.record, now(), self.pace)
        except DlkataError as error:
            self.complain(error)
            return None

    def mastery(self) -> "Mastery":
        """What is known as of now, read anew each time."""
        from dlkata.progress.day import study_day
        from dlkata.study.mastery import mastery

        day = study_day(now(), self.pace.ends)
        try:
            return mastery(self.library, self.record, day)
        except DlkataError as error:
            self.complain(error)
            return mastery(self.library, None, day)

    def progress(self, mastery: "Mastery") -> "Progress | None":
        """What home and lists tell of it in one line; None where there is no record."""
        from dlkata.study.headway import progress

        if self.record is None:
            return None
        try:
            return progress(mastery, self.record)
        except DlkataError as error:
            self.complain(error)
            return None

    def device(self, asked: str | None) -> str:
        """--device, or what the settings say, or the CPU."""
        return asked or self.settings.get("device") or "cpu"

    def sandbox(self, asked: bool) -> "Sandbox | None":
        """Where attempts are shut in, if --sandbox or the settings say so: away from home, record and workspace."""
        if not (asked or self.settings.get("sandbox") == "on"):
            return None
        from dlkata.grading.client import Sandbox

        homes = [Path(os.environ["HOME"])] if os.environ.get("HOME") else []
        hidden = [*homes, data_folder(), self.workspace.folder]
        return Sandbox(tuple(hidden), tuple(root.path for root in self.library.roots))

    @property
    def warm_minutes(self) -> str:
        """For how long a grader is left behind, or "off"."""
        return self.settings.get("warm") or str(WARM_MINUTES)

    def linger(self, sandbox: "Sandbox | None") -> float:
        """For how many idle seconds a grader may stay warm: only where a person sits, who will check again."""
        minutes = self.warm_minutes
        person = all(stream is not None and stream.isatty() for stream in (sys.stdin, sys.stdout))
        if sandbox is not None or minutes == "off" or not person or os.environ.get("CI"):
            return 0.0
        return 60.0 * int(minutes)

    @cached_property
    def run(self) -> str:
        """How the learner starts dlkata, for the commands we tell them to type."""
        return command_name(sys.argv[0])


def command_name(program: str) -> str:
    path = Path(program)
    if path.name == "__main__.py":
        return "python -m dlkata"
    found = shutil.which("dlkata")
    if found and Path(found).exists() and path.exists() and Path(found).samefile(path):
        return "dlkata"
    if path.is_absolute() and path.name == "dlkata":
        relative = os.path.relpath(path)
        return str(path) if relative.startswith("..") else relative
    return program if "/" in program and path.name == "dlkata" else "dlkata"


def now() -> datetime:
    """A clock that stands at one end of time is as good as none: nothing could be reckoned from it."""
    clock = datetime.now()
    return (clock if 1900 <= clock.year <= 9000 else NEVER_SET).astimezone()


def warn(message: str) -> None:
    click.echo(message, err=True)


class NameType(click.ParamType):
    """The name of something that the library holds; near misses are suggested."""

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> Any:
        if not isinstance(value, str) or ctx is None:
            return value
        return getattr(ctx.find_object(App).library, self.name)(value)  # type: ignore[union-attr]

    def shell_complete(
        self, ctx: click.Context, param: click.Parameter, incomplete: str
    ) -> list[CompletionItem]:
        from dlkata.content.library import Library

        start = incomplete.replace("_", "-")
        offered = ((name.replace("_", "-"), title) for name, title in self.offered(Library()))
        return [CompletionItem(name, help=title) for name, title in offered if name.startswith(start)]

    def offered(self, library: "Library") -> "Iterable[tuple[str, str | None]]":
        """Names, with what is said of each."""
        raise NotImplementedError


class KataType(NameType):
    name = "kata"

    def offered(self, library: "Library") -> "Iterable[tuple[str, str | None]]":
        return ((name, None) for name in library.kata_names)


class ConceptType(NameType):
    name = "concept"

    def offered(self, library: "Library") -> "Iterable[tuple[str, str | None]]":
        return ((name, None) for name in library.concept_names)


class TopicType(NameType):
    """Its title will do as well."""

    name = "topic"

    def offered(self, library: "Library") -> "Iterable[tuple[str, str | None]]":
        return ((topic.name, topic.title) for topic in library.topics)


class PathType(NameType):
    name = "path"

    def offered(self, library: "Library") -> "Iterable[tuple[str, str | None]]":
        return ((path.name, path.title) for path in library.paths)


KATA, CONCEPT, TOPIC, PATH = KataType(), ConceptType(), TopicType(), PathType()
