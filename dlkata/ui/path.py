"""Paths on the screen: all of them with how far one is, and one of them stage by stage."""

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from dlkata.locale import _
from dlkata.study.along import Along
from dlkata.ui.concept import title_of
from dlkata.ui.marks import legend, sign
from dlkata.ui.page import layout
from dlkata.ui.wrap import naming, wrap

if TYPE_CHECKING:
    from rich.text import Text

STRONG, QUIET, COMMAND = "bold", "dim", "cyan"


def paths(all_of_them: Sequence[Along], run: str, width: int) -> list["Text"]:
    from rich.text import Text

    size = max((len(one.path.name) for one in all_of_them), default=0)
    lines: list[Text] = []
    for one in all_of_them:
        said = [Text(one.path.title, style=STRONG), Text(_how_far(one)), Text(_meant_for(one), style=QUIET)]
        rows = [row for text in said for row in wrap(text, max(20, width - size - 4))]
        for number, row in enumerate(rows):
            name = one.path.typed if number == 0 else ""
            lines.append(Text.assemble("  ", (name.ljust(size), COMMAND), "  ", row))
        lines.append(Text())
    ways = {"path": f"{run} path NAME", "plan": f"{run} plan --path NAME --date YYYY-MM-DD"}
    said_ways = [
        _("Open one: {command}", command=ways["path"]),
        _("Along one to a date: {command}", command=ways["plan"]),
    ]
    return [*lines, *(row for text in said_ways for row in wrap(naming(text, *ways.values()), width))]


def _how_far(one: Along) -> str:
    return _("{known} of {concepts} concepts known · {solved} of {katas} katas solved",
             known=one.known, concepts=len(one.concepts), solved=one.solved, katas=len(one.katas))  # fmt: skip


def _meant_for(one: Along) -> str:
    return _("meant for {days} days of {minutes} minutes", days=one.path.head.days, minutes=one.path.head.minutes)  # fmt: skip


def path(one: Along, run: str, width: int) -> list["Text"]:
    from rich.text import Text

    names = [entry.name for entry, _known in one.concepts] + [kata.name for kata, _mark in one.katas]
    size = max(map(len, names), default=0)
    lines = [*wrap(Text(one.path.title, style=STRONG), width), Text(), *layout(one.path.section.body, width)]
    for number, stage in enumerate(one.stages, 1):
        lines += [Text(), *wrap(Text(f"{number} · {stage.title}", style=STRONG), width)]
        for entry, known in stage.concepts:
            lines += _step(sign(known.mark), entry.name.replace("_", "-").ljust(size), title_of(entry), width)
        for kata, mark in stage.katas:
            about = _("kata: {title} · {minutes} min", title=kata.title, minutes=kata.head.minutes)
            lines += _step(sign(mark), kata.typed.ljust(size), about, width)
    lines += [Text(), *wrap(Text(legend(), style=QUIET), width), *wrap(Text(_how_far(one), style=STRONG), width)]  # fmt: skip
    if one.next_concept is not None:
        command = f"{run} quiz --concept {one.next_concept.name.replace('_', '-')}"
        lines += wrap(Text.assemble(_("Next concept: "), (command, COMMAND)), width)
    if one.next_kata is not None:
        lines += wrap(Text.assemble(_("Next kata: "), (f"{run} kata {one.next_kata.typed}", COMMAND)), width)
    if one.next_concept is not None or one.next_kata is not None:
        command = f"{run} plan --path {one.path.typed} --date YYYY-MM-DD"
        lines += wrap(Text.assemble(_("To a date: "), (command, COMMAND)), width)
    return lines


def _step(mark: "Text", name: str, about: str, width: int) -> list["Text"]:
    from rich.text import Text

    rows = wrap(Text(about), max(20, width - len(name) - 6))
    first = [Text.assemble("  ", mark, " ", (name, COMMAND), "  ", rows[0])]
    return first + [Text(" " * (len(name) + 6)).append_text(row) for row in rows[1:]]


def path_as_json(one: Along) -> dict[str, Any]:
    return {
        "name": one.path.name,
        "title": one.path.title,
        "days": one.path.head.days,
        "minutes": one.path.head.minutes,
        "known": one.known,
        "solved": one.solved,
        "stages": [
            {
                "title": stage.title,
                "concepts": [{"name": entry.name, "mark": known.mark.value} for entry, known in stage.concepts],
                "katas": [{"name": kata.name, "mark": mark.value} for kata, mark in stage.katas],
            }
            for stage in one.stages
        ],
        "next_concept": one.next_concept.name if one.next_concept else None,
        "next_kata": one.next_kata.name if one.next_kata else None,
    }  # fmt: skip
