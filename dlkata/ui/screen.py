"""The console: widths, colours, and what to do where a character cannot be shown."""

import codecs
import os
import sys
import unicodedata
from functools import cache
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from rich.console import Console

WIDEST = 100  # longer lines are hard to read
PIPE_WIDTH = 80
ASCII = {
    "✓": "+", "✗": "x", "·": ".", "…": "...", "→": "->", "↳": "->", "√": "sqrt", "∑": "sum", "∏": "prod", "∂": "d", "≈": "~", "≠": "!=",
    "≤": "<=", "≥": ">=", "−": "-", "×": "x", "⊙": "*", "∞": "inf", "─": "-", "│": "|", "╭": "+", "╮": "+", "╰": "+",
    "╯": "+", "‖": "||", "∈": "in", "ℝ": "R", "█": "#", "▸": ">", "●": "*", "◐": "+", "○": "o", "╶": "-", "╴": "-", "┌": "+",
    "┐": "+", "└": "+", "┘": "+", "╲": "\\", "╱": "/", "⎛": "(", "⎜": "|", "⎝": "(", "⎞": ")", "⎟": "|", "⎠": ")",
    "⎡": "[", "⎢": "|", "⎣": "[", "⎤": "]", "⎥": "|", "⎦": "]", "⎧": "{", "⎨": "{", "⎩": "{", "⎪": "|", "“": '"', "”": '"', "‘": "'", "’": "'", "—": "-",
}  # fmt: skip


@cache
def console() -> "Console":
    """Standard output; 80 columns in a pipe, never more than 100."""
    from rich.console import Console

    return Console(highlight=False, soft_wrap=False, width=_width(sys.stdout), legacy_windows=False)


def interactive() -> bool:
    return sys.stdin.isatty() and sys.stdout.isatty()


def _width(stream: Any) -> int:
    if columns := os.environ.get("COLUMNS", ""):
        return max(20, min(int(columns), WIDEST)) if columns.isdigit() else PIPE_WIDTH
    try:
        return (
            max(20, min(os.get_terminal_size(stream.fileno()).columns, WIDEST))
            if stream.isatty()
            else PIPE_WIDTH
        )
    except (OSError, ValueError):
        return PIPE_WIDTH


def speak_ascii_where_needed() -> None:
    """Characters the terminal's encoding lacks are spelt in ASCII instead of raising UnicodeEncodeError."""
    codecs.register_error("dlkata", _spell)
    for stream in (sys.stdout, sys.stderr):
        reconfigure = getattr(stream, "reconfigure", None)
        if reconfigure is not None and (stream.encoding or "").lower().replace("-", "") != "utf8":
            reconfigure(errors="dlkata")


def _spell(error: UnicodeError) -> tuple[str, int]:
    assert isinstance(error, UnicodeEncodeError)
    spelt = "".join(_ascii(character) for character in error.object[error.start : error.end])
    return spelt, error.end


def _ascii(character: str) -> str:
    if character in ASCII:
        return ASCII[character]
    name = unicodedata.name(character, "")
    if name.startswith("GREEK SMALL LETTER "):
        return name.rpartition(" ")[2].lower()
    if "SUBSCRIPT" in name:
        return "_" + (unicodedata.normalize("NFKD", character).encode("ascii", "ignore").decode() or "?")
    if "SUPERSCRIPT" in name or "MODIFIER LETTER" in name:
        return "^" + (unicodedata.normalize("NFKD", character).encode("ascii", "ignore").decode() or "?")
    return unicodedata.normalize("NFKD", character).encode("ascii", "ignore").decode() or "?"


def speaks_ascii(stream: Any) -> bool:
    """Whether only ASCII can be shown there."""
    return (getattr(stream, "encoding", "") or "").lower().replace("-", "") != "utf8"
