"""One entry opened: read with scrolling, its solution or answer behind a key."""

from typing import TYPE_CHECKING, ClassVar, cast

from textual.app import ComposeResult
from textual.binding import Binding
from textual.screen import Screen
from textual.widgets import Static

from dlkata.cli.browser.dialogs import YesNo
from dlkata.cli.browser.lines import Lines
from dlkata.errors import DlkataError
from dlkata.locale import _
from dlkata.study.catalogue import Entry, Sort
from dlkata.ui.catalogue import keys

if TYPE_CHECKING:
    from dlkata.cli.browser.browser import Browser


class Reading(Screen[None]):
    BINDINGS: ClassVar = [
        Binding("escape,q,backspace", "back"), Binding("s", "answer"), Binding("asterisk", "bookmark"),
        Binding("n", "note"), Binding("enter", "practise"), Binding("r", "run"), Binding("left", "step(-1)"),
        Binding("right", "step(1)"), Binding("space", "page"), Binding("b", "page_back"),
    ]  # fmt: skip

    def __init__(self, entry: Entry):
        super().__init__()
        self.entry = entry
        self.answered = False

    @property
    def browser(self) -> "Browser":
        return cast("Browser", self.app)

    def compose(self) -> ComposeResult:
        yield Static(id="status", markup=False)
        yield Lines(id="page")
        yield Static(id="keys", markup=False)

    def on_mount(self) -> None:
        self.query_one(Lines).focus()
        self.show_page()

    def show_page(self) -> None:
        """The statement, explanation or question; with `answered`, what was behind it."""
        shelf = self.browser.shelf
        try:
            page = shelf.answer(self.entry) if self.answered else shelf.page(self.entry)
        except DlkataError as error:
            self.browser.tell(f"{error.message} {error.remedy}")
            return
        self.query_one(Lines).show(page)
        self.refresh_status()

    def refresh_status(self) -> None:
        from dlkata.ui.catalogue import row

        shelf, width = self.browser.shelf, self.app.size.width - 2
        remark = shelf.catalogue.remark(self.entry)
        self.query_one("#status", Static).update(row(self.entry, remark, width))
        self.query_one("#keys", Static).update(keys(self._keys(), width))

    def _keys(self) -> list[tuple[str, str]]:
        shown = [("↑ ↓", _("scroll")), ("Esc", _("back")), ("← →", _("other entries"))]
        if self.browser.shelf.has_answer(self.entry):
            behind = _("solution") if self.entry.sort is Sort.KATA else _("answer")
            shown.append(("s", _("back to what is asked") if self.answered else behind))
        starts = {Sort.KATA: _("start it"), Sort.PATH: _("print it")}
        shown.append(("Enter", starts.get(self.entry.sort, _("its questions"))))
        if self.entry.sort is Sort.CONCEPT:
            shown.append(("r", _("see it run")))
        return [*shown, ("*", _("bookmark")), ("n", _("note"))]

    # -- keys

    def action_back(self) -> None:
        self.dismiss(None)

    def action_answer(self) -> None:
        shelf = self.browser.shelf
        if not shelf.has_answer(self.entry):
            return
        if self.answered or not shelf.spoils(self.entry):
            self._turn(True)
        else:
            question = _("You have not passed this kata yet. Show the solution all the same?")
            self.app.push_screen(YesNo(question), self._turn)

    def _turn(self, yes: bool | None) -> None:
        if yes:
            self.answered = not self.answered
            self.show_page()

    def action_bookmark(self) -> None:
        if self.browser.bookmark(self.entry):
            self.refresh_status()

    def action_note(self) -> None:
        self.browser.ask_note(self.entry, self.show_page)

    def action_practise(self) -> None:
        self.app.exit(self.browser.shelf.command(self.entry))

    def action_run(self) -> None:
        if self.entry.sort is Sort.CONCEPT:
            self.app.exit(["why", self.entry.typed])

    def action_step(self, rows: int) -> None:
        """The entry above or below in the list."""
        moved = self.browser.step(rows)
        if moved is not None:
            self.entry, self.answered = moved, False
            self.show_page()

    def action_page(self) -> None:
        self.query_one(Lines).scroll_page_down(animate=False)

    def action_page_back(self) -> None:
        self.query_one(Lines).scroll_page_up(animate=False)
