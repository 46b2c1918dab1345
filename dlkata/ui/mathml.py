"""Displayed LaTeX as MathML, which browsers draw without any library: as much of LaTeX as the pages use."""

import re
from collections.abc import Callable, Iterator
from html import escape

TOKEN = re.compile(r"\\[a-zA-Z]+|\\.|\d+(?:\.\d+)?|\s+|.", re.DOTALL)
GREEK = dict(zip(
    ["alpha", "beta", "gamma", "delta", "epsilon", "varepsilon", "zeta", "eta", "theta", "kappa", "lambda", "mu",
     "nu", "xi", "pi", "rho", "sigma", "tau", "phi", "varphi", "chi", "psi", "omega", "ell", "Gamma", "Delta", "Theta",
     "Lambda", "Pi", "Sigma", "Phi", "Psi", "Omega"],
    "αβγδϵεζηθκλμνξπρστϕφχψωℓΓΔΘΛΠΣΦΨΩ", strict=True,
))  # fmt: skip
SIGNS = {
    "cdot": "·", "odot": "⊙", "otimes": "⊗", "oplus": "⊕", "times": "×", "pm": "±", "leq": "≤", "le": "≤", "geq": "≥",
    "ge": "≥", "neq": "≠", "approx": "≈", "in": "∈", "sim": "∼", "propto": "∝", "to": "→", "rightarrow": "→",
    "leftarrow": "←", "ldots": "…", "cdots": "⋯", "partial": "∂", "nabla": "∇", "infty": "∞", "mid": "∣", "succ": "≻",
    "ll": "≪", "gg": "≫", "cap": "∩", "cup": "∪", "lfloor": "⌊", "rfloor": "⌋", "lceil": "⌈", "rceil": "⌉",
    "|": "‖", "{": "{", "}": "}", "_": "_", "-": "−", "'": "′", "*": "∗",
}  # fmt: skip
LARGE = {"sum": "∑", "prod": "∏", "int": "∫"}
FUNCTIONS = {"log", "ln", "exp", "sin", "cos", "tan", "tanh", "max", "min", "lim", "arg"}
LIMITED = {"sum", "prod", "max", "min", "lim"}  # what is below and above them, not beside them
ACCENTS = {"hat": "^", "bar": "¯", "tilde": "~"}
SPACES = {"qquad": 2.0, "quad": 1.0, ";": 0.28, ",": 0.17, " ": 0.25}
DOUBLE_STRUCK = dict(zip("RENZPC", "ℝ𝔼ℕℤℙℂ", strict=True))
FENCES = {
    ".": "",
    r"\{": "{",
    r"\}": "}",
    r"\|": "‖",
    r"\lfloor": "⌊",
    r"\rfloor": "⌋",
    r"\lceil": "⌈",
    r"\rceil": "⌉",
}


class Unknown(Exception):
    """A macro that is not known here."""


def mathml(latex: str) -> str:
    """The formula as a block; its LaTeX as it stands, where it uses what is not known here."""
    try:
        body = _Reader(latex).row("")
    except Unknown:
        return f"<pre>{escape(latex.strip())}</pre>"
    return f'<math display="block">{body}</math>'


