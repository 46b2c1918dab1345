"""A quick look at content that has a valid certificate: a few of its claims, picked by what was proved."""

from collections.abc import Callable, Iterator
from random import Random

from dlkata.author.concept_proof import Proof, prove_question
from dlkata.author.proof import (
    Claim,
    Graded,
    attempts,
    check_of,
    listed_bug,
    must_fail,
    must_not_mislead,
    must_pass,
)  # fmt: skip
from dlkata.content.concept import Concept
from dlkata.content.kata import Kata
from dlkata.content.solution import Spelling, spellings_of
from dlkata.laboratory.bench import Laboratory
from dlkata.locale import _

BUGS = 3
DRAWS = 2


def smoke_claims(kata: Kata, digest: str) -> Iterator[Claim]:
    """The reference and a right attempt pass, the stub fails, three bugs are rejected and named, a wrong attempt is
    rejected."""
    rng = Random(digest)
    yield Claim(_("reference"), check_of(kata, kata.reference, "reference"), must_pass)
    yield Claim(_("stub"), check_of(kata, kata.stub + "\n_started = True\n", "stub"), must_fail)
    known = spellings_of(kata.solution.bugs)
    quick = {"training": False, "trail": False}
    for spelling in rng.sample(known, min(BUGS, len(known))):
        check = check_of(kata, spelling.apply(kata.reference), "bug", **quick)
        yield Claim(spelling.label, check, _must_be_named(spelling))
    if right := attempts(kata, "right"):
        file = rng.choice(right)
        check = check_of(kata, file.read_text(encoding="utf-8"), file.stem)
        yield Claim(f"right/{file.name}", check, must_pass)
    if wrong := attempts(kata, "wrong"):
        file = rng.choice(wrong)
        source = file.read_text(encoding="utf-8")
        check = check_of(kata, source, file.stem, **quick)
        yield Claim(f"wrong/{file.name}", check, must_not_mislead(listed_bug(source)))


def _must_be_named(spelling: Spelling) -> Callable[[Graded], str | None]:
    def complaint(graded: Graded) -> str | None:
        if graded.passed:
            return _("passes")
        if graded.bugs == [spelling.bug]:
            return None
        return _("is diagnosed as {shown}", shown=" + ".join(graded.bugs) or _("nothing"))

    return complaint


def smoke_concept(concept: Concept, bench: Laboratory, digest: str) -> Iterator[Proof]:
    """One question of the concept: its evidence, under two draws if it draws."""
    rng = Random(digest)
    runs = [
        q for q in concept.questions if q.parametric or f"{q.head.question}_evidence" in concept.functions
    ]
    if runs:
        yield from prove_question(concept, rng.choice(runs), bench, draws=DRAWS)
