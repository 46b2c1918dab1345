"""A quiz session: asks one question after the other, keeps every answer at once, can be left and gone on with."""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from random import Random
from typing import Any

from dlkata.content.library import Library
from dlkata.content.question import Kind, Question
from dlkata.errors import DlkataError
from dlkata.progress.answers import BUG, Also, Answer, Answers, Card, Outcome
from dlkata.progress.day import DAY_ENDS, study_day
from dlkata.progress.sittings import Sitting
from dlkata.study.asking import Asked, Given, ask, seed_of
from dlkata.study.scheduler import advance, allowed_seconds, rate
from dlkata.study.spotting import kata_of, spot_the_bug

Draw = Callable[[Question, int], dict[str, Any]]  # the numbers of a parametric question


@dataclass(frozen=True)
class Marked:
    """An answer and what became of it."""

    asked: Asked
    given: Given
    answer: Answer
    card: Card | None

    @property
    def right(self) -> bool:
        return self.answer.outcome is Outcome.RIGHT


@dataclass
class Session:
    library: Library
    answers: Answers | None  # None where there is no record: nothing is kept, everything else works
    sitting: Sitting
    draw: Draw
    ends: int = DAY_ENDS
    marked: list[Marked] = field(default_factory=list)  # answered in this run
    done: list[Answer] = field(default_factory=list)  # all that stand, also from before
    problems: list[str] = field(default_factory=list)  # questions that could not be asked
    _gone: set[str] = field(default_factory=set)

    @property
    def exam(self) -> bool:
        return bool(self.sitting.wish.get("exam"))

    @property
    def position(self) -> int:
        """The place of the next question, from 1."""
        return len(self.done) + 1

    @property
    def length(self) -> int:
        return len(self.sitting.plan) - len(self._gone)

    @property
    def draws_first(self) -> bool:
        """Whether numbers have to be drawn before anything can be asked."""
        answered = {answer.question for answer in self.done}
        first = next((name for name in self.sitting.plan if name not in answered), BUG)
        try:
            question = None if first.startswith(BUG) else self.library.question(first)
        except DlkataError:
            return False  # it will be passed over
        return question is not None and question.parametric

    def next(self) -> Asked | None:
        """The next question; one that is gone or broken is passed over."""
        return next(self.rest(), None)

    def rest(self) -> Iterator[Asked]:
        """All that is still to be asked."""
        answered = {answer.question for answer in self.done}
        for name in self.sitting.plan:
            if name in answered or name in self._gone:
                continue
            try:
                asked = self.asked(name)
            except DlkataError as error:
                self.problems.append(f"{error.message} {error.remedy}".strip())
                asked = None
            if asked is None:
                self._gone.add(name)
            else:
                yield asked

    def asked(self, name: str) -> Asked | None:
        seed = seed_of(self.sitting.seed, name)
        if name.startswith(BUG):
            kata, bug = kata_of(name)
            if kata not in self.library.kata_names:
                return None
            made = spot_the_bug(self.library.kata(kata), bug, Random(seed))
            return None if made is None else ask(made, seed)
        question = self.library.question(name)
        if question is None:
            return None
        return ask(question, seed, self.draw(question, seed) if question.parametric else None)

    def give(
        self, asked: Asked, given: Given, seconds: float, now: datetime, *, hint: bool = False,
        grade: int | None = None, also: Also | None = None,
    ) -> Marked:  # fmt: skip
        """Judges and keeps an answer. `grade` is the learner's own, for free recall; `also` is kept with it."""
        question = asked.question
        right = grade > 1 if grade is not None else asked.right(given)
        known = bool(self.answers and self.answers.card(question.id))
        allowed = allowed_seconds(question.kind, question.head.level)
        rating = grade or rate(right, seconds, allowed, hint=hint, known=known)
        answer = Answer(
            question.id,
            Outcome.RIGHT if right else Outcome.WRONG,
            study_day(now, self.ends),
            seed=asked.seed,
            rating=rating,
            seconds=round(seconds, 1),
            content=question.content,
            session=self.sitting.id or None,
            detail={
                "typed": given.text, "chosen": list(given.chosen), "kind": question.kind.value,
                "level": question.head.level, "hint": hint, **({"drawn": asked.values} if asked.values else {}),
            },
        )  # fmt: skip
        card = self.answers.add(answer, now, advance, also) if self.answers else None
        marked = Marked(asked, given, answer, card)
        self.marked.append(marked)
        self.done.append(answer)
        return marked

    def skip(
        self, asked: Asked, seconds: float, now: datetime, *, closed: bool = False, also: Also | None = None
    ) -> None:
        """Passed over, or `closed` when an exam's time was up: it stays where it was on the schedule."""
        answer = Answer(
            asked.question.id,
            Outcome.SKIPPED,
            study_day(now, self.ends),
            seed=asked.seed,
            seconds=round(seconds, 1),
            content=asked.question.content,
            session=self.sitting.id or None,
            detail={"closed": True} if closed else {},
        )
        if self.answers:
            self.answers.add(answer, now, advance, also)
        self.done.append(answer)

    def undo(self, now: datetime) -> str | None:
        """Takes back the last answer of this session; the id of its question, which is asked again."""
        if not self.done:
            return None
        if self.answers:
            self.answers.undo(self.sitting.id, now, advance, self._former)
        last = self.done.pop()
        self.marked = [m for m in self.marked if m.answer.question != last.question]
        return last.question

    def _former(self, name: str) -> Sequence[str]:
        return [old for old, new in self.library.index.renamed() if new == name]

    def all_marked(self) -> list[Marked]:
        """Every answer of the session, those from before it was left too, and what was open when time was up."""
        here = {marked.answer.question: marked for marked in self.marked}
        found = []
        for answer in self.done:
            if answer.question in here:
                found.append(here[answer.question])
            elif (answer.outcome is not Outcome.SKIPPED or answer.closed) and (
                asked := self.asked(answer.question)
            ) is not None:
                given = Given(tuple(answer.detail.get("chosen", ())), answer.detail.get("typed", ""))
                found.append(Marked(asked, given, answer, None))
        return found

    @property
    def finished(self) -> bool:
        return len(self.done) >= self.length

    def leave(self, *, ended: bool = False) -> None:
        """Finished, or to be gone on with later, unless it has `ended` otherwise."""
        if self.answers:
            self.answers.sittings.leave(self.sitting.id, ended=ended or self.finished)

    @property
    def seconds(self) -> float:
        return sum(answer.seconds for answer in self.done)

    def seconds_allowed(self) -> float:
        """For an exam: the sum of what its questions are given."""
        return float(sum(map(self._seconds_for, self.sitting.plan)))

    def _seconds_for(self, name: str) -> int:
        if name.startswith(BUG):
            kata, _bug = kata_of(name)
            known = kata in self.library.kata_names
            return allowed_seconds(Kind.BUG, self.library.kata(kata).head.level) if known else 0
        entry = self.library.index.where(name)
        return allowed_seconds(entry[1].kind, entry[1].level) if entry else 0
