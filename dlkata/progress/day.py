"""The learner's day: it ends at 4 a.m. or when they say, not at midnight, wherever they are."""

from datetime import date, datetime

DAY_ENDS = 4  # o'clock
FIRST, LAST = date(10, 1, 1), date(9990, 1, 1)  # a calendar and a schedule have room on both sides


def study_day(now: datetime, ends: int = DAY_ENDS) -> int:
    """The day as a number; `now` carries the learner's own time zone. A clock may stand anywhere."""
    day = now.date().toordinal() - (now.hour < ends)
    return max(FIRST.toordinal(), min(day, LAST.toordinal()))


def date_of(day: int) -> date:
    return date.fromordinal(max(1, min(day, date.max.toordinal())))
