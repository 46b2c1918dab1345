"""Proves every kata: its files, its reference, its stub, every bug, and other people's attempts right and wrong."""

import os
import re
from pathlib import Path

import pytest

from dlkata.author.inspection import inspect
from dlkata.author.proof import attempts, check_of, grade, listed_bug, prove
from dlkata.content.library import Library
from dlkata.grading import client

LIBRARY = Library()
KATAS = [kata.name for kata in LIBRARY.katas]
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
    broken = [
        f"{claim.label} {complaint}"
        for _kata, claim, complaint in prove([LIBRARY.kata(name)], open_line, os.cpu_count() or 1)
        if complaint is not None
    ]
    assert broken == []


@pytest.mark.parametrize("name", KATAS)
def test_there_are_other_peoples_attempts(name):
    kata = LIBRARY.kata(name)
    assert len(attempts(kata, "right")) >= LEAST_RIGHT
    assert len(attempts(kata, "wrong")) >= LEAST_WRONG


def test_listed_mistakes_in_another_style_are_named(open_line):
    """A wrong attempt that carries a listed bug (`# bug: NAME`) gets that name in at least four of five."""
    named, missed = [], []
    for kata in LIBRARY.katas:
        for file in attempts(kata, "wrong"):
            source = file.read_text(encoding="utf-8")
            if (bug := listed_bug(source)) is not None:
                graded = grade(open_line(), check_of(kata, source, file.stem))
                (named if graded.bugs == [bug] else missed).append(f"{kata.name}/{file.stem}: {graded.bugs}")
    assert len(named) >= 0.8 * (len(named) + len(missed)), missed


def test_the_trail_points_at_the_mistake(open_line):
    """At a faulty line (`# line: N`) or the next one, in at least seven of ten wrong attempts whose values differ."""
    hits, misses = [], []
    for kata in LIBRARY.katas:
        for file in attempts(kata, "wrong"):
            source = file.read_text(encoding="utf-8")
            faulty = LINE.search(source)
            graded = grade(open_line(), check_of(kata, source, file.stem)) if faulty else None
            if faulty is None or graded is None or graded.verdict is None or graded.verdict.trail is None:
                continue
            lines = [int(number) for number in faulty[1].split(",")]
            pointed = graded.verdict.trail.line
            right = pointed in lines or pointed in [_next_code_line(file, line) for line in lines]
            (hits if right else misses).append(f"{kata.name}/{file.stem}: {pointed}, not {faulty[1]}")
    assert len(hits) >= 0.7 * (len(hits) + len(misses)), misses


def _next_code_line(file: Path, line: int) -> int:
    rows = file.read_text(encoding="utf-8").split("\n")
    return next((n for n in range(line + 1, len(rows) + 1) if rows[n - 1].strip()), line)
