"""What is begun, what comes next, and that home says each thing once."""

import json
from datetime import UTC, datetime

import pytest

from dlkata.content.library import Library
from dlkata.progress.workspace import Workspace
from dlkata.study.begun import begun
from dlkata.study.next_step import Standing, Status
from dlkata.ui.attempt import attempt_text
from dlkata.ui.home import home
from dlkata.ui.listing import listing

KATAS = Library().katas
NOW = datetime(2026, 3, 2, tzinfo=UTC)


def standing(solved=(), written=()) -> Standing:
    return Standing(KATAS, set(solved), dict.fromkeys(written, NOW))


@pytest.fixture
def workspace(tmp_path):
    workspace = Workspace(tmp_path / "work")
    for kata in KATAS:
        workspace.create(kata.name, attempt_text(kata, "dlkata check"))
    return workspace


def test_a_kata_that_was_only_looked_at_is_not_begun(workspace):
    assert begun(KATAS, workspace) == {}


@pytest.mark.parametrize(
    ("change", "is_begun"),
    [
        (lambda text: text.replace("raise NotImplementedError", "return 0", 1), True),
        (lambda text: text + "\n# an idea\n", True),
        (lambda text: text.partition('"""\n\n')[2], False),  # the statement deleted
        (lambda text: text.replace("\n", "  \n").replace("class", "\n\nclass"), False),  # an editor at work
        (lambda text: text.replace("import torch\n", "", 1), False),  # as stubs were before
        (lambda text: text.replace("import torch\n", "import math\nimport torch\n", 1), False),
        (lambda text: "def (:\n", True),
    ],
)
def test_a_kata_is_begun_when_its_code_is_no_longer_the_stubs(workspace, change, is_begun):
    kata = next(kata for kata in KATAS if "torch" in kata.stub and "import torch\n" not in kata.stub)
    file = workspace.file(kata.name)
    file.write_text(change(file.read_text(encoding="utf-8")), encoding="utf-8")
    assert list(begun(KATAS, workspace)) == [kata.name] * is_begun


def test_an_attempt_in_another_language_is_the_same_stub(workspace):
    from dlkata.locale import use_language

    use_language("zh")
    assert begun(KATAS, workspace) == {}


def test_a_newcomers_first_kata_is_short_and_others_build_on_it():
    first = standing().next_new()
    assert first.head.level == 1 and first.head.minutes <= 20
    assert any(first.stem in kata.head.after for kata in KATAS)


def test_after_the_first_they_come_in_learning_order():
    first = standing().next_new()
    assert standing([first.name]).next_new() is KATAS[0]


def test_from_one_new_kata_to_the_next_until_all_were_seen():
    here, seen = KATAS[5], []
    for _time in range(len(KATAS)):
        here = standing().next_new(behind=here)
        seen.append(here.name)
    ready = [kata.name for kata in KATAS if not kata.head.after]
    assert set(seen) == set(ready) and seen[: len(ready)] != seen[:1] * len(ready)
    others = [kata.name for kata in KATAS[1:]]
    assert standing(others).next_new(behind=KATAS[0]) is None


def commands(lines) -> list[str]:
    return [line.plain.strip() for line in lines if line.plain.startswith("    dlkata ")]


@pytest.mark.parametrize("written", [(), ("adam",), ("adam", "lstm", "gru", "rope", "mha")])
def test_home_says_nothing_twice(written):
    from dlkata.study.opening import Today

    for due, new in ((0, 10), (3, 10), (0, 0)):
        today = Today(due, 0, new, ("conv2d",), (), (), 1)
        lines = home(standing(["conv2d"], written), today, "dlkata", 80)
        assert len(set(commands(lines))) == len(commands(lines)), commands(lines)
        titles = [line.plain for line in lines if " min" in line.plain]
        assert len(set(titles)) == len(titles)
        assert [line.plain for line in lines].count("Best now") == 1


def test_home_leaves_out_what_is_zero():
    from dlkata.study.opening import Today

    text = "\n".join(line.plain for line in home(standing(), Today(0, 0, 10, (), (), (), 1), "dlkata", 80))
    assert "questions: 10 new" in text and "0 due" not in text


def test_a_peeked_kata_is_new_in_list_and_home(dlkata):
    dlkata("kata", "beam-search")
    dlkata("kata", "attention")
    assert "started" not in dlkata("list").out
    assert {kata["status"] for kata in json.loads(dlkata("list", "--json").out)} == {"new"}
    assert "Go on with" not in dlkata().out and json.loads(dlkata("--json").out)["started"] == []


def test_list_of_a_topic_without_katas_says_so_and_names_those_with(dlkata):
    from dlkata.content.library import Library

    bare = next((t for t in Library().topics if t.name not in {kata.head.topic for kata in KATAS}), None)
    if bare is None:
        pytest.skip("every topic has katas")
    ran = dlkata("list", bare.name)
    assert ran.code == 0
    assert f"no katas on this topic yet: {bare.title}" in ran.out
    named = ran.out.partition("Topics with katas: ")[2].replace("\n", " ").strip(" .").split(", ")
    assert named == list(dict.fromkeys(kata.head.topic for kata in KATAS))
    assert "还没有编程题" in dlkata("list", bare.name, "--lang", "zh").out
    assert json.loads(dlkata("list", bare.name, "--json").out) == []


def test_no_line_of_a_list_ends_in_blanks():
    from dlkata.content.library import Library

    for line in listing(standing(["adam"], ["lstm"]), Library().topics, KATAS, 60):
        assert line.plain == line.plain.rstrip()


def test_status():
    found = standing(["adam"], ["adam", "lstm"])
    by_name = {kata.name: found.status(kata) for kata in KATAS}
    assert (by_name["adam"], by_name["lstm"], by_name["rope"]) == (Status.SOLVED, Status.STARTED, Status.NEW)


def test_no_line_of_home_ends_between_a_label_and_its_command():
    for width in range(40, 100):
        rows = [line.plain for line in home(standing(), None, "dlkata", width)]
        footer = rows[rows.index("", len(rows) - 4) + 1 :]
        assert all(len(row) <= width and not row.endswith(":") for row in footer), (width, footer)
