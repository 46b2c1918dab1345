"""What is typed below a question: a footer's keys, and the words it explains them with, in both languages."""

import re
from collections.abc import Mapping

from dlkata.cli.reader import plainly
from dlkata.locale import in_both

# What people type besides the footer's own words.
ALSO = {
    "x": ("i don't know", "dont know", "i dont know", "no idea", "idk", "我不知道", "不会", "不懂", "不清楚"),
    "q": ("quit", "exit", "退出", "停止"),
    "!": ("run", "运行"),
    "u": ("撤回",),
    "?": ("pass",),
}


def key_of(typed: str, footer: Mapping[str, str]) -> str:
    """The key of the `footer` (by key, such as "x don't know") that was typed, or whose words were; else what was
    typed, plainly."""
    said = plainly(typed)
    if len(said) <= 1:
        return said
    said = re.sub(r"\s+", " ", said.rstrip(".。!"))
    for key, sentence in footer.items():
        if said in ALSO.get(key, ()) or any(said in _ways(key, plainly(s)) for s in in_both(sentence)):
            return key
    return said


def _ways(key: str, sentence: str) -> tuple[str, ...]:
    """`4 all, at once`: the whole, the words, and their beginning."""
    words = sentence.removeprefix(key).strip(" :")
    return sentence, words, words.partition(",")[0]
