"""What the learner answered, and the card of each question: written together, so that neither is without the other."""

import json
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from enum import StrEnum
from typing import Any

from dlkata.progress.record import Record, explained
from dlkata.progress.sittings import Sittings

KATA, BUG = "kata:", "bug:"  # how ids begin that name no question of a page


class Outcome(StrEnum):
    RIGHT = "right"
    WRONG = "wrong"
    SKIPPED = "skipped"
    UNDONE = "undone"


@dataclass(frozen=True)
class Card:
    """Where a question stands on the schedule. Days are ordinals of the learner's own days."""

    id: str
    stability: float
    difficulty: float
    due: int
    last: int
    first: int
    answers: int = 1


@dataclass(frozen=True)
class Answer:
    question: str
    outcome: Outcome
    day: int
    seed: int = 0
    rating: int | None = None  # 1 again, 2 hard, 3 good, 4 easy; None where the schedule is not touched
    seconds: float = 0.0
    content: str = ""
    session: int | None = None
    detail: dict[str, Any] = field(default_factory=dict)
    id: int = 0

    @property
    def closed(self) -> bool:
        """Whether it was open when an exam's time was up."""
        return bool(self.detail.get("closed"))


@dataclass(frozen=True)
class Coming:
    """What falls due on a day to come."""

    day: int
    questions: int
    katas: int


Advance = Callable[[Card | None, Answer], Card]
Also = Callable[[Card | None], None]


