"""All that `dlkata stats` tells, computed once: what is known, what was done, what comes, what to repair."""

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

from dlkata.content.index import ConceptEntry
from dlkata.content.kata import Kata
from dlkata.content.library import Topic
from dlkata.content.question import Kind, Question
from dlkata.errors import DlkataError
from dlkata.progress.answers import BUG, KATA
from dlkata.progress.record import Record
from dlkata.progress.tallies import Day, Effort, Tallies
from dlkata.study.headway import FORTNIGHT, Progress, progress
from dlkata.study.mastery import Known, Mark, Mastery

WEEKS = 26  # of the calendar
AHEAD = 14  # days whose load is told
WEAK = 0.3  # of the questions met, by strength: below it a concept is to be repaired
MOST_TRAPS = 40  # that are looked at; what is known by now is passed over


@dataclass(frozen=True)
class ConceptRow:
    entry: ConceptEntry
    known: Known
    met: float  # strength of the questions that were met


@dataclass(frozen=True)
class TopicRow:
    topic: Topic
    known: Known
    marks: Mapping[Mark, int]  # how many concepts have which
    concepts: Sequence[ConceptRow]
    katas: int
    passed: int


@dataclass(frozen=True)
class TrapRow:
    question: Question
    option: int
    times: int


@dataclass(frozen=True)
class KataRow:
    kata: Kata
    mark: Mark
    effort: Effort


@dataclass(frozen=True)
class Load:
    """What falls due on a day; on today, what is due by now."""

    day: int
    questions: int
    katas: int


@dataclass(frozen=True)
class Statistics:
    day: int
    known: Known
    progress: Progress
    topics: Sequence[TopicRow]
    days: Sequence[Day]  # of the calendar, those on which something was done
    coming: Sequence[Load]
    weakest: Sequence[ConceptRow]
    traps: Sequence[TrapRow]
    katas: Sequence[KataRow]
    passed: int
    katas_of: int

    @property
    def fortnight(self) -> Day:
        """The last fourteen days together."""
        days = [day for day in self.days if day.day > self.day - FORTNIGHT]
        sums = [sum(getattr(day, name) for day in days) for name in ("right", "wrong", "seconds", "checks", "passes", "kata_seconds")]  # fmt: skip
        return Day(self.day, *sums)


def statistics(mastery: Mastery, record: Record | None, passed: set[str], begun: set[str]) -> Statistics:
    """`passed` and `begun`: names of katas."""
    library, day = mastery.library, mastery.day
    topics = list(_topics(mastery, passed))
    rows = [row for topic in topics for row in topic.concepts]
    weak = [row for row in rows if row.known.seen and row.known.mark is not Mark.KNOWN and row.met < WEAK]
    tallies = Tallies(record) if record is not None else None
    names = [kata.name for kata in library.katas]
    return Statistics(
        day=day,
        known=mastery.everything(),
        progress=progress(mastery, record),
        topics=topics,
        days=tallies.days(day - 7 * WEEKS, day) if tallies else [],
        coming=_coming(mastery),
        weakest=sorted(weak, key=lambda row: (row.met, row.entry.name)),
        traps=list(_traps(mastery, tallies)) if tallies else [],
        katas=list(_katas(mastery, tallies.efforts(names), begun)) if tallies else [],
        passed=len(passed),
        katas_of=len(names),
    )


def _topics(mastery: Mastery, passed: set[str]) -> Iterator[TopicRow]:
    library = mastery.library
    for topic in library.topics:
        entries = [e for e in library.index.concepts.values() if e.topic == topic.name and e.questions]
        entries.sort(key=lambda entry: (entry.order, entry.name))
        rows = [ConceptRow(e, mastery.of_concept(e), _met(mastery, e)) for e in entries]
        katas = [kata.name for kata in library.katas if kata.head.topic == topic.name]
        if rows or katas:
            marks = Counter(row.known.mark for row in rows)
            yield TopicRow(
                topic, mastery.topic(topic.name), marks, rows, len(katas), sum(k in passed for k in katas)
            )


def _met(mastery: Mastery, entry: ConceptEntry) -> float:
    met = [mastery.strength(name) for name in entry.ids() if name in mastery.cards]
    return sum(met) / len(met) if met else 0.0


def _coming(mastery: Mastery) -> list[Load]:
    """Today and the days behind it, whether something falls due or not."""
    loads: Counter[tuple[int, bool]] = Counter()
    index, katas = mastery.library.index, set(mastery.library.kata_names)
    for card in mastery.cards.values():
        kata = card.id.removeprefix(KATA) if card.id.startswith(KATA) else ""
        if not (kata in katas or card.id.startswith(BUG) or index.where(card.id)):
            continue  # its page is gone
        due = mastery.day if card.last > mastery.day + 1 else max(card.due, mastery.day)
        loads[due, bool(kata)] += 1
    days = range(mastery.day, mastery.day + AHEAD)
    return [Load(day, loads[day, False], loads[day, True]) for day in days]


def _traps(mastery: Mastery, tallies: Tallies) -> Iterator[TrapRow]:
    """Wrong options taken in questions that are not known yet, as they stand on the page today."""
    for trap in tallies.traps(MOST_TRAPS):
        if mastery.question(trap.question) is Mark.KNOWN:
            continue
        try:
            question = mastery.library.question(trap.question)
        except DlkataError:
            continue  # its page cannot be read just now
        if question is None or question.content != trap.content or question.parametric:
            continue
        if question.kind is not Kind.ORDER and trap.option < len(question.options):
            if not question.options[trap.option].right:
                yield TrapRow(question, trap.option, trap.times)


def _katas(mastery: Mastery, efforts: Sequence[Effort], begun: set[str]) -> Iterator[KataRow]:
    """Those that are begun first, then the last passed."""
    library = mastery.library
    by_name = {kata.name: kata for kata in library.katas}
    rows = [
        KataRow(by_name[e.kata], mastery.kata(e.kata, begun=e.kata in begun or e.checks > 0), e)
        for e in efforts
    ]
    yield from sorted(
        rows, key=lambda row: (row.effort.passes > 0, -(row.effort.last_day or 0), row.kata.name)
    )
