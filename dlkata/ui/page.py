"""Lays out a page's Markdown for the terminal, with its math drawn. What it can't lay out stays as it is written."""

import re
from collections.abc import Iterator
from typing import TYPE_CHECKING

from dlkata.ui.math import draw
from dlkata.ui.wrap import CODE, joined, wrap

if TYPE_CHECKING:
    from rich.text import Text

INLINE = re.compile(r"`([^`]+)`|\*\*([^*]+)\*\*|\*([^*\s][^*]*)\*")
BULLET = re.compile(r"(\s*)([-*]|\d+\.) +")
TABLE_RULE = re.compile(r"\s*\|?[\s:|-]+\|?\s*$")
STRONG, EMPHASIS, HEADING = "bold", "italic", "bold"
MATH_INDENT = CODE_INDENT = 4


def layout(markdown: str, width: int) -> list["Text"]:
    """The page as styled lines, none wider than `width` (but for math that is)."""
    from rich.text import Text

    lines: list[Text] = []
    for kind, block in blocks(markdown):
        if lines and lines[-1].plain:
            lines.append(Text())
        if kind == "math":
            lines += [Text(" " * MATH_INDENT + row) for row in draw("\n".join(block))]
        elif kind in ("code", "python"):
            lines += [
                Text(" " * CODE_INDENT).append_text(row) for row in _code(kind, block, width - CODE_INDENT)
            ]
        elif kind == "table":
            lines += _table(block, width)
        elif kind == "heading":
            lines += wrap(Text(block[0].lstrip("# "), style=HEADING), width)
        elif kind == "list":
            lines += _list(block, width)
        else:
            lines += wrap(inline(joined(block)), width)
    return lines


def _code(kind: str, block: list[str], width: int) -> list["Text"]:
    from rich.text import Text

    from dlkata.ui.code import broken, python

    if kind == "python":
        return python(block, width)
    return [row for line in block for row in broken(Text(line, style=CODE), width)]


def plain(markdown: str, width: int) -> str:
    """The page as plain text, for an attempt's docstring."""
    return "\n".join(line.plain.rstrip() for line in layout(markdown, width))


def paragraph(text: str, width: int) -> list["Text"]:
    """A paragraph as lines; one that is nothing but a piece of code, as code."""
    from dlkata.ui.code import python

    if (alone := INLINE.fullmatch(text)) and alone[1]:
        return python([alone[1]], width)
    return wrap(inline(text), width)


def inline(text: str) -> "Text":
    """`code`, **strong** and *emphasis*."""
    from rich.text import Text

    result, position = Text(), 0
    for match in INLINE.finditer(text):
        result.append(text[position : match.start()])
        code, strong, emphasis = match.groups()
        if code:
            result.append(code, style=CODE)
        elif strong:
            result.append_text(_styled(strong, STRONG))
        else:
            result.append(emphasis, style=EMPHASIS)
        position = match.end()
    result.append(text[position:])
    return result


def _styled(text: str, style: str) -> "Text":
    inner = inline(text)
    inner.stylize(style)
    return inner


def blocks(markdown: str) -> Iterator[tuple[str, list[str]]]:
    """Cuts a page into (kind, lines): math, python, other code, table, heading, list, paragraph."""
    lines = markdown.split("\n")
    position = 0
    while position < len(lines):
        line = lines[position]
        stripped = line.strip()
        if not stripped:
            position += 1
        elif stripped == "$$" or (
            stripped.startswith("$$") and stripped.endswith("$$") and len(stripped) > 4
        ):
            if stripped != "$$":
                yield "math", [stripped.strip("$").strip()]
                position += 1
                continue
            end = _find(lines, position + 1, lambda text: text.strip() == "$$")
            yield "math", lines[position + 1 : end]
            position = end + 1
        elif stripped.startswith("```"):
            end = _find(lines, position + 1, lambda text: text.strip().startswith("```"))
            yield "python" if stripped == "```python" else "code", lines[position + 1 : end]
            position = end + 1
        else:
            kind, ends = _kind(line)
            end = _find(lines, position + 1, ends)
            yield kind, lines[position:end]
            position = end


def _kind(line: str):
    if line.startswith("#"):
        return "heading", lambda text: True
    if line.lstrip().startswith("|"):
        return "table", lambda text: not text.lstrip().startswith("|")
    if BULLET.match(line):
        return "list", lambda text: not text.strip() or text.strip().startswith(("$$", "```", "#"))
    return (
        "paragraph",
        lambda text: (
            not text.strip() or bool(BULLET.match(text)) or text.strip().startswith(("$$", "```", "|"))
        ),
    )


def _find(lines: list[str], start: int, ends) -> int:
    return next((n for n in range(start, len(lines)) if ends(lines[n])), len(lines))


def _list(block: list[str], width: int) -> list["Text"]:
    from rich.text import Text

    items: list[tuple[int, str, str]] = []
    for line in block:
        if match := BULLET.match(line):
            items.append((len(match[1]), "•" if match[2] in "-*" else match[2], line[match.end() :].strip()))
        elif items:
            indent, mark, text = items[-1]
            items[-1] = indent, mark, joined([text, line])
    lines: list[Text] = []
    for indent, mark, text in items:
        margin = " " * (indent + 2)
        hang = " " * (len(mark) + 1)
        for number, row in enumerate(wrap(inline(text), max(20, width - len(margin) - len(hang)))):
            lines.append(Text.assemble(margin, f"{mark} " if number == 0 else hang, row))
    return lines


def _table(block: list[str], width: int) -> list["Text"]:
    from dlkata.ui.table import table

    rows = [[cell.strip() for cell in line.strip().strip("|").split("|")] for line in block]
    rows = [row for row, line in zip(rows, block, strict=True) if not TABLE_RULE.match(line)]
    size = max(map(len, rows))
    columns, *cells = [[inline(cell) for cell in row] + [inline("")] * (size - len(row)) for row in rows]
    return table(columns, cells, width)
