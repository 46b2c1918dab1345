"""What `dlkata stats` shows: what is known first, then what was done, what comes, what to repair."""

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING

from dlkata.locale import _
from dlkata.progress.day import date_of
from dlkata.study.mastery import Known
from dlkata.study.statistics import KataRow, Load, Statistics, TopicRow, TrapRow
from dlkata.ui.calendar import HEIGHTS, calendar, calendar_legend, weekday
from dlkata.ui.concept import title_of
from dlkata.ui.marks import STYLES, legend, progress_line, sign
from dlkata.ui.page import inline
from dlkata.ui.wrap import naming, wrap

if TYPE_CHECKING:
    from rich.text import Text

STRONG, QUIET, COMMAND = "bold", "dim", "cyan"
BAR = 20  # cells
FULL, EMPTY = "⣿", "⠤"
MOST_WEAK, MOST_TRAPS, MOST_KATAS = 5, 3, 6
ASCII_FULL, ASCII_EMPTY = "#", "."


def overview(stats: Statistics, run: str, width: int, *, ascii_only: bool = False) -> list["Text"]:
    from rich.text import Text

    lines = [*wrap(progress_line(stats.progress), width), *wrap(Text(_seen(stats)), width)]
    if not stats.days and not stats.known.seen:
        begin = f"{run} quiz"
        return [*lines, Text(), *wrap(naming(_("Nothing is answered yet. Begin: {command}", command=begin), begin), width)]  # fmt: skip
    about = Text.assemble((_("What you know"), STRONG), (_(" · share known, questions met"), QUIET))
    lines += [Text(), *wrap(about, width)]
    lines += [line for row in stats.topics for line in _topic(row, width, ascii_only)]
    lines += [Text(), Text(_("What you did"), style=STRONG)]
    lines += calendar(stats.day, {day.day: day for day in stats.days}, width, ascii_only=ascii_only)
    lines += hung(Text("  " + calendar_legend(ascii_only), style=QUIET), width, 2)
    lines += [row for said in _did(stats) for row in hung(Text("  " + said), width, 2)]
    lines += [Text(), Text(_("What falls due"), style=STRONG), *_coming(stats.coming, width, ascii_only)]
    lines += _repair(stats, run, width)
    titles = {row.entry.name: title_of(row.entry) for topic in stats.topics for row in topic.concepts}
    lines += _traps(stats.traps, titles, width)
    lines += _katas(stats.katas, width)
    more = f"{run} stats TOPIC"
    return [*lines, Text(), *wrap(naming(_("Each concept of a topic: {command}", command=more), more, style=QUIET), width)]  # fmt: skip


def topic_pages(stats: Statistics, names: Sequence[str], width: int) -> list["Text"]:
    """Each concept of these topics."""
    from rich.text import Text

    lines: list[Text] = []
    for row in (row for row in stats.topics if row.topic.name in names):
        lines += [Text()] if lines else []
        counts = _counts(row.known)
        lines += wrap(Text.assemble((row.topic.title, STRONG), f" · {counts}"), width)
        for concept in row.concepts:
            share = _percent(concept.known)
            met = f"{concept.known.seen}/{concept.known.of}"
            line = Text.assemble("  ", sign(concept.known.mark), f" {share:>5}  {met:>5}  ")
            line.append(concept.entry.name.replace("_", "-"), style=COMMAND)
            line.append(f" · {title_of(concept.entry)}")
            lines += hung(line, width, 20)
        if row.katas:
            said = _("katas solved: {passed} of {count}", passed=row.passed, count=row.katas)
            lines += hung(Text(f"  {said}"), width, 2)
    return [*lines, Text(), Text(legend(), style=QUIET)]


def _seen(stats: Statistics) -> str:
    return _(
        "{seen} of {of} questions met · {passed} of {katas} katas solved",
        seen=stats.known.seen, of=stats.known.of, passed=stats.passed, katas=stats.katas_of,
    )  # fmt: skip


def _counts(known: Known) -> str:
    share = _percent(known)
    return _("{share} known, {seen} of {of} questions met", share=share, seen=known.seen, of=known.of)


def _percent(known: Known) -> str:
    return f"{known.share:.0%}"


def bar(share: float, ascii_only: bool, size: int = BAR) -> str:
    full, empty = (ASCII_FULL, ASCII_EMPTY) if ascii_only else (FULL, EMPTY)
    filled = max(1 if share > 0 else 0, round(share * size))
    return full * filled + empty * (size - filled)


def _topic(row: TopicRow, width: int, ascii_only: bool) -> list["Text"]:
    """The mark first and the title last: between them everything is of sure width."""
    from rich.text import Text

    size = max(5, min(BAR, width - 58))
    drawn = bar(row.known.share, ascii_only, size)
    met = f"{row.known.seen}/{row.known.of}"
    facts = f" {_percent(row.known):>4}  {met:>7}  "
    line = Text.assemble(
        "  ", sign(row.known.mark), " ", (drawn, STYLES[row.known.mark]), facts, row.topic.title
    )
    return hung(line, width, size + 20)


