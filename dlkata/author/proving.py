"""Proves content in full and writes what was proved into its certificate."""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from time import sleep

from dlkata.author import certificate
from dlkata.author.alarms import measure_alarms
from dlkata.author.certificate import Figures
from dlkata.author.concept_inspection import inspect_concept
from dlkata.author.concept_proof import prove_concept
from dlkata.author.inspection import inspect
from dlkata.author.proof import SEEDS, Graded, Proof, attempts, listed_bugs, prove_kata, prove_names
from dlkata.author.survival import survival
from dlkata.content.concept import Concept
from dlkata.content.kata import Kata
from dlkata.content.library import Library
from dlkata.content.proved import table_of
from dlkata.grading.client import ping
from dlkata.grading.wire import Line
from dlkata.laboratory.bench import Laboratory
from dlkata.locale import _

OpenLine = Callable[[], Line]
LEAST_NAMED = 0.8  # of the wrong attempts that carry a listed mistake


@dataclass
class Outcome:
    """What came of proving one thing: nothing to complain of is a certificate."""

    name: str
    complaints: list[str] = field(default_factory=list)
    figures: Figures = field(default_factory=dict)


def kata_complaint(kata: Kata) -> str | None:
    """Why its certificate does not hold; None where it does."""
    now = Digests.of(kata)
    return certificate.complaint(certificate.read(certificate.kata_file(kata)), now.judging, now.naming)


def prove_stale_kata(
    kata: Kata, library: Library, open_line: OpenLine, workers: int, *, keep: bool = True
) -> Outcome:
    """No more than has changed since it was proved; all of it where that is nothing."""
    if only_names_are_stale(kata):
        return prove_kata_names(kata, open_line, workers, keep=keep)
    return prove_whole_kata(kata, library, open_line, workers, keep=keep)


def prove_whole_kata(
    kata: Kata, library: Library, open_line: OpenLine, workers: int, *, keep: bool = True
) -> Outcome:
    """Files, claims under five seeds, other people's attempts, mutants. If all hold, a certificate is written."""
    found = Outcome(kata.name, inspect(kata, library))
    if found.complaints:
        return found
    proved = Digests.of(kata)
    before = _computing(open_line)
    proofs = list(prove_kata(kata, open_line, workers))
    names = _hold(kata, proofs, found)
    mutants = survival(kata, open_line, workers)
    found.complaints += [
        _("mutant of line {line} lives: {after}", line=mutant.line, after=mutant.after)
        for mutant in mutants.survivors
    ]
    found.complaints += [
        _("not equivalent: `{line}` → `{becomes}`: {reason}", line=s.entry.line, becomes=s.entry.becomes, reason=s.reason)
        for s in mutants.stale
    ]  # fmt: skip
    found.figures = {
        "seeds": len(SEEDS),
        "right_accepted": len(attempts(kata, "right")),
        **names,
        "mutants_killed": sum(mutants.killed.values()),
        "mutants_explained": len(mutants.explained),
        "cpu_seconds": round(_computing(open_line) - before, 1),
    }
    if not keep:  # a test run: bounds take minutes, and are measured for a certificate alone
        return found
    bounds = _bounds(kata, open_line)
    found.complaints += bounds.complaints
    found.figures |= bounds.figures
    _keep(kata, found, proved, proofs)
    return found


def prove_kata_names(kata: Kata, open_line: OpenLine, workers: int, *, keep: bool = True) -> Outcome:
    """Anew what is said of its mistakes, where all else of its certificate still holds."""
    found = Outcome(kata.name)
    proved = Digests.of(kata)
    kept = certificate.read(certificate.kata_file(kata))
    before = _computing(open_line)
    proofs = list(prove_names(kata, open_line, workers))
    names = _hold(kata, proofs, found)
    seconds: Figures = {"names_cpu_seconds": round(_computing(open_line) - before, 1)}
    found.figures = (kept.figures if kept else {}) | names | seconds
    if keep:
        _keep(kata, found, proved, proofs)
    return found


def only_names_are_stale(kata: Kata) -> bool:
    """Its certificate would hold, had nothing changed of what gives mistakes their names."""
    kept, now = certificate.read(certificate.kata_file(kata)), Digests.of(kata)
    if kept is None or kept.naming == now.naming:
        return False
    return certificate.complaint(kept, now.judging, kept.naming) is None


@dataclass(frozen=True)
class Digests:
    """Of a kata as it was when its proof began."""

    judging: str
    naming: str

    @classmethod
    def of(cls, kata: Kata) -> "Digests":
        judging = certificate.kata_digest(kata)
        return cls(judging, certificate.naming_digest(kata, judging))


def _hold(kata: Kata, proofs: Sequence[Proof], found: Outcome) -> Figures:
    """What came of the claims, those about wrong attempts last; whatever does not hold is complained of."""
    found.complaints += [f"{claim.label} {broken}" for claim, _graded, broken in proofs if broken]
    wrong = attempts(kata, "wrong")
    last = [graded for _claim, graded, _broken in proofs[len(proofs) - len(wrong) :]]
    listed, hit = count_named(list(zip(wrong, last, strict=True)))
    if hit < LEAST_NAMED * listed:
        found.complaints.append(
            _("{hit} of {listed} wrong attempts with a listed mistake are named.", hit=hit, listed=listed)
        )
    return {
        "bugs": len(kata.solution.bugs),
        "spellings_named": sum(len(bug.spellings) for bug in kata.solution.bugs),
        "wrong_rejected": len(wrong),
        "wrong_listed": listed,
        "wrong_named": hit,
    }


