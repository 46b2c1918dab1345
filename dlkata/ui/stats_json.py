"""What `dlkata stats --json` prints: nothing in it depends on the language but titles, or on the clock but the day."""

from collections.abc import Sequence
from typing import Any

from dlkata.progress.day import date_of
from dlkata.progress.tallies import Day
from dlkata.study.mastery import Known
from dlkata.study.statistics import ConceptRow, KataRow, Load, Statistics, TopicRow, TrapRow
from dlkata.ui.concept import title_of
from dlkata.ui.marks import marks_as_json


def stats_as_json(stats: Statistics, only: Sequence[str] = ()) -> dict[str, Any]:
    """`only`: names of topics; all, if there are none."""
    topics = [row for row in stats.topics if not only or row.topic.name in only]
    return {
        "date": date_of(stats.day).isoformat(),
        **_known(stats.known),
        "concepts": marks_as_json(stats.progress.marks),
        "katas_passed": stats.passed,
        "katas_of": stats.katas_of,
        "practised_of_14_days": stats.progress.practised,
        "topics": [_topic(row) for row in topics],
        "days": [_day(day) for day in stats.days],
        "coming": [_load(load) for load in stats.coming],
        "weakest": [row.entry.name for row in stats.weakest if not only or row.entry.topic in only],
        "traps": [_trap(row) for row in stats.traps if not only or row.question.topic in only],
        "katas": [_kata(row) for row in stats.katas if not only or row.kata.head.topic in only],
    }


def _known(known: Known) -> dict[str, Any]:
    return {
        "mark": known.mark.value,
        "mastery": round(known.share, 4),
        "questions_seen": known.seen,
        "questions_of": known.of,
    }


def _topic(row: TopicRow) -> dict[str, Any]:
    return {
        "name": row.topic.name, "title": row.topic.title, **_known(row.known), "katas_passed": row.passed,
        "katas_of": row.katas, "concepts": [_concept(concept) for concept in row.concepts],
    }  # fmt: skip


def _concept(row: ConceptRow) -> dict[str, Any]:
    return {"name": row.entry.name, "title": title_of(row.entry), **_known(row.known)}


def _day(day: Day) -> dict[str, Any]:
    return {
        "date": date_of(day.day).isoformat(), "right": day.right, "wrong": day.wrong, "checks": day.checks,
        "passes": day.passes, "minutes": round(day.minutes, 1),
    }  # fmt: skip


def _load(load: Load) -> dict[str, Any]:
    return {"date": date_of(load.day).isoformat(), "questions": load.questions, "katas": load.katas}


def _trap(row: TrapRow) -> dict[str, Any]:
    option = row.question.options[row.option]
    return {"question": row.question.id, "taken": option.text, "times": row.times, "why": option.feedback}


def _kata(row: KataRow) -> dict[str, Any]:
    effort = row.effort
    return {
        "name": row.kata.name, "mark": row.mark.value, "checks": effort.checks, "hints": effort.hints,
        "passes": effort.passes, "seconds_to_pass": effort.first_seconds,
    }  # fmt: skip
