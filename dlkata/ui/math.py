"""Displayed math, drawn with characters. The one place that knows TeXicode."""

import contextlib
import io

UNDRAWABLE = "?"
RARE = {"𐞥": "q"}  # a subscript that fonts lack; TeXicode has put it on a row of its own


def draw(latex: str) -> list[str]:
    """The formula's rows; the LaTeX itself where it cannot be drawn."""
    return try_draw(latex) or [line.strip() for line in latex.strip().splitlines()]


def try_draw(latex: str) -> list[str] | None:
    """The formula's rows, or None where TeXicode does not know a macro (it raises, or prints `?`)."""
    from texicode.pipeline import render_tex

    source = " ".join(latex.split())
    try:
        with contextlib.redirect_stdout(io.StringIO()):
            drawn = render_tex(source, False, False, "raw", {"fonts": "normal"})
    except Exception:  # whatever a third party's parser raises on a macro it does not know
        return None
    for rare, plain in RARE.items():
        drawn = drawn.replace(rare, plain)
    rows = [row.rstrip() for row in drawn.rstrip().splitlines()]
    while rows and not rows[0]:
        rows.pop(0)
    if not rows or drawn.startswith("TeXicode:") or (UNDRAWABLE in drawn and UNDRAWABLE not in source):
        return None
    return rows