def _keep(kata: Kata, found: Outcome, proved: Digests, proofs: Sequence[Proof]) -> None:
    if proved != Digests.of(kata):
        found.complaints.append(_("was changed, or the engine was, while it was proved: prove it again"))
    if not found.complaints:
        file = certificate.kata_file(kata)
        fails = {named.label: named.failed for _claim, graded, _broken in proofs for named in graded.named}
        table = table_of(kata.root, kata.stem, fails)
        certificate.write(file, proved.judging, found.figures, naming=proved.naming, fails=table)


def _bounds(kata: Kata, open_line: OpenLine) -> "MeasuredBounds":
    """Of those that depend on chance: measured once for a suite and its reference, for it takes minutes."""
    digest = certificate.bounds_digest(kata)
    before = certificate.read(certificate.kata_file(kata))
    if before is not None and before.intact and before.figures.get("bounds_digest") == digest:
        kept = {name: figure for name, figure in before.figures.items() if name.startswith("bounds")}
        return MeasuredBounds(kept, [])
    computing = _computing(open_line)
    measured = measure_alarms(kata, open_line)
    figures: Figures = {
        "bounds": measured.bounds,
        "bounds_least_deviations": "none vary" if measured.least is None else round(measured.least, 1),
        "bounds_digest": digest,
        "bounds_cpu_seconds": round(_computing(open_line) - computing, 1),
    }
    return MeasuredBounds(figures, measured.complaints)


@dataclass(frozen=True)
class MeasuredBounds:
    figures: Figures
    complaints: list[str]


def count_named(graded: Sequence[tuple[Path, Graded]]) -> tuple[int, int]:
    """How many wrong attempts carry a listed mistake, and how many of those get its name."""
    listed = [
        (bugs, found) for file, found in graded if (bugs := listed_bugs(file.read_text(encoding="utf-8")))
    ]
    return len(listed), sum(set(found.bugs) == bugs for bugs, found in listed)


def _computing(open_line: OpenLine) -> float:
    """Seconds of processor time that the host's checks took; one that has just answered is still about to end."""
    for _try in range(100):
        answer = ping(open_line())
        if answer is None or not answer.working:
            break
        sleep(0.02)
    return answer.computing if answer else 0.0


# ---------------------------------------------------------------- topics


@dataclass(frozen=True)
class Topic:
    """The concepts of one topic that lie in one root, with what was proved of them."""

    name: str
    root: Path
    concepts: Sequence[Concept]

    @property
    def file(self) -> Path:
        return certificate.topic_file(self.root, self.name)

    @property
    def digests(self) -> dict[str, str]:
        return {concept.name: certificate.concept_digest(concept) for concept in self.concepts}

    def complaint(self) -> str | None:
        digest = certificate.topic_digest(self.digests.values())
        return certificate.complaint(certificate.read(self.file), digest)

    def proved(self) -> dict[str, Figures]:
        """What the certificate says of the concepts that have not changed."""
        found = certificate.read(self.file)
        if found is None or certificate.complaint(found, found.digest) is not None:
            return {}
        now = self.digests
        return {
            name: figures
            for name, figures in found.concepts.items()
            if figures.get("digest") == now.get(name)
        }


def topics(library: Library) -> list[Topic]:
    found: dict[tuple[str, Path], list[Concept]] = {}
    for concept in library.readable_concepts:
        found.setdefault((concept.topic, concept.file.parents[2]), []).append(concept)
    return [Topic(name, root, concepts) for (name, root), concepts in found.items()]


def prove_topic(
    topic: Topic, library: Library, bench: Laboratory, again: Sequence[str] | None = None
) -> Iterator[Outcome]:
    """Its concepts that have changed, or those of `again`; a certificate is written if all of the topic hold."""
    known = topic.proved()
    figures: dict[str, Figures] = {}
    for concept in topic.concepts:
        if concept.name in known and (again is None or concept.name not in again):
            figures[concept.name] = known[concept.name]
            continue
        digest = certificate.concept_digest(concept)
        found = prove_whole_concept(concept, library, bench)
        if not found.complaints:
            figures[concept.name] = {"digest": digest, **found.figures}
        yield found
    if len(figures) == len(topic.concepts):
        digest = certificate.topic_digest(str(entry["digest"]) for entry in figures.values())
        certificate.write(topic.file, digest, _sums(figures), concepts=figures)


def prove_whole_concept(concept: Concept, library: Library, bench: Laboratory) -> Outcome:
    found = Outcome(concept.name, inspect_concept(concept, library))
    proofs = list(prove_concept(concept, bench))
    found.complaints += [f"{proof.label}: {proof.complaint}" for proof in proofs if proof.complaint]
    found.figures = {
        "questions": len(concept.question_parts),
        "claims_run": len(proofs),
        "cpu_seconds": round(sum(proof.computing for proof in proofs), 1),
    }
    return found


def _sums(figures: dict[str, Figures]) -> Figures:
    sums: Figures = {"concepts": len(figures)}
    for name in ("questions", "claims_run", "cpu_seconds"):
        sums[name] = round(sum(float(entry[name]) for entry in figures.values()), 1)
    return sums
