"""What was solved and when, as a repository to show: a commit a kata, and a README that grows with them."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime

from dlkata.content.kata import Kata
from dlkata.content.library import Library
from dlkata.locale import _, language
from dlkata.progress.answers import KATA, Answers
from dlkata.progress.record import Record, explained
from dlkata.progress.repository import Commit
from dlkata.progress.sittings import local

BEGIN, END = "<!-- dlkata: written by `dlkata export --git` -->", "<!-- dlkata: end -->"
README = "README.md"


@dataclass(frozen=True)
class Solved:
    kata: Kata
    source: str  # what passed first
    when: datetime  # where the learner was then
    checks: int | None = None  # unknown for records older than cards
    hints: int = 0
    solution: bool = False
    minutes: int | None = None

    @property
    def file(self) -> str:
        return f"{self.kata.name}.py"


def solved(library: Library, record: Record) -> list[Solved]:
    """Every kata's first pass, oldest first."""
    found = [one for name in library.kata_names if (one := _first_pass(library, record, name)) is not None]
    return sorted(found, key=lambda one: (one.when, one.kata.name))


def _first_pass(library: Library, record: Record, name: str) -> Solved | None:
    query = """
        SELECT at, utc_offset, text FROM events JOIN sources ON source = hash
        WHERE kata = ? AND kind = 'checked' AND passed = 1 ORDER BY id LIMIT 1
    """
    with explained(record.connection):
        row = record.connection.execute(query, (name,)).fetchone()
    if row is None:
        return None
    kata, when = library.kata(name), local(row[0], row[1])
    rounds = Answers(record).of_question(KATA + name)
    if not rounds:
        return Solved(kata, row[2], when)
    detail = rounds[0].detail
    return Solved(
        kata, row[2], when, detail.get("checks"), detail.get("hints", 0), bool(detail.get("solution")),
        max(1, round(rounds[0].seconds / 60)) if rounds[0].seconds else None,
    )  # fmt: skip


def commits(library: Library, all_solved: Sequence[Solved], there: set[str], readme: str) -> Iterator[Commit]:
    """One for each that is not `there` yet. `readme` is the page so far: what the learner wrote around ours stays."""
    shown = [one for one in all_solved if one.file in there]
    for one in all_solved:
        if one.file in there:
            continue
        shown.append(one)
        readme = _within(readme, page(library, sorted(shown, key=lambda s: s.when)))
        yield Commit(
            f"{one.kata.typed}: {one.kata.title}\n\n{_told(one)}\n",
            one.when,
            {one.file: one.source, README: readme},
        )


def page(library: Library, shown: Sequence[Solved]) -> str:
    topics = {topic.name: topic.title for topic in library.topics}
    lines = [
        BEGIN,
        "# " + _("Deep-learning katas"),
        "",
        _("Components of deep learning, implemented in PyTorch from an empty stub and graded with dlkata: values, "
          "gradients, dtypes and side effects against a reference in float64. Each commit is the first attempt that "
          "passed, on the day it did."),
        "",
        f"| {_('kata')} | {_('topic')} | {_('level')} | {_('solved')} | {_('how')} |",
        "| --- | --- | --- | --- | --- |",
    ]  # fmt: skip
    for one in shown:
        topic = topics.get(one.kata.head.topic, one.kata.head.topic)
        cells = [
            f"[{one.kata.title}]({one.file})",
            topic,
            str(one.kata.head.level),
            f"{one.when:%Y-%m-%d}",
            _told(one),
        ]
        lines.append("| " + " | ".join(cell.replace("|", "\\|") for cell in cells) + " |")
    return "\n".join([*lines, "", END, ""])


def _within(readme: str, ours: str) -> str:
    before, begin, rest = readme.partition(BEGIN)
    _old, end, after = rest.partition(END + "\n")
    return before + ours + after if begin and end else ours


def _told(one: Solved) -> str:
    parts = []
    if one.minutes is not None:
        parts.append(_("{minutes} min", minutes=one.minutes))
    if one.checks is not None:
        parts.append(_("1 check") if one.checks == 1 else _("{count} checks", count=one.checks))
    if one.solution:
        parts.append(_("after reading the solution"))
    elif one.hints:
        parts.append(_("1 hint") if one.hints == 1 else _("{count} hints", count=one.hints))
    return ("，" if language() == "zh" else ", ").join(parts)
