"""What can be said of a concept's page without running anything: one sentence for each thing that is not right."""

import re
from collections import Counter
from collections.abc import Iterator, Sequence
from statistics import mean

from dlkata.author.inspection import CHINESE
from dlkata.content.concept import Concept
from dlkata.content.library import Library
from dlkata.content.question import PYTHON_BLOCK, Kind, Question, as_number, same_number
from dlkata.errors import DlkataError
from dlkata.locale import LANGUAGES, _

LEAST_QUESTIONS = 2
MOST_SENTENCES, MOST_CHARACTERS = 2, 300
MOST_LONGER = 1.6  # times the mean of the wrong options
SHORT = 16  # cells: options of a word or two are not compared by length
WIDEST = 76  # columns of code and formulas
CATCH_ALL = re.compile(
    r"\b(all|none|both|neither) of the (above|others?|options)\b|以上(都|皆|全|均|选项)|都(对|不对|正确|错)[。.]?$", re.IGNORECASE
)  # fmt: skip
INLINE_LATEX = re.compile(r"(?<![\$\w])\$[^$\n]+\$(?![\$\w])")
HALF_WIDTH = re.compile(r"[\u4e00-\u9fff][,;:?!](?=[\s\u4e00-\u9fff]|$)")
CODE = re.compile(r"`[^`]*`")
ABBREVIATION = re.compile(r"\b(e\.g|i\.e|cf|vs|etc|approx|resp)\.", re.IGNORECASE)
SENTENCE_END = re.compile(r"[.!?](?=[\s)\"”]+\S|[)\"”]*$)|[。！？]")


def inspect_concept(concept: Concept, library: Library) -> list[str]:
    """Every complaint about a concept's page."""
    complaints = list(_page(concept, library))
    questions: list[Question] = []
    for part in concept.question_parts:
        try:
            questions.append(concept.read(part))
        except DlkataError as error:
            complaints.append(f"{error.message} {error.remedy}")
    complaints += _questions(concept, questions)
    for question in questions:
        complaints += [f"{question.head.question}: {complaint}" for complaint in _question(question)]
    return complaints


def _page(concept: Concept, library: Library) -> Iterator[str]:
    from dlkata.ui.page import blocks

    if concept.topic not in {topic.name for topic in library.topics}:
        yield _("{file}: there is no topic `{name}`.", file=concept.file, name=concept.topic)
    entries = library.index.concepts.values()
    for entry in entries:
        if entry.name != concept.name and (entry.topic, entry.order) == (concept.topic, concept.head.order):
            yield _("{file}: `{name}` has the same topic and order.", file=concept.file, name=entry.name)
    if library.concept_names.count(concept.name) > 1:
        yield _("{file}: another topic has a concept of this name.", file=concept.file)
    english, chinese = (concept.explanation[lang].body for lang in LANGUAGES)
    yield from _languages(english, chinese, must=True)
    shapes = [Counter(kind for kind, _lines in blocks(body)) for body in (english, chinese)]
    if shapes[0] != shapes[1]:
        yield _(
            "{file}: the two languages are not parallel: {en} against {zh}.",
            file=concept.file,
            en=dict(shapes[0]),
            zh=dict(shapes[1]),
        )
    for body in (english, chinese):
        yield from _readable(body)


def _questions(concept: Concept, questions: Sequence[Question]) -> Iterator[str]:
    if len(concept.question_parts) < LEAST_QUESTIONS:
        yield _("{count} questions; at least {least} are asked for.", count=len(concept.question_parts), least=LEAST_QUESTIONS)  # fmt: skip
    if questions and not any(q.head.why or q.kind is Kind.PREDICT for q in questions):
        yield _("no question asks why (`why = true`) or what is printed (predict).")
    predicting = [question for question in questions if question.head.predicts]
    if len(predicting) > 1 or any(question.kind is not Kind.CHOICE for question in predicting):
        yield _("one question `predicts`, and it is a choice.")
    if predicting and not concept.has_experiment:
        yield _("`predicts`, but there is no experiment.")
    stems = Counter(question.head.question for question in questions)
    former = Counter(old for question in questions for old in question.head.was)
    for stem, times in (stems + former).items():
        if times > 1:
            yield _("two questions are, or were, called `{name}`.", name=stem)
    if len(questions) == len(concept.question_parts):
        for function in sorted(concept.functions):
            stem, _line, role = function.rpartition("_")
            if role in ("evidence", "draw") and stem not in stems:
                yield _("`{function}` belongs to no question.", function=function)


def _question(question: Question) -> Iterator[str]:
    yield from _languages(question.prompts["en"], question.prompts["zh"], must=True)
    entries = [*question.options, *filter(None, (question.weak, question.follow_up))]
    for option in entries:
        yield from _languages(option.texts["en"], option.texts["zh"], must=False)
        yield from _languages(option.feedbacks["en"], option.feedbacks["zh"], must=True)
    for lang in LANGUAGES:
        yield from _readable(question.prompts[lang])
        for option in entries:
            for text in (option.texts[lang], option.feedbacks[lang]):
                if found := INLINE_LATEX.search(CODE.sub("", text)):
                    yield _("inline math is Unicode, not LaTeX: {text}", text=found.group())
    yield from _feedback(question)
    yield from _texts(question)
    if question.kind in (Kind.CHOICE, Kind.MULTI):
        yield from _balance(question)
    elif question.kind is Kind.PREDICT:
        yield from _predict(question)
    elif question.kind is Kind.NUMBER and not question.parametric:
        yield from number_complaints(question)
    if question.placeholders and not question.parametric:
        names = ", ".join(sorted(question.placeholders))
        yield _("placeholders {names} but no `{function}`.", names=names, function=f"{question.head.question}_draw")  # fmt: skip
    if question.parametric and not question.placeholders:
        yield _("`{function}` has no placeholder to fill.", function=f"{question.head.question}_draw")


