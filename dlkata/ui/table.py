"""Tables: columns side by side where they fit, else an entry a row, with each value named."""

from collections.abc import Sequence
from typing import TYPE_CHECKING

from dlkata.locale import language
from dlkata.ui.wrap import wrap

if TYPE_CHECKING:
    from rich.text import Text

HEAD = "bold"


def table(columns: Sequence["Text"], rows: Sequence[Sequence["Text"]], width: int) -> list["Text"]:
    from rich.cells import cell_len

    everything = [[_head(column) for column in columns], *rows]
    sizes = [max(cell_len(row[i].plain) for row in everything) for i in range(len(columns))]
    if sum(sizes) + 2 * len(sizes) > width:
        named = columns if len(columns) > 2 else [columns[0], _margin(0)]  # of two, the second needs no name
        return entries(named, rows, width)
    lines = []
    for row in everything:
        line = _margin(2)
        for cell, size in zip(row, sizes, strict=True):
            line.append_text(cell)
            line.append(" " * (size - cell_len(cell.plain) + 2))
        line.rstrip()
        lines.append(line)
    return lines


def entries(columns: Sequence["Text"], rows: Sequence[Sequence["Text"]], width: int) -> list["Text"]:
    lines: list[Text] = []
    colon = "：" if language() == "zh" else ": "
    for row in rows:
        lines += [_margin(2).append_text(part) for part in wrap(_head(row[0]), width - 2)]
        named = _margin(0)
        for name, cell in zip(columns[1:], row[1:], strict=True):
            if cell.plain:
                named.append(" · " if named.plain else "")
                named.append_text(name)
                named.append(colon if name.plain else "")
                named.append_text(cell)
        lines += [_margin(4).append_text(part) for part in wrap(named, width - 4)]
    return lines


def _head(cell: "Text") -> "Text":
    cell = cell.copy()
    cell.stylize(HEAD)
    return cell


def _margin(size: int) -> "Text":
    from rich.text import Text

    return Text(" " * size)
