"""The list with its search, its filters and, where there is room, what the highlighted row opens."""

from collections.abc import Callable
from dataclasses import replace
from typing import Any, ClassVar

from textual import events
from textual.app import App, ComposeResult
from textual.binding import Binding
from textual.containers import Horizontal
from textual.widgets import Input, Static

from dlkata.cli.browser.dialogs import NoteDialog, OneOf
from dlkata.cli.browser.lines import Lines, Rows
from dlkata.cli.browser.reading import Reading
from dlkata.cli.shelf import Shelf
from dlkata.errors import DlkataError
from dlkata.locale import _
from dlkata.study.catalogue import Entry, Sort, Wish
from dlkata.study.mastery import Mark
from dlkata.ui.catalogue import count, keys

WIDE = 116  # columns from which a preview stands beside the list


class Search(Input):
    """Typed into from the start; the arrows and Enter belong to the list below."""

    BINDINGS: ClassVar = [
        Binding("down", "app.enter_list", priority=True), Binding("up", "app.move(-1)", priority=True),
        Binding("pagedown", "app.page(1)", priority=True), Binding("pageup", "app.page(-1)", priority=True),
        Binding("tab", "app.enter_list", priority=True), Binding("asterisk", "app.bookmark_row", priority=True),
        Binding("enter", "app.open", priority=True), Binding("escape", "app.leave_search", priority=True),
    ]  # fmt: skip


