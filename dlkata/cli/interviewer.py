"""Holds an interview: does what comes next, and writes each step at once. What comes next is decided in `study`."""

from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from time import monotonic
from typing import Any

from dlkata.cli.app import App, now, warn
from dlkata.cli.desk import Desk, Stopped
from dlkata.cli.follow_ups import FollowUpRound
from dlkata.cli.kata_round import KataRound
from dlkata.cli.reader import Reader, TimeUp
from dlkata.cli.words import key_of
from dlkata.content.question import Kind
from dlkata.errors import DlkataError
from dlkata.locale import _
from dlkata.progress.answers import Answers, Card
from dlkata.progress.day import study_day
from dlkata.progress.interviews import Did, Interviews
from dlkata.progress.record import Record
from dlkata.progress.sittings import Sitting
from dlkata.study.asking import LETTERS, Asked, Given
from dlkata.study.countdown import Countdown
from dlkata.study.interview.agenda import Part, Task
from dlkata.study.interview.points import grade_of, points_made
from dlkata.study.interview.scorecard import Scorecard, score
from dlkata.study.interview.state import Interview, Move, Outcome, Reason, done
from dlkata.study.session import Draw, Session
from dlkata.ui.choosing import Choosing
from dlkata.ui.interview import LEAVE_KEYS, QUESTION_KEYS, place
from dlkata.ui.question import beyond_the_points, key_points, model_answer, ways
from dlkata.ui.session import line


