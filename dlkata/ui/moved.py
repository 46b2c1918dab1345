"""What a session moved, on the screen."""

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from dlkata.locale import N_, _
from dlkata.study.moved import Move, by_change
from dlkata.ui.concept import title_of
from dlkata.ui.marks import sign
from dlkata.ui.wrap import wrap

if TYPE_CHECKING:
    from rich.text import Text

SAID = {"known": N_("known now"), "fallen": N_("to be learned again"), "begun": N_("begun"), "firmer": N_("firmer"), "weaker": N_("weaker")}  # fmt: skip


def what_moved(moves: Sequence[Move], width: int) -> list["Text"]:
    """A paragraph a change: the mark that is reached, and the concepts."""
    from rich.text import Text

    if not moves:
        return []
    lines = [Text(), Text(_("What moved"), style="bold")]
    for name, group in by_change(moves).items():
        titles = " · ".join(title_of(move.entry) for move in group)
        rows = wrap(Text(_("{label}: {what}", label=_(SAID[name]), what=titles)), width - 4)
        first = Text.assemble("  ", sign(group[0].after.mark), " ", rows[0])
        lines += [first, *(Text("    ").append_text(row) for row in rows[1:])]
    return lines


def moved_as_json(moves: Sequence[Move]) -> list[dict[str, Any]]:
    return [
        {
            "concept": move.entry.name, "before": move.before.mark.value, "after": move.after.mark.value,
            "mastery_before": round(move.before.share, 4), "mastery_after": round(move.after.share, 4),
        }
        for move in moves
    ]  # fmt: skip
