"""A page's Markdown as HTML, its formulas as MathML: for what is read outside the terminal."""

from collections.abc import Iterable
from html import escape

from dlkata.ui.mathml import mathml
from dlkata.ui.page import BULLET, INLINE, TABLE_RULE, blocks
from dlkata.ui.wrap import joined


def page(markdown: str) -> str:
    return "\n".join(_block(kind, block) for kind, block in blocks(markdown))


def inline(text: str) -> str:
    """`code`, **strong** and *emphasis*."""
    result, position = "", 0
    for match in INLINE.finditer(text):
        result += escape(text[position : match.start()])
        code, strong, emphasis = match.groups()
        if code:
            result += f"<code>{escape(code)}</code>"
        elif strong:
            result += f"<b>{inline(strong)}</b>"
        else:
            result += f"<i>{escape(emphasis)}</i>"
        position = match.end()
    return result + escape(text[position:])


def paragraph(text: str) -> str:
    """Lines that are one paragraph, whatever they begin with: an option, a feedback."""
    return inline(joined(text.split("\n")))


def _block(kind: str, block: list[str]) -> str:
    if kind == "math":
        return mathml("\n".join(block))
    if kind in ("code", "python"):
        return f"<pre><code>{escape(chr(10).join(block))}</code></pre>"
    if kind == "heading":
        return f"<h3>{inline(block[0].lstrip('# '))}</h3>"
    if kind == "table":
        return _table(block)
    if kind == "list":
        return _list(block)
    return f"<p>{inline(joined(block))}</p>"


def _list(block: Iterable[str]) -> str:
    """Nested entries stand in one list: pages hardly nest, and never deeper than that."""
    items: list[str] = []
    numbered = False
    for line in block:
        if match := BULLET.match(line):
            numbered = numbered or match[2] not in "-*"
            items.append(line[match.end() :])
        elif items:
            items[-1] = joined([items[-1], line])
    tag = "ol" if numbered else "ul"
    return f"<{tag}>" + "".join(f"<li>{inline(item)}</li>" for item in items) + f"</{tag}>"


def _table(block: Iterable[str]) -> str:
    rows = [
        [inline(cell.strip()) for cell in line.strip().strip("|").split("|")]
        for line in block
        if not TABLE_RULE.match(line)
    ]
    lines = []
    for number, row in enumerate(rows):
        tag = "th" if number == 0 else "td"
        lines.append("<tr>" + "".join(f"<{tag}>{cell}</{tag}>" for cell in row) + "</tr>")
    return f"<table>{''.join(lines)}</table>"
