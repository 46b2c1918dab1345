"""What an experiment returned, read and drawn: a sentence and charts."""

from collections.abc import Sequence
from math import isfinite
from typing import TYPE_CHECKING, Annotated, Any

import msgspec
from msgspec import Meta

from dlkata.locale import LANGUAGES, _, language, use_language
from dlkata.ui.chart import bars, table
from dlkata.ui.picture import picture
from dlkata.ui.plot import LETTERS, STYLES, plot, short
from dlkata.ui.wrap import wrap

if TYPE_CHECKING:
    from rich.text import Text

Label = str | tuple[str, str]
WIDEST = 80


class _Chart(msgspec.Struct, tag_field="chart", forbid_unknown_fields=True, kw_only=True):
    title: Label = ""


class Curves(_Chart, tag="curves", kw_only=True):
    x: Annotated[list[float], Meta(min_length=2, max_length=400)]
    series: Annotated[list[tuple[Label, list[float | None]]], Meta(min_length=1, max_length=4)]
    x_label: Label = ""
    y_label: Label = ""
    log_x: bool = False
    log_y: bool = False


class Bars(_Chart, tag="bars", kw_only=True):
    bars: Annotated[list[tuple[Label, float]], Meta(min_length=1, max_length=12)]
    unit: str = ""
    log: bool = False


class Table(_Chart, tag="table", kw_only=True):
    columns: Annotated[list[Label], Meta(min_length=1)]
    rows: Annotated[list[list[str | tuple[str, str] | int | float | None]], Meta(min_length=1)]


class Picture(_Chart, tag="picture", kw_only=True):
    values: Annotated[
        list[Annotated[list[float | None], Meta(min_length=1, max_length=64)]],
        Meta(min_length=1, max_length=32),
    ]
    rows: list[Label] = []
    columns: list[Label] = []
    low: float | None = None
    high: float | None = None


class Lines(_Chart, tag="text", kw_only=True):
    lines: Annotated[list[Label], Meta(min_length=1, max_length=40)]


Chart = Curves | Bars | Table | Picture | Lines


class Shown(msgspec.Struct):
    says: tuple[str, str]
    charts: list[Chart]
    off: Label = ""  # what `--off` changes


def read_experiment(value: Any) -> Shown:
    """Raises msgspec.ValidationError where it is not as CONTRIBUTING.md says."""
    if not isinstance(value, dict):
        raise msgspec.ValidationError("experiment() returns a dict")
    says = value.get("says")
    charts = value.get("charts") or [{k: v for k, v in value.items() if k not in ("says", "charts", "off")}]
    return msgspec.convert({"says": says, "charts": charts, "off": value.get("off", "")}, Shown)


def shape_complaint(value: Any) -> str | None:
    """What is wrong with what an experiment returned, or None."""
    try:
        shown = read_experiment(value)
    except msgspec.ValidationError as error:
        return str(error)
    for chart in shown.charts:
        if isinstance(chart, Curves) and any(len(p) != len(chart.x) for _label, p in chart.series):
            return _("a series is not as long as x.")
        if isinstance(chart, Table) and any(len(row) != len(chart.columns) for row in chart.rows):
            return _("a row is not as long as the columns.")
        if isinstance(chart, Picture) and not _is_even(chart):
            return _("a picture has rows of one length, and a label for each or none.")
        if isinstance(chart, Curves) and not any(
            v is not None and isfinite(v) for _l, p in chart.series for v in p
        ):
            return _("there is nothing finite to draw.")  # fmt: skip
    if not all(any(character.isdigit() for character in text) for text in shown.says):
        return _("`says` quotes no measured figure.")
    return _too_wide(shown)


def _is_even(picture: Picture) -> bool:
    wide = len(picture.values[0])
    return (
        all(len(row) == wide for row in picture.values)
        and len(picture.rows) in (0, len(picture.values))
        and len(picture.columns) in (0, wide)
    )


def _too_wide(shown: Shown) -> str | None:
    from rich.cells import cell_len

    before = language()
    try:
        for lang in LANGUAGES:
            use_language(lang)
            for line in experiment(shown, WIDEST):
                if cell_len(line.plain) > WIDEST:
                    return _("wider than {width} columns: {line}", width=WIDEST, line=line.plain.strip())
    finally:
        use_language(before)
    return None


