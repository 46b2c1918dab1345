"""The language of the screen: `_("English sentence")` is the Chinese one when Chinese is on.

zh.toml maps each English sentence to its Chinese one; tests/test_locale.py finds every `_()` and `N_()` and
demands an entry. Placeholders are `{name}`, filled by keyword: `_("No kata {name}.", name=name)`.
"""

import os
import tomllib
from inspect import cleandoc
from pathlib import Path

LANGUAGES = ("en", "zh")

_current = "en"
_chinese: dict[str, str] = {}


def language() -> str:
    return _current


def use_language(code: str) -> None:
    global _current
    _current = code
    if code == "zh":
        _read_chinese()


def _read_chinese() -> None:
    global _chinese
    if not _chinese:
        _chinese = tomllib.loads(Path(__file__).with_name("zh.toml").read_text(encoding="utf-8"))


def in_both(sentence: str) -> tuple[str, str]:
    """A sentence in English and in Chinese, whatever the screen speaks."""
    _read_chinese()
    return sentence, _chinese.get(sentence, sentence)


def language_of_locale(environment: "os._Environ[str] | dict[str, str]") -> str:
    """What LANGUAGE, LC_ALL, LC_MESSAGES and LANG ask for, in gettext's order; English where they say nothing."""
    for variable in ("LANGUAGE", "LC_ALL", "LC_MESSAGES", "LANG"):
        if value := environment.get(variable):
            return "zh" if value.lower().startswith("zh") else "en"
    return "en"


def _(sentence: str, /, **values: object) -> str:
    translated = _chinese.get(sentence, sentence) if _current == "zh" else sentence
    return translated.format(**values) if values else translated


def N_(sentence: str) -> str:
    """Marks a sentence that is translated when it is shown (help texts are defined before the language is known)."""
    return cleandoc(sentence)
