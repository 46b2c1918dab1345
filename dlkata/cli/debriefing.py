"""After an interview: what was answered wrongly or left open, each with its feedback, then the scorecard."""

from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

from dlkata.cli.app import App
from dlkata.cli.follow_ups import follow_up_of
from dlkata.content.question import Kind
from dlkata.locale import _
from dlkata.progress.answers import Answer
from dlkata.progress.answers import Outcome as Answered
from dlkata.progress.day import study_day
from dlkata.study.asking import Given
from dlkata.study.interview.agenda import Part
from dlkata.study.interview.scorecard import Scorecard
from dlkata.study.interview.state import Outcome, Result
from dlkata.study.session import Marked
from dlkata.ui.interview import follow_up_asked, follow_up_told, place, scorecard

if TYPE_CHECKING:
    from rich.text import Text

    from dlkata.cli.interviewer import Interviewer


def debriefing(app: App, holder: "Interviewer", width: int) -> Iterator["Text"]:
    card = holder.card
    assert card is not None
    for result in holder.state.results.values():
        yield from _feedback(holder, result, width)
    day = study_day(holder.today(), holder.ends)
    yield from scorecard(card, *names_of(app, card), day, app.run, width)


def _feedback(holder: "Interviewer", result: Result, width: int) -> Iterator["Text"]:
    """Of what has not been told yet: quick questions, and whatever was open when time was up."""
    from rich.text import Text

    closed = result.outcome is Outcome.CLOSED
    where = place(result.task, holder.state.tasks)
    if result.task.part is Part.FOLLOW_UP and closed:
        if (follow_up := follow_up_of(holder.app.library, result.task)) is not None:
            yield from follow_up_asked(follow_up, where, width)
            yield Text()
            yield Text(_("✗ Still open at the end."), style="bold red")
            yield from follow_up_told(follow_up, width)
    elif (result.task.part is Part.QUICK and result.outcome is not Outcome.RIGHT) or closed:
        if result.task.part is not Part.KATA and (asked := holder.asked(result.task)) is not None:
            yield from _question(holder, Marked(asked, *_answer(result, closed), None), where, width)


def _question(holder: "Interviewer", marked: Marked, where: str, width: int) -> Iterator["Text"]:
    from rich.text import Text

    from dlkata.ui.question import card, feedback, model_answer

    topic = holder.desk.topics.get(marked.asked.question.topic, "")
    yield Text()
    yield from card(marked.asked, where, topic, width)
    yield Text()
    if marked.asked.question.kind is Kind.RECALL:
        yield Text(_("✗ Still open at the end."), style="bold red")
        yield from model_answer(marked.asked, width)
    else:
        yield from feedback(marked, width)


def _answer(result: Result, closed: bool) -> tuple[Given, Answer]:
    given = Given(tuple(result.detail.get("chosen", ())), result.detail.get("typed", ""))
    return given, Answer(result.task.name, Answered.WRONG, 0, detail={"closed": closed})


def names_of(app: App, card: Scorecard) -> tuple[dict[str, str], dict[str, str]]:
    """Titles of concepts and kata, and how they are typed; what is gone keeps its name."""
    titles, typed = {name: name for name in (*card.repair, card.kata)}, {}
    for name in card.repair:
        if name in app.library.index.concepts:
            titles[name] = app.library.concept(name).title
    if card.kata in app.library.kata_names:
        titles[card.kata] = app.library.kata(card.kata).title
    typed = {name: name.replace("_", "-") for name in titles}
    return titles, typed


def told_as_json(holder: "Interviewer") -> dict[str, Any]:
    import msgspec

    card = holder.card
    return {
        "interview": holder.name,
        "running": card is None,
        "left": round(holder.countdown.left, 1),
        "tasks": [
            {
                **result.task.as_json(), "outcome": result.outcome.value, "share": result.share,
                "hints": result.hints, "seconds": result.seconds, "earned": round(result.earned, 3),
            }
            for result in holder.state.all_results()
        ],
        "scorecard": None if card is None else msgspec.to_builtins(card),
    }  # fmt: skip
