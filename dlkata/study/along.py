"""Where the learner stands along a path: what of it is known, what of it is solved, and what comes next."""

from collections.abc import Sequence
from dataclasses import dataclass

from dlkata.content.index import ConceptEntry
from dlkata.content.kata import Kata
from dlkata.content.learning_path import LearningPath
from dlkata.content.library import Library
from dlkata.study.mastery import Known, Mark, Mastery
from dlkata.study.next_step import Standing, Status


@dataclass(frozen=True)
class Reached:
    """One stage. What it names and is not there (a pack was taken away) is left out."""

    title: str
    concepts: Sequence[tuple[ConceptEntry, Known]]
    katas: Sequence[tuple[Kata, Mark]]


@dataclass(frozen=True)
class Along:
    path: LearningPath
    stages: Sequence[Reached]
    solved: int
    next_concept: ConceptEntry | None
    next_kata: Kata | None

    @property
    def concepts(self) -> list[tuple[ConceptEntry, Known]]:
        return [one for stage in self.stages for one in stage.concepts]

    @property
    def katas(self) -> list[tuple[Kata, Mark]]:
        return [one for stage in self.stages for one in stage.katas]

    @property
    def known(self) -> int:
        return sum(known.mark is Mark.KNOWN for _entry, known in self.concepts)


def along(path: LearningPath, library: Library, standing: Standing, known: Mastery) -> Along:
    katas = {kata.name: kata for kata in standing.katas}
    entries = library.index.concepts
    stages = [
        Reached(
            stage.title,
            [(entries[name], known.concept(name)) for name in stage.concepts if name in entries],
            [
                (katas[name], known.kata(name, begun=name in standing.begun))
                for name in stage.katas
                if name in katas
            ],
        )
        for stage in path.head.stages
    ]
    ahead = [entry for stage in stages for entry, here in stage.concepts if here.mark is not Mark.KNOWN]
    ahead.sort(
        key=lambda entry: known.concept(entry.name).mark is not Mark.NEW
    )  # what is met comes back by itself
    open_ones = [kata for stage in stages for kata, _mark in stage.katas if kata.name not in standing.passed]
    begun = [kata for kata in open_ones if standing.status(kata) is Status.STARTED]
    solved = len({kata.name for stage in stages for kata, _mark in stage.katas} & standing.passed)
    return Along(path, stages, solved, next(iter(ahead), None), next(iter(begun or open_ones), None))
