"""The examples in statements print what they say they print, and the same in both languages."""

import doctest
import math
import re

import pytest
import torch

from dlkata.content.library import Library
from dlkata.grading.work.module import execute_file

BLOCK = re.compile(r"^```python\n(.*?)^```$", re.MULTILINE | re.DOTALL)
KATAS = {kata.name: kata for kata in Library().katas}


def examples(page: str) -> list[str]:
    """What a learner can type, by language."""
    return [
        "\n".join(block for block in BLOCK.findall(part) if ">>> " in block)
        for part in re.split(r"^# zh\b", page, maxsplit=1, flags=re.MULTILINE)
    ]


PAGES = {name: examples(kata.page_file.read_text(encoding="utf-8")) for name, kata in KATAS.items()}
WITH_EXAMPLE = [name for name, parts in PAGES.items() if any(parts)]


@pytest.mark.parametrize("name", WITH_EXAMPLE)
def test_an_example_is_the_same_in_both_languages(name):
    english, chinese = PAGES[name]
    assert english == chinese


@pytest.mark.parametrize("name", WITH_EXAMPLE)
def test_an_example_prints_what_it_says(name):
    names = dict(vars(execute_file(KATAS[name].reference_file, "reference")))
    names |= {"torch": torch, "math": math, "nn": torch.nn}
    torch.manual_seed(0)
    said: list[str] = []
    typed = doctest.DocTestParser().get_doctest(PAGES[name][0], names, name, None, None)
    failed, tried = doctest.DocTestRunner(verbose=False).run(typed, out=said.append)
    assert tried and not failed, "".join(said)
