"""What `dlkata stats --html` writes: one page that asks for nothing, light and dark, with charts as SVG."""

from collections.abc import Iterable, Mapping, Sequence
from datetime import timedelta
from html import escape

from dlkata.content.concept import Concept
from dlkata.locale import _, language
from dlkata.progress.day import date_of
from dlkata.progress.tallies import Day
from dlkata.study.headway import FORTNIGHT
from dlkata.study.mastery import Mark
from dlkata.study.statistics import WEEKS, KataRow, Statistics, TopicRow, TrapRow
from dlkata.ui import svg
from dlkata.ui.calendar import FAIR, GOOD, MINUTES, height, month, shade, weekday, weeks
from dlkata.ui.concept import title_of
from dlkata.ui.marks import SIGNS, word
from dlkata.ui.markup import page as markdown
from dlkata.ui.markup import paragraph
from dlkata.ui.stats import effort

MOST_WEAK, MOST_TRAPS = 8, 8
HEAD = """<!doctype html>
<html lang="{lang}">
<head>
<meta charset="utf-8">
<meta http-equiv="Content-Security-Policy" content="default-src 'none'; style-src 'unsafe-inline'; img-src data:">
<meta name="viewport" content="width=device-width, initial-scale=1">
<link rel="icon" href="data:,">
<title>{title}</title>
<style>{style}</style>
</head>
"""
STYLE = """
:root { color-scheme: light dark; --page: #fff; --ink: #1b2228; --quiet: #5c6770; --edge: #d9dfe4;
  --known: #1f8a4c; --learning: #c98a00; --new: #aab4bc; --poor: #c8402f; --plain: #2477a8; --track: #edf0f2; }
@media (prefers-color-scheme: dark) { :root { --page: #14181c; --ink: #e4e9ed; --quiet: #98a4ad; --edge: #2d353c;
  --known: #3fbf75; --learning: #e0ac32; --new: #59646d; --poor: #ea6a58; --plain: #58aee0; --track: #242b31; } }
body { background: var(--page); color: var(--ink); font: 16px/1.55 system-ui, "PingFang SC", "Noto Sans CJK SC", sans-serif;
  max-width: 46rem; margin: 2rem auto; padding: 0 1rem; }
h1 { font-size: 1.5rem; margin-bottom: 0; } h2 { font-size: 1.15rem; margin: 2.2rem 0 .6rem; }
.quiet { color: var(--quiet); } .tiles { display: flex; flex-wrap: wrap; gap: .8rem; margin: 1.2rem 0; padding: 0; }
.tiles li { list-style: none; border: 1px solid var(--edge); border-radius: 8px; padding: .5rem .9rem; }
.tiles b { display: block; font-size: 1.4rem; line-height: 1.3; }
.chart { overflow-x: auto; } svg { max-width: none; font-size: 13px; } svg text { fill: var(--ink); }
svg text.quiet { fill: var(--quiet); } .track { fill: var(--track); } .rule { stroke: var(--edge); }
.known, .good { fill: var(--known); color: var(--known); } .learning, .fair { fill: var(--learning); color: var(--learning); }
.new { fill: var(--new); color: var(--new); } .poor { fill: var(--poor); } .plain { fill: var(--plain); } .none { fill: var(--track); }
.h1 { opacity: .4; } .h2 { opacity: .6; } .h3 { opacity: .8; }
.curve { fill: none; stroke: var(--plain); stroke-width: 2; } .dot { fill: var(--plain); }
table { border-collapse: collapse; width: 100%; } td, th { border-bottom: 1px solid var(--edge); padding: .3rem .5rem .3rem 0; text-align: left; }
details { border-bottom: 1px solid var(--edge); padding: .35rem 0; } summary { cursor: pointer; }
blockquote { margin: .2rem 0 1rem; padding-left: .9rem; border-left: 3px solid var(--edge); }
pre { overflow-x: auto; background: var(--track); padding: .6rem; border-radius: 6px; } math { margin: .6rem 0; }
"""


def stats_page(stats: Statistics, weak: Sequence[Concept]) -> str:
    """`weak`: the concepts to repair, with their explanations."""
    title = _("dlkata: progress on {date}", date=date_of(stats.day).isoformat())
    head = HEAD.format(lang="zh-CN" if language() == "zh" else "en", title=escape(title), style=STYLE)
    parts = [
        f"<h1>{escape(title)}</h1>", _tiles(stats),
        _section(_("What you know"), _topics(stats.topics)),
        _section(_("What you did"), _calendar(stats)),
        _section(_("Right answers, week by week"), svg.line(_("Right answers, week by week"), _accuracy(stats))),
        _section(_("What falls due"), _coming(stats)),
        _section(_("To repair"), "".join(_explained(c, first=c is weak[0]) for c in weak[:MOST_WEAK])),
        _section(_("Traps you fell for"), "".join(_trap(row, _titles(stats)) for row in stats.traps[:MOST_TRAPS])),
        _section(_("Katas"), _katas(stats.katas)),
        _section(_("Every concept"), "".join(map(_concepts, stats.topics))),
    ]  # fmt: skip
    return f"{head}<body>\n" + "\n".join(part for part in parts if part) + "\n</body>\n</html>\n"


def _section(title: str, body: str) -> str:
    return f"<section>\n<h2>{escape(title)}</h2>\n{body}\n</section>" if body else ""


