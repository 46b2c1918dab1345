"""Katas by topic, as a list that needs no table: nothing stands to the right of a character of unsure width."""

from collections.abc import Sequence
from itertools import groupby
from typing import TYPE_CHECKING, Any

from dlkata.content.kata import Kata
from dlkata.content.library import Topic
from dlkata.locale import _
from dlkata.study.next_step import Standing, Status
from dlkata.ui.wrap import wrap

if TYPE_CHECKING:
    from rich.text import Text

STYLES = {Status.NEW: "dim", Status.STARTED: "yellow", Status.SOLVED: "green"}
MARKS = {Status.NEW: "", Status.STARTED: " …", Status.SOLVED: " ✓"}


def listing(standing: Standing, topics: Sequence[Topic], katas: Sequence[Kata], width: int) -> list["Text"]:
    from rich.text import Text

    titles = {topic.name: topic.title for topic in topics}
    names = max((len(kata.name) for kata in katas), default=0)
    words = {Status.NEW: _("new"), Status.STARTED: _("started"), Status.SOLVED: _("solved")}
    lines: list[Text] = []
    for topic, group in groupby(katas, key=lambda kata: kata.head.topic):
        if lines:
            lines.append(Text())
        lines.append(Text(titles.get(topic, topic), style="bold"))
        for kata in group:
            status = standing.status(kata)
            facts = _("level {level} · {minutes} min", level=kata.head.level, minutes=kata.head.minutes)
            about = f"{kata.title} · {facts} · {words[status]}"
            name = kata.typed.ljust(names)
            rows = wrap(Text(about), max(20, width - names - 6))
            for number, row in enumerate(rows):
                head = Text(f"  {name}  " if number == 0 else " " * (names + 4))
                row.stylize(STYLES[status] if status is Status.NEW else "")
                lines.append(
                    Text.assemble(head, row, (MARKS[status], STYLES[status]) if row is rows[-1] else "")
                )
    return lines


def nothing_on(topic: Topic, katas: Sequence[Kata], width: int) -> list["Text"]:
    """For a topic that has no katas: the ones that have some."""
    from rich.text import Text

    holding = ", ".join(dict.fromkeys(kata.head.topic for kata in katas))
    said = [
        _("There are no katas on this topic yet: {topic}.", topic=topic.title),
        _("Topics with katas: {names}.", names=holding),
    ]
    return [row for sentence in said for row in wrap(Text(sentence), width)]


def listing_as_json(standing: Standing, katas: Sequence[Kata]) -> list[dict[str, Any]]:
    return [
        {
            "name": kata.name,
            "title": kata.title,
            "topic": kata.head.topic,
            "level": kata.head.level,
            "minutes": kata.head.minutes,
            "status": standing.status(kata).value,
        }
        for kata in katas
    ]