class Browser(App[list[str]]):
    ENABLE_COMMAND_PALETTE = False
    CSS = """
    * {
        scrollbar-background: ansi_default; scrollbar-background-hover: ansi_default;
        scrollbar-background-active: ansi_default; scrollbar-color: ansi_bright_black;
        scrollbar-color-hover: ansi_bright_black; scrollbar-color-active: ansi_bright_black;
    }
    Search { border: none; height: 1; padding: 0; }
    #status, #keys { height: auto; padding: 0 1; }
    #search { height: 1; padding: 0 1; }
    #label { width: auto; }
    #preview { width: 45%; border-left: solid ansi_bright_black; padding-left: 1; display: none; }
    #preview.wide { display: block; }
    #keys, .quiet { text-style: dim; }
    Rows { padding-left: 1; }
    #page { padding-left: 1; }
    """
    BINDINGS: ClassVar = [Binding("ctrl+c,ctrl+q", "quit", priority=True)]
    LIST_KEYS: ClassVar = {
        "enter": "open", "slash": "search", "tab": "search", "escape": "search", "asterisk": "bookmark_row",
        "n": "note_row", "t": "choose_topic", "l": "next_level", "s": "next_status", "k": "next_kind",
        "b": "only_bookmarks", "c": "clear", "q": "quit", "down": "move(1)", "up": "move(-1)", "j": "move(1)",
        "pagedown": "page(1)", "space": "page(1)", "pageup": "page(-1)", "home": "move(-999999999)",
        "end": "move(999999999)", "g": "move(-999999999)", "G": "move(999999999)",
    }  # fmt: skip

    def __init__(self, shelf: Shelf, wish: Wish):
        super().__init__(ansi_color=True)  # said at once: with NO_COLOR, Textual would paint in black
        self.shelf, self.wish = shelf, wish
        self.theme = "ansi-dark"  # the terminal's own colours, on light and dark ones

    def compose(self) -> ComposeResult:
        with Horizontal(id="search"):
            yield Static(_("Search: "), id="label", markup=False)
            yield Search(self.wish.words, placeholder=_("a word of a title or a text, 中文 or English"))
        yield Static(id="status", markup=False)
        with Horizontal():
            yield Rows(self.shelf.catalogue.remark, id="rows")
            yield Lines(id="preview")
        yield Static(id="keys", markup=False)

    def on_mount(self) -> None:
        self.query_one("#preview").can_focus = False
        self.query_one(Search).focus()
        self.find()

    @property
    def rows(self) -> Rows:
        return self.screen_stack[0].query_one(Rows)

    # -- finding

    def find(self, at: int = 0) -> None:
        found = self.shelf.catalogue.find(self.wish)
        self.rows.fill(found, at)
        said = count(found, self.shelf.catalogue, self.wish, self.shelf.topics)
        if not found:
            said = f"{said} · {_('Nothing fits. Fewer words or filters find more.')}"
        self.tell(said)
        self.show_keys()

    def tell(self, said: str) -> None:
        self.screen.query_one("#status", Static).update(said)

    def narrow(self, **changes: Any) -> None:
        self.wish = replace(self.wish, **changes)
        self.find()

    def on_input_changed(self, event: Input.Changed) -> None:
        if isinstance(event.input, Search) and event.value != self.wish.words:
            self.narrow(words=event.value)

    # -- showing

    def on_resize(self, event: events.Resize) -> None:
        self.screen_stack[0].query_one("#preview").set_class(event.size.width >= WIDE, "wide")
        self.call_after_refresh(self.show_keys)
        self.call_after_refresh(self.preview)

    def on_rows_moved(self) -> None:
        self.preview()

    def preview(self) -> None:
        preview = self.screen_stack[0].query_one("#preview", Lines)
        entry = self.rows.entry
        if not preview.display:
            return
        try:
            preview.show(self.shelf.page(entry) if entry is not None else None)
        except DlkataError:
            preview.show(None)  # opening it says what is wrong

    def on_descendant_focus(self) -> None:
        self.show_keys()

    def show_keys(self) -> None:
        if isinstance(self.focused, Search):
            shown = [
                ("↓", _("to the list and its keys")), ("Enter", _("open")), ("*", _("bookmark")),
                ("Esc", _("clear") if self.wish.words else _("quit")),
            ]  # fmt: skip
        else:
            shown = [
                ("Enter", _("open")), ("*", _("bookmark")), ("n", _("note")), ("t", _("topic")), ("l", _("level")),
                ("s", _("status")), ("k", _("kind")), ("b", _("only bookmarks")), ("c", _("clear")),
                ("/", _("search")), ("q", _("quit")),
            ]  # fmt: skip
        self.screen_stack[0].query_one("#keys", Static).update(keys(shown, self.size.width - 2))

    # -- keys of the list

    async def on_key(self, event: events.Key) -> None:
        if self.focused is self.rows and (action := self.LIST_KEYS.get(event.key)):
            event.prevent_default()
            event.stop()
            await self.run_action(action)

    def action_enter_list(self) -> None:
        self.rows.focus()

    def action_search(self) -> None:
        self.query_one(Search).focus()

    def action_leave_search(self) -> None:
        search = self.query_one(Search)
        if not search.value:
            self.exit()
        search.value = ""

    def action_move(self, rows: int) -> None:
        if rows == -1 and self.rows.at == 0 and self.focused is self.rows:
            self.action_search()
        else:
            self.rows.move(rows)

    def action_page(self, direction: int) -> None:
        self.rows.page_by(direction)

    def step(self, rows: int) -> Entry | None:
        """For the reader: the entry that many rows on, if there is one."""
        at = self.rows.at + rows
        if not 0 <= at < len(self.rows.found):
            return None
        self.rows.move_to(at)
        return self.rows.entry

    def action_open(self) -> None:
        if self.rows.entry is not None:
            self.push_screen(Reading(self.rows.entry), lambda _none: self.find(self.rows.at))

    def on_rows_opened(self) -> None:
        self.action_open()

    def action_bookmark_row(self) -> None:
        if self.rows.entry is not None and self.bookmark(self.rows.entry):
            self.find(self.rows.at)

    def bookmark(self, entry: Entry) -> bool:
        """Whether it could be kept, on or off."""
        try:
            self.shelf.toggle(entry)
        except DlkataError as error:
            self.tell(f"{error.message} {error.remedy}")
            return False
        return True

    def action_note_row(self) -> None:
        if self.rows.entry is not None:
            self.ask_note(self.rows.entry, lambda: self.find(self.rows.at))

    def ask_note(self, entry: Entry, then: Callable[[], None]) -> None:
        def keep(text: str | None) -> None:
            if text is None:
                return
            try:
                self.shelf.note(entry, text)
                then()
            except DlkataError as error:
                self.tell(f"{error.message} {error.remedy}")

        self.push_screen(NoteDialog(entry.typed, self.shelf.catalogue.remark(entry).note), keep)

    # -- filters

    def action_choose_topic(self) -> None:
        names = [None, *self.shelf.topics]

        def choose(number: int | None) -> None:
            if number is not None:
                self.narrow(topic=names[number])

        choices = [_("all topics"), *self.shelf.topics.values()]
        self.push_screen(OneOf(_("Topic"), choices, names.index(self.wish.topic)), choose)

    def action_next_level(self) -> None:
        self.narrow(level=_following(self.wish.level, (None, 1, 2, 3)))

    def action_next_status(self) -> None:
        self.narrow(mark=_following(self.wish.mark, (None, Mark.NEW, Mark.LEARNING, Mark.KNOWN)))

    def action_next_kind(self) -> None:
        self.narrow(sort=_following(self.wish.sort, (None, *Sort)))

    def action_only_bookmarks(self) -> None:
        self.narrow(bookmarked=not self.wish.bookmarked)

    def action_clear(self) -> None:
        self.wish = Wish()
        self.query_one(Search).value = ""
        self.find()


def _following(value: object, cycle: tuple) -> object:
    return cycle[(cycle.index(value) + 1) % len(cycle)]
