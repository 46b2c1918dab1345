"""Displayed math, drawn with characters. The one place that knows TeXicode."""

import contextlib
import io
import re

UNDRAWABLE = "?"
WIDEST = 76  # columns; a formula that is wider with spaces around its operators is drawn without
RELATIONS = {
    "=",
    "<",
    ">",
    *(
        rf"\{name}"
        for name in ["leq", "geq", "neq", "approx", "in", "sim", "propto", "to", "leftarrow", "rightarrow"]
    ),
}
OPERATORS = {"+", "-", *(rf"\{name}" for name in ["cdot", "odot", "otimes", "oplus", "times", "pm"])}
FUNCTIONS = {rf"\{name}" for name in ["log", "ln", "exp", "sin", "cos", "tan", "tanh", "max", "min"]}
BRACKETS = {"(", "[", "{", "_", "^", r"\left"}
OPENING = {"(", "[", "{", "|", ",", ";", "&", r"\left", r"\\", r"\begin", r"\text"}
TOKEN = re.compile(r"\\(?:text|mathrm|begin|end)\s*\{[^{}]*\}|\\[a-zA-Z]+|\\.|\s+|.")
# A letter with both scripts: TeXicode drops one of them, unless the lower one is set first.
SCRIPT = r"(\{(?:[^{}]|\{[^{}]*\})*\}|\\[a-zA-Z]+|[^\s{}\\])"
BOTH = re.compile(
    rf"(\\(?:hat|tilde|bar)\s*\{{[^{{}}]*\}}|\\[a-zA-Z]+|[A-Za-z])(?:_{SCRIPT}\^{SCRIPT}|\^{SCRIPT}_{SCRIPT})"
)
LIMITS = {rf"\{name}" for name in ["sum", "prod", "int", "max", "min", "lim", "arg"]}
STROKES = set(" ─│┌┐└┘├┤┬┴┰┸╰╯╭╮╴╵╶╷╸╹╺╻▐⎛⎜⎝⎞⎟⎠⎡⎢⎣⎤⎥⎦⎧⎨⎩⎪⎫⎬⎭")
SMALL = dict(zip(
    "₀₁₂₃₄₅₆₇₈₉₊₋₌₍₎ₐₑₕᵢⱼₖₗₘₙₒₚᵣₛₜᵤᵥₓᵦᵧᵨᵩᵪ⁰¹²³⁴⁵⁶⁷⁸⁹⁺⁻⁼⁽⁾ᵃᵇᶜᵈᵉᶠᵍʰⁱʲᵏˡᵐⁿᵒᵖ𐞥ʳˢᵗᵘᵛʷˣʸᶻᴬᴮᴰᴱᴳᴴᴵᴶᴷᴸᴹᴺᴼᴾᴿᵀᵁⱽᵂᵅᵝᵞᵟᶿᶥᶲᵠᵡ",
    "0123456789+-=()aehijklmnoprstuvxβγρφχ0123456789+-=()abcdefghijklmnopqrstuvwxyzABDEGHIJKLMNOPRTUVWαβγδθιφφχ",
    strict=True,
))  # fmt: skip


def draw(latex: str) -> list[str]:
    """The formula's rows; the LaTeX itself where it cannot be drawn."""
    return try_draw(latex) or [line.strip() for line in latex.strip().splitlines()]


def try_draw(latex: str) -> list[str] | None:
    """The formula's rows, or None where TeXicode does not know a macro (it raises, or prints `?`)."""
    source = both_scripts(" ".join(latex.split()))
    rows = _render(spaced(source))
    return rows if rows and max(map(len, rows)) <= WIDEST else _render(source)


def _render(source: str) -> list[str] | None:
    from texicode.pipeline import render_tex

    try:
        with contextlib.redirect_stdout(io.StringIO()):
            drawn = render_tex(source, False, False, "raw", {"fonts": "normal"})
    except Exception:  # whatever a third party's parser raises on a macro it does not know
        return None
    rows = [_plain_scripts(row.rstrip()) for row in drawn.rstrip().splitlines()]
    while rows and not rows[0]:
        rows.pop(0)
    if not rows or drawn.startswith("TeXicode:") or (UNDRAWABLE in drawn and UNDRAWABLE not in source):
        return None
    return rows


def _plain_scripts(row: str) -> str:
    """A row of nothing but small letters, and the lines of big signs, holds scripts: they need not be small there."""
    alone = all(c in SMALL or c in STROKES for c in row)
    return "".join(SMALL.get(c, c) for c in row) if alone else row


def both_scripts(latex: str) -> str:
    def braced(found: re.Match[str]) -> str:
        base, below, above, above_first, below_second = found.groups()
        if base in LIMITS:
            return found[0]
        return f"{{{base}_{below or below_second}}}^{above or above_first}"

    return BOTH.sub(braced, latex)


def spaced(latex: str) -> str:
    """With spaces around relations and binary operators, but for those in scripts and signs."""
    out: list[str] = []
    before, scripts = "", [False]  # whether each open group is a script
    begins_script = False
    tokens = [token for token in TOKEN.findall(latex) if not token.isspace()]
    for token, after in zip(tokens, [*tokens[1:], ""], strict=True):
        sign = not before or before in OPENING | RELATIONS | OPERATORS
        if token in RELATIONS | OPERATORS and not scripts[-1] and not begins_script and not sign:
            out.append(rf"\ {token}\ ")
        elif token in FUNCTIONS and not scripts[-1]:
            follows = not sign and before not in FUNCTIONS
            out.append((r"\ " if follows else "") + token + ("" if after in BRACKETS else r"\ "))
        else:
            out.append(token + " " if token[1:].isalpha() else token)
        if token == "{":
            scripts.append(scripts[-1] or begins_script)
        elif token == "}" and len(scripts) > 1:
            scripts.pop()
        begins_script = token in ("_", "^")
        before = token
    return "".join(out)