def _tiles(stats: Statistics) -> str:
    marks = stats.progress.marks
    told = [
        (f"{SIGNS[mark]} {marks[mark]}", _("concepts: {mark}", mark=word(mark)), mark.value)
        for mark in (Mark.KNOWN, Mark.LEARNING, Mark.NEW)
    ]
    told += [
        (f"{stats.known.seen} / {stats.known.of}", _("questions met"), ""),
        (f"{stats.passed} / {stats.katas_of}", _("katas solved"), ""),
        (f"{stats.progress.practised} / {FORTNIGHT}", _("days practised"), ""),
    ]
    tiles = "".join(
        f'<li><b class="{style}">{escape(value)}</b>{escape(label)}</li>' for value, label, style in told
    )
    return f'<ul class="tiles">{tiles}</ul>'


def _chart(drawn: str) -> str:
    return f'<div class="chart">{drawn}</div>' if drawn else ""


def _topics(topics: Iterable[TopicRow]) -> str:
    bars = [
        svg.Bar(
            row.topic.title, row.known.share, f"{row.known.share:.0%} · {row.known.seen}/{row.known.of}",
            row.known.mark.value,
        )
        for row in topics
    ]  # fmt: skip
    return _chart(svg.rows(_("What you know"), bars))


def _calendar(stats: Statistics) -> str:
    days = {day.day: day for day in stats.days}
    mondays = weeks(stats.day, days, WEEKS)
    cells = []
    for column, monday in enumerate(mondays):
        for row in range(7):
            here = monday + timedelta(days=row)
            day = days.get(here.toordinal())
            if here.toordinal() <= stats.day:
                cells.append(svg.Square(column, row, f"{shade(day)} h{height(day)}", f"{here}: {_said(day)}"))
    months = [
        (number, month(monday))
        for number, monday in enumerate(mondays)
        if number and monday.month != mondays[number - 1].month
    ]
    labels = [weekday(mondays[0] + timedelta(days=n)) if n in (0, 2, 4, 6) else "" for n in range(7)]
    said = _said(stats.fortnight)
    said = _("{label}: {what}", label=_("Last 14 days"), what=said)
    colours = _("Stronger: more minutes ({minutes}). Green: {good:.0%} right, yellow {fair:.0%}, red less.",
                minutes=", ".join(map(str, MINUTES)), good=GOOD, fair=FAIR)  # fmt: skip
    told = f'<p class="quiet">{escape(said)}<br>{escape(colours)}</p>'
    return _chart(svg.squares(_("What you did"), cells, labels, months)) + told


def _said(day: Day | None) -> str:
    if day is None or not day.practised:
        return _("no practice")
    parts = [_("{minutes} min", minutes=round(day.minutes))]
    if day.answered:
        parts.append(
            _("{count} answers, {share:.0%} right", count=day.answered, share=day.right / day.answered)
        )
    return " · ".join(parts)


def _accuracy(stats: Statistics) -> list[tuple[str, float]]:
    """The share of right answers of each week in which something was answered."""
    right: dict[int, int] = {}
    answered: dict[int, int] = {}
    for day in stats.days:
        week = day.day - date_of(day.day).weekday()
        right[week] = right.get(week, 0) + day.right
        answered[week] = answered.get(week, 0) + day.answered
    return [
        (date_of(week).isoformat(), right[week] / count) for week, count in sorted(answered.items()) if count
    ]


def _coming(stats: Statistics) -> str:
    most = max((load.questions for load in stats.coming), default=0)
    bars = [
        svg.Bar(
            _("now") if number == 0 else weekday(date_of(load.day)), load.questions / most if most else 0.0,
            str(load.questions), "plain",
        )
        for number, load in enumerate(stats.coming)
    ]  # fmt: skip
    return _chart(svg.columns(_("What falls due"), bars))


def _explained(concept: Concept, *, first: bool) -> str:
    opened = " open" if first else ""
    return f"<details{opened}><summary>{escape(concept.title)}</summary>\n{markdown(concept.section.body)}\n</details>"


def _titles(stats: Statistics) -> dict[str, str]:
    return {row.entry.name: title_of(row.entry) for topic in stats.topics for row in topic.concepts}


def _trap(row: TrapRow, titles: Mapping[str, str]) -> str:
    option, concept = row.question.options[row.option], row.question.concept
    return (
        f"<p>{row.times} × <b>{escape(titles.get(concept, concept))}</b>: “{paragraph(option.text)}”</p>\n"
        f"<blockquote>{paragraph(option.feedback)}</blockquote>\n"
    )


def _katas(rows: Iterable[KataRow]) -> str:
    cells = [
        f'<tr><td><span class="{row.mark.value}">{SIGNS[row.mark]}</span> {escape(row.kata.title)}</td>'
        f"<td>{escape(effort(row))}</td></tr>"
        for row in rows
    ]
    return f"<table>{''.join(cells)}</table>" if cells else ""


def _concepts(row: TopicRow) -> str:
    items = "".join(
        f'<tr><td><span class="{concept.known.mark.value}">{SIGNS[concept.known.mark]}</span> {escape(title_of(concept.entry))}</td>'
        f"<td>{concept.known.share:.0%}</td><td>{concept.known.seen}/{concept.known.of}</td></tr>"
        for concept in row.concepts
    )
    counts = " ".join(
        f"{SIGNS[mark]} {row.marks.get(mark, 0)}" for mark in (Mark.KNOWN, Mark.LEARNING, Mark.NEW)
    )
    return f'<details><summary>{escape(row.topic.title)} <span class="quiet">{counts}</span></summary><table>{items}</table></details>'
