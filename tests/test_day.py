"""Clocks that stand anywhere, and days that end when the learner says."""

from datetime import UTC, datetime, timedelta, timezone

import pytest

from dlkata.cli import app
from dlkata.progress.day import study_day

ENDS_OF_TIME = (
    datetime(1, 1, 1, 0, 30),
    datetime(1900, 2, 28),
    datetime(8004, 2, 29),
    datetime(9999, 12, 31, 23, 59),
)


def test_a_day_ends_when_the_learner_says():
    night = datetime(2026, 3, 3, 1, 30, tzinfo=timezone(timedelta(hours=8)))
    assert [study_day(night, ends) - night.date().toordinal() for ends in (0, 1, 2, 4)] == [0, 0, -1, -1]


@pytest.mark.parametrize("clock", ENDS_OF_TIME)
def test_whatever_the_clock_says_there_is_a_day_before_and_one_behind(clock, monkeypatch):
    class Stopped(datetime):
        @classmethod
        def now(cls, tz=None):
            return clock

    monkeypatch.setattr(app, "datetime", Stopped)
    assert app.now().astimezone(UTC) - timedelta(days=400) < app.now() < app.now() + timedelta(days=400)


@pytest.mark.parametrize("clock", ENDS_OF_TIME)
def test_home_stats_and_their_page_are_shown_at_the_ends_of_time(clock, monkeypatch, tmp_path):
    from click.testing import CliRunner

    from dlkata.cli.main import cli

    monkeypatch.setattr(app, "now", lambda: clock.replace(tzinfo=UTC))
    for command in ([], ["stats"], ["stats", "--json"], ["stats", "--html", str(tmp_path / "page.html")]):
        ran = CliRunner().invoke(cli, command)
        assert ran.exit_code == 0, (command, ran.exception)
