"""Begins a session, or goes on with one that was left."""

from collections.abc import Sequence, Set
from dataclasses import dataclass
from datetime import datetime
from random import Random
from typing import TYPE_CHECKING

from dlkata.content.library import Library
from dlkata.content.question import Kind
from dlkata.errors import DlkataError
from dlkata.locale import _
from dlkata.progress.answers import KATA, Answers, Coming
from dlkata.progress.day import DAY_ENDS, study_day
from dlkata.progress.plans import Plans
from dlkata.progress.record import Record
from dlkata.progress.sittings import Sitting
from dlkata.study.rounds import follow
from dlkata.study.selection import (
    NEW_PER_DAY,
    REVIEWS_PER_DAY,
    Allowance,
    Bank,
    Choice,
    Item,
    Wish,
    choose,
)
from dlkata.study.session import Draw, Session
from dlkata.study.spotting import bug_ids, kata_of

if TYPE_CHECKING:
    from dlkata.study.agenda import Agenda


@dataclass(frozen=True)
class Pace:
    """How much a day holds, from the settings."""

    new: int = NEW_PER_DAY
    reviews: int = REVIEWS_PER_DAY
    ends: int = DAY_ENDS


@dataclass(frozen=True)
class Today:
    """What the schedule holds for today. `due` is today's share, oldest first; `waiting` comes after it."""

    due: int
    waiting: int
    new: int
    katas: tuple[str, ...]  # to be written again
    begun: tuple[str, ...]  # being written again
    later: tuple[Coming, ...]
    day: int
    agenda: "Agenda | None" = None  # of the learner's plan, which then says how much is due and new
    the_day: bool = False  # to which there was a plan


def bank_of(library: Library, record: Record | None, rng: Random) -> Bank:
    topics = {topic.name: topic.order for topic in library.topics}

    def bug(name: str) -> Item | None:
        kata_name, _bug = kata_of(name)
        if kata_name not in library.kata_names:
            return None
        kata = library.kata(kata_name)
        return Item(name, kata.head.topic, f"{kata.name} bugs", kata.head.level, Kind.BUG)

    def new_bug(known: Set[str]) -> Item | None:
        """Of one kata drawn by chance: reading them all would take long."""
        if record is None:
            return None
        names = [name for name in library.kata_names if is_open(record, name)]
        rng.shuffle(names)
        for name in names:
            try:
                fresh = [i for i in bug_ids(library.kata(name)) if i not in known]
            except DlkataError:
                continue
            if fresh:
                return bug(rng.choice(fresh))
        return None

    return Bank(library.index, topics, bug, new_bug)


def is_open(record: Record, kata: str) -> bool:
    """Solved or given up: its bugs are no secret any more."""
    return bool(record.solved([kata])) or record.given_up(kata)


def settle(library: Library, record: Record, pace: Pace, known: Set[str]) -> None:
    """Renamed questions keep their cards; katas solved before there were cards get theirs."""
    answers = Answers(record)
    for old, new in library.index.renamed():
        if old in known and new not in known:
            answers.rename(old, new)
    for name in sorted(record.solved(name for name in library.kata_names if KATA + name not in known)):
        follow(record, library.kata(name), pace.ends)


def _agenda(library: Library, record: Record, bank: Bank, day: int, ends: int) -> "Agenda | None":
    """None where there is no plan, or its date has come; most learners have none, and import nothing for it."""
    aim = Plans(record).aim()
    if aim is None or day >= aim.until:
        return None
    from dlkata.study.agenda import agenda

    return agenda(aim, library, record, bank, day, ends)


def today(library: Library, record: Record, now: datetime, pace: Pace) -> Today:
    answers, day = Answers(record), study_day(now, pace.ends)
    settle(library, record, pace, answers.known())
    bank = bank_of(library, record, Random(day))
    cards = list(answers.due(day))
    questions = [card for card in cards if not card.id.startswith(KATA) and bank.item(card.id)]
    katas = [card.id.removeprefix(KATA) for card in cards if card.id.startswith(KATA)]
    share = min(len(questions), max(0, pace.reviews - answers.reviewed_on(day)))
    known = answers.known()
    unseen = sum(1 for entry in library.index.concepts.values() for name in entry.ids() if name not in known)
    katas = [name for name in katas if name in library.kata_names]
    begun = tuple(name for name in katas if record.begun_again(name))
    new = min(unseen, max(0, pace.new - answers.new_on(day)))
    plan = _agenda(library, record, bank, day, pace.ends)
    if plan is not None:
        share, new = len(plan.left.reviews), len(plan.left.new)
    return Today(
        due=share + (len(plan.left.refresh) if plan else 0),
        waiting=len(questions) - share,
        new=new,
        katas=tuple(name for name in katas if name not in begun),
        begun=begun,
        later=tuple(answers.falling_due(day)),
        day=day,
        agenda=plan,
        the_day=_aims_at(record, day),
    )


