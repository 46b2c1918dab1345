"""The learner's day: it ends at 4 a.m., not at midnight, wherever they are."""

from datetime import date, datetime, timedelta

DAY_ENDS = 4  # o'clock


def study_day(now: datetime, ends: int = DAY_ENDS) -> int:
    """The day as a number; `now` carries the learner's own time zone."""
    return (now - timedelta(hours=ends)).date().toordinal()


def date_of(day: int) -> date:
    return date.fromordinal(max(1, min(day, date.max.toordinal())))
