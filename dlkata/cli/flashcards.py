"""`dlkata export --anki FILE`: every question as a card for Anki."""

import sys
from collections.abc import Iterator
from dataclasses import dataclass
from hashlib import sha256
from importlib.util import find_spec
from pathlib import Path
from typing import TYPE_CHECKING, Any

from dlkata.cli.app import App, warn
from dlkata.errors import DlkataError
from dlkata.locale import _

if TYPE_CHECKING:
    from dlkata.content.concept import Concept
    from dlkata.study.asking import Asked

# For ever: by these Anki knows again what it imported before.
MODEL = 1_764_320_417
FIELDS = ("Id", "Front", "Back", "Concept")
NEEDED = ("genanki",)


@dataclass(frozen=True)
class Decks:
    file: Path
    notes: int
    decks: int


def export_to_anki(app: App, target: Path) -> Decks:
    if missing := [name for name in NEEDED if find_spec(name) is None]:
        raise DlkataError(
            _("Writing for Anki needs {names}.", names=", ".join(missing)),
            _("Install: {command}", command=f"{sys.executable} -m pip install 'dlkata[anki]'"),
        )
    from genanki import Deck, Model, Note, Package

    from dlkata.progress.writing import written
    from dlkata.ui.flashcard import STYLE, back, explanation, front

    titles = {topic.name: topic.title for topic in app.library.topics}
    model = Model(
        MODEL, "dlkata", fields=[{"name": name} for name in FIELDS],
        templates=[{"name": "dlkata", "qfmt": "{{Front}}", "afmt": "{{FrontSide}}<hr id=answer>{{Back}}{{Concept}}"}],
        css=STYLE,
    )  # fmt: skip
    decks: dict[str, Any] = {}
    place = 0
    for concept, asked in _asked(app):
        topic = asked.question.topic
        title = titles.get(topic, topic)
        deck = decks.setdefault(topic, Deck(_number(f"deck {topic}"), f"dlkata::{title.replace('::', ':')}"))
        question, place = asked.question, place + 1
        note = Note(
            model, [question.id, front(asked, title), back(asked), explanation(concept)], due=place,
            guid=sha256(question.id.encode()).hexdigest()[:16],
            tags=["dlkata", topic, concept.name, question.kind.value, f"level{question.head.level}"],
        )  # fmt: skip
        deck.add_note(note)
    with written(target) as beside:
        Package(list(decks.values())).write_to_file(beside)
    return Decks(target, sum(len(deck.notes) for deck in decks.values()), len(decks))


def _asked(app: App) -> "Iterator[tuple[Concept, Asked]]":
    """Every question in learning order, its numbers drawn and its options shuffled as at every other export."""
    from dlkata.cli.quiz import drawn
    from dlkata.laboratory.bench import laboratory
    from dlkata.study.asking import ask, seed_of

    for problem in app.library.index.problems:
        warn(problem)
    with laboratory() as bench:
        for concept in app.library.readable_concepts:
            for question in concept.questions:
                seed = seed_of(0, question.id)
                try:
                    values = drawn(app, bench, question, seed) if question.parametric else None
                except DlkataError as error:
                    warn(f"{error.message} {error.remedy}".strip())
                    continue
                yield concept, ask(question, seed, values)


def _number(name: str) -> int:
    """An id in the range that Anki uses."""
    return (1 << 30) + int.from_bytes(sha256(f"dlkata {name}".encode()).digest()[:4]) % (1 << 30)
