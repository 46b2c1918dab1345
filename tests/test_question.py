"""A concept's page: read as it is meant, and where it is not, the error says file, line and what to do."""

import os

import pytest
from bank import SAMPLE, sample_library

from dlkata.content.concept import read_concept
from dlkata.content.index import build_index
from dlkata.content.question import Kind, shown_value
from dlkata.errors import DlkataError
from dlkata.study.asking import ask

COINS = SAMPLE / "questions" / "arith" / "coins.md"


@pytest.fixture
def page(tmp_path):
    """Writes a changed copy of the coins' page."""

    def write(old: str, new: str):
        text = COINS.read_text(encoding="utf-8")
        assert old in text
        folder = tmp_path / "questions" / "arith"
        folder.mkdir(parents=True, exist_ok=True)
        (folder / "coins.md").write_text(text.replace(old, new, 1), encoding="utf-8")
        (folder / "coins.py").write_text(
            COINS.with_suffix(".py").read_text(encoding="utf-8"), encoding="utf-8"
        )
        return folder / "coins.md"

    return write


def test_a_page_holds_the_concept_and_its_questions():
    concept = read_concept(COINS)
    assert (concept.name, concept.topic, concept.title) == ("coins", "arith", "Coins")
    assert concept.functions == {"heads_draw", "heads_evidence", "memory_evidence", "worked", "experiment"}
    memory, heads = concept.questions
    assert (memory.id, memory.kind, memory.head.why, memory.parametric) == (
        "coins.memory",
        Kind.CHOICE,
        True,
        False,
    )
    assert [option.right for option in memory.options] == [True, False, False]
    assert memory.options[1].feedbacks["zh"].startswith("这是赌徒谬误")
    assert heads.parametric and heads.placeholders == {"n", "half", "quarter"}


def test_numbers_are_filled_in_everywhere():
    heads = read_concept(COINS).question("heads").filled({"n": 8, "half": 4, "quarter": 2.0})
    assert "8 tosses" in heads.prompts["en"] and [o.texts["zh"] for o in heads.options] == ["4", "8", "2"]
    assert shown_value(1 / 3) == "0.333333" and shown_value(1e-9) == "1e-09" and shown_value(7) == "7"


@pytest.mark.parametrize(
    ("old", "new", "line", "said"),
    [
        ("kind = 'choice'", "kind = 'chioce'", 27, "kind"),
        ("level = 2", "level = 4", 28, "level"),
        ("- [ ] It is: the coin", "- [x] It is: the coin", None, "marks of the two languages"),
        ("- [ ] {{quarter}}\n  > 那是指定位置上连续两次正面的情形。", "", None, "marks of the two languages"),
        ("  > That is the gambler", "That is the gambler", 39, "no option, no feedback"),
        ("question = 'heads'", "question = 'Heads!'", None, "question"),
    ],
)
def test_what_is_wrong_is_said_with_its_place(page, old, new, line, said):
    with pytest.raises(DlkataError) as error:
        _ = read_concept(page(old, new)).questions
    assert said in error.value.message and "coins.md:" in error.value.message and error.value.remedy
    assert line is None or f"coins.md:{line}:" in error.value.message, error.value.message


def test_two_right_answers_are_no_choice(page):
    text = page("- [ ] It is: the coin", "- [x] It is: the coin").read_text(encoding="utf-8")
    file = page("- [ ] It is: the coin", "- [x] It is: the coin")
    file.write_text(text.replace("- [ ] 其实变大了", "- [x] 其实变大了"), encoding="utf-8")
    with pytest.raises(DlkataError, match=r"2 options are marked \[x\]"):
        _ = read_concept(file).questions


def test_a_page_that_begins_with_a_question_is_no_concept(tmp_path):
    file = tmp_path / "x.md"
    file.write_text("+++\nquestion = 'a'\nkind = 'choice'\nlevel = 1\n+++\n# en\nx\n", encoding="utf-8")
    with pytest.raises(DlkataError, match="begins with the concept's own head"):
        read_concept(file)


def test_near_misses_are_named():
    library = sample_library()
    assert library.concept("COINS").name == "coins"
    with pytest.raises(DlkataError) as error:
        library.concept("coin")
    assert "coins" in error.value.remedy
    with pytest.raises(DlkataError):
        library.concept("*")


def test_the_index_reads_only_what_has_changed(page, tmp_path):
    file, cache = page("order = 10", "order = 11"), tmp_path / "cache" / "index"
    roots = [(tmp_path, "")]
    assert build_index(roots, cache).read == 1
    again = build_index(roots, cache)
    assert again.read == 0 and again.concepts["coins"].order == 11
    file.write_text(file.read_text(encoding="utf-8").replace("order = 11", "order = 12"), encoding="utf-8")
    os.utime(file, ns=(1, 1))
    assert build_index(roots, cache).concepts["coins"].order == 12
    file.unlink()
    assert build_index(roots, cache).concepts == {}
    cache.write_bytes(b"\x00rubbish")
    assert build_index(roots, cache).concepts == {}


def test_a_page_that_cannot_be_read_does_not_hide_the_others(page, tmp_path):
    page("order = 10", "order = 'ten'")
    other = tmp_path / "questions" / "arith" / "sums.md"
    other.write_text(
        (SAMPLE / "questions" / "arith" / "sums.md").read_text(encoding="utf-8"), encoding="utf-8"
    )
    index = build_index([(tmp_path, "")], None)
    assert len(index.problems) == 1 and "coins.md" in index.problems[0]
    assert index.where("sums.even") and not index.where("coins.memory")


def test_the_same_seed_asks_the_same():
    question = sample_library().question("coins.memory")
    orders = {ask(question, seed).shown for seed in range(40)}
    assert len(orders) == 6, "every order occurs"
    assert ask(question, 7).shown == ask(question, 7).shown


def test_the_right_order_is_never_shown_as_it_is():
    question = sample_library().question("alphabet.sorted")
    assert all(ask(question, seed).shown != (0, 1, 2) for seed in range(30))


@pytest.mark.parametrize(
    ("name", "typed", "chosen"),
    [
        ("coins.memory", "b", 1),
        ("coins.memory", " B ", 1),
        ("coins.memory", "2", 1),
        ("coins.memory", "Ｂ", 1),
        ("coins.memory", "d", None),
        ("coins.memory", "0", None),
        ("coins.memory", "", None),
        ("coins.memory", "ab", None),
        ("coins.memory", "🙂", None),
        ("sums.even", "a c", 2),
        ("sums.even", "a，c", 2),
        ("sums.even", "1 3", 2),
        ("sums.even", "ca", 2),
        ("sums.even", "aa", None),
        ("sums.even", "a z", None),
        ("alphabet.sorted", "b a c", 3),
        ("alphabet.sorted", "b a", None),
    ],
)
def test_what_is_typed_is_understood_or_asked_again(name, typed, chosen):
    given = ask(sample_library().question(name), 1).read(typed)
    assert (None if given is None else len(given.chosen)) == chosen


@pytest.mark.parametrize(
    ("typed", "right"),
    [
        ("4", True), ("4.0", True), ("4.001", True), ("4e0", True), ("8/2", True), ("4 heads", True), ("４", True),
        ("8", False), ("-4", False), ("1,000", False),
        ("four", None), ("nan", None), ("inf", None), ("1/0", None), ("4,5", None), ("", None),
    ],
)  # fmt: skip
def test_numbers_are_read_with_their_tolerance(typed, right):
    asked = ask(sample_library().question("coins.heads"), 1, {"n": 8, "half": 4, "quarter": 2})
    given = asked.read(typed)
    assert given is None if right is None else asked.right(given) is right
