"""`dlkata quiz [TOPIC…]`"""

import random
from dataclasses import replace
from typing import TYPE_CHECKING, Any

import click

from dlkata.cli.app import CONCEPT, TOPIC, App, now
from dlkata.cli.language import LocalCommand, option
from dlkata.cli.output import print_json, print_lines
from dlkata.content.concept import Concept
from dlkata.content.question import Question
from dlkata.locale import N_, _
from dlkata.ui.screen import console, interactive

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from rich.text import Text

    from dlkata.cli.sitting import Conversation
    from dlkata.content.library import Topic
    from dlkata.laboratory.bench import Laboratory
    from dlkata.progress.answers import Card
    from dlkata.study.opening import Opened
    from dlkata.study.selection import Wish
    from dlkata.study.session import Session


@click.command(
    cls=LocalCommand,
    help=N_(
        """A session of questions: those that are due, the longest overdue first, then new ones.

        Answer with a letter or number, several for several (`a c`), a value, or your own words; h shows a hint,
        ? skips, x says that you don't know, u takes the last answer back, q stops; the words do too. In a terminal
        the arrow keys highlight an option, Enter takes it, and space marks one of several. Every answer is kept at
        once: a session that was left goes on where it was. Questions come back just before you would forget them.
        """
    ),
)
@click.argument("topics", type=TOPIC, nargs=-1, metavar="[TOPIC]...")
@option("-n", "count", type=click.IntRange(1, 500), default=10, help=N_("How many questions. [default: 10]"))
@option("--due", is_flag=True, help=N_("Only what is due."))
@option("--new", "fresh_ones", is_flag=True, help=N_("Only new ones, beyond the daily limit too."))
@option(
    "--level",
    type=click.IntRange(1, 3),
    help=N_("Only this level: 1 recall, 2 explain, 3 derive or predict."),
)
@option(
    "--concept",
    "concepts",
    type=CONCEPT,
    multiple=True,
    metavar="CONCEPT",
    help=N_("Only this concept, due or not."),
)
@option("--exam", is_flag=True, help=N_("Against the clock, no feedback until the end, then a score."))
@option(
    "--seed", type=click.IntRange(0), help=N_("The same questions, numbers and order of options each time.")
)
@option("--fresh", is_flag=True, help=N_("Begin anew instead of going on with a session that was left."))
@option(
    "--resume",
    type=click.IntRange(1),
    metavar="NUMBER",
    help=N_("Go on with this session; those that were left are listed."),
)
@option("--json", "as_json", is_flag=True, help=N_("Print one JSON object when the session ends."))
@click.pass_obj
def command(
    app: App,
    topics: "tuple[Topic, ...]",
    count: int,
    due: bool,
    fresh_ones: bool,
    level: int | None,
    concepts: tuple[Concept, ...],
    exam: bool,
    seed: int | None,
    fresh: bool,
    resume: int | None,
    as_json: bool,
) -> None:
    from dlkata.study.selection import Only, Wish

    if due and fresh_ones:
        raise click.UsageError(_("--due and --new exclude each other."))
    only = Only.DUE if due else Only.NEW if fresh_ones else Only.ALL
    wish = Wish(
        count, tuple(t.name for t in topics), tuple(c.name for c in concepts), level, only, exam, seed
    )
    if resume is not None and (fresh or wish != Wish()):
        raise click.UsageError(_("--resume goes on with a session as it was begun: give it alone."))
    more = hold(app, wish, fresh=fresh, resume=resume, as_json=as_json)
    if more:
        hold(app, replace(wish, only=Only.NEW), fresh=True, as_json=as_json)


def hold(app: App, wish: "Wish", *, fresh: bool, resume: int | None = None, as_json: bool) -> bool:
    """Whether the learner, with nothing left for today, would like new questions all the same."""
    from dlkata.laboratory.bench import laboratory
    from dlkata.study.opening import open_session

    with laboratory() as bench:

        def draw(question: Question, seed: int) -> dict[str, Any]:
            return drawn(app, bench, question, seed)

        rng = random.Random(wish.seed) if wish.seed is not None else random.Random()
        opened = open_session(
            app.library, app.record, wish, now(), rng, draw, app.pace, fresh=fresh, resume=resume
        )
        if opened.session is None:
            return _say_nothing(app, opened, as_json)
        if opened.session.draws_first:
            bench.start()  # while the screen is imported
        from dlkata.cli.reader import Reader
        from dlkata.cli.sitting import Conversation

        talk = Conversation(app, opened.session, bench, Reader(quiet=as_json), quiet=as_json)
        before = app.mastery().cards
        if not as_json:
            _greet(app, opened, talk, fresh)
        talk.hold()
        _close(app, opened, talk, before, as_json)
        if talk.interrupted:
            click.get_current_context().exit(130)
    return False


def drawn(app: App, bench: "Laboratory", question: Question, seed: int) -> dict[str, Any]:
    """The numbers of a parametric question, drawn by its code in the laboratory."""
    from dlkata.laboratory.bench import failure

    file = app.library.concept(question.concept).code_file
    outcome = bench.draw(file, f"{question.head.question}_draw", seed)
    if not outcome.ok:
        raise failure(outcome, file)
    return outcome.value


