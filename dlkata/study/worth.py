"""What is worth learning first: along a path as it stands, else what most paths and katas lead through."""

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from dlkata.content.index import ConceptEntry, QuestionEntry
from dlkata.content.kata import Kata
from dlkata.content.library import Library
from dlkata.content.question import Kind
from dlkata.progress.plans import Plans
from dlkata.progress.record import Record

# What an interviewer asks first: to explain, then aloud; a definition, or a derivation, where there is time for it.
AS_ASKED = {2: 0, 1: 2, 3: 3}
ALOUD = 1


@dataclass(frozen=True)
class Scope:
    """What a plan is about, the most valuable first."""

    concepts: Sequence[ConceptEntry]
    katas: Sequence[Kata]


def scope_of(library: Library, path: str) -> Scope:
    """Of a path; of all there is, where none is named or it is gone."""
    entries, katas = library.index.concepts, {kata.name: kata for kata in library.katas}
    if path in library.path_names:
        chosen = library.path(path)
        return Scope(
            [entries[name] for name in chosen.concepts if name in entries],
            [katas[name] for name in chosen.katas if name in katas],
        )
    concepts, on_paths = _worth(library)
    in_order = sorted(
        (entry for entry in library.index.concepts.values() if entry.questions),
        key=lambda entry: (-concepts[entry.name], _topics(library).get(entry.topic, 10**6), entry.order),
    )
    kata_order = sorted(library.katas, key=lambda kata: (-on_paths[kata.name], kata.head.level))
    after = {entry.name: entry.after for entry in in_order}
    return Scope(
        [entries[name] for name in _foundations_first(after)],
        [katas[name] for name in _foundations_first({k.name: k.head.after for k in kata_order})],
    )


def planned_katas(library: Library, record: Record, day: int) -> list[str]:
    """Of the path that the learner's plan is along; none where it is along none, or there is no plan."""
    aim = Plans(record).aim()
    if aim is None or day >= aim.until or aim.path not in library.path_names:
        return []
    return library.path(aim.path).katas


def _topics(library: Library) -> dict[str, int]:
    return {topic.name: topic.order for topic in library.topics}


def _worth(library: Library) -> tuple[Counter[str], Counter[str]]:
    """Of concepts, by how many paths and katas lead through them and how many others build on them; of katas, by
    the paths."""
    concepts, katas = Counter[str](), Counter[str]()
    for path in library.paths:
        for name in path.concepts:
            concepts[name] += 4
        katas.update(path.katas)
    for kata in library.katas:
        for name in kata.head.concepts:
            concepts[name] += 2
    for entry in library.index.concepts.values():
        concepts.update(entry.after)
    return concepts, katas


def _foundations_first(after: Mapping[str, Sequence[str]]) -> list[str]:
    """In the order given, but each behind what it builds on."""
    order: dict[str, None] = {}
    waiting: set[str] = set()

    def place(name: str) -> None:
        if name in order or name in waiting or name not in after:
            return
        waiting.add(name)
        for other in after[name]:
            place(other)
        order[name] = None

    for name in after:
        place(name)
    return list(order)


def ranked(concept: ConceptEntry) -> list[QuestionEntry]:
    """A concept's questions, those an interviewer asks first in front."""
    return sorted(concept.questions, key=lambda q: ALOUD if q.kind is Kind.RECALL else AS_ASKED[q.level])
