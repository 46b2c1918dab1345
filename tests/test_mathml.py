"""Formulas as MathML: every one of the pages, well formed, and none falls back on its LaTeX."""

import re
from pathlib import Path
from xml.etree import ElementTree

import pytest

from dlkata.ui.mathml import mathml

ROOT = Path(__file__).parent.parent
PAGES = sorted([*ROOT.glob("questions/*/*.md"), *ROOT.glob("katas/*.md")])


def text_of(latex):
    return "".join(ElementTree.fromstring(mathml(latex)).itertext())


def test_every_formula_of_the_pages_is_drawn():
    formulas = [
        f for page in PAGES for f in re.findall(r"\$\$(.*?)\$\$", page.read_text(encoding="utf-8"), re.DOTALL)
    ]
    assert len(formulas) > 300
    drawn = {formula: mathml(formula) for formula in formulas}
    assert [formula for formula, made in drawn.items() if not made.startswith("<math")] == []
    for made in drawn.values():
        assert "\\" not in "".join(ElementTree.fromstring(made).itertext()), made


@pytest.mark.parametrize(
    ("latex", "expected"),
    [
        (r"\frac{a}{b}", "<mfrac><mrow><mi>a</mi></mrow><mrow><mi>b</mi></mrow></mfrac>"),
        (r"x_i^2", "<msubsup><mi>x</mi><mi>i</mi><mn>2</mn></msubsup>"),
        (r"\sum_{i=1}^n", "<munderover><mo>∑</mo>"),
        (r"\sqrt d", "<msqrt><mi>d</mi></msqrt>"),
        (r"\hat y", '<mover accent="true"><mi>y</mi><mo>^</mo></mover>'),
        (r"a < b", "<mo>&lt;</mo>"),
        (r"\text{softmax of } x", "<mtext>softmax&#160;of&#160;</mtext>"),
    ],
)
def test_what_is_written_is_what_is_drawn(latex, expected):
    assert expected in mathml(latex)


def test_brackets_grow_and_cases_stand_in_rows():
    assert mathml(r"\left( \frac{1}{2} \right)").count('stretchy="true"') == 2
    made = ElementTree.fromstring(mathml(r"\begin{cases} 1 & x > 0 \\ 0 & \text{else} \end{cases}"))
    assert len(made.findall(".//mtr")) == 2 and len(made.findall(".//mtd")) == 4


@pytest.mark.parametrize(
    "latex", [r"\unheardof{x}", r"\frac{a", r"\left( x", r"\begin{cases} 1", "{", r"\text x", ""]
)
def test_what_is_not_known_stays_as_it_is(latex):
    made = mathml(latex)
    assert made.startswith(("<pre>", "<math")) and ElementTree.fromstring(made) is not None


def test_nothing_that_is_written_becomes_a_tag():
    assert "<script>" not in mathml(r"\text{<script>} <script>")
