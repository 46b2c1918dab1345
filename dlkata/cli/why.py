"""`dlkata why [CONCEPT]`"""

import sys
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import click

from dlkata.cli.app import CONCEPT, App
from dlkata.cli.language import LocalCommand, option
from dlkata.cli.output import print_json, print_lines
from dlkata.cli.pager import show_lines
from dlkata.content.concept import Concept
from dlkata.content.search import Hit, search
from dlkata.errors import DlkataError
from dlkata.locale import N_, _
from dlkata.ui.concept import found, hit_as_json
from dlkata.ui.screen import console

if TYPE_CHECKING:
    from dlkata.laboratory.bench import Laboratory
    from dlkata.ui.experiment import Shown


@click.command(
    cls=LocalCommand,
    help=N_(
        """A concept explained, with its formula drawn; then its claim is run before your eyes.

        A name opens its concept; other words are looked for in titles and explanations, in both languages: one hit
        opens, several are listed. Without any: all concepts, by topic.
        """
    ),
)
@click.argument("words", nargs=-1, metavar="[CONCEPT|WORDS]...", shell_complete=CONCEPT.shell_complete)
@option("--text", is_flag=True, help=N_("Only the explanation; run nothing."))
@option("--off", is_flag=True, help=N_("Run it with what makes the effect turned off."))
@option("--json", "as_json", is_flag=True, help=N_("Print one JSON object."))
@click.pass_obj
def command(app: App, words: tuple[str, ...], text: bool, off: bool, as_json: bool) -> None:
    if not words:
        _list(app, as_json)
        return
    concept, hits = _meant(app, words)
    if concept is not None:
        _open(app, concept, text=text, off=off, as_json=as_json)
    elif as_json:
        print_json([hit_as_json(hit) for hit in hits])
    else:
        print_lines(found(hits, app.mastery(), app.run, console().width))


def _meant(app: App, words: Sequence[str]) -> tuple[Concept | None, list[Hit]]:
    """The concept of that name or title, or the only one that has the words; else all that have them."""
    name = "_".join(words).replace("-", "_").lower()
    if name in app.library.concept_names:
        return app.library.concept(name), []
    hits = search(app.library, words)
    exact = [hit for hit in hits if hit.exact]
    if len(exact) == 1 or len(hits) == 1:
        return app.library.concept((exact or hits)[0].entry.name), []
    if not hits:
        app.library.concept("-".join(words))  # says what is near
    return None, hits


def _open(app: App, concept: Concept, *, text: bool, off: bool, as_json: bool) -> None:
    from dlkata.laboratory.bench import laboratory

    if off and not concept.has_knob:
        raise DlkataError(
            _("{concept} has nothing to turn off.", concept=concept.typed),
            _("Run it as it is: {command}", command=f"{app.run} why {concept.typed}"),
        )
    with laboratory() as bench:
        runs = concept.has_experiment and not text
        if runs:
            bench.start(torch=True)  # it is imported while we draw the page
        if as_json:
            print_json(_as_json(app, concept, bench if runs else None, off))
            return
        from dlkata.cli.prediction import prediction
        from dlkata.ui.concept import explanation, practice

        if not off:  # who turns the knob has just read it
            known = app.mastery().concept(concept.name)
            show_lines(lambda width: explanation(concept, width, known))
        if runs:
            guess = None if off else prediction(concept)
            if guess is not None and not guess.ask():
                return
            shown = show_experiment(concept, bench, off=off)
            if guess is not None:
                guess.judge()
            if concept.has_knob and not off:
                _offer_the_knob(concept, shown, app.run)
        print_lines(practice(concept, _kata(app, concept), app.run, console().width))


def show_experiment(concept: Concept, bench: "Laboratory", *, off: bool = False) -> "Shown":
    """Runs the concept's experiment and draws what it returns."""
    from dlkata.ui.experiment import experiment
    from dlkata.ui.screen import speaks_ascii

    screen = console()
    waits = screen.is_terminal and not screen.is_dumb_terminal
    click.echo("\n" + _("Running it …"), nl=not waits)
    shown, seconds = run_experiment(concept, bench, off=off)
    if waits:
        screen.file.write("\r\x1b[2K")
    print_lines(experiment(shown, screen.width, ascii_only=speaks_ascii(sys.stdout)))
    click.echo(_("Measured just now, in {seconds:.2g} s.", seconds=seconds))
    return shown


def run_experiment(concept: Concept, bench: "Laboratory", *, off: bool = False) -> "tuple[Shown, float]":
    from dlkata.laboratory.bench import failure
    from dlkata.ui.experiment import read_experiment

    outcome = bench.experiment(concept.code_file, off=off)
    if not outcome.ok:
        if outcome.failed_claim:
            raise DlkataError(
                _("{file}:{line}: the claim did not hold on this machine: {error}", file=concept.code_file, line=outcome.line, error=outcome.error),
                _("Please report it, with the output of `dlkata doctor`."),
                exit_code=3,
            )  # fmt: skip
        raise failure(outcome, concept.code_file)
    return read_experiment(outcome.value), outcome.seconds


def _offer_the_knob(concept: Concept, shown: "Shown", run: str) -> None:
    """Where something can be turned off so that the effect vanishes: how."""
    from rich.text import Text

    from dlkata.ui.experiment import said
    from dlkata.ui.wrap import wrap

    says = _("Now make it vanish ({what}): ", what=said(shown.off))
    print_lines(
        wrap(Text.assemble("\n" + says, (f"{run} why {concept.typed} --off", "cyan")), console().width)
    )


def _kata(app: App, concept: Concept) -> str:
    name = concept.head.kata
    return name.replace("_", "-") if name in app.library.kata_names else ""


def _as_json(app: App, concept: Concept, bench: "Laboratory | None", off: bool) -> dict[str, Any]:
    from dlkata.ui.experiment import experiment_as_json

    found: dict[str, Any] = {
        "concept": concept.name, "topic": concept.topic, "title": concept.title, "text": concept.section.body,
        "after": concept.head.after, "kata": _kata(app, concept) or None,
        "mark": app.mastery().concept(concept.name).mark.value,
        "questions": [f"{concept.name}.{stem}" for stem in _stems(app, concept)],
    }  # fmt: skip
    if bench is not None:
        shown, seconds = run_experiment(concept, bench, off=off)
        found["experiment"] = experiment_as_json(shown) | {"seconds": seconds}
    return found


def _stems(app: App, concept: Concept) -> list[str]:
    entry = app.library.index.concepts.get(concept.name)
    return [question.stem for question in entry.questions] if entry else []


def _list(app: App, as_json: bool) -> None:
    from rich.text import Text

    from dlkata.ui.concept import all_concepts, all_concepts_as_json
    from dlkata.ui.marks import progress_line
    from dlkata.ui.wrap import wrap

    known = app.mastery()
    progress = app.progress(known)

    def lines(width: int) -> list[Text]:
        rows = all_concepts(app.library, known, width)
        return [*wrap(progress_line(progress), width), Text(), *rows] if progress is not None else rows

    if as_json:
        print_json(all_concepts_as_json(app.library, known))
    else:
        show_lines(lines)
