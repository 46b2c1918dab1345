"""Solved katas as a git repository: a commit a kata, on the day it was solved, and nothing half-written."""

import json
import subprocess
from datetime import timedelta

import pytest
from machines import Machine

from dlkata.progress.answers import Answer, Answers, Outcome
from dlkata.progress.record import Kind

NAMED = {"GIT_AUTHOR_NAME": "李雷 <x>", "GIT_AUTHOR_EMAIL": "li@example.org"}


@pytest.fixture
def machine(home):
    """adam was solved on one day, lstm on the next, gru never."""
    machine = Machine(home)
    machine.check("gru", passed=False, source="no\n")
    solve(machine, "adam", "first = 1\n")
    machine.pause(days=1)
    solve(machine, "lstm", "# 循环\n", hints=2)
    machine.check("adam", passed=True, source="second = 2\n")
    return machine


def solve(machine, kata, source, **detail):
    machine.check(kata, passed=True, source=source)
    answer = Answer(f"kata:{kata}", Outcome.RIGHT, 739000, seconds=840.0, detail={"checks": 3, **detail})
    Answers(machine.record).add(answer, machine.now, lambda card, given: card)


def git(folder, *arguments):
    done = subprocess.run(["git", "-C", str(folder), *arguments], capture_output=True, encoding="utf-8")
    return done.stdout


def log(folder):
    return git(folder, "log", "--reverse", "--format=%an|%ae|%aI|%cI|%s").splitlines()


def test_a_commit_a_kata_on_its_day(dlkata, machine, tmp_path):
    folder = tmp_path / "katas"
    told = dlkata("export", "--git", str(folder), **NAMED)
    assert told.code == 0 and "adam, lstm" in told.out
    first, second = log(folder)
    assert first.startswith(
        "李雷 x|li@example.org|2026-03-02T12:14:00+08:00|2026-03-02T12:14:00+08:00|adam: "
    )
    assert second.split("|")[4].startswith("lstm: ")
    assert (folder / "adam.py").read_text(encoding="utf-8") == "first = 1\n", "what passed first"
    readme = (folder / "README.md").read_text(encoding="utf-8")
    assert "](adam.py) | " in readme and "| 2026-03-03 | 14 min, 3 checks, 2 hints |" in readme
    assert "](lstm.py)" not in git(folder, "show", "HEAD~1:README.md"), "it grows with them"
    assert (
        git(folder, "status", "--porcelain") == ""
        and git(folder, "symbolic-ref", "HEAD") == "refs/heads/main\n"
    )
    assert sorted(f.name for f in tmp_path.iterdir()) == ["katas"], "nothing is left beside it"


def test_exported_again_it_gets_what_is_new_and_keeps_what_was_written_around_it(dlkata, machine, tmp_path):
    folder = tmp_path / "katas"
    dlkata("export", "--git", str(folder), **NAMED)
    old = git(folder, "rev-parse", "HEAD")
    assert "nothing new" in dlkata("export", "--git", str(folder), **NAMED).out
    assert git(folder, "rev-parse", "HEAD") == old
    readme = folder / "README.md"
    readme.write_text("# Mine\n\n" + readme.read_text(encoding="utf-8") + "\nBye.\n", encoding="utf-8")
    solve(machine, "gru", "now = 3\n")

    refused = dlkata("export", "--git", str(folder), **NAMED)
    assert refused.code == 2 and "not committed: README.md" in refused.err
    who = ("-c", "user.name=x", "-c", "user.email=y")
    git(folder, *who, "commit", "-qam", "mine")
    (folder / "gru.py").write_text("in the way", encoding="utf-8")
    assert "gru.py" in dlkata("export", "--git", str(folder), **NAMED).err
    assert (folder / "gru.py").read_text(encoding="utf-8") == "in the way"
    (folder / "gru.py").rename(folder / "notes.txt")

    done = json.loads(dlkata("export", "--git", str(folder), "--json", **NAMED).out)
    assert done["new"] == ["gru"] and done["katas"] == 3
    text = readme.read_text(encoding="utf-8")
    assert text.startswith("# Mine\n\n<!--") and text.endswith("\nBye.\n") and "](gru.py)" in text
    assert text.count("](adam.py)") == 1 and len(log(folder)) == 4
    assert (folder / "gru.py").read_text(encoding="utf-8") == "now = 3\n" and (folder / "notes.txt").exists()


def test_the_same_record_writes_the_same_commits(dlkata, machine, tmp_path):
    for name in "ab":
        (tmp_path / name).mkdir()  # an empty folder will do
        assert dlkata("export", "--git", str(tmp_path / name), **NAMED, GIT_DIR="/nowhere").code == 0
    assert git(tmp_path / "a", "rev-parse", "HEAD") == git(tmp_path / "b", "rev-parse", "HEAD") != ""


@pytest.mark.parametrize("there", ["file", "folder", "repository"])
def test_what_is_not_ours_is_left_alone(dlkata, machine, tmp_path, there):
    folder = tmp_path / "katas"
    if there == "file":
        folder.write_text("precious", encoding="utf-8")
    else:
        folder.mkdir()
        (folder / "README.md").write_text("precious", encoding="utf-8")
    if there == "repository":
        git(folder, "init", "-q")
        git(folder, "add", ".")
        git(folder, "-c", "user.name=x", "-c", "user.email=y", "commit", "-qm", "mine")
    refused = dlkata("export", "--git", str(folder), **NAMED)
    assert refused.code == 2 and "is there already" in refused.err and "Traceback" not in refused.err
    assert [f for f in tmp_path.rglob("*.py") if f.name == "adam.py"] == []


def test_each_obstacle_is_one_sentence(dlkata, home, tmp_path):
    machine = Machine(home)
    machine.record.add(Kind.OPENED, "adam", machine.now)
    none = dlkata("export", "--git", str(tmp_path / "k"), "--lang", "zh")
    assert none.code == 1 and "还没有做出" in none.err
    machine.now += timedelta(minutes=1)
    machine.check("adam", passed=True)
    assert "does not know your name" in dlkata("export", "--git", str(tmp_path / "k")).err
    assert "no git" in dlkata("export", "--git", str(tmp_path / "k"), **NAMED, PATH="").err
    assert "is not a folder" in dlkata("export", "--git", str(tmp_path / "no" / "k"), **NAMED).err
    assert dlkata("export").code == 2 and "Name one thing" in dlkata("export", "f", "--git", "k").err
    assert list(tmp_path.iterdir()) == []
