"""Proves every kata: its files, its reference, its stub, every bug, and other people's attempts right and wrong;
and every concept: its page, its questions, its evidence, its experiment."""

import os
import re
from pathlib import Path

import pytest

from dlkata.author.concept_inspection import inspect_concept
from dlkata.author.concept_proof import prove_concept
from dlkata.author.coverage import cover, longest_complaints
from dlkata.author.inspection import inspect
from dlkata.author.proof import Graded, attempts, claims, listed_bug, prove, wrong_claims
from dlkata.content.library import Library
from dlkata.grading import client
from dlkata.grading.laboratory import laboratory

LIBRARY = Library()
CORES = os.cpu_count() or 1
KATAS = [kata.name for kata in LIBRARY.katas]
TOPICS = sorted({entry.topic for entry in LIBRARY.index.concepts.values()})
LEAST_RIGHT, LEAST_WRONG = 2, 6
LINE = re.compile(r"^# line: ([\d, ]+)$", re.MULTILINE)


@pytest.fixture(scope="module")
def open_line():
    with client.warm() as open_line:
        yield open_line


@pytest.mark.parametrize("name", KATAS)
def test_the_files_are_as_they_must_be(name):
    assert inspect(LIBRARY.kata(name), LIBRARY) == []


@pytest.mark.parametrize("name", KATAS)
def test_every_claim_holds(name, open_line):
    """The reference and the right attempts pass, the stub fails, every bug is named as itself.

    Two seeds: `dlkata author check` takes five, and minutes.
    """
    proofs = prove(list(claims(LIBRARY.kata(name), seeds=(0, 1))), open_line, CORES)
    assert [f"{claim.label} {complaint}" for claim, _graded, complaint in proofs if complaint] == []


@pytest.mark.parametrize("name", KATAS)
def test_there_are_other_peoples_attempts(name):
    kata = LIBRARY.kata(name)
    assert len(attempts(kata, "right")) >= LEAST_RIGHT
    assert len(attempts(kata, "wrong")) >= LEAST_WRONG


@pytest.fixture(scope="module")
def graded(open_line) -> list[tuple[Path, Graded, str | None]]:
    owned = [claim for kata in LIBRARY.katas for claim in wrong_claims(kata)]
    files = [file for kata in LIBRARY.katas for file in attempts(kata, "wrong")]
    proofs = prove(owned, open_line, CORES)
    return [(file, graded, complaint) for file, (_c, graded, complaint) in zip(files, proofs, strict=True)]


@pytest.mark.xdist_group("wrong attempts")
class TestWrongAttempts:
    """Those of tests/wrong, graded once for all of these tests."""

    def test_none_passes_and_none_is_taken_for_another_mistake(self, graded):
        broken = [
            f"{file.parent.name}/{file.name} {complaint}" for file, _graded, complaint in graded if complaint
        ]
        assert broken == []

    def test_listed_mistakes_in_another_style_are_named(self, graded):
        """A wrong attempt that carries a listed bug (`# bug: NAME`) gets that name in at least four of five."""
        listed = [
            (file, g.bugs, listed_bug(file.read_text(encoding="utf-8"))) for file, g, _complaint in graded
        ]
        carrying = [(f"{file.parent.name}/{file.name}", bugs, bug) for file, bugs, bug in listed if bug]
        missed = [f"{name}: {bugs}, not {bug}" for name, bugs, bug in carrying if bugs != [bug]]
        assert len(missed) <= 0.2 * len(carrying), missed

    def test_the_trail_points_at_the_mistake(self, graded):
        """At a faulty line (`# line: N`) or the next one, in at least half of those whose values differ."""
        hits, misses = [], []
        for file, found, _complaint in graded:
            faulty = LINE.search(file.read_text(encoding="utf-8"))
            if faulty is None or found.verdict is None or found.verdict.trail is None:
                continue
            lines = [int(number) for number in faulty[1].split(",")]
            pointed = found.verdict.trail.line
            right = pointed in lines or pointed in [_next_code_line(file, line) for line in lines]
            (hits if right else misses).append(f"{file.parent.name}/{file.name}: {pointed}, not {faulty[1]}")
        assert len(hits) >= 0.5 * (len(hits) + len(misses)), misses


def _next_code_line(file: Path, line: int) -> int:
    rows = file.read_text(encoding="utf-8").split("\n")
    return next((n for n in range(line + 1, len(rows) + 1) if rows[n - 1].strip()), line)


def test_every_concepts_page_can_be_read():
    assert LIBRARY.index.problems == []


@pytest.mark.parametrize("topic", TOPICS)
def test_every_concept_holds(topic):
    """One process a topic: importing torch costs more than most claims."""
    broken = []
    with laboratory(patience=10) as bench:
        bench.printed("import torch, torch._dynamo")
        for concept in LIBRARY.readable_concepts:
            if concept.topic == topic:
                broken += [f"{concept.name}: {complaint}" for complaint in inspect_concept(concept, LIBRARY)]
                proofs = prove_concept(concept, bench)
                broken += [f"{concept.name}: {p.label} {p.complaint}" for p in proofs if p.complaint]
    assert broken == []


def test_no_right_option_is_known_by_its_length():
    assert longest_complaints(cover(LIBRARY.readable_concepts, KATAS)[0]) == []
