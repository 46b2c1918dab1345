"""Breaks lines as both languages do: between words, and between Chinese characters, never before a closing mark."""

import re
from collections.abc import Iterable, Sequence
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from rich.text import Text

CODE = "cyan"  # the style of code and commands, which are kept on one line where one holds them
WIDE = "\u2e80-\u9fff\uac00-\ud7a3\uf900-\ufaff\uff00-\uffef\u3000-\u303f"
CLOSING = "，。、；：？！）》」』】”’…—"
OPENING = "（《「『【“‘"
BORDER = re.compile(rf"[{WIDE}{OPENING}{CLOSING}]")
CLINGING = re.compile(rf"[^\s{WIDE}{OPENING}{CLOSING}]*[{CLOSING}]*")
# Where a unit may part that no line holds: at a blank, behind a comma or an opening bracket, before a dot.
BETWEEN = re.compile(r"(?=\s)|(?<=[,(=/\[])(?=[\w\"'(\[-])|(?<=[\w)\]])(?=\.[A-Za-z_])")
# A unit is never broken: one wide character with the marks that cling to it, or a run of anything else.
UNIT = re.compile(rf"[{OPENING}]*(?:[{WIDE}]|[^\s{WIDE}{OPENING}{CLOSING}]+)?[{CLOSING}]*")

Range = tuple[int, int]


def break_points(text: str, width: int, kept: Sequence[Range] = ()) -> list[Range]:
    """Start and end of each line of one paragraph. What is `kept` goes to the next line whole, if a line holds it;
    else it is broken like the rest, only not inside a word."""
    from rich.cells import cell_len

    kept = [(first, last) for first, last in kept if cell_len(text[first:last]) <= width]
    lines: list[Range] = []
    start = end = used = position = 0
    while position < len(text):
        if text[position].isspace():
            position += 1
            continue
        unit_end = _unit_end(text, position, kept)
        gap = cell_len(text[end:position]) if used else 0
        size = cell_len(text[position:unit_end])
        if used and used + gap + size > width:
            lines.append((start, end))
            start, used, gap = position, 0, 0
        elif not used:
            start = position
        while size > width and not used:  # one unit wider than the line
            cut = _cut(text, position, unit_end, width)
            lines.append((position, cut))
            position = start = cut + len(text[cut:]) - len(text[cut:].lstrip())
            size = cell_len(text[position:unit_end])
        used += gap + size
        end = position = unit_end
    if used:
        lines.append((start, end))
    return lines or [(0, 0)]


def _unit_end(text: str, position: int, kept: Sequence[Range]) -> int:
    """Where the unit ends that begins here: with all of what is kept, and the marks that cling to it."""
    match = UNIT.match(text, position)
    end = match.end() if match and match.end() > position else position + 1
    for first, last in kept:
        if first < end < last or first == position:
            clinging = CLINGING.match(text, last)
            end = max(end, clinging.end() if clinging else last)
    return end


def _cut(text: str, start: int, end: int, width: int) -> int:
    """Where a unit is cut that no line holds: between two of its words, if it has more than one."""
    from rich.cells import cell_len

    cut = start + 1
    while cut < end and cell_len(text[start : cut + 1]) <= width:
        cut += 1
    between = [place for place in range(start + 1, cut) if BETWEEN.match(text, place)]
    return max(between, default=cut)


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
    kept = [(span.start, span.end) for span in text.spans if span.style == CODE]
    return [text[start:end] for start, end in break_points(text.plain, width, kept)]


def parted(text: "Text", width: int) -> list["Text"]:
    """A row of things with dots between them, each of which stays in one piece."""
    kept = [(match.start(), match.end()) for match in re.finditer(r"[^·\s][^·]*", text.plain)]
    kept = [(first, first + len(text.plain[first:last].rstrip())) for first, last in kept]
    return [text[first:last] for first, last in break_points(text.plain, width, kept)]


def naming(sentence: str, *commands: str, style: str = "") -> "Text":
    """A sentence with commands to be copied, which are kept whole."""
    from rich.text import Text

    text = Text(sentence, style=style)
    text.highlight_words(commands, style=CODE)
    return text


def wrap_plain(text: str, width: int) -> list[str]:
    return [text[start:end] for start, end in break_points(text, width)]


def marked(mark: str, text: str, style: str, width: int) -> list["Text"]:
    """A paragraph behind a mark, indented by two."""
    from rich.text import Text

    rows = wrap(Text(text), width - 4)
    return [
        Text.assemble("  ", (f"{mark} ", style) if number == 0 else "  ", row)
        for number, row in enumerate(rows)
    ]
