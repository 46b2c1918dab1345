"""The follow-ups of an interview's kata: said aloud or typed, then compared with a model answer."""

from typing import TYPE_CHECKING

from dlkata.cli.words import key_of
from dlkata.content.solution import FollowUp
from dlkata.locale import _
from dlkata.progress.interviews import Did
from dlkata.study.interview.agenda import Task
from dlkata.study.interview.points import share_of_grade
from dlkata.study.interview.state import Move, done
from dlkata.ui.interview import QUESTION_KEYS, follow_up_asked, follow_up_told, place
from dlkata.ui.session import time_left

if TYPE_CHECKING:
    from dlkata.cli.interviewer import Interviewer
    from dlkata.content.library import Library


def follow_up_of(library: "Library", task: Task) -> FollowUp | None:
    """None where the kata, or the question, is gone."""
    if task.name not in library.kata_names:
        return None
    follow_ups = library.kata(task.name).solution.follow_ups
    return follow_ups[task.number] if task.number < len(follow_ups) else None


class FollowUpRound:
    def __init__(self, interviewer: "Interviewer"):
        self.holder, self.desk = interviewer, interviewer.desk

    def do(self, move: Move) -> None:
        holder = self.holder
        follow_up = follow_up_of(holder.app.library, holder.task)
        if follow_up is None:
            holder.pass_over()
            return
        if move is Move.ASK:
            holder.ask()
        if move is Move.CLOSE:
            holder.write(Did.DONE, done(0.0, holder.seconds, closed=True))
        elif move is Move.GRADE:
            self.desk.show(follow_up_told(follow_up, self.desk.width))
            share, said = share_of_grade(holder.untimed.grade()), holder.said
            holder.write(Did.DONE, done(share, float(said["seconds"]), typed=said["text"]))
        else:
            self._put(follow_up)
            self._answer(follow_up)

    def _put(self, follow_up: FollowUp) -> None:
        holder = self.holder
        if holder.stands_there():
            return
        where = place(holder.task, holder.state.tasks)
        if not holder.reader.chooses:
            where += " · " + _("{time} left", time=time_left(holder.countdown))
        self.desk.show(follow_up_asked(follow_up, where, self.desk.width))

    def _answer(self, follow_up: FollowUp) -> None:
        """One line."""
        keys = [_("Say it aloud, then Enter; or type it"), _(QUESTION_KEYS["x"]), _(QUESTION_KEYS["q"])]
        typed = self.desk.typed(" · ".join(keys))
        command = key_of(typed, QUESTION_KEYS)
        if command == "q":
            self.holder.leave()
        elif command == "x":
            self.holder.write(Did.DONE, done(0.0, self.holder.seconds))
            self.desk.show(follow_up_told(follow_up, self.desk.width))
            self.holder.pause()
        else:
            self.holder.say(typed)
