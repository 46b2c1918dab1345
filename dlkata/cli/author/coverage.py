"""`dlkata author coverage`"""

import click

from dlkata.cli.app import App
from dlkata.cli.language import LocalCommand, option
from dlkata.cli.output import print_json
from dlkata.locale import N_, _


@click.command(
    cls=LocalCommand,
    help=N_("What the question bank holds: concepts, questions, kinds and levels, by topic."),
)
@option("--json", "as_json", is_flag=True, help=N_("Print one JSON object."))
@click.pass_obj
def command(app: App, as_json: bool) -> None:
    from dlkata.author.coverage import MOST_LONGEST, MOST_MAJORITY, cover, guessing_complaints

    total, topics = cover(app.library.readable_concepts, app.library.kata_names)
    if as_json:
        by_topic = {name: coverage.as_json() for name, coverage in topics.items()}
        print_json(total.as_json() | {"topics": by_topic, "missing": sorted(total.missing)})
        return
    rows: list[tuple[str, ...]] = [
        (
            "",
            _("concepts"),
            _("questions"),
            "1",
            "2",
            "3",
            _("why"),
            _("drawn"),
            _("run"),
            _("trap"),
            _("scen."),
            _("aloud"),
            _("exp."),
        )
    ]
    for name, c in [*topics.items(), (_("all"), total)]:
        numbers = (c.concepts, c.questions, c.levels[1], c.levels[2], c.levels[3], c.why, c.parametric, c.evidence, c.traps, c.scenarios, c.aloud, c.experiments)  # fmt: skip
        rows.append((name, *map(str, numbers)))
    from rich.cells import cell_len

    widths = [max(cell_len(row[i]) for row in rows) for i in range(len(rows[0]))]
    for row in rows:
        cells = [" " * (size - cell_len(cell)) + cell for cell, size in zip(row[1:], widths[1:], strict=True)]
        click.echo(f"{row[0].ljust(widths[0])}  {'  '.join(cells)}".rstrip())
    click.echo(_("kinds: {kinds}", kinds=", ".join(f"{k} {n}" for k, n in sorted(total.kinds.items()))))
    if total.questions:
        click.echo(
            _("level 3, scenarios counted twice: {count} of {all} questions ({share:.0%}; at least a third)",
              count=total.weighed_level_3, all=total.questions, share=total.weighed_level_3 / total.questions)
        )  # fmt: skip
    if total.judged:
        click.echo(
            _("choice questions whose right option is the longest: {en} in English, {zh} in Chinese of {count} (at most {most:.0%}); first: {first}",
              en=total.longest["en"], zh=total.longest["zh"], count=total.judged, most=MOST_LONGEST, first=total.first)
        )  # fmt: skip
        click.echo(
            _("options of several parts, the right one sharing most: {en} of {en_count} in English, {zh} of {zh_count} in Chinese (at most {most:.0%})",
              en=total.majority["en"], en_count=total.multi_part["en"], zh=total.majority["zh"], zh_count=total.multi_part["zh"], most=MOST_MAJORITY)
        )  # fmt: skip
    if total.missing:
        click.echo(_("named, but not there (yet): {names}", names=", ".join(sorted(total.missing))))
    for complaint in guessing_complaints(total):
        click.echo(f"✗ {complaint}")
