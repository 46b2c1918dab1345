"""English and Chinese are equals: no sentence of the program lacks its Chinese, and none is left over."""

import re
import tomllib
from pathlib import Path

from sentences import marked

import dlkata.locale
from dlkata.locale import _, language_of_locale, use_language

CHINESE = tomllib.loads(Path(dlkata.locale.__file__).with_name("zh.toml").read_text(encoding="utf-8"))
PLACEHOLDER = re.compile(r"\{[a-z_]+[^}]*\}")
CLICK = set(list(CHINESE)[: list(CHINESE).index("required") + 1])  # click's own sentences stand first


def test_every_sentence_has_its_chinese():
    assert {s: where for s, where in marked().items() if s not in CHINESE} == {}


def test_no_chinese_sentence_is_left_over():
    assert set(CHINESE) - set(marked()) - CLICK == set()


def test_placeholders_are_the_same_in_both_languages():
    different = {
        english for english, chinese in CHINESE.items()
        if sorted(PLACEHOLDER.findall(english)) != sorted(PLACEHOLDER.findall(chinese))
    }  # fmt: skip
    assert different == set()


def test_looks_sentences_up_only_when_chinese_is_on():
    try:
        use_language("zh")
        assert _("Go on with") == "继续"
        assert _("{count} katas", count=4) == "4 道编程题"
        use_language("en")
        assert _("{count} katas", count=4) == "4 katas"
    finally:
        use_language("en")


def test_the_locale_decides_in_gettexts_order():
    assert language_of_locale({"LANG": "zh_CN.UTF-8"}) == "zh"
    assert language_of_locale({"LANG": "zh_CN.UTF-8", "LC_ALL": "C"}) == "en"
    assert language_of_locale({"LANGUAGE": "zh_TW:en", "LC_ALL": "C"}) == "zh"
    assert language_of_locale({}) == "en"