def _greet(app: App, opened: "Opened", talk: "Conversation", fresh: bool) -> None:
    from dlkata.ui.session import clock, questions, time_left
    from dlkata.ui.session import waiting as many_wait

    session = opened.session
    assert session is not None
    if opened.resumed:
        click.echo(_("Going on with the session you left: {done} of {length} done.", done=len(session.done), length=session.length))  # fmt: skip
    if talk.countdown is not None and opened.resumed:
        left = time_left(talk.countdown)
        click.echo(_("The exam's clock went on meanwhile: {time} left.", time=left))
    elif talk.countdown is not None:
        limit = clock(talk.countdown.limit)
        click.echo(_("Exam: {questions} in {time}. Feedback comes at the end.", questions=questions(session.length), time=limit))  # fmt: skip
    elif opened.choice.waiting:
        click.echo(many_wait(opened.choice.waiting))
    if not fresh:  # who begins anew has said so
        _list_left(app, opened)


def _list_left(app: App, opened: "Opened") -> None:
    from dlkata.ui.left import left_sessions

    topics = {topic.name: topic.title for topic in app.library.topics}
    print_lines(left_sessions(opened.left, topics, app.run, console().width))


def _close(
    app: App, opened: "Opened", talk: "Conversation", before: "Mapping[str, Card]", as_json: bool
) -> None:
    from dlkata.study.moved import moved
    from dlkata.ui.left import left_as_json
    from dlkata.ui.session import exam_result, summary, summary_as_json, tally

    session = talk.session
    missed = _missed(app, session)
    schedule = app.today
    moves = moved(app.mastery(), before, (marked.answer.question for marked in session.marked))
    if as_json:
        count = tally(session)
        exam = talk.countdown
        score = {"score": count.right, "of": count.length, "limit": exam.limit} if exam is not None else {}
        print_json(
            {
                "session": session.sitting.id, "seed": session.sitting.seed, "exam": session.exam, **score,
                "questions": list(talk.asked_json.values()), "answers": talk.answers_json(),
                "look_at": [concept.name for concept in missed], "left_sessions": left_as_json(opened.left),
                **summary_as_json(session, schedule, moves),
            }
        )  # fmt: skip
        return
    width = console().width
    if talk.too_late:
        click.echo("\n" + _("Time is up."))
    if talk.countdown is not None and (session.finished or talk.too_late):
        print_lines(_exam_feedback(session, talk.desk.topics, width))
        print_lines(exam_result(session, talk.countdown.elapsed, talk.countdown.limit, width))
    elif talk.countdown is not None:
        from dlkata.ui.session import time_left

        click.echo("\n" + _("The exam's clock goes on: {time} left.", time=time_left(talk.countdown)))
        missed, moves = [], []  # no feedback before its end
    print_lines(summary(session, missed, schedule, app.run, width, moves, closed=talk.too_late))


def _exam_feedback(session: "Session", topics: dict[str, str], width: int) -> "Iterator[Text]":
    from rich.text import Text

    from dlkata.ui.question import card, feedback

    for number, marked in enumerate(session.all_marked(), 1):
        if not marked.right:
            yield Text()
            yield from card(
                marked.asked, f"{number}/{session.length}", topics.get(marked.asked.question.topic, ""), width
            )
            yield Text()
            yield from feedback(marked, width)


def _missed(app: App, session: "Session") -> list[Concept]:
    """The concepts of wrong answers, each once, the first missed first."""
    names = dict.fromkeys(
        answer.question.rpartition(".")[0] for answer in session.done if answer.outcome.value == "wrong"
    )
    return [app.library.concept(name) for name in names if name in app.library.index.concepts]


def _say_nothing(app: App, opened: "Opened", as_json: bool) -> bool:
    """Why there is nothing to ask; whether the learner would like new questions all the same."""
    from dlkata.ui.left import left_as_json
    from dlkata.ui.session import more_new_ones, nothing, topics_with_questions

    choice, width = opened.choice, console().width
    if as_json:
        print_json(
            {
                "session": None, "questions": [], "answers": [], "answered": 0, "waiting": choice.waiting,
                "left_sessions": left_as_json(opened.left),
            }
        )  # fmt: skip
        return False
    print_lines(nothing(choice, app.today, width))
    if choice.empty:
        print_lines(topics_with_questions(_asked_about(app), width))
    _list_left(app, opened)
    if not choice.limited:
        return False
    if not interactive():
        print_lines([more_new_ones(app.run)])
        return False
    from dlkata.cli.reader import Reader
    from dlkata.cli.words import key_of
    from dlkata.ui.question import KEYS

    typed = Reader().line(_("Enter: go on with new ones · q stop > "))
    return typed is not None and key_of(typed, {"q": KEYS["q"]}) != "q"


def _asked_about(app: App) -> list[str]:
    """The topics that hold questions, as they are typed."""
    holding = {entry.topic for entry in app.library.index.concepts.values() if entry.questions}
    return [topic.name for topic in app.library.topics if topic.name in holding]
