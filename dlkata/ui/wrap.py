"""Breaks lines as both languages do: between words, and between Chinese characters, never before a closing mark."""

import re
from collections.abc import Iterable
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from rich.text import Text

WIDE = "\u2e80-\u9fff\uac00-\ud7a3\uf900-\ufaff\uff00-\uffef\u3000-\u303f"
CLOSING = "，。、；：？！）》」』】”’…—"
OPENING = "（《「『【“‘"
BORDER = re.compile(rf"[{WIDE}{OPENING}{CLOSING}]")
# A unit is never broken: one wide character with the marks that cling to it, or a run of anything else.
UNIT = re.compile(rf"[{OPENING}]*(?:[{WIDE}]|[^\s{WIDE}{OPENING}{CLOSING}]+)?[{CLOSING}]*")


def break_points(text: str, width: int) -> list[tuple[int, int]]:
    """Start and end of each line of one paragraph."""
    from rich.cells import cell_len

    lines: list[tuple[int, int]] = []
    start = end = used = position = 0
    while position < len(text):
        if text[position].isspace():
            position += 1
            continue
        match = UNIT.match(text, position)
        unit_end = match.end() if match and match.end() > position else position + 1
        gap = cell_len(text[end:position]) if used else 0
        size = cell_len(text[position:unit_end])
        if used and used + gap + size > width:
            lines.append((start, end))
            start, used, gap = position, 0, 0
        elif not used:
            start = position
        while size > width and not used:  # one unit wider than the line
            cut = position + 1
            while cut < unit_end and cell_len(text[position : cut + 1]) <= width:
                cut += 1
            lines.append((position, cut))
            position = start = cut
            size = cell_len(text[position:unit_end])
        used += gap + size
        end = position = unit_end
    if used:
        lines.append((start, end))
    return lines or [(0, 0)]


def joined(lines: Iterable[str]) -> str:
    """Lines of one paragraph as one line: a space between words, none between Chinese characters."""
    text = ""
    for line in (line.strip() for line in lines):
        if not (text and line):
            text += line
            continue
        chinese = BORDER.match(text[-1]) and BORDER.match(line[0])
        marked = text[-1] in CLOSING or line[0] in OPENING
        text += line if chinese or marked else f" {line}"
    return text


def wrap(text: "Text", width: int) -> list["Text"]:
    """A styled paragraph as styled lines."""
    return [text[start:end] for start, end in break_points(text.plain, width)]


def wrap_plain(text: str, width: int) -> list[str]:
    return [text[start:end] for start, end in break_points(text, width)]