def _languages(english: str, chinese: str, *, must: bool) -> Iterator[str]:
    """`must`: the Chinese text has to hold Chinese; an option may be a bare number in both."""
    if CHINESE.search(english):
        yield _("Chinese in the English text: {text}", text=english[:50])
    if bool(english) != bool(chinese):
        yield _("said in one language only: {text}", text=(english or chinese)[:50])
    elif must and english and not CHINESE.search(chinese):
        yield _("no Chinese in the Chinese text: {text}", text=chinese[:50])
    if found := HALF_WIDTH.search(CODE.sub("", PYTHON_BLOCK.sub("", chinese))):
        yield _("half-width punctuation in Chinese: {text}", text=found.group())


def _readable(body: str) -> Iterator[str]:
    """Formulas that draw, and nothing wider than a screen."""
    from rich.cells import cell_len

    from dlkata.ui.math import try_draw
    from dlkata.ui.page import blocks

    for kind, lines in blocks(body):
        if kind == "math":
            drawn = try_draw("\n".join(lines))
            if drawn is None:
                yield _("this formula cannot be drawn: {latex}", latex=" ".join(lines))
            elif max(map(cell_len, drawn)) > WIDEST:
                yield _("this formula is wider than {width} columns: {latex}", width=WIDEST, latex=" ".join(lines))  # fmt: skip
        elif kind == "code":
            for line in lines:
                if cell_len(line) > WIDEST:
                    yield _("this line of code is wider than {width} columns: {line}", width=WIDEST, line=line)  # fmt: skip
        elif found := INLINE_LATEX.search(CODE.sub("", "\n".join(lines))):
            yield _("inline math is Unicode, not LaTeX: {text}", text=found.group())


def _feedback(question: Question) -> Iterator[str]:
    for option in filter(None, (question.weak, question.follow_up)):
        if not all(option.feedbacks.values()):
            yield _("no answer below: {text}", text=option.texts["en"])
    for number, option in enumerate(question.options, 1):
        for lang in LANGUAGES:
            feedback = option.feedbacks[lang]
            if not feedback and question.kind not in (Kind.ORDER, Kind.RECALL):
                yield _("option {number} has no feedback.", number=number)
                break
            if len(feedback) > MOST_CHARACTERS:
                yield _("the {lang} feedback of option {number} has {count} characters; at most {most}.", lang=lang, number=number, count=len(feedback), most=MOST_CHARACTERS)  # fmt: skip
            if (count := sentences(feedback)) > MOST_SENTENCES:
                yield _("the {lang} feedback of option {number} has {count} sentences; at most {most}.", lang=lang, number=number, count=count, most=MOST_SENTENCES)  # fmt: skip


def sentences(text: str) -> int:
    text = ABBREVIATION.sub(r"\1", CODE.sub("x", text.replace("\n", " "))).strip()
    ends = len(SENTENCE_END.findall(text))
    return ends if not text or SENTENCE_END.search(text[-2:]) else ends + 1


def _texts(question: Question) -> Iterator[str]:
    for lang in LANGUAGES:
        texts = [option.texts[lang].strip() for option in question.options]
        for text in texts:
            if CATCH_ALL.search(text):
                yield _("no catch-all options: {text}", text=text)
        if len(set(texts)) < len(texts):
            yield _("two {lang} options are the same.", lang=lang)


def _balance(question: Question) -> Iterator[str]:
    for lang in LANGUAGES:
        right, wrong = lengths(question, lang)
        if max([*right, *wrong]) < SHORT:
            continue
        average = mean(wrong)
        if max(right) > MOST_LONGER * average:
            yield _("the {lang} right option is {times:.1f} times as long as the wrong ones; at most {most}.", lang=lang, times=max(right) / average, most=MOST_LONGER)  # fmt: skip


def lengths(question: Question, lang: str) -> tuple[list[int], list[int]]:
    """Cells of the right options and of the wrong ones."""
    from rich.cells import cell_len

    sizes = [(option.right, cell_len(option.texts[lang].replace("`", ""))) for option in question.options]
    return [n for right, n in sizes if right], [n for right, n in sizes if not right]


def _predict(question: Question) -> Iterator[str]:
    blocks = {lang: PYTHON_BLOCK.findall(question.prompts[lang]) for lang in LANGUAGES}
    if len(blocks["en"]) != 1 or blocks["en"] != blocks["zh"]:
        yield _("a predict question has one ```python block, the same in both languages.")
    for option in question.options:
        for text in option.texts.values():
            if not (text.startswith("`") and text.endswith("`") and len(text) > 2):
                yield _("what is printed stands inside backquotes: {text}", text=text)


def number_complaints(question: Question) -> Iterator[str]:
    """The values of a number question: numbers, and far enough apart."""
    texts = [option.texts["en"] for option in question.options]
    values = [as_number(text) for text in texts]
    for text, value in zip(texts, values, strict=True):
        if value is None:
            yield _("`{text}` is no number.", text=text)
    numbers = [value for value in values if value is not None]
    for position, value in enumerate(numbers):
        for other in numbers[:position]:
            if same_number(value, other, question.head.tolerance):
                yield _("{one} and {other} are the same within the tolerance.", one=value, other=other)
    if [option.texts["zh"] for option in question.options] != texts:
        yield _("the values of the two languages differ.")
