"""`dlkata author check [NAME…]`"""

import os
from collections.abc import Sequence

import click
from click.shell_completion import CompletionItem

from dlkata.cli.app import App
from dlkata.cli.language import LocalCommand, option
from dlkata.cli.output import print_json
from dlkata.content.concept import Concept
from dlkata.content.kata import Kata
from dlkata.locale import N_, _


def complete_name(_ctx: click.Context, _param: click.Parameter, incomplete: str) -> list[CompletionItem]:
    from dlkata.content.library import Library

    library = Library()
    names = {name.replace("_", "-") for name in (*library.kata_names, *library.concept_names)}
    return [CompletionItem(name) for name in sorted(names) if name.startswith(incomplete.replace("_", "-"))]


def complete_any(ctx: click.Context, param: click.Parameter, incomplete: str) -> list[CompletionItem]:
    from dlkata.cli.app import PATH

    return complete_name(ctx, param, incomplete) + PATH.shell_complete(ctx, param, incomplete)


class Findings:
    """What holds and what does not, by name; told as it is found."""

    def __init__(self, *, quiet: bool, verbose: bool):
        self.quiet, self.verbose = quiet, verbose
        self.complaints: dict[str, list[str]] = {}
        self.held: dict[str, int] = {}

    def add(self, name: str, label: str, complaint: str | None, claims: int = 1) -> None:
        self.held.setdefault(name, 0)
        texts = self.complaints.setdefault(name, [])
        if complaint is None:
            self.held[name] += claims
        else:
            texts.append(f"{label} {complaint}".strip())
        if not self.quiet and (complaint is not None or self.verbose):
            mark = "✓" if complaint is None else "✗"
            click.echo(f"{mark} {name}: {label + ' ' if label else ''}{complaint or ''}".rstrip())

    def remark(self, name: str, label: str, text: str) -> None:
        """Worth knowing, and no fault."""
        if not self.quiet:
            click.echo(f"! {name}: {label} {text}")

    def close(self, name: str) -> None:
        """Nothing more is to come for this name."""
        self.held.setdefault(name, 0)
        if not self.complaints.setdefault(name, []) and not self.quiet:
            click.echo(_("✓ {name}: {count} claims hold", name=name, count=self.held[name]))


@click.command(
    cls=LocalCommand,
    help=N_(
        """Prove katas, concepts and paths (all, if none is named).

        A kata: the files, then by running them: the reference passes under several seeds, the stub fails, every bug
        is rejected by a quick test and named by the diagnosis as itself and nothing else. In a checkout, so do the
        attempts in tests/right and tests/wrong.

        A concept: the page, then what it claims: code prints what is marked right, evidence holds for right options
        and fails for wrong ones, numbers are drawn fifty times, the experiment asserts its claim.

        A path: its page; what it names exists, and comes after what it builds on.
        """
    ),
)
@click.argument("names", nargs=-1, metavar="[NAME]...", shell_complete=complete_any)
@option("--katas", "only_katas", is_flag=True, help=N_("Only the katas."))
@option("--concepts", "only_concepts", is_flag=True, help=N_("Only the concepts and their questions."))
@option(
    "--seeds",
    type=click.IntRange(1),
    metavar="N",
    help=N_("Of katas, only this: does any of N more seeds turn a right attempt away? A proof tries five."),
)
@option(
    "--workers",
    type=click.IntRange(1),
    default=os.cpu_count,
    help=N_("How many run side by side. [default: one a core]"),
)
@option("--verbose", "-v", is_flag=True, help=N_("Show what holds, too."))
@option("--json", "as_json", is_flag=True, help=N_("Print one JSON object."))
@click.pass_context
def command(
    context: click.Context,
    names: tuple[str, ...],
    only_katas: bool,
    only_concepts: bool,
    seeds: int | None,
    workers: int,
    verbose: bool,
    as_json: bool,
) -> None:
    app: App = context.obj
    only_katas = only_katas or seeds is not None
    katas, concepts = _chosen(app, names, katas=not only_concepts, concepts=not only_katas)
    findings = {kind: Findings(quiet=as_json, verbose=verbose) for kind in ("kata", "concept", "path")}
    if not only_katas and not only_concepts:
        _check_paths(app, names, findings["path"])
    if concepts:
        _check_concepts(app, concepts, findings["concept"], whole=not names)
    if katas:
        _check_katas(app, katas, findings["kata"], workers, seeds)
    if as_json:
        print_json(
            [
                {kind: name, "proved": found.held[name], "complaints": texts}
                for kind, found in findings.items()
                for name, texts in found.complaints.items()
            ]
        )
    failed = any(texts for found in findings.values() for texts in found.complaints.values())
    context.exit(1 if failed else 0)


