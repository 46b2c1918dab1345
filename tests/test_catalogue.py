"""Everything in one list: found by words of either language, narrowed down, bookmarked and noted."""

from datetime import UTC, datetime

import pytest

from dlkata.content.library import Library
from dlkata.content.wording import wordings
from dlkata.errors import DlkataError
from dlkata.progress.answers import Card
from dlkata.progress.record import open_record
from dlkata.progress.remarks import LONGEST, Remark, Remarks
from dlkata.study.catalogue import Catalogue, Entry, Sort, Wish, catalogue, things_renamed
from dlkata.study.mastery import Mark, Mastery
from dlkata.study.next_step import Standing

LIBRARY = Library()
DAY = 740_000
NOW = datetime(2026, 3, 2, 12, tzinfo=UTC)


def card(name: str, stability: float, last: int) -> Card:
    return Card(name, stability, 5.0, last + int(stability), last, last - 30, 4)


SEEN = {c.id: c for c in (card("sqrt_dk.purpose", 40.0, DAY - 1), card("sqrt_dk.aloud", 2.0, DAY - 9))}


def everything(remarks=None, solved=()) -> Catalogue:
    standing = Standing(LIBRARY.katas, set(solved), {})
    return catalogue(LIBRARY, standing, Mastery(LIBRARY, SEEN, DAY), remarks or {}, None)


ALL = everything()


def keys(**wish) -> list[str]:
    return [entry.key for entry in ALL.find(Wish(**wish))]


def test_all_katas_all_concepts_and_the_questions_that_were_met():
    by_sort = {sort: {e.name for e in ALL.entries if e.sort is sort} for sort in Sort}
    assert by_sort[Sort.KATA] == set(LIBRARY.kata_names)
    assert by_sort[Sort.CONCEPT] == set(LIBRARY.concept_names)
    assert by_sort[Sort.PATH] == set(LIBRARY.path_names)
    assert by_sort[Sort.QUESTION] == set(SEEN), "one that was never asked would be spoiled"


def test_topics_stand_in_their_order_and_a_question_behind_its_concept():
    topics = [entry.topic for entry in ALL.entries if entry.sort is not Sort.PATH]
    assert [entry.sort for entry in ALL.entries[: len(LIBRARY.paths)]] == [Sort.PATH] * len(LIBRARY.paths)
    assert list(dict.fromkeys(topics)) == [t.name for t in LIBRARY.topics if t.name in topics]
    assert topics == sorted(topics, key=[t.name for t in LIBRARY.topics].index)
    names = [entry.key for entry in ALL.entries]
    assert "question:sqrt_dk." in names[names.index("concept:sqrt_dk") + 1]


@pytest.mark.parametrize(
    ("words", "first"),
    [
        ("layernorm", "kata:layernorm"),
        ("Layer Norm", "kata:layernorm"),
        ("layer-norm", "kata:layernorm"),
        ("缩放点积", "kata:attention"),
        ("KV cache", "concept:kv_cache"),
        ("鞍点", "concept:nonconvex"),
    ],
)
def test_titles_come_first_in_either_language(words, first):
    assert first in keys(words=words)[:5]


def test_what_is_called_so_comes_before_what_is_about_it():
    assert (
        keys(words="attention")[0] == "kata:attention"
        and keys(words="Layer normalisation")[0] == "kata:layernorm"
    )


def test_all_words_have_to_be_there_wherever_they_stand():
    both = keys(words="flash softmax")
    assert set(both) <= set(keys(words="flash")) & set(keys(words="softmax")) and both
    assert keys(words="flash xyzzy") == [] and keys(words=" - ") == keys()


def test_filters_narrow_down_together():
    assert {e.sort for e in ALL.find(Wish(sort=Sort.KATA))} == {Sort.KATA}
    assert {e.level for e in ALL.find(Wish(level=3))} == {3}
    assert {e.topic for e in ALL.find(Wish(topic="norm"))} == {"norm"}
    narrow = Wish(topic="norm", sort=Sort.KATA, level=2)
    assert 0 < len(ALL.find(narrow)) < len(ALL.find(Wish(topic="norm")))


