"""Paths are content: what they name is there and in order, and `dlkata path` tells how far one is along them."""

import json
import re
from datetime import UTC, datetime

import pytest

from dlkata.author.path_inspection import inspect_path
from dlkata.content.library import Library
from dlkata.errors import DlkataError
from dlkata.progress.answers import Card
from dlkata.study.along import along
from dlkata.study.mastery import Mastery
from dlkata.study.next_step import Standing
from dlkata.ui.path import path

LIBRARY = Library()
TODAY = 1000
A_PATH = """+++
order = 1
days = 7
minutes = 60

[[stages]]
en = 'One'
zh = '第一'
concepts = ['sqrt_dk', 'mine']
katas = ['attention']
+++
# en: A path
Where it leads.
# zh: 一条路线
通向哪里。
"""


def test_there_are_six_and_they_are_as_they_must_be():
    assert len(LIBRARY.paths) >= 6
    assert len({one.head.order for one in LIBRARY.paths}) == len(LIBRARY.paths)
    assert [complaint for name in LIBRARY.path_names for complaint in inspect_path(name, LIBRARY)] == []


@pytest.mark.parametrize("name", LIBRARY.path_names)
def test_the_katas_of_a_path_fit_its_days(name):
    one = LIBRARY.path(name)
    katas = {kata.name: kata.head.minutes for kata in LIBRARY.katas}
    assert sum(katas[kata] for kata in one.katas) <= 0.7 * one.head.days * one.head.minutes


def written(tmp_path, text: str) -> Library:
    for folder in ("paths", "questions/general"):
        (tmp_path / "pack" / folder).mkdir(parents=True)
    (tmp_path / "pack" / "paths" / "first.md").write_text(text, encoding="utf-8")
    page = (LIBRARY.concept("sqrt_dk").file).read_text(encoding="utf-8")
    (tmp_path / "pack" / "questions" / "general" / "mine.md").write_text(page, encoding="utf-8")
    return Library([tmp_path / "pack"])


def test_a_packs_path_means_its_own_steps_first_and_ours_else(tmp_path):
    library = written(tmp_path, A_PATH)
    one = library.path("pack/first")
    assert (one.concepts, one.katas) == (["sqrt_dk", "pack/mine"], ["attention"])
    assert library.paths[0].name == "pack/first" and inspect_path("pack/first", library) == []


@pytest.mark.parametrize(
    ("change", "complaint"),
    [
        (("'mine'", "'nowhere'"), "names the concept `nowhere`, which does not exist."),
        (("'mine'", "'sqrt_dk'"), "names the concept `sqrt_dk` twice."),
        (("'mine'", "'additive_vs_dot'"), "`sqrt_dk` builds on `additive_vs_dot`, which comes later."),
        (("['attention']", "['adamw', 'adam']"), "`adamw` builds on `adam`, which comes later."),
        (("通向哪里。", "Where?"), "no Chinese in the Chinese text: Where?"),
        (("zh = '第一'", ""), "field"),
        (("days = 7", "days = 0"), "`days`"),
        (("# zh: 一条路线", ""), "no section `# zh"),
    ],
)
def test_what_is_wrong_with_a_path_is_said_in_a_sentence(tmp_path, change, complaint):
    complaints = inspect_path("pack/first", written(tmp_path, A_PATH.replace(*change)))
    assert len(complaints) == 1 and complaint in complaints[0]


def test_author_check_takes_paths(dlkata):
    ran = dlkata("author", "check", "three-days", "--json")
    assert ran.code == 0
    assert json.loads(ran.out) == [{"path": "three_days", "proved": 1, "complaints": []}]


def test_a_miss_names_what_is_near():
    with pytest.raises(DlkataError) as missed:
        LIBRARY.path("transformer")
    assert "transformers" in missed.value.remedy


def here(cards=(), solved=(), begun=()):
    one = LIBRARY.path("transformers")
    standing = Standing(LIBRARY.katas, set(solved), dict.fromkeys(begun, datetime.now(UTC)))
    known = Mastery(LIBRARY, {card.id: card for card in cards}, TODAY)
    return along(one, LIBRARY, standing, known)


def answered(concept: str) -> list[Card]:
    ids = LIBRARY.index.concepts[concept].ids()
    return [Card(name, 30.0, 5.0, TODAY + 30, TODAY - 1, TODAY - 9, 3) for name in ids]


def test_a_path_tells_what_is_known_and_what_comes_next():
    fresh = here()
    assert (fresh.known, fresh.solved) == (0, 0)
    assert (fresh.next_concept.name, fresh.next_kata.name) == ("attention_cues", "softmax")
    later = here([*answered("attention_cues"), *answered("softmax_stability")], ["softmax"])
    assert (later.known, later.solved) == (2, 1)
    assert (later.next_concept.name, later.next_kata.name) == ("softmax_dim", "attention")
    assert here(begun=["mha"]).next_kata.name == "mha", "what is begun is finished first"


@pytest.mark.parametrize("width", [40, 80, 100])
def test_a_path_on_the_screen_keeps_within_its_width(width):
    from rich.cells import cell_len

    lines = [line.plain for line in path(here(), "dlkata", width)]
    assert max(map(cell_len, lines)) <= width or width == 40, "a long name may stand out on a narrow screen"
    text = "\n".join(lines)
    assert "1 · Scores and weights" in text and "Next kata: dlkata kata softmax" in text
    assert len(re.findall(r"^  ○ ", text, re.MULTILINE)) == len(here().concepts) + len(here().katas)


def test_the_command_in_both_languages_and_as_json(dlkata):
    assert "A Transformer in a week" in dlkata("path").out
    assert "一周吃透 Transformer" in dlkata("path", "--lang", "zh").out
    found = json.loads(dlkata("path", "--json").out)
    assert len(found) >= 6 and found[0]["name"] == "transformers"
    one = json.loads(dlkata("path", "three-days", "--json").out)
    assert one["next_kata"] == "softmax" and one["stages"][0]["concepts"][0]["mark"] == "new"