def said(label: Label) -> str:
    return label if isinstance(label, str) else label[LANGUAGES.index(language())]


def experiment(shown: Shown, width: int, ascii_only: bool = False) -> list["Text"]:
    from rich.text import Text

    lines = wrap(Text(said(shown.says)), width)
    for chart in shown.charts:
        lines.append(Text())
        if title := said(chart.title):
            lines += wrap(Text(title, style="bold"), width)
        if isinstance(chart, Curves):
            lines += _curves(chart, width, ascii_only)
        elif isinstance(chart, Bars):
            labelled = [(said(label), value) for label, value in chart.bars]
            lines += bars(labelled, width, unit=chart.unit, log=chart.log, ascii_only=ascii_only)
        elif isinstance(chart, Table):
            rows = [[_cell(cell) for cell in row] for row in chart.rows]
            lines += table([said(column) for column in chart.columns], rows, width)
        elif isinstance(chart, Picture):
            labels = [said(label) for label in chart.rows], [said(label) for label in chart.columns]
            lines += picture(chart.values, *labels, low=chart.low, high=chart.high, ascii_only=ascii_only)
        else:
            for text in chart.lines:
                lines += [Text("  ").append_text(row) for row in wrap(Text(said(text)), width - 2)]
    return lines


def _cell(cell: Any) -> str:
    if cell is None:
        return ""
    if isinstance(cell, bool):
        return _("yes") if cell else _("no")
    if isinstance(cell, int):
        return str(cell)
    return short(cell) if isinstance(cell, float) else said(cell)


def _curves(chart: Curves, width: int, ascii_only: bool) -> list["Text"]:
    from rich.text import Text

    series = [(said(label), points) for label, points in chart.series]
    lines: list[Text] = []
    if chart.y_label:
        lines += wrap(Text("  " + _axis(chart.y_label, chart.log_y), style="dim"), width)
    lines += plot(chart.x, series, width, log_x=chart.log_x, log_y=chart.log_y, ascii_only=ascii_only)
    if chart.x_label:
        label = _axis(chart.x_label, chart.log_x)
        lines += [Text(" " * 13).append_text(row) for row in wrap(Text(label, style="dim"), width - 13)]
    for number, (label, points) in enumerate(series):
        text = Text.assemble((LETTERS[number], f"bold {STYLES[number]}"), f"  {label}: {_ends(points)}")
        rows = wrap(text, width - 5)
        lines += [Text("  " if i == 0 else "     ").append_text(row) for i, row in enumerate(rows)]
    return lines


def _axis(label: Label, log: bool) -> str:
    return _("{label} (log scale)", label=said(label)) if log else said(label)


def _ends(points: Sequence[float | None]) -> str:
    there = [value for value in points if value is not None]
    return f"{short(there[0])} → {short(there[-1])}" if there else ""


def experiment_as_json(shown: Shown) -> dict[str, Any]:
    """Plain data in the learner's language."""
    charts = []
    for chart in shown.charts:
        fields = msgspec.to_builtins(chart)
        for name in ("title", "x_label", "y_label"):
            if name in fields:
                fields[name] = said(getattr(chart, name))
        if isinstance(chart, Curves):
            fields["series"] = [[said(label), points] for label, points in chart.series]
        elif isinstance(chart, Bars):
            fields["bars"] = [[said(label), value] for label, value in chart.bars]
        elif isinstance(chart, Picture):
            fields["rows"] = [said(label) for label in chart.rows]
            fields["columns"] = [said(label) for label in chart.columns]
        elif isinstance(chart, Lines):
            fields["lines"] = [said(text) for text in chart.lines]
        else:
            fields["columns"] = [said(column) for column in chart.columns]
            fields["rows"] = [[said(c) if isinstance(c, tuple) else c for c in row] for row in chart.rows]
        charts.append(fields)
    found = {"says": said(shown.says), "charts": charts}
    return found | {"off": said(shown.off)} if shown.off else found
