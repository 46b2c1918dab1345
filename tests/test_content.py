"""Proves every kata: its files, its reference, its stub, every bug, and other people's attempts right and wrong;
and every concept: its page, its questions, its evidence, its experiment."""

import os
import re
from pathlib import Path

import pytest

from dlkata.author.concept_inspection import inspect_concept
from dlkata.author.concept_proof import prove_concept
from dlkata.author.coverage import cover, guessing_complaints
from dlkata.author.inspection import inspect
from dlkata.author.proof import Graded, attempts, listed_bug, prove_kata
from dlkata.content.library import Library
from dlkata.grading import client
from dlkata.laboratory.bench import laboratory

LIBRARY = Library()
CORES = os.cpu_count() or 1
KATAS = [kata.name for kata in LIBRARY.katas]
TOPICS = sorted({entry.topic for entry in LIBRARY.index.concepts.values()})
LEAST_RIGHT, LEAST_WRONG = 2, 6
# The trail follows tensors. Here the mistakes are mostly in what it does not see (numbers, lists, ways round a
# branch), or the wrong attempts compute by ways that the reference does not take.
LOST_TRAILS = {"adam", "adamw", "autograd_engine", "batchnorm", "beam_search", "conv2d", "gru", "kv_cache"}
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
    """The reference and the right attempts pass, the stub fails, every bug is named as itself; wrong attempts are
    rejected, none is taken for another mistake, and of those that carry a listed one four in five are named.

    One seed, and that of the confirmation: `dlkata author check` takes five, and minutes.
    """
    kata, trail = LIBRARY.kata(name), name not in LOST_TRAILS
    proofs = list(prove_kata(kata, open_line, CORES, seeds=(0,), trail=trail))
    assert [f"{claim.label} {complaint}" for claim, _graded, complaint in proofs if complaint] == []
    files = attempts(kata, "wrong")
    graded = dict(zip(files, [g for _claim, g, _complaint in proofs[-len(files) :]], strict=True))
    assert_listed_mistakes_are_named(graded)
    if trail:
        assert_the_trail_points_at_the_mistakes(graded)


def assert_listed_mistakes_are_named(graded: dict[Path, Graded]) -> None:
    """In another style, a mistake that is listed (`# bug: NAME`) gets its name in at least four of five."""
    listed = {file: bug for file in graded if (bug := listed_bug(file.read_text(encoding="utf-8")))}
    missed = [
        f"{file.name}: {graded[file].bugs}, not {bug}"
        for file, bug in listed.items()
        if graded[file].bugs != [bug]
    ]
    assert len(missed) <= 0.2 * len(listed), missed


def assert_the_trail_points_at_the_mistakes(graded: dict[Path, Graded]) -> None:
    """At a faulty line (`# line: N`) or the next one, in at least half of those whose values differ."""
    hits, misses = [], []
    for file, found in graded.items():
        faulty = LINE.search(file.read_text(encoding="utf-8"))
        if faulty is None or found.verdict is None or found.verdict.trail is None:
            continue
        lines = [int(number) for number in faulty[1].split(",")]
        pointed = found.verdict.trail.line
        right = pointed in lines or pointed in [_next_code_line(file, line) for line in lines]
        (hits if right else misses).append(f"{file.name}: {pointed}, not {faulty[1]}")
    assert len(hits) >= len(misses), misses


@pytest.mark.parametrize("name", KATAS)
def test_there_are_other_peoples_attempts(name):
    kata = LIBRARY.kata(name)
    assert len(attempts(kata, "right")) >= LEAST_RIGHT
    assert len(attempts(kata, "wrong")) >= LEAST_WRONG


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


def test_no_right_option_is_known_by_its_looks():
    assert guessing_complaints(cover(LIBRARY.readable_concepts, KATAS)[0]) == []
