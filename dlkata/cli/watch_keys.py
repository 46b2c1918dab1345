"""The keys of `dlkata watch`: what each does to the kata that is watched."""

from typing import TYPE_CHECKING

from dlkata.cli.editor import open_in_editor
from dlkata.cli.reset import start_afresh
from dlkata.errors import DlkataError
from dlkata.locale import _
from dlkata.progress.saves import PAUSE

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
    if key in ACTIONS:
        ACTIONS[key](watch)
    return key != "q"


def next_kata(watch: "Watch") -> None:
    """The next new kata; the standing is read anew, for this one may be solved by now. From one that is still
    new itself to the one behind it: so all can be looked at in turn."""
    from dlkata.study.next_step import Status

    watch.app.__dict__.pop("standing", None)
    standing, here = watch.app.standing, watch.view.kata
    kata = standing.next_new(behind=here if standing.status(here) is Status.NEW else None)
    if kata is None:
        watch.view.message = _("There is no new kata left.")
    else:
        watch.begin(kata)


def hint(watch: "Watch") -> None:
    from dlkata.progress.record import Kind

    ladder = [hint.text for hint in watch.view.kata.solution.hints]
    rung = min(len(watch.view.hints) + 1, len(ladder))
    watch.view.hints = ladder[:rung]
    watch.app.remember(Kind.HINTED, watch.view.kata, rung=rung)


def edit(watch: "Watch") -> None:
    assert watch.stage is not None
    try:
        with watch.stage.left(), watch.keyboard.lent():
            open_in_editor(watch.app.settings.get("editor"), watch.view.file)
    except DlkataError as error:
        watch.view.message = f"{error.message} {error.remedy}"


def all_katas(watch: "Watch") -> None:
    from dlkata.ui.listing import listing
    from dlkata.ui.scroll import Scroll

    assert watch.stage is not None
    watch.app.__dict__.pop("standing", None)
    size, scroll = (0, 0), Scroll([], 0)
    while True:
        if size != watch.stage.size:  # the window may change meanwhile
            size = width, height = watch.stage.size
            lines = listing(watch.app.standing, watch.app.library.topics, watch.app.library.katas, width)
            scroll = Scroll(lines, height, scroll.top)
        watch.stage.show(scroll.frame())
        key = watch.keyboard.key()
        if key and not scroll.press(key):
            return
        if not key:
            watch.keyboard.pause(PAUSE)


def ask_reset(watch: "Watch") -> None:
    watch.view.question = _("Start this kata afresh? Your attempt is kept as a numbered copy.")


ACTIONS = {
    "n": next_kata, "h": hint, "e": edit, "r": lambda watch: watch.check(), "l": all_katas, "x": ask_reset,
}  # fmt: skip
