"""Proves a concept by running what it claims: printed output, evidence, draws, the experiment."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import partial
from typing import Any

from dlkata.author.concept_inspection import number_complaints
from dlkata.content.concept import Concept
from dlkata.content.question import Kind, Question
from dlkata.errors import DlkataError
from dlkata.laboratory.bench import Laboratory, Outcome
from dlkata.locale import LANGUAGES, _

DRAWS, LEAST_VARIANTS, PROVED_DRAWS = 50, 5, 5
# Of processor time, on one thread: authors are held to it, tests (on whatever machine) are not.
MOST_SECONDS = {"evidence": 3.0, "experiment": 6.0, "predict": 2.0}


@dataclass(frozen=True)
class Proof:
    """One claim that was run; `complaint` is None where it holds."""

    label: str
    complaint: str | None
    computing: float = 0.0  # seconds of processor time


def prove_concept(concept: Concept, bench: Laboratory) -> Iterator[Proof]:
    for part in concept.question_parts:
        try:
            question = concept.read(part)
        except DlkataError:
            continue  # inspection has said so
        yield from prove_question(concept, question, bench)
    if "worked" in concept.functions:
        outcome = _run("evidence", partial(bench.worked, concept.code_file))
        complaint = _ran(outcome, "evidence") or _worked_complaint(concept, outcome.value)
        yield Proof("worked", complaint, outcome.computing)
    if concept.has_experiment:
        for off in (False, True)[: 1 + concept.has_knob]:
            outcome = _run("experiment", partial(bench.experiment, concept.code_file, off=off))
            complaint = _experiment_complaint(outcome, knob=concept.has_knob)
            yield Proof("experiment --off" if off else "experiment", complaint, outcome.computing)


def prove_question(
    concept: Concept, question: Question, bench: Laboratory, draws: int = DRAWS
) -> Iterator[Proof]:
    stem = question.head.question
    if question.kind is Kind.PREDICT:
        yield from _predicted(question, bench)
    drawn: list[dict[str, Any]] = []
    if question.parametric:
        complaint, drawn = _draws(concept, question, bench, draws)
        yield Proof(f"{stem}_draw", complaint)
        if complaint is not None:
            return
    function = f"{stem}_evidence"
    if function not in concept.functions:
        return
    variants: list[dict[str, Any] | None] = [*drawn[:PROVED_DRAWS]] or [None]
    for number, values in enumerate(variants):
        outcome = _run("evidence", partial(bench.evidence, concept.code_file, function, values))
        complaint = _ran(outcome, "evidence") or _evidence_complaint(question, outcome.value)
        label = (
            function if values is None else f"{function}({', '.join(f'{k}={v}' for k, v in values.items())})"
        )
        yield Proof(label, complaint, outcome.computing)
        if complaint is not None and number == 0:
            return  # the other draws would say the same


def _predicted(question: Question, bench: Laboratory) -> Iterator[Proof]:
    answer = next(option.texts["en"] for option in question.options if option.right)[1:-1].strip()
    for seed in (0, 1):  # under another seed too: what is printed must not depend on chance
        outcome = _run("predict", partial(bench.printed, question.code, seed))
        complaint = _ran(outcome, "predict")
        if complaint is None and outcome.value.strip() != answer:
            complaint = _("prints `{printed}`, not `{answer}`.", printed=outcome.value.strip(), answer=answer)
        yield Proof(f"{question.head.question}, seed {seed}", complaint, outcome.computing)


def _run(what: str, claim: Callable[[], Outcome]) -> Outcome:
    """Run once more where it took too long: on a busy machine the same work costs more."""
    outcome = claim()
    if outcome.ok and outcome.computing > MOST_SECONDS[what]:
        again = claim()
        return min(outcome, again, key=lambda one: one.computing) if again.ok else again
    return outcome


def _ran(outcome: Outcome, what: str) -> str | None:
    if not outcome.ok:
        where = _("line {line}: ", line=outcome.line) if outcome.line else ""
        return where + outcome.error
    if outcome.computing > MOST_SECONDS[what]:
        return _("computes for {seconds:.1f} s; at most {most:g}.", seconds=outcome.computing, most=MOST_SECONDS[what])  # fmt: skip
    return None


def _evidence_complaint(question: Question, value: Any) -> str | None:
    expected = 1 if question.kind is Kind.ORDER else len(question.options)
    if not isinstance(value, list) or len(value) != expected:
        return _("returns {value}; a list of {count} entries is asked for.", value=value, count=expected)
    if any(entry not in (True, False, None) for entry in value):
        return _("returns {value}: entries are True, False or None.", value=value)
    for number, entry in enumerate(value, 1):
        right = question.kind is Kind.ORDER or question.options[number - 1].right
        if right and entry is not True and not (question.kind is Kind.RECALL and entry is None):
            return _("option {number} is marked right, but running it says {entry}.", number=number, entry=entry)  # fmt: skip
        if not right and entry is True:
            return _("option {number} is marked wrong, but running it says True.", number=number)
    if question.kind in (Kind.ORDER, Kind.RECALL):
        return None if True in value else _("nothing is run: every entry is None.")
    return None if False in value else _("no wrong option is refuted: at least one False is asked for.")


def _draws(
    concept: Concept, question: Question, bench: Laboratory, draws: int
) -> tuple[str | None, list[dict[str, Any]]]:
    """The complaint, if any, and the draws without repetitions."""
    function = f"{question.head.question}_draw"
    drawn: list[dict[str, Any]] = []
    for seed in range(draws):
        outcome = bench.draw(concept.code_file, function, seed)
        if (complaint := _ran(outcome, "evidence")) is not None:
            return complaint, drawn
        complaint = _draw_complaint(question, outcome.value)
        if complaint is not None:
            return _("draw {seed}: {complaint}", seed=seed, complaint=complaint), drawn
        if seed == 0 and bench.draw(concept.code_file, function, 0).value != outcome.value:
            return _("draws other numbers from the same seed."), drawn
        if outcome.value not in drawn:
            drawn.append(outcome.value)
    if len(drawn) < LEAST_VARIANTS and draws == DRAWS:
        return _("{count} variants in {draws} draws; at least {least} are asked for.", count=len(drawn), draws=DRAWS, least=LEAST_VARIANTS), drawn  # fmt: skip
    return None, drawn


def _draw_complaint(question: Question, values: Any) -> str | None:
    if not isinstance(values, dict) or any(isinstance(v, bool) or not isinstance(v, (str, int, float)) for v in values.values()):  # fmt: skip
        return _("returns {value}; a dict of strings and numbers is asked for.", value=values)
    if missing := sorted(question.placeholders - set(values)):
        return _("{names} not drawn.", names=", ".join(missing))
    filled = question.filled(values)
    for lang in LANGUAGES:
        texts = [option.texts[lang] for option in filled.options]
        if len(set(texts)) < len(texts):
            return _("two options are the same: {texts}", texts=" · ".join(texts))
    if question.kind is Kind.NUMBER:
        return next(number_complaints(filled), None)
    return None


def _worked_complaint(concept: Concept, value: Any) -> str | None:
    """What the worked example comes to stands in the explanation, in both languages."""
    if not isinstance(value, list) or not value or not all(isinstance(text, str) and text for text in value):
        return _("returns {value}; a list of texts is asked for.", value=value)
    for lang in LANGUAGES:
        for text in value:
            if text not in concept.explanation[lang].body:
                return _("`{text}` does not stand in the {lang} explanation.", text=text, lang=lang)
    return None


def _experiment_complaint(outcome: Outcome, *, knob: bool) -> str | None:
    complaint = _ran(outcome, "experiment")
    if complaint is not None:
        return complaint
    from dlkata.ui.experiment import shape_complaint

    if knob and "off" not in outcome.value:
        return _("does not say under `off` what `--off` changes.")
    return shape_complaint(outcome.value)