def test_marks_say_what_is_known():
    marks = {entry.key: entry.mark for entry in everything(solved=["adam"]).entries}
    assert marks["question:sqrt_dk.purpose"] is Mark.KNOWN
    assert marks["question:sqrt_dk.aloud"] is Mark.LEARNING
    assert marks["kata:layernorm"] is Mark.NEW and marks["kata:adam"] is not Mark.NEW
    assert keys(mark=Mark.KNOWN, sort=Sort.QUESTION) == ["question:sqrt_dk.purpose"]


def test_bookmarks_filter_and_notes_are_searched():
    remarks = {
        "kata:adam": Remark(bookmarked=True),
        "concept:sqrt_dk": Remark(note="问过两次, asked at Acme"),
    }
    marked = everything(remarks)
    assert [e.key for e in marked.find(Wish(bookmarked=True))] == ["kata:adam"]
    assert [e.key for e in marked.find(Wish(words="acme"))] == ["concept:sqrt_dk"]
    assert [e.key for e in marked.find(Wish(words="问过两次"))] == ["concept:sqrt_dk"]


def test_pages_are_read_once_and_again_when_they_change(tmp_path):
    pack = tmp_path / "pack"
    page = pack / "questions" / "torch" / "coins.md"
    page.parent.mkdir(parents=True)
    text = "+++\norder = 1\n+++\n# en: Coins\nHeads or tails.\n# zh: 硬币\n正面或反面。\n"
    page.write_text(text, encoding="utf-8")
    cache = tmp_path / "cache"

    def said() -> str:
        return wordings(Library([pack]).index, cache)["pack/coins"].said

    assert "headsortails" in said() and (cache / "wording.msgpack").exists()
    page.write_text(text.replace("Heads", "Crowns"), encoding="utf-8")
    assert "crownsortails" in said()
    (cache / "wording.msgpack").write_bytes(b"spoiled")
    assert "crownsortails" in said()


@pytest.fixture
def remarks(tmp_path) -> Remarks:
    return Remarks(open_record(tmp_path / "record.db"))


def test_a_bookmark_is_put_and_taken_away_and_the_rows_stay(remarks):
    for on in (True, False, True):
        remarks.bookmark("kata:adam", on, NOW)
    remarks.note("kata:adam", "  bias\ncorrection \x1b[31m", NOW)
    assert remarks.all() == {"kata:adam": Remark(True, "bias correction [31m")}
    remarks.note("kata:adam", "", NOW)
    remarks.bookmark("kata:adam", False, NOW)
    assert remarks.all() == {}
    assert remarks.connection.execute("SELECT COUNT(*) FROM remarks").fetchone()[0] == 6


def test_a_note_that_is_too_long_is_refused_and_the_one_before_kept(remarks):
    remarks.note("kata:adam", "first", NOW)
    with pytest.raises(DlkataError, match=str(LONGEST)):
        remarks.note("kata:adam", "x" * (LONGEST + 1), NOW)
    assert remarks.all()["kata:adam"].note == "first"


def test_remarks_follow_a_question_to_its_new_name(remarks):
    remarks.bookmark("question:sqrt_dk.old", True, NOW)
    assert remarks.all([("question:sqrt_dk.old", "question:sqrt_dk.new")]) == {
        "question:sqrt_dk.new": Remark(True)
    }
    assert all(old.startswith("question:") for old, _new in things_renamed(LIBRARY))


def test_twenty_thousand_entries_are_filtered_by_look_ups_alone():
    """No page is read and nothing is computed on a key; tests/bench/browse.py says how long it takes."""
    many = Catalogue(
        [
            Entry(Sort.QUESTION, f"c{n}.q", ("", ""), "torch", Mark.NEW, f"c{n}.q", f"number{n}")
            for n in range(20_000)
        ]
    )
    assert len(many.find(Wish(words="number"))) == 20_000 and len(many.find(Wish(words="number 1999"))) == 12