def _aims_at(record: Record, day: int) -> bool:
    aim = Plans(record).aim()
    return aim is not None and aim.until == day


@dataclass(frozen=True)
class Left:
    """A session of today that was left before its end."""

    sitting: Sitting
    done: int


@dataclass(frozen=True)
class Opened:
    session: Session | None  # None where there is nothing to ask
    choice: Choice
    resumed: bool = False
    left: Sequence[Left] = ()  # others that could be gone on with


def open_session(
    library: Library, record: Record | None, wish: Wish, now: datetime, rng: Random, draw: Draw, pace: Pace, *,
    fresh: bool = False, resume: int | None = None,
) -> Opened:  # fmt: skip
    """Goes on with a session that was left, unless a `fresh` one is asked for: the one that is named, or one with
    the same wish, or without any wish the newest of today. An older one is not dug up from under a newer: `left`."""
    answers, day = (Answers(record) if record else None), study_day(now, pace.ends)
    left = answers.sittings.left(day) if answers is not None else []
    if resume is not None:
        left.sort(key=lambda sitting: sitting.id != resume)
        if not left or left[0].id != resume:
            raise DlkataError(
                _("No session {number} was left today.", number=resume), _("Begin one: dlkata quiz")
            )
    if answers is not None and left and (resume is not None or not fresh):
        sitting = left[0] if resume is not None else _to_go_on_with(left, wish, answers.sittings.newest(day))
        if sitting is not None and answers.sittings.take(sitting):
            left.remove(sitting)
            session = Session(library, answers, sitting, draw, pace.ends, done=answers.of_session(sitting.id))
            if session.next() is not None:
                return Opened(session, Choice(sitting.plan), resumed=True, left=_told(answers, left))
            answers.sittings.leave(sitting.id, ended=True)
    choice = _chosen(library, record, answers, wish, now, rng, pace)
    others = _told(answers, left) if answers is not None else []
    if not choice.ids:
        return Opened(None, choice, left=others)
    seed = wish.seed if wish.seed is not None else rng.getrandbits(31)
    if answers is None:
        sitting = Sitting(0, day, seed, wish.as_json(), choice.ids)
    else:
        sitting = answers.sittings.begin(now, day, seed, wish.as_json(), choice.ids)
    return Opened(Session(library, answers, sitting, draw, pace.ends), choice, left=others)


def _to_go_on_with(left: Sequence[Sitting], wish: Wish, newest: int | None) -> Sitting | None:
    if wish == Wish():
        return left[0] if left[0].id == newest else None
    return next((sitting for sitting in left if sitting.wish == wish.as_json()), None)


def _told(answers: Answers, left: Sequence[Sitting]) -> list[Left]:
    """Those of which something was answered: one that was closed at once is no loss."""
    told = [Left(sitting, len(answers.of_session(sitting.id))) for sitting in left]
    return [one for one in told if one.done]


def _chosen(
    library: Library, record: Record | None, answers: Answers | None, wish: Wish, now: datetime, rng: Random, pace: Pace
) -> Choice:  # fmt: skip
    chance = Random(wish.seed) if wish.seed is not None else rng
    bank = bank_of(library, record, chance)
    if record is None or answers is None:
        return choose(wish, bank, [], set(), Allowance(pace.new, pace.reviews), chance)
    settle(library, record, pace, answers.known())
    day = study_day(now, pace.ends)
    due, elsewhere = list(answers.due(day)), answers.sittings.elsewhere(day)
    plan = _agenda(library, record, bank, day, pace.ends)
    if plan is not None:
        left = plan.left
        due += [plan.state.cards[name] for name in left.refresh]
        room = Allowance(len(left.new), len(left.reviews) + len(left.refresh))
        return choose(wish, bank, due, answers.known(), room, chance, elsewhere, left.new)
    allowance = Allowance(
        max(0, pace.new - answers.new_on(day)), max(0, pace.reviews - answers.reviewed_on(day))
    )
    return choose(wish, bank, due, answers.known(), allowance, chance, elsewhere)
