"""What a test-wise learner could guess without knowing anything: by length, or by what most options share."""

import re
from collections import Counter

from dlkata.content.question import Kind, Question
from dlkata.ui.wrap import joined

# Where an option of several parts is cut: clauses, or two things joined by "and".
CUT = re.compile(r"[,;:，；：。]\s*|\s+(?:and|but|while|whereas|so|because)\s+|、")
FEWEST_SHARING = 2


def parts(text: str) -> list[str]:
    return [part.strip().rstrip(".").lower() for part in CUT.split(joined(text.split("\n"))) if part.strip()]


def columns(question: Question, lang: str) -> list[Counter[str]]:
    """What stands at each place of options that are made of the same parts; nothing where they are not."""
    if question.kind is not Kind.CHOICE:
        return []
    split = [parts(option.texts[lang]) for option in question.options]
    if len({len(one) for one in split}) != 1 or len(split[0]) < 2:
        return []
    found = [Counter(column) for column in zip(*split, strict=True)]
    return found if all(max(column.values()) >= FEWEST_SHARING for column in found) else []


def majority_guess(question: Question, lang: str) -> int | None:
    """The option that shares most of its parts with others; None where no single one stands out."""
    counted = columns(question, lang)
    if not counted:
        return None
    split = [parts(option.texts[lang]) for option in question.options]
    shared = [sum(count[part] for count, part in zip(counted, one, strict=True)) for one in split]
    best = max(shared)
    return shared.index(best) if shared.count(best) == 1 else None
