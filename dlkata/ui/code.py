"""Code on the screen: Python is coloured, and a line that is too long is broken between tokens, never inside one."""

import re
from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING

from dlkata.ui.wrap import CODE, WIDE

if TYPE_CHECKING:
    from rich.text import Text

# By what Pygments calls a kind of token; the most special name that begins the kind's counts.
STYLES = {
    "Keyword": "magenta",
    "Keyword.Constant": CODE,
    "Operator.Word": "magenta",
    "Literal.String": "green",
    "Literal.String.Interpol": CODE,
    "Literal.Number": CODE,
    "Comment": "dim",
    "Name.Decorator": "magenta",
    "Name.Function": "bold",
    "Name.Class": "bold",
}
STRING = r"""[rbfu]{0,2}(?:"(?:\\.|[^"\\])*"|'(?:\\.|[^'\\])*')"""
NUMBER = r"\d+\.?\d*(?:e[-+]?\d+)?"
TOKEN = re.compile(rf"""{STRING}|{NUMBER}|[{WIDE}]|\w+|[^\w\s'"(\[{{}}\])]+|\S""", re.IGNORECASE)
HANGING = 8  # deeper than a body, so that the rest of a line does not look like one
COMMENT = "#"


def python(lines: Sequence[str], width: int) -> list["Text"]:
    """Lines of Python, coloured, none wider than `width` as far as its tokens allow."""
    return [row for line in _coloured(lines) for row in broken(line, width)]


def _coloured(lines: Sequence[str]) -> list["Text"]:
    from pygments.lexers.python import PythonLexer
    from rich.text import Text

    whole = Text()
    for kind, text in PythonLexer(stripnl=False, ensurenl=False).get_tokens("\n".join(lines)):
        name = str(kind).removeprefix("Token.")
        fitting = [style for style in STYLES if name == style or name.startswith(f"{style}.")]
        whole.append(text, style=STYLES[max(fitting, key=len)] if fitting else "")
    return list(whole.split("\n", allow_blank=True))


def broken(line: "Text", width: int) -> list["Text"]:
    """One line of code as rows, each but the first further in. A token wider than a row stays whole."""
    from rich.cells import cell_len
    from rich.text import Text

    rest = line.copy()
    rest.rstrip()
    indent = len(rest.plain) - len(rest.plain.lstrip())
    rows, margin = list[Text](), Text()
    while cell_len(rest.plain) > width - cell_len(margin.plain):
        cut = _cut(rest.plain, width - cell_len(margin.plain), 0 if rows else indent)
        if cut is None:
            near = Text(" " * max(0, min(len(margin.plain), width - cell_len(rest.plain))))
            if len(near.plain) == len(margin.plain):
                break
            margin = near  # a long token goes less far in
            continue
        head, rest, in_comment = rest[:cut], rest[cut:], COMMENT in _uncommented(rest.plain[:cut])
        head.rstrip()
        rows.append(margin + head)
        rest = rest[len(rest.plain) - len(rest.plain.lstrip()) :]
        if in_comment:
            rest = Text.assemble((f"{COMMENT} ", STYLES["Comment"]), rest)
        margin = Text(" " * min(indent + HANGING, max(0, width // 2)))
    return [*rows, margin + rest]


def _uncommented(text: str) -> set[str]:
    return {match[0][0] for match in TOKEN.finditer(text)}


def _cut(text: str, width: int, indent: int) -> int | None:
    """Where to break: at the last blank, if that leaves not too little; else between the last two tokens that fit;
    else behind the first token. None where there is but one."""
    from rich.cells import cell_len

    places = [cut for cut in breaks(text) if indent < cut < len(text)]
    fitting = [cut for cut in places if cell_len(text[:cut]) <= width]
    at_blank = [cut for cut in fitting if text[cut].isspace() and cell_len(text[:cut]) > width // 2]
    return max(at_blank or fitting, default=min(places, default=None))


def breaks(text: str) -> Iterator[int]:
    """Where code may be broken: at a blank between tokens, behind a comma or what opens, before a dot."""
    for match in TOKEN.finditer(text):
        end = match.end()
        following, last = text[end : end + 1], text[end - 1]
        if following.isspace() or last in "([{," or (following == "." and (last.isalnum() or last in "_)]")):
            yield end
