"""What the learner says of their own answer, as points and as the schedule hears it."""

import re
import unicodedata

from dlkata.study.asking import LETTERS
from dlkata.study.scheduler import AGAIN, GOOD, HARD

SHARES = {1: 0.0, 2: 0.5, 3: 0.8, 4: 1.0}  # little, half, most, all
ALL, NONE = ("all", "全部", "*"), ("", "none", "无", "没有")
MOST_OF_IT = 0.6


def points_made(typed: str, count: int) -> set[int] | None:
    """Which of the key points were made: `a c`, `all`, nothing; None where it makes no sense."""
    text = unicodedata.normalize("NFKC", typed).strip().lower()
    if text in ALL:
        return set(range(count))
    if text in NONE:
        return set()
    letters = re.sub(r"[\s,;、]+", "", text)
    places = [LETTERS.find(letter) for letter in letters]
    return set(places) if all(0 <= place < count for place in places) else None


def grade_of(share: float, *, hint: bool) -> int:
    """Some of it is no forgetting, and all of it no proof that it was easy."""
    if share == 0:
        return AGAIN
    return HARD if hint or share < MOST_OF_IT else GOOD


def share_of_grade(grade: int) -> float:
    return SHARES[grade]
