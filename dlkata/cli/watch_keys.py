"""The keys of `dlkata watch`: what each does to the kata that is watched."""

from collections.abc import Callable
from functools import partial
from typing import TYPE_CHECKING

from dlkata.cli.editor import open_in_editor
from dlkata.cli.reset import start_afresh
from dlkata.errors import DlkataError
from dlkata.locale import _
from dlkata.ui.watching import statement_width

if TYPE_CHECKING:
    from dlkata.cli.watching import Watch


def press(watch: "Watch", key: str) -> bool:
    """Does what the key means; False to quit."""
    if watch.view.question:
        yes, watch.view.question = key == "y", ""
        if yes:
            start_afresh(watch.app, watch.view.kata)
            watch.begin(watch.view.kata)
        return True
    watch.view.notice = ""
    if key in ACTIONS:
        watch.view.below = 0  # what it says stands at the top
        ACTIONS[key](watch)
    elif key in SCROLLS and watch.stage is not None:
        rows = SCROLLS[key] or watch.stage.size[1] // 2 * (1 if key == "page down" else -1)
        if key in "jk" or not statement_width(watch.stage.columns):
            watch.view.below += rows
        else:
            watch.view.top += rows
    return key != "q"


def next_kata(watch: "Watch") -> None:
    """The next new kata; the standing is read anew, for this one may be solved by now. From one that is still
    new itself to the one behind it: so all can be looked at in turn."""
    from dlkata.study.next_step import Status

    watch.app.__dict__.pop("standing", None)
    standing, here = watch.app.standing, watch.view.kata
    kata = standing.next_new(behind=here if standing.status(here) is Status.NEW else None)
    if kata is None:
        watch.view.notice = _("There is no new kata left.")
    else:
        watch.turn_to(kata)


def hint(watch: "Watch") -> None:
    from dlkata.cli.running import cost_of_hint
    from dlkata.progress.record import Kind

    ladder = [hint.text for hint in watch.view.kata.solution.hints]
    rung = min(len(watch.view.hints) + 1, len(ladder))
    watch.view.hints = ladder[:rung]
    watch.app.remember(Kind.HINTED, watch.view.kata, rung=rung)
    watch.view.notice = cost_of_hint(watch.app, watch.view.kata)


def edit(watch: "Watch") -> None:
    assert watch.stage is not None
    try:
        with watch.stage.left(), watch.keyboard.lent():
            open_in_editor(watch.app.settings.get("editor"), watch.view.file)
    except DlkataError as error:
        watch.view.notice = f"{error.message} {error.remedy}"


def all_katas(watch: "Watch") -> None:
    """The same rows as in `dlkata browse`; Enter goes there."""
    from dlkata.progress.remarks import Remark, Remarks
    from dlkata.study.catalogue import kata_entries
    from dlkata.ui.catalogue import row
    from dlkata.ui.picking import pick

    assert watch.stage is not None
    watch.app.__dict__.pop("standing", None)
    app = watch.app
    found = list(kata_entries(app.library, app.standing, app.mastery()))
    remarks = Remarks(app.record).all() if app.record is not None else {}
    rows = [partial(row, entry, remarks.get(entry.key, Remark())) for entry in found]
    names = [entry.name for entry in found]
    here = watch.view.kata.name
    taken = pick(watch.stage, watch.keyboard, rows, names.index(here) if here in names else 0)
    if taken is not None and names[taken] != here:
        watch.turn_to(watch.app.library.kata(names[taken]))


def previous(watch: "Watch") -> None:
    """Where one came from; at the beginning, the kata before this one in learning order."""
    katas = watch.app.library.katas
    names = [kata.name for kata in katas]
    place = names.index(watch.view.kata.name)
    if watch.left:
        watch.begin(watch.left.pop())
    elif place:
        watch.begin(katas[place - 1])
    else:
        watch.view.notice = _("This is the first kata.")


def solution(watch: "Watch") -> None:
    """The reference with its notes, once the kata is passed."""
    from dlkata.progress.record import Kind
    from dlkata.ui.scroll import scroll_on
    from dlkata.ui.solution import solution

    assert watch.stage is not None
    kata = watch.view.kata
    if not watch.view.passed:
        watch.app.__dict__.pop("standing", None)
    if not watch.view.passed and kata.name not in watch.app.standing.passed:
        watch.view.notice = _("The solution is shown once you have passed; before that: {command}", command=f"{watch.app.run} solution {kata.typed}")  # fmt: skip
        return
    watch.app.remember(Kind.SOLUTION, kata, solved=True, diff=False)
    scroll_on(watch.stage, watch.keyboard, partial(solution, kata, fitted=True))


def ask_reset(watch: "Watch") -> None:
    watch.view.question = _("Start this kata afresh? Your attempt is kept as a numbered copy.")


ACTIONS: "dict[str, Callable[[Watch], None]]" = {
    "n": next_kata, "p": previous, "h": hint, "e": edit, "r": lambda watch: watch.check(), "l": all_katas,
    "s": solution, "x": ask_reset,
}  # fmt: skip
# Of the verdict; the arrows of the statement, where it stands beside. 0: half a screen.
SCROLLS = {"k": -1, "j": 1, "up": -1, "down": 1, "page up": 0, "page down": 0}
