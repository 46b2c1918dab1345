"""What the bank holds, by topic: concepts, questions, kinds, levels; and whether lengths give answers away."""

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field

from dlkata.author.concept_inspection import lengths
from dlkata.author.guessing import columns, majority_guess
from dlkata.content.concept import Concept
from dlkata.content.question import Kind
from dlkata.errors import DlkataError
from dlkata.locale import LANGUAGES, _

MOST_LONGEST = 0.4  # of the choice questions may have the right option as their longest
MOST_MAJORITY = 0.3  # of those of several parts may have as their right option the one that shares most
LEAST_JUDGED = 10  # questions; fewer say nothing about a bank


@dataclass
class Coverage:
    """Counts over some concepts."""

    concepts: int = 0
    questions: int = 0
    kinds: Counter[str] = field(default_factory=Counter)
    levels: Counter[int] = field(default_factory=Counter)
    parametric: int = 0
    evidence: int = 0  # questions whose answer is run: evidence, or a block that prints
    why: int = 0
    traps: int = 0
    scenarios: int = 0
    experiments: int = 0
    longest: Counter[str] = field(default_factory=Counter)  # by language: the right option is the longest
    first: int = 0  # the right option stands first
    multi_part: Counter[str] = field(default_factory=Counter)  # options that share parts
    majority: Counter[str] = field(default_factory=Counter)  # and the right one shares most
    judged: int = 0  # choice questions that count for the two above
    missing: set[str] = field(default_factory=set)  # concepts and katas that are named and not there

    def add(self, concept: Concept) -> None:
        self.concepts += 1
        self.experiments += concept.has_experiment
        for part in concept.question_parts:
            try:
                question = concept.read(part)
            except DlkataError:
                continue  # `author check` says what is wrong with it
            self.questions += 1
            self.kinds[question.kind.value] += 1
            self.levels[question.head.level] += 1
            self.parametric += question.parametric
            self.evidence += (
                question.kind is Kind.PREDICT or f"{question.head.question}_evidence" in concept.functions
            )
            self.why += question.head.why or question.kind is Kind.PREDICT
            self.traps += question.head.trap
            self.scenarios += question.head.scenario
            if question.kind is Kind.CHOICE:
                self.judged += 1
                self.first += question.options[0].right
                for lang in LANGUAGES:
                    right, wrong = lengths(question, lang)
                    self.longest[lang] += max(right) > max(wrong)
                    self.multi_part[lang] += bool(columns(question, lang))
                    self.majority[lang] += majority_guess(question, lang) in question.right

    @property
    def aloud(self) -> int:
        return self.kinds[Kind.RECALL.value]

    @property
    def weighed_level_3(self) -> int:
        """Questions of level 3, those that start from a symptom counted twice."""
        return self.levels[3] + self.scenarios

    def as_json(self) -> dict[str, object]:
        return {
            "concepts": self.concepts,
            "questions": self.questions,
            "kinds": dict(sorted(self.kinds.items())),
            "levels": {str(level): count for level, count in sorted(self.levels.items())},
            "weighed_level_3": self.weighed_level_3,
            "parametric": self.parametric,
            "evidence": self.evidence,
            "why": self.why,
            "traps": self.traps,
            "scenarios": self.scenarios,
            "aloud": self.aloud,
            "experiments": self.experiments,
            "choice": {
                "questions": self.judged,
                "right_longest": dict(self.longest),
                "right_first": self.first,
                "multi_part": dict(self.multi_part),
                "majority_is_right": dict(self.majority),
            },
        }


def cover(concepts: Sequence[Concept], katas: Sequence[str]) -> tuple[Coverage, dict[str, Coverage]]:
    """Over everything, and by topic in the order in which the topics come."""
    total, topics = Coverage(), dict[str, Coverage]()
    stems = {concept.stem for concept in concepts}
    for concept in concepts:
        for coverage in (total, topics.setdefault(concept.topic, Coverage())):
            coverage.add(concept)
            coverage.missing |= {name for name in concept.head.after if name not in stems}
            if concept.head.kata and concept.head.kata not in katas:
                coverage.missing.add(concept.head.kata)
    return total, topics


def guessing_complaints(total: Coverage) -> list[str]:
    """Whether length alone, or what most options share, tells the answer over the whole bank."""
    complaints = []
    for lang in LANGUAGES:
        longest, judged = total.longest[lang], total.judged
        if judged >= LEAST_JUDGED and longest > MOST_LONGEST * judged:
            complaints.append(_("the {lang} right option is the longest in {share:.0%} of {count} choice questions; at most {most:.0%}.",
                                lang=lang, share=longest / judged, count=judged, most=MOST_LONGEST))  # fmt: skip
        majority, several = total.majority[lang], total.multi_part[lang]
        if several >= LEAST_JUDGED and majority > MOST_MAJORITY * several:
            complaints.append(_("the {lang} right option shares most with the others in {share:.0%} of {count} questions of several parts; at most {most:.0%}.",
                                lang=lang, share=majority / several, count=several, most=MOST_MAJORITY))  # fmt: skip
    return complaints
