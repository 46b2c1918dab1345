"""Proves all content: in full where it has no valid certificate, else a few of its claims.

A kata: its files, its reference, its stub, every bug, every mutant, other people's attempts right and wrong. A concept:
its page, its questions, its evidence, its experiment.
"""

import os

import pytest

from dlkata.author import certificate, concept_proof
from dlkata.author.concept_inspection import inspect_concept
from dlkata.author.coverage import cover, guessing_complaints
from dlkata.author.inspection import inspect
from dlkata.author.proof import attempts, prove
from dlkata.author.proving import kata_complaint, prove_stale_kata, prove_whole_concept, topics
from dlkata.author.smoke import smoke_claims, smoke_concept
from dlkata.content.library import Library
from dlkata.content.question import Kind
from dlkata.grading import client
from dlkata.laboratory.bench import laboratory

LIBRARY = Library()
CORES = os.cpu_count() or 1
KATAS = {kata.name: kata for kata in LIBRARY.katas}
TOPICS = {topic.name: topic for topic in topics(LIBRARY)}
UNPROVED = [name for name, kata in KATAS.items() if kata_complaint(kata)]
LEAST_RIGHT, LEAST_WRONG = 2, 6


@pytest.fixture(autouse=True)
def no_budget(monkeypatch):
    """What a claim may compute is for authors to keep to: on a slow or busy machine it costs more."""
    monkeypatch.setattr(
        concept_proof, "MOST_SECONDS", dict.fromkeys(concept_proof.MOST_SECONDS, float("inf"))
    )


@pytest.fixture(scope="module")
def open_line():
    with client.warm() as open_line:
        yield open_line


@pytest.mark.parametrize("name", KATAS)
def test_the_files_are_as_they_must_be(name):
    assert inspect(KATAS[name], LIBRARY) == []


@pytest.mark.parametrize("name", UNPROVED)
def test_an_unproved_kata_is_proved_in_full(name, open_line):
    assert prove_stale_kata(KATAS[name], LIBRARY, open_line, CORES, keep=False).complaints == []


@pytest.mark.parametrize("name", [name for name in KATAS if name not in UNPROVED])
def test_a_proved_kata_is_looked_at(name, open_line):
    kata = KATAS[name]
    proofs = prove(list(smoke_claims(kata, certificate.kata_digest(kata))), open_line, CORES)
    assert [f"{claim.label} {complaint}" for claim, _graded, complaint in proofs if complaint] == []


@pytest.mark.parametrize("name", KATAS)
def test_there_are_other_peoples_attempts(name):
    assert len(attempts(KATAS[name], "right")) >= LEAST_RIGHT
    assert len(attempts(KATAS[name], "wrong")) >= LEAST_WRONG


def test_every_concepts_page_can_be_read():
    assert LIBRARY.index.problems == []


@pytest.mark.parametrize("name", TOPICS)
def test_every_concept_holds(name):
    """One process a topic: importing torch costs more than most claims."""
    topic, broken = TOPICS[name], []
    proved = topic.proved()
    with laboratory(patience=10) as bench:
        bench.printed("import torch, torch._dynamo")
        for concept in topic.concepts:
            if concept.name in proved:
                complaints = inspect_concept(concept, LIBRARY)
                looked = smoke_concept(concept, bench, str(proved[concept.name]["digest"]))
                complaints += [f"{proof.label} {proof.complaint}" for proof in looked if proof.complaint]
            else:
                complaints = prove_whole_concept(concept, LIBRARY, bench).complaints
            broken += [f"{concept.name}: {complaint}" for complaint in complaints]
    assert broken == []


def test_every_concept_has_a_question_to_answer_aloud():
    silent = [
        c.name for c in LIBRARY.readable_concepts if not any(q.kind is Kind.RECALL for q in c.questions)
    ]
    assert silent == []


def test_every_experiment_is_predicted_first():
    unasked = [
        c.name for c in LIBRARY.readable_concepts
        if c.has_experiment and not any(q.head.predicts for q in c.questions)
    ]  # fmt: skip
    assert unasked == []


def test_no_right_option_is_known_by_its_looks():
    assert guessing_complaints(cover(LIBRARY.readable_concepts, list(KATAS))[0]) == []
