"""`dlkata why WORDS` finds what one has in mind, in either language."""

import json

import pytest

from dlkata.content.library import Library
from dlkata.content.search import search

LIBRARY = Library()


def names(*words: str) -> list[str]:
    return [hit.entry.name for hit in search(LIBRARY, words)]


@pytest.mark.parametrize(
    ("words", "first"),
    [
        (["flash"], "flash_io"),
        (["batch", "norm"], "norm_family"),
        (["KV"], "kv_cache"),
        (["鞍点"], "nonconvex"),
    ],
)
def test_titles_come_first_then_whoever_says_it_most(words, first):
    assert first in names(*words)[:3]


def test_hyphens_capitals_and_spaces_are_forgiven():
    assert names("batch-norm") == names("BatchNorm") == names("batch norm") != []


def test_all_words_have_to_be_there():
    assert set(names("flash", "softmax")) <= set(names("flash")) & set(names("softmax"))
    assert names("flash", "xyzzy") == [] and names("-") == []


def test_both_languages_are_searched_whatever_the_screen_speaks(dlkata):
    english = json.loads(dlkata("why", "显存", "--json").out)
    chinese = json.loads(dlkata("why", "显存", "--json", "--lang", "zh").out)
    assert [hit["name"] for hit in english] == [hit["name"] for hit in chinese] and len(english) > 1


def test_a_name_or_a_title_opens_and_several_hits_are_listed(dlkata):
    assert "√dₖ" in dlkata("why", "sqrt", "dk", "--text").out
    title = LIBRARY.concept("kv_cache").title
    assert dlkata("why", *title.split(), "--text").out.startswith(title)
    listed = dlkata("why", "gradient")
    assert listed.code == 0 and "why NAME" in listed.out and len(listed.out.split("\n")) > 5
    missed = dlkata("why", "atention-cues")
    assert missed.code == 2 and "attention-cues" in missed.err