def _chosen(
    app: App, names: Sequence[str], *, katas: bool, concepts: bool
) -> tuple[list[Kata], list[Concept]]:
    """A name may be that of a kata, of a concept and of a path: then all are meant."""
    library = app.library
    if not names:
        return (library.katas if katas else []), (library.readable_concepts if concepts else [])
    chosen: tuple[list[Kata], list[Concept]] = ([], [])
    for name in names:
        wanted = name.replace("-", "_").lower()
        is_kata = katas and wanted in library.kata_names
        if is_kata:
            chosen[0].append(library.kata(name))
        missed = not is_kata and wanted not in library.path_names  # says what is near
        if concepts and (wanted in library.concept_names or missed):
            chosen[1].append(library.concept(name))
    return chosen


def _check_paths(app: App, names: Sequence[str], findings: Findings) -> None:
    from dlkata.author.path_inspection import inspect_path

    wanted = {name.replace("-", "_").lower() for name in names}
    for name in app.library.path_names:
        if not names or name in wanted:
            complaints = inspect_path(name, app.library)
            for complaint in complaints:
                findings.add(name, "", complaint)
            if not complaints:
                findings.add(name, "", None)
            findings.close(name)


def _check_concepts(app: App, concepts: Sequence[Concept], findings: Findings, *, whole: bool) -> None:
    from dlkata.author.concept_inspection import inspect_concept
    from dlkata.author.concept_proof import prove_concept
    from dlkata.author.coverage import cover, guessing_complaints
    from dlkata.laboratory.bench import laboratory

    with laboratory(patience=10) as bench:
        bench.printed("import torch, torch._dynamo")  # so that no claim is charged for it
        for concept in concepts:
            for complaint in inspect_concept(concept, app.library):
                findings.add(concept.name, "", complaint)
            for proof in prove_concept(concept, bench):
                findings.add(concept.name, f"{proof.label}:", proof.complaint)
            findings.close(concept.name)
    if whole:
        for problem in app.library.index.problems:
            findings.add(_("the bank"), "", problem)
        for complaint in guessing_complaints(cover(concepts, app.library.kata_names)[0]):
            findings.add(_("the bank"), "", complaint)


def _check_katas(
    app: App, katas: Sequence[Kata], findings: Findings, workers: int, seeds: int | None
) -> None:
    from dlkata.author.inspection import inspect
    from dlkata.author.proof import chance_claims, prove, prove_kata
    from dlkata.grading.client import warm

    runnable = []
    for kata in katas:
        complaints = inspect(kata, app.library)
        for complaint in complaints:
            findings.add(kata.name, "", complaint)
        if not complaints:
            runnable.append(kata)
    with warm() as open_line:
        for kata in runnable:
            proofs = (
                prove_kata(kata, open_line, workers)
                if seeds is None
                else prove(list(chance_claims(kata, seeds)), open_line, workers)
            )
            for claim, graded, broken in proofs:
                findings.add(kata.name, claim.label, broken, claim.count)
                if graded.verdict is not None and graded.verdict.cut_off:
                    findings.remark(kata.name, claim.label, _("the diagnosis was cut off by its limit"))
            findings.close(kata.name)