class Interviewer:
    def __init__(
        self, app: App, record: Record, name: str, draw: Draw, reader: Reader, *, quiet: bool = False,
        tick: Callable[[], float] = monotonic, today: Callable[[], datetime] = now,
    ):  # fmt: skip
        self.app, self.kept, self.name, self.reader, self.quiet = app, Interviews(record), name, reader, quiet
        self.steps = self.kept.steps(name)
        self.state = Interview(self.steps)
        self.today = today
        self.countdown = Countdown(self.state.begun, self.state.limit, today, tick, self.state.spent)
        self.desk = Desk(app, reader, quiet=quiet, countdown=self.countdown)
        self.ends = app.pace.ends
        plan = [t.name for t in self.state.tasks if t.part in (Part.QUICK, Part.ALOUD)]
        sitting = Sitting(0, study_day(self.state.begun, self.ends), self.state.seed, {"exam": True}, plan)
        self.session = Session(app.library, Answers(record), sitting, draw, self.ends)
        self.shown = -1  # the number of the task that stands on this screen
        self.interrupted = False

    @property
    def at(self) -> datetime:
        """This moment by the interview's own clock, in the learner's time zone."""
        moment = self.state.begun.astimezone(UTC) + timedelta(seconds=self.countdown.elapsed)
        return moment.astimezone(self.today().tzinfo)

    @property
    def deadline(self) -> datetime:
        return self.state.begun + timedelta(seconds=self.state.limit)

    @property
    def task(self) -> Task:
        assert self.state.task is not None
        return self.state.task

    @property
    def seconds(self) -> float:
        """Since the open task was asked."""
        return (self.at - self.state.open.at).total_seconds() if self.state.open is not None else 0.0

    def hold(self) -> None:
        """Until it ends, or the learner leaves: then its clock goes on."""
        try:
            while (move := self.state.move(self.countdown.over)) is not Move.NOTHING:
                try:
                    self._do(move)
                except TimeUp:  # what is open is closed then
                    self.desk.show(["", _("Time is up.")])
        except Stopped:
            pass
        except KeyboardInterrupt:
            self.interrupted = True
            self.desk.show([""])

    def _do(self, move: Move) -> None:
        if move is Move.END:
            self.end(self.state.reason(self.countdown.over))
        elif self.task.part is Part.KATA:
            KataRound(self).do(move)
        elif self.task.part is Part.FOLLOW_UP:
            FollowUpRound(self).do(move)
        elif (asked := self.asked(self.task)) is None:
            self.pass_over()
        else:
            self._question(move, asked)

    # -- steps

    def write(self, did: Did, detail: dict[str, Any]) -> None:
        self.took(self.kept.add(self.name, did, self.at, detail, self.state.last))

    def took(self, step: Any) -> None:
        self.steps.append(step)
        self.state = Interview(self.steps)

    def ask(self, **detail: Any) -> None:
        self.write(Did.ASKED, detail)

    def say(self, typed: str) -> None:
        """An answer that is graded next."""
        self.write(Did.SAID, {"text": typed.strip(), "seconds": round(self.seconds, 1)})

    @property
    def said(self) -> dict[str, Any]:
        assert self.state.said is not None
        return self.state.said.detail

    def pass_over(self) -> None:
        """A task that is gone from the content."""
        self.write(Did.DONE, done(0.0, 0.0) | {"outcome": Outcome.UNREACHED.value})

    def stop(self) -> None:
        """Ended by the learner: what is open is closed as it stands."""
        if self.state.open is not None:
            self._do(Move.CLOSE)
        self.end(Reason.STOPPED)

    def end(self, reason: Reason) -> None:
        card = score(self.state, self.countdown.elapsed, reason.value, self._kata_concepts(), self._due())
        import msgspec

        self.write(Did.ENDED, {"scorecard": msgspec.to_builtins(card)})

    @property
    def card(self) -> Scorecard | None:
        return None if self.state.end is None else scorecard_of(self.state.end.detail)

    def _due(self) -> dict[str, int]:
        return {r.task.name: int(r.detail["due"]) for r in self.state.results.values() if r.detail.get("due")}

    def _kata_concepts(self) -> list[str]:
        names = [t.name for t in self.state.tasks if t.part is Part.KATA and t.name in self.app.library.kata_names]  # fmt: skip
        known = self.app.library.index.concepts
        return [c for name in names for c in self.app.library.kata(name).head.concepts if c in known]

    def stands_there(self) -> bool:
        """Whether the open task stands on the screen already; asked for, it does from now on."""
        there, self.shown = self.shown == self.state.position, self.state.position
        return there

    @property
    def untimed(self) -> Desk:
        """For grades: the answer was given in time."""
        return Desk(self.app, self.reader, quiet=self.quiet)

    # -- leaving

    def leave(self) -> None:
        """Whoever stops is told that the clock does not."""
        if not self.reader.terminal or self.quiet:
            raise Stopped
        self.desk.show(["", _("The clock goes on while you are away.")])
        key = key_of(self.desk.typed(" · ".join(_(said) for said in LEAVE_KEYS.values())), LEAVE_KEYS)
        if key == "e":
            self.stop()
        elif key != "":
            raise Stopped

    # -- questions

    def asked(self, task: Task) -> Asked | None:
        """None where the question is gone or broken."""
        try:
            return self.session.asked(task.name)
        except DlkataError as error:
            warn(f"{error.message} {error.remedy}".strip())
            return None

    def _question(self, move: Move, asked: Asked) -> None:
        if move is Move.ASK:
            self.ask()
        if move is Move.CLOSE:
            self._close(asked)
        elif move is Move.GRADE:
            self._grade(asked)
        else:
            if not self.stands_there():
                self.desk.put(asked, place(self.task, self.state.tasks))
            self._answer(asked)

    def _answer(self, asked: Asked) -> None:
        """One line: an answer, or a key."""
        recall = asked.question.kind is Kind.RECALL
        typed = self.desk.answer(asked, self._keys(asked), False)
        command = key_of(typed, QUESTION_KEYS)
        if command == "q":
            self.leave()
        elif command == "h":
            if self.desk.hint(asked) and not self.state.hints:
                self.write(Did.HINTED, {})
        elif command == "x":
            self._give(asked, Given(), 0.0)
            if recall:
                self.desk.show(["", *model_answer(asked, self.desk.width)])
                self.pause()
        elif recall:
            self.say(typed)
        elif (given := asked.read(typed)) is not None:
            self._give(asked, given, 1.0 if asked.right(given) else 0.0)
        else:
            self.desk.show([line(_("Please type one of these:"))])

    def _keys(self, asked: Asked) -> str:
        recall = asked.question.kind is Kind.RECALL
        own = _("Say it aloud, then Enter; or type it") if recall else ways(asked, self.desk.walked(asked))
        left_out = "h" if self.state.hints else ""
        return " · ".join([own, *(_(said) for key, said in QUESTION_KEYS.items() if key != left_out)])

    def _grade(self, asked: Asked) -> None:
        """The key points, of which the learner says which ones they made. The clock may have run out meanwhile."""
        desk, said = self.untimed, self.said
        points = key_points(asked, desk.width)
        desk.show(["", line(_("A good answer says:"), "bold")])
        keys = _("Which of these did you say? Letters, `all`, or Enter for none")
        made = None
        while made is None:
            if self.reader.chooses:
                letters = LETTERS[: len(points)]
                typed = desk.chosen(Choosing(points, letters, desk.footer(_("↑ ↓ and space: ") + keys), True))
            else:
                desk.show([*(row for point in points for row in point), "", keys])
                typed = desk.read()
            if key_of(typed, {"q": QUESTION_KEYS["q"]}) == "q":
                self.leave()
                return
            made = points_made(typed, len(points))
            if made is None:
                desk.show([line(_("Please type one of these:"))])
        self._give(asked, Given(text=said["text"]), len(made) / len(points), float(said["seconds"]))
        desk.show(beyond_the_points(asked, desk.width))
        self.pause()

    def _give(self, asked: Asked, given: Given, share: float, seconds: float | None = None) -> None:
        """Judged, and kept with the step that says so: both, or neither."""
        seconds = self.seconds if seconds is None else seconds
        hints, recall = self.state.hints, asked.question.kind is Kind.RECALL
        detail = done(share, seconds, hints=hints, typed=given.text, chosen=list(given.chosen))

        def also(card: Card | None) -> None:
            due = {} if card is None else {"due": card.due}
            self._written = self.kept.insert(self.name, Did.DONE, self.at, detail | due, self.state.last)

        grade = grade_of(share, hint=hints > 0) if recall else None
        self.session.give(asked, given, seconds, self.at, hint=hints > 0, grade=grade, also=also)
        self.took(self._written)

    def _close(self, asked: Asked) -> None:
        detail = done(0.0, self.seconds, hints=self.state.hints, closed=True)

        def also(_card: Card | None) -> None:
            self._written = self.kept.insert(self.name, Did.DONE, self.at, detail, self.state.last)

        self.session.skip(asked, self.seconds, self.at, closed=True, also=also)
        self.took(self._written)

    def pause(self) -> None:
        """On a terminal nothing scrolls away before it was read; the clock runs on."""
        if self.reader.terminal and not self.quiet and self.state.task is not None:
            if key_of(self.desk.typed(_("Enter: go on")), {"q": QUESTION_KEYS["q"]}) == "q":
                self.leave()


def scorecard_of(detail: dict[str, Any]) -> Scorecard:
    import msgspec

    return msgspec.convert(detail["scorecard"], Scorecard)