class Answers:
    def __init__(self, record: Record):
        self.connection = record.connection
        self.sittings = Sittings(record)

    # -- writing

    def add(self, answer: Answer, now: datetime, advance: Advance, also: Also | None = None) -> Card | None:
        """Writes an answer and, if it was rated, moves its card. Another session's answer just before is built upon.
        `also` writes what belongs to it: both, or neither."""
        with explained(self.connection), self.connection:
            self.connection.execute("BEGIN IMMEDIATE")
            self._insert(answer, now, None)
            card = None
            if answer.rating is not None:
                card = advance(self._card(answer.question), answer)
                self._put(card)
            if also is not None:
                also(card)
            return card

    def undo(
        self, session: int, now: datetime, advance: Advance, former: Callable[[str], Sequence[str]]
    ) -> Answer | None:
        """Takes the session's last answer back; its card is computed again from what remains. `former` tells the
        other names that a question had."""
        with explained(self.connection), self.connection:
            self.connection.execute("BEGIN IMMEDIATE")
            standing = self._standing("session = ?", session)
            if not standing:
                return None
            last = standing[-1]
            self._insert(Answer(last.question, Outcome.UNDONE, last.day, session=session), now, last.id)
            self._rebuild(last.question, advance, former(last.question))
            return last

    def rebuild(self, advance: Advance) -> int:
        """Computes every card again from the answers; how many there are."""
        with explained(self.connection), self.connection:
            self.connection.execute("BEGIN IMMEDIATE")
            ids = [row[0] for row in self.connection.execute("SELECT DISTINCT question FROM answers")]
            self.connection.execute("DELETE FROM cards")
            return sum(self._rebuild(name, advance) for name in ids)

    def renew(
        self, questions: Iterable[str], advance: Advance, former: Callable[[str], Sequence[str]]
    ) -> None:
        """Computes some cards again, within a transaction that is under way."""
        for name in questions:
            self._rebuild(name, advance, former(name))

    def rename(self, old: str, new: str) -> None:
        """A question that has another name keeps its card, unless the new name has one already."""
        with explained(self.connection), self.connection:
            self.connection.execute("UPDATE OR IGNORE cards SET id = ? WHERE id = ?", (new, old))

    def _insert(self, answer: Answer, now: datetime, undoes: int | None) -> None:
        offset = now.utcoffset()
        assert offset is not None, "an answer's time is aware"
        row = (
            now.astimezone(UTC).isoformat(timespec="milliseconds"), int(offset.total_seconds() // 60), answer.day,
            answer.session, answer.question, answer.seed, answer.outcome, answer.rating, answer.seconds,
            answer.content, undoes, json.dumps(answer.detail, ensure_ascii=False),
        )  # fmt: skip
        self.connection.execute(
            "INSERT INTO answers (at, utc_offset, day, session, question, seed, outcome, rating, seconds, content,"
            " undoes, detail) VALUES (?,?,?,?,?,?,?,?,?,?,?,?)",
            row,
        )

    def _put(self, card: Card) -> None:
        row = (card.id, card.stability, card.difficulty, card.due, card.last, card.first, card.answers)
        self.connection.execute("INSERT OR REPLACE INTO cards VALUES (?,?,?,?,?,?,?)", row)

    def _rebuild(self, question: str, advance: Advance, former: Sequence[str] = ()) -> bool:
        card = None
        standing = [a for name in (question, *former) for a in self._standing("question = ?", name)]
        for answer in sorted(standing, key=lambda a: a.id):
            if answer.rating is not None:
                card = advance(card, replace(answer, question=question))
        names = [(name,) for name in (question, *former)]
        self.connection.executemany("DELETE FROM cards WHERE id = ?", names)
        if card is not None:
            self._put(card)
        return card is not None

    # -- reading

    def _standing(self, condition: str, value: object) -> list[Answer]:
        """Answers that were not taken back, oldest first."""
        rows = self.connection.execute(
            "SELECT id, question, outcome, day, seed, rating, seconds, content, session, detail, undoes"
            f" FROM answers WHERE {condition} ORDER BY id",
            (value,),
        ).fetchall()
        taken_back = {row[10] for row in rows}
        return [
            Answer(q, Outcome(o), d, s, r, t, c, session, json.loads(detail), id=number)
            for number, q, o, d, s, r, t, c, session, detail, undoes in rows
            if undoes is None and number not in taken_back
        ]

    def of_session(self, session: int) -> list[Answer]:
        with explained(self.connection):
            return self._standing("session = ?", session)

    def of_question(self, question: str) -> list[Answer]:
        with explained(self.connection):
            return self._standing("question = ?", question)

    def card(self, name: str) -> Card | None:
        with explained(self.connection):
            return self._card(name)

    def _card(self, name: str) -> Card | None:
        row = self.connection.execute("SELECT * FROM cards WHERE id = ?", (name,)).fetchone()
        return None if row is None else Card(*row)

    def known(self) -> set[str]:
        """The ids of all cards."""
        with explained(self.connection):
            return {row[0] for row in self.connection.execute("SELECT id FROM cards")}

    def cards(self) -> dict[str, Card]:
        """Every card by its id: at most one a question, however long the record is."""
        with explained(self.connection):
            return {row[0]: Card(*row) for row in self.connection.execute("SELECT * FROM cards")}

    def due(self, day: int) -> Iterator[Card]:
        """Cards to be asked on that day, the longest overdue first. One that was last seen in the future (a clock
        was wrong) is due too: its date means nothing. A day's difference is a journey."""
        with explained(self.connection):
            strays = self.connection.execute("SELECT * FROM cards WHERE last > ? AND due > ?", (day + 1, day))
            yield from [Card(*row) for row in strays]
            for row in self.connection.execute("SELECT * FROM cards WHERE due <= ? ORDER BY due, id", (day,)):
                yield Card(*row)

    def falling_due(self, day: int, limit: int = 7) -> list[Coming]:
        """The next days on which something falls due, and how much."""
        query = """
            SELECT due, SUM(id NOT LIKE 'kata:%'), SUM(id LIKE 'kata:%') FROM cards
            WHERE due > ? GROUP BY due ORDER BY due LIMIT ?
        """
        with explained(self.connection):
            return [Coming(*row) for row in self.connection.execute(query, (day, limit))]

    def asked_on(self, day: int) -> set[str]:
        """What was answered on that day."""
        with explained(self.connection):
            rows = self.connection.execute("SELECT DISTINCT question FROM answers WHERE day = ?", (day,))
            return {row[0] for row in rows}

    def new_on(self, day: int) -> int:
        """How many questions were met for the first time on that day."""
        query = "SELECT COUNT(*) FROM cards WHERE first = ? AND id NOT LIKE 'kata:%'"
        with explained(self.connection):
            return int(self.connection.execute(query, (day,)).fetchone()[0])

    def reviewed_on(self, day: int) -> int:
        """How many questions met before were answered again on that day."""
        query = "SELECT COUNT(DISTINCT question) FROM answers JOIN cards ON cards.id = question WHERE day = ? AND first < ? AND rating IS NOT NULL"
        with explained(self.connection):
            return int(self.connection.execute(query, (day, day)).fetchone()[0])
