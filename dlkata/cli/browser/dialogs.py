"""What is asked on top of a screen: a note, yes or no, one of several."""

from collections.abc import Sequence
from typing import ClassVar, TypeVar

from textual.app import ComposeResult
from textual.binding import Binding
from textual.containers import Vertical
from textual.screen import ModalScreen
from textual.widgets import Input, OptionList, Static

from dlkata.locale import _

Answer = TypeVar("Answer")
BOX = """
Vertical { width: 90%; max-width: 76; height: auto; max-height: 90%; border: round ansi_bright_black; padding: 0 1; }
Input { border: none; height: 1; padding: 0; }
OptionList { height: auto; max-height: 18; border: none; }
"""


class Dialog(ModalScreen[Answer]):
    """A box in the middle; Escape answers nothing."""

    DEFAULT_CSS = "Dialog { align: center middle; }"
    BINDINGS: ClassVar = [Binding("escape", "answer_nothing", priority=True)]

    def action_answer_nothing(self) -> None:
        self.dismiss(None)


class NoteDialog(Dialog[str]):
    CSS = BOX

    def __init__(self, title: str, note: str):
        super().__init__()
        self.heading, self.note = title, note

    def compose(self) -> ComposeResult:
        with Vertical():
            yield Static(self.heading, markup=False)
            yield Input(self.note, placeholder=_("your note"))
            yield Static(
                _("Enter: keep · empty: remove · Esc: leave as it was"), classes="quiet", markup=False
            )

    def on_input_submitted(self, event: Input.Submitted) -> None:
        self.dismiss(event.value)


class YesNo(Dialog[bool]):
    CSS = BOX
    BINDINGS: ClassVar = [
        Binding("y", "answer(True)"), Binding("n,q", "answer(False)"), Binding("enter", "answer(False)"),
    ]  # fmt: skip

    def __init__(self, question: str):
        super().__init__()
        self.question = question

    def compose(self) -> ComposeResult:
        with Vertical():
            yield Static(f"{self.question} [y/n]", markup=False)

    def action_answer(self, answer: bool) -> None:
        self.dismiss(answer)


class OneOf(Dialog[int]):
    """The number of what is chosen."""

    CSS = BOX

    def __init__(self, title: str, choices: Sequence[str], at: int):
        super().__init__()
        self.heading, self.choices, self.at = title, choices, at

    def compose(self) -> ComposeResult:
        with Vertical():
            yield Static(self.heading, markup=False)
            yield OptionList(*self.choices, markup=False)
            yield Static(_("Enter: choose · Esc: leave as it was"), classes="quiet", markup=False)

    def on_mount(self) -> None:
        self.query_one(OptionList).highlighted = self.at

    def on_option_list_option_selected(self, event: OptionList.OptionSelected) -> None:
        self.dismiss(event.option_index)
