"""Help in Chinese, broken by the columns that characters take: click counts characters, and its lines would be up to
twice as wide as the screen."""

import re
import unicodedata

# A word with what closes it, a space, or a wide character with what opens before it and closes after it.
UNIT = re.compile(
    r"[（《“「]*(?:[!-~·→√…]+|\s|.)[，。、；：！？）》”」…]*",
    re.DOTALL,
)


def columns(text: str) -> int:
    return sum(2 if unicodedata.east_asian_width(character) in "WF" else 1 for character in text)


def is_wide(text: str) -> bool:
    return columns(text) > len(text)


def fill(text: str, width: int, first: str, rest: str) -> str:
    """One paragraph in lines no wider than `width`, with their indents."""
    lines, line = [], first
    for unit in UNIT.findall(" ".join(text.split())):
        if columns(line + unit.rstrip()) > width and line.strip():
            lines.append(line.rstrip())
            line = rest
            unit = unit.lstrip()
        line += unit
    return "\n".join([*lines, line.rstrip()])


def wrap_text(text: str, width: int, first: str, rest: str, *, paragraphs: bool) -> str:
    """As click's own: a paragraph that begins with a backspace stays as it is."""
    parts = re.split(r"\n\s*\n", text.strip("\n")) if paragraphs else [text]
    filled = []
    for part in parts:
        if part.startswith("\b"):
            filled.append("\n".join(rest + line for line in part.split("\n")[1:]))
        else:
            filled.append(fill(part, width, first, rest))
    return "\n\n".join(filled)