class _Reader:
    def __init__(self, latex: str):
        self.tokens = TOKEN.findall(latex.strip())
        self.place = 0

    def row(self, *ends: str) -> str:
        """Up to one of these tokens, which is passed over."""
        return f"<mrow>{''.join(self._atoms(ends))}</mrow>"

    def _atoms(self, ends: tuple[str, ...]) -> Iterator[str]:
        while (token := self._next()) not in ends:
            yield self._scripted(token)

    def _next(self, *, spaces: bool = False) -> str:
        """The next token; "" at the end."""
        while self.place < len(self.tokens):
            token = self.tokens[self.place]
            self.place += 1
            if spaces or not token.isspace():
                return token
        return ""

    def _peek(self) -> str:
        place = self.place
        while place < len(self.tokens) and self.tokens[place].isspace():
            place += 1
        return self.tokens[place] if place < len(self.tokens) else ""

    def _scripted(self, token: str) -> str:
        """An atom with what stands below and above it."""
        base, below, above = self._atom(token), "", ""
        while self._peek() in ("_", "^"):
            if self._next() == "_":
                below = self._argument()
            else:
                above = self._argument()
        if not (below or above):
            return base
        around = token.removeprefix("\\") in LIMITED
        if below and above:
            tag = "munderover" if around else "msubsup"
        elif below:
            tag = "munder" if around else "msub"
        else:
            tag = "mover" if around else "msup"
        return f"<{tag}>{base}{below}{above}</{tag}>"

    def _argument(self) -> str:
        return self._atom(self._next())

    def _atom(self, token: str) -> str:
        if token == "":
            raise Unknown("it ends too early")
        if token == "{":
            return self.row("}")
        if token.startswith("\\"):
            return self._macro(token[1:])
        if token[0].isdigit():
            return f"<mn>{token}</mn>"
        if token.isalpha():
            return f"<mi>{escape(token)}</mi>"
        return f"<mo>{escape(SIGNS.get(token, token))}</mo>"

    def _macro(self, name: str) -> str:
        read = self._structures().get(name)
        if read is not None:
            return read()
        if name in GREEK:
            return f"<mi>{GREEK[name]}</mi>"
        if name in LARGE or name in SIGNS:
            return f"<mo>{LARGE.get(name) or SIGNS[name]}</mo>"
        if name in FUNCTIONS:
            return f"<mi>{name}</mi>"
        if name in SPACES:
            return f'<mspace width="{SPACES[name]}em"/>'
        if name in ACCENTS:
            return f'<mover accent="true">{self._argument()}<mo>{ACCENTS[name]}</mo></mover>'
        raise Unknown(name)

    def _structures(self) -> dict[str, Callable[[], str]]:
        return {
            "frac": lambda: f"<mfrac>{self._argument()}{self._argument()}</mfrac>",
            "sqrt": lambda: f"<msqrt>{self._argument()}</msqrt>",
            "text": lambda: f"<mtext>{escape(self._words()).replace(' ', '&#160;')}</mtext>",
            "mathrm": lambda: f'<mi mathvariant="normal">{escape(self._words())}</mi>',
            "mathbb": lambda: f"<mi>{''.join(DOUBLE_STRUCK.get(c, c) for c in self._words())}</mi>",
            "left": self._fenced,
            "begin": self._table,
        }

    def _words(self) -> str:
        """What stands in braces, as it stands."""
        if self._next() != "{":
            raise Unknown("text without braces")
        words = ""
        while (token := self._next(spaces=True)) != "}":
            if token == "":
                raise Unknown("text without an end")
            words += token[1:] if token in (r"\_", r"\ ", r"\{", r"\}") else token
        return words

    def _fenced(self) -> str:
        opening = self._fence(self._next())
        inner = self.row(r"\right")
        return f"<mrow>{opening}{inner}{self._fence(self._next())}</mrow>"

    def _fence(self, token: str) -> str:
        sign = FENCES.get(token, token)
        if sign.startswith("\\"):
            raise Unknown(sign)
        return f'<mo fence="true" stretchy="true">{escape(sign)}</mo>' if sign else ""

    def _table(self) -> str:
        kind = self._words()
        rows: list[list[str]] = []
        cells: list[str] = []
        cell = ""
        while (token := self._next()) != r"\end":
            if token == "&":
                cells, cell = [*cells, cell], ""
            elif token == r"\\":
                rows, cells, cell = [*rows, [*cells, cell]], [], ""
            else:
                cell += self._scripted(token)
        self._words()
        rows += [[*cells, cell]] if cells or cell else []
        inner = "".join("<mtr>" + "".join(f"<mtd>{c}</mtd>" for c in row) + "</mtr>" for row in rows)
        table = f'<mtable columnalign="left">{inner}</mtable>'
        brackets = {"cases": ("{", ""), "pmatrix": ("(", ")"), "bmatrix": ("[", "]"), "matrix": ("", "")}
        if kind not in brackets:
            raise Unknown(kind)
        opening, closing = (self._fence(sign) if sign else "" for sign in brackets[kind])
        return f"<mrow>{opening}{table}{closing}</mrow>"