def _did(stats: Statistics) -> list[str]:
    """Today, if there is something to tell, and the last fourteen days."""
    today = next((day for day in stats.days if day.day == stats.day), None)
    told = [(_("So far today"), today)] if today else []
    said = []
    for label, day in [*told, (_("Last 14 days"), stats.fortnight)]:
        parts = [_("{minutes} min", minutes=round(day.minutes))]
        if day.answered:
            parts.append(_("{count} answers, {share:.0%} right", count=day.answered, share=day.right / day.answered))  # fmt: skip
        if day.passes:
            parts.append(
                _("{count} checks passed", count=day.passes) if day.passes > 1 else _("1 check passed")
            )
        said.append(_("{label}: {what}", label=label, what=" · ".join(parts)))
    return said


def _coming(coming: Sequence[Load], width: int, ascii_only: bool) -> list["Text"]:
    """A column a day: its weekday, how high it stands, how many questions."""
    from rich.cells import cell_len
    from rich.text import Text

    most = max((load.questions for load in coming), default=0)
    heads, bars, counts = Text("  ", style=QUIET), Text("  "), Text("  ")
    for number, load in enumerate(coming[: (width - 2) // 5]):
        head = _("now") if number == 0 else weekday(date_of(load.day))
        level = 0 if not load.questions else max(1, round(4 * load.questions / most))
        drawn = (".:+*#" if ascii_only else HEIGHTS)[level]
        heads.append(" " * (5 - cell_len(head)) + head)
        bars.append("    " + drawn, style="cyan" if level else QUIET)
        counts.append(f"{load.questions:>5}", style="" if load.questions else QUIET)
    katas = sum(load.katas for load in coming)
    lines = [heads, bars, counts]
    if katas:
        said = _("1 kata to be written again") if katas == 1 else _("{count} katas to be written again", count=katas)  # fmt: skip
        lines += hung(Text("  " + said), width, 2)
    return lines


def _repair(stats: Statistics, run: str, width: int) -> list["Text"]:
    from rich.text import Text

    rows = stats.weakest[:MOST_WEAK]
    lines = [Text(), Text(_("To repair"), style=STRONG)] if rows else []
    for row in rows:
        command = f"{run} why {row.entry.name.replace('_', '-')}"
        line = Text.assemble("  ", sign(row.known.mark), " ", _("{title}: ", title=title_of(row.entry)), (command, COMMAND))  # fmt: skip
        lines += hung(line, width, 4)
    return lines


def _traps(traps: Sequence[TrapRow], titles: Mapping[str, str], width: int) -> list["Text"]:
    """What was believed, how often, and what is true instead."""
    from rich.text import Text

    lines = [Text(), Text(_("Traps you fell for"), style=STRONG)] if traps else []
    for row in traps[:MOST_TRAPS]:
        option, concept = row.question.options[row.option], row.question.concept
        lines += hung(Text.assemble(f"  {row.times} × ", (titles.get(concept, concept), STRONG)), width, 6)
        lines += hung(Text("      ").append_text(inline(f"“{option.text}”")), width, 6)
        if option.feedback:
            feedback = Text("      ").append_text(inline(option.feedback))
            feedback.stylize(QUIET)
            lines += hung(feedback, width, 6)
    return lines


def _katas(rows: Sequence[KataRow], width: int) -> list["Text"]:
    from rich.text import Text

    lines = [Text(), Text(_("Katas"), style=STRONG)] if rows else []
    for row in rows[:MOST_KATAS]:
        line = Text.assemble("  ", sign(row.mark), " ", (row.kata.typed, STRONG), f" · {effort(row)}")
        lines += hung(line, width, 4)
    if len(rows) > MOST_KATAS:
        lines.append(Text("  " + _("… and {count} more", count=len(rows) - MOST_KATAS), style=QUIET))
    return lines


def effort(row: KataRow) -> str:
    """Checks, hints, and how long the first pass took, beside what the page says."""
    done = row.effort
    parts = [_("1 check") if done.checks == 1 else _("{count} checks", count=done.checks)]
    if done.hints:
        parts.append(_("1 hint") if done.hints == 1 else _("{count} hints", count=done.hints))
    if done.first_seconds is not None:
        minutes = max(1, round(done.first_seconds / 60))
        parts.insert(0, _("passed in {minutes} min (page: {of})", minutes=minutes, of=row.kata.head.minutes))
    return " · ".join(parts)


def hung(line: "Text", width: int, indent: int) -> list["Text"]:
    """A line with a margin of its own; what does not fit goes on below, indented."""
    from rich.text import Text

    head, rest = line[:indent], line[indent:]
    rows = wrap(rest, max(20, width - indent))
    return [(head if n == 0 else Text(" " * indent)).append_text(row) for n, row in enumerate(rows)]
