"""The kata of an interview: written in the learner's editor, checked here or in another terminal, while the clock runs."""

from datetime import datetime
from typing import TYPE_CHECKING

from dlkata.cli.app import warn
from dlkata.cli.words import key_of
from dlkata.content.kata import Kata
from dlkata.errors import DlkataError
from dlkata.locale import _
from dlkata.progress.interviews import Did, Work
from dlkata.study.begun import is_begun
from dlkata.study.interview.state import Move, done_kata
from dlkata.ui.interview import KATA_KEYS, place
from dlkata.ui.session import line, time_left

if TYPE_CHECKING:
    from rich.text import Text

    from dlkata.cli.interviewer import Interviewer

PASSED = "passed"  # elsewhere: as good as typed


class KataRound:
    def __init__(self, interviewer: "Interviewer"):
        self.holder = interviewer
        self.app, self.desk = interviewer.app, interviewer.desk

    def do(self, move: Move) -> None:
        holder = self.holder
        if holder.task.name not in self.app.library.kata_names:
            holder.pass_over()
            return
        self.kata = self.app.library.kata(holder.task.name)
        if move is Move.ASK:
            self._begin(self.kata)
        if move is Move.CLOSE:
            self._last_check()
            self._done(closed=True)
        elif self.work().passed:
            self._passed()
        else:
            if not holder.stands_there():
                self._put()
            self._round()

    def _begin(self, kata: Kata) -> None:
        """From an empty stub: what was written before is kept as a numbered copy."""
        from dlkata.cli.kata import start_attempt, warm_up
        from dlkata.cli.reset import start_afresh

        if self.app.workspace.file(kata.name).exists():
            copy = start_afresh(self.app, kata)
            if copy is not None:
                self.desk.show(["", _("What you wrote before is kept: {file}", file=copy)])
        else:
            start_attempt(self.app, kata)
        warm_up(self.app)
        record = self.app.record
        rung = record.hints_taken(kata.name) if record is not None else 0
        self.holder.ask(since=self.holder.kept.last_event(), rung=rung)

    def work(self) -> Work:
        """What was done at it since it was asked."""
        return self.holder.kept.work(self.kata.name, self._asked.get("since", 0))

    @property
    def _asked(self) -> dict[str, int]:
        assert self.holder.state.open is not None
        return self.holder.state.open.detail

    def _put(self) -> None:
        """The statement, page by page where the screen is too small for it; the clock is seen there too."""
        from dlkata.cli.pager import show_lines

        if self.desk.quiet:
            return
        self.desk.show([""])
        show_lines(self._page, note=self._left)
        self.desk.in_time()  # it may have run out while one read

    def _page(self, width: int) -> "list[Text]":
        from rich.text import Text

        from dlkata.ui.statement import statement
        from dlkata.ui.wrap import wrap

        where = place(self.holder.task, self.holder.state.tasks)
        if not self.holder.reader.chooses:
            where += " · " + _("{time} left", time=time_left(self.holder.countdown))
        file = self.app.workspace.file(self.kata.name)
        live = _("Here or in another terminal (`{watch}`): a pass is seen at once.", watch=f"{self.app.run} watch {self.kata.typed}")  # fmt: skip
        lines = [Text(where, style="bold"), Text(), *statement(self.kata, file, self.app.run, width)]
        return [*lines, *wrap(Text(live, style="dim"), width)]

    def _left(self) -> str | None:
        """What stands below the page; None once time is up, or the kata passed."""
        if self.holder.countdown.over or self.work().passed:
            return None
        return time_left(self.holder.countdown)

    def _round(self) -> None:
        """One key."""
        typed = self.desk.typed(" · ".join(_(said) for said in KATA_KEYS.values()), meanwhile=self._meanwhile)
        command = key_of(typed, KATA_KEYS)
        if typed == PASSED:
            return
        actions = {"c": self._check, "": self._check, "h": self._hint, "e": self._edit, "s": self._put, "d": self._done,
                   "q": self.holder.leave}  # fmt: skip
        if command in actions:
            actions[command]()
        else:
            self.desk.show([line(_("Please type one of these:"))])

    def _meanwhile(self) -> str | None:
        return PASSED if self.work().passed else None

    def _check(self) -> None:
        from dlkata.cli.check import grade

        try:
            grade(self.app, self.kata, self.app.workspace.file(self.kata.name), quiet=self.desk.quiet)
        except DlkataError as error:
            warn(f"{error.message} {error.remedy}".strip())

    def _hint(self) -> None:
        from dlkata.cli.hint import show_hint

        if self.desk.quiet:
            return
        self.desk.show([""])
        show_hint(self.app, self.kata)

    def _edit(self) -> None:
        from dlkata.cli.editor import open_in_editor

        try:
            open_in_editor(self.app.settings.get("editor"), self.app.workspace.file(self.kata.name))
        except DlkataError as error:
            warn(f"{error.message} {error.remedy}".strip())

    def _last_check(self) -> None:
        """What was saved before the clock ran out counts, checked or not."""
        file = self.app.workspace.file(self.kata.name)
        try:
            saved = datetime.fromtimestamp(file.stat().st_mtime).astimezone()
        except OSError:
            return
        if (
            not self.work().passed
            and saved <= self.holder.deadline
            and is_begun(self.kata, self.app.workspace)
        ):
            self.desk.show([_("What you had saved is checked once more.")])
            self._check()

    def _passed(self) -> None:
        self._done()
        self.desk.show(["", _("The kata is passed. Its follow-ups:")])

    def _done(self, *, closed: bool = False) -> None:
        holder = self.holder
        seconds = holder.seconds
        holder.write(Did.DONE, done_kata(self.work(), seconds, self._asked.get("rung", 0), closed=closed))
