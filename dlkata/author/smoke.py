"""A quick look at content that has a valid certificate: a few of its claims, picked by what was proved."""

from collections.abc import Iterator
from random import Random

from dlkata.author.concept_proof import Proof, prove_question
from dlkata.author.proof import Claim, attempts, check_of, must_all_be_named, must_fare, must_pass
from dlkata.content.concept import Concept
from dlkata.content.kata import Kata
from dlkata.content.solution import spellings_of
from dlkata.laboratory.bench import Laboratory
from dlkata.locale import _

BUGS = 3
DRAWS = 2


def smoke_claims(kata: Kata, digest: str) -> Iterator[Claim]:
    """The reference passes the whole check; three bugs are rejected and named; a right attempt passes the quick tests,
    a wrong one and the stub do not."""
    rng = Random(digest)
    yield Claim(_("reference"), check_of(kata, kata.reference, "reference"), must_pass)
    known = spellings_of(kata.solution.bugs)
    labels = [spelling.label for spelling in rng.sample(known, min(BUGS, len(known)))]
    check = check_of(kata, "", "bugs", prove=True, labels=labels)
    yield Claim(", ".join(labels), check, must_all_be_named(len(labels)))
    # All in one process: to start one costs as much as some suites.
    sources = {"stub": kata.stub + "\n_started = True\n"}
    for kind in ("right", "wrong"):
        if files := attempts(kata, kind):
            file = rng.choice(files)
            sources[f"{kind}/{file.name}"] = file.read_text(encoding="utf-8")
    check = check_of(kata, "", "sources", sources=list(sources.values()), seeds=[0])
    wrong = [name for name in sources if not name.startswith("right/")]
    yield Claim(", ".join(sources), check, must_fare(list(sources), wrong))


def smoke_concept(concept: Concept, bench: Laboratory, digest: str) -> Iterator[Proof]:
    """One question of the concept: its evidence, under two draws if it draws."""
    rng = Random(digest)
    runs = [
        q for q in concept.questions if q.parametric or f"{q.head.question}_evidence" in concept.functions
    ]
    if runs:
        yield from prove_question(concept, rng.choice(runs), bench, draws=DRAWS)
