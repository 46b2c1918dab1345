"""Attempts and settings that arrive from another machine: none is lost, none is there twice."""

import pytest
from machines import START, Machine, furnished, write

from dlkata.content.library import Library
from dlkata.study.moving import import_house

STUB = Library().kata("layernorm").opening


@pytest.fixture
def home(tmp_path):
    return furnished(tmp_path / "home")


@pytest.fixture
def office(tmp_path):
    return Machine(tmp_path / "office", START)


def test_everything_arrives(home, office):
    done = office.take(home.export())
    assert office.everything() == home.everything()
    assert office.attempts() == {"layernorm.py": "mine\n", "layernorm.1.py": "older\n"}
    assert (office.folder / "work" / "layernorm.py").stat().st_mtime == 1_700_000_000
    assert office.settings.values == {"new_per_day": "20"} == done.settings, (
        "nothing that runs or names a folder"
    )


def test_settings_that_are_set_here_stay(home, office):
    office.settings.set("new_per_day", "5")
    office.take(home.export())
    assert office.settings.values == {"new_per_day": "5"}


def test_the_newer_attempt_is_gone_on_with_and_the_older_kept(home, office):
    write(office, "layernorm.py", "older work\n", 1_650_000_000)
    write(office, "layernorm.1.py", "still older\n", 1_500_000_000)
    file = home.export()
    after = {
        "layernorm.py": "mine\n",
        "layernorm.1.py": "still older\n",
        "layernorm.2.py": "older\n",
        "layernorm.3.py": "older work\n",
    }
    for _time in range(2):
        office.take(file)
        assert office.attempts() == after


def test_an_older_attempt_becomes_a_copy(home, office):
    write(office, "layernorm.py", "newer\n", 1_750_000_000)
    for _time in range(2):
        office.take(home.export())
        assert office.attempts() == {
            "layernorm.py": "newer\n",
            "layernorm.1.py": "older\n",
            "layernorm.2.py": "mine\n",
        }


def test_an_older_state_that_the_record_holds_becomes_no_copy(home, office):
    office.check("layernorm", passed=False, source="mine\n")
    write(office, "layernorm.py", "newer\n", 1_750_000_000)
    office.take(home.export())
    assert office.attempts() == {"layernorm.py": "newer\n", "layernorm.1.py": "older\n"}


def test_a_bare_stub_makes_way_and_displaces_nothing(home, office):
    house = office.house
    object.__setattr__(house, "library", Library())
    write(office, "layernorm.py", STUB, 1_750_000_000)
    import_house(house, home.export(), 1)
    assert office.attempts() == {"layernorm.py": "mine\n", "layernorm.1.py": "older\n"}
    write(office, "layernorm.1.py", "older\n", 1)
    write(home, "layernorm.py", STUB, 1_790_000_000)
    import_house(house, home.export(), 1)
    assert office.attempts() == {"layernorm.py": "mine\n", "layernorm.1.py": "older\n"}
    assert [f for f in (office.folder / "work").iterdir() if f.name.startswith(".")] == []
