"""What the record's rows are to another machine: what tells one from another, and what they refer to.

A row's number is its place in this record alone. What it *is* are its columns: when it happened, where the learner
was, what was answered; and of a row it refers to, what that one is. So a record that was exported, copied by hand or
brought back from a backup knows its own rows again, without ever having been given a name for them.
"""

import json
import re
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import date
from math import isfinite
from typing import Any

from dlkata.progress.answers import Outcome
from dlkata.progress.interviews import Did
from dlkata.progress.record import Kind
from dlkata.progress.remarks import Sort

TIME = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}T[0-9]{2}:[0-9]{2}:[0-9]{2}\.[0-9]{3}\+00:00")
LAST_DAY = date.max.toordinal()


@dataclass(frozen=True)
class Table:
    name: str
    identity: tuple[str, ...]
    refers: dict[str, str] = field(default_factory=dict)  # column, or `column.key` of its JSON → table
    latest: tuple[str, ...] = ()  # columns that may change: the greater value is the later one
    own: tuple[str, ...] = ()  # columns that mean something on one machine alone: NULL on another


# Each after those it refers to.
TABLES = (
    Table(
        "sessions",
        ("at", "utc_offset", "day", "seed", "wish", "plan"),
        latest=("ended",),
        own=("holder",),
    ),
    Table("events", ("at", "utc_offset", "kind", "kata", "passed", "source", "detail", "study_day")),
    Table(
        "answers",
        ("at", "utc_offset", "day", "session", "question", "seed", "outcome", "rating", "seconds", "content",
         "undoes", "detail"),
        refers={"session": "sessions", "undoes": "answers", "detail.event": "events"},
    ),
    Table("remarks", ("at", "utc_offset", "thing", "sort", "text")),
    Table("plans", ("at", "utc_offset", "day", "until", "minutes", "path")),
    Table("interview_steps", ("interview", "at", "utc_offset", "did", "detail"), refers={"detail.since": "events"}),
)  # fmt: skip
COMPUTED = ("cards", "days", "traps", "efforts")  # from the others, and computed again
KEPT_BY_CONTENT = ("sources",)


def is_time(value: Any) -> bool:
    if not isinstance(value, str) or not TIME.fullmatch(value) or not "1900" <= value[:4] <= "9000":
        return False
    try:
        date.fromisoformat(value[:10])
    except ValueError:
        return False
    return value[11:13] < "24" and value[14:16] < "60" and value[17:19] < "60"


def is_json(kind: type) -> Callable[[Any], bool]:
    def check(value: Any) -> bool:
        try:
            return isinstance(value, str) and isinstance(json.loads(value), kind)
        except (ValueError, RecursionError):
            return False

    return check


def is_whole(least: int, most: int) -> Callable[[Any], bool]:
    return lambda value: isinstance(value, int) and least <= value <= most


def is_text(value: Any) -> bool:
    return isinstance(value, str)


ANY_NUMBER = is_whole(-(1 << 63), (1 << 63) - 1)
# What each column of a record that we wrote holds; None where it may be empty.
HOLDS: dict[str, Callable[[Any], bool]] = {
    "at": is_time,
    "utc_offset": is_whole(-1439, 1439),
    "day": is_whole(1, LAST_DAY),
    "kind": frozenset(Kind).__contains__,
    "kata": is_text,
    "passed": lambda value: value is None or value in (0, 1),
    "source": lambda value: value is None or isinstance(value, str),
    "detail": is_json(dict),
    "seed": ANY_NUMBER,
    "study_day": lambda value: value is None or is_whole(1, LAST_DAY)(value),
    "until": lambda value: value is None or is_whole(1, LAST_DAY)(value),
    "minutes": is_whole(0, 600),
    "path": is_text,
    "wish": is_json(dict),
    "plan": is_json(list),
    "ended": is_whole(0, 1),
    "session": lambda value: value is None or isinstance(value, int),
    "question": is_text,
    "outcome": frozenset(Outcome).__contains__,
    "rating": lambda value: value is None or value in (1, 2, 3, 4),
    "seconds": lambda value: isinstance(value, (int, float)) and isfinite(value),
    "content": is_text,
    "thing": is_text,
    "sort": frozenset(Sort).__contains__,
    "text": is_text,
    "undoes": lambda value: value is None or isinstance(value, int),
    "interview": is_text,
    "did": frozenset(Did).__contains__,
}
