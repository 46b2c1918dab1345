"""Sessions that were left: what each was about, how far it went, and how to go on with it."""

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

from dlkata.locale import _
from dlkata.study.opening import Left
from dlkata.study.selection import Only
from dlkata.ui.wrap import wrap

if TYPE_CHECKING:
    from rich.text import Text

STRONG, COMMAND = "bold", "cyan"
MOST = 3


def left_sessions(left: Sequence[Left], topics: Mapping[str, str], run: str, width: int) -> list["Text"]:
    """The newest ones, each with the command that goes on with it."""
    from rich.text import Text

    lines = [Text(_("Left today"), style=STRONG)] if left else []
    for one in left[:MOST]:
        about = ", ".join(_about(one.sitting.wish, topics))
        began = f"{one.sitting.begun:%H:%M}" if one.sitting.begun else ""
        said = _("{began} · {about} · {done} of {length} done", began=began, about=about, done=one.done, length=len(one.sitting.plan))  # fmt: skip
        lines += [Text("  ").append_text(row) for row in wrap(Text(said), width - 2)]
        lines.append(Text.assemble("    ", (f"{run} quiz --resume {one.sitting.id}", COMMAND)))
    if len(left) > MOST:
        lines.append(Text("  " + _("… and {count} more", count=len(left) - MOST)))
    return lines


def _about(wish: Mapping[str, Any], topics: Mapping[str, str]) -> list[str]:
    """What was asked for, in the words of the screen."""
    about = [_("exam")] if wish.get("exam") else []
    about += [topics.get(name, name) for name in wish.get("topics", ())]
    about += [name.replace("_", "-") for name in wish.get("concepts", ())]
    about += [_("only due ones")] if wish.get("only") == Only.DUE else []
    about += [_("only new ones")] if wish.get("only") == Only.NEW else []
    about += [_("level {level}", level=wish["level"])] if wish.get("level") else []
    return about or [_("all topics")]


def left_as_json(left: Sequence[Left]) -> list[dict[str, Any]]:
    return [
        {"session": one.sitting.id, "done": one.done, "of": len(one.sitting.plan), "wish": one.sitting.wish}
        for one in left
    ]
