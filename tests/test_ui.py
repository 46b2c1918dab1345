"""What stands on the screen: line breaks in both languages, drawn math, ASCII where there is nothing else."""

import pytest
from rich.cells import cell_len
from rich.text import Text

from dlkata.content.library import Library
from dlkata.ui.chart import bars, sparkline, table
from dlkata.ui.math import draw, try_draw
from dlkata.ui.page import blocks, layout, plain
from dlkata.ui.picture import picture
from dlkata.ui.plot import Axis, plot
from dlkata.ui.screen import _ascii
from dlkata.ui.wrap import wrap, wrap_plain

CHINESE = "对每个 token 的 D 个特征做归一化，使均值为 0、方差为 1；再乘上可学习的 γ，加上 β。这样无论 batch 多大，结果都相同（包括推理）。"
ENGLISH = "Implement LayerNorm, the layer found twice in every Transformer block; it normalises each token."


@pytest.mark.parametrize("text", [CHINESE, ENGLISH])
@pytest.mark.parametrize("width", [20, 37, 80])
def test_lines_are_no_wider_than_asked_and_lose_nothing(text, width):
    lines = wrap_plain(text, width)
    # A closing mark may hang over the edge by one cell rather than begin a line.
    assert max(map(cell_len, lines)) <= width + 2
    assert "".join(lines).replace(" ", "") == text.replace(" ", "")


def test_no_line_begins_with_a_closing_mark():
    for width in range(10, 60):
        assert not any(line[0] in "，。；：）、" for line in wrap_plain(CHINESE, width))


def test_chinese_lines_are_filled():
    lines = wrap_plain(CHINESE, 40)
    assert all(cell_len(line) >= 33 for line in lines[:-1])


def test_styles_survive_wrapping():
    text = Text("plain ")
    text.append("bold words here", style="bold")
    lines = wrap(text, 10)
    assert [line.plain for line in lines] == ["plain bold", "words here"]
    assert any(span.style == "bold" for span in lines[1].spans)


def test_a_word_wider_than_the_line_is_cut():
    assert wrap_plain("x" * 25, 10) == ["x" * 10, "x" * 10, "x" * 5]


def test_blocks_are_told_apart():
    page = "Text\nmore\n\n- a\n- b\n\n$$\nx\n$$\n\n```\ncode\n```\n| a | b |\n| - | - |\n| 1 | 2 |\n\n**Contract**\n- c\n"
    kinds = [kind for kind, _lines in blocks(page)]
    assert kinds == ["paragraph", "list", "math", "code", "table", "paragraph", "list"]


def test_a_page_is_laid_out_with_its_math():
    lines = plain(
        "A formula:\n\n$$\n\\frac{a}{b}\n$$\n\n- **bold** and `code`, long enough to go on", 24
    ).split("\n")
    assert lines[0] == "A formula:"
    assert any("─" in line for line in lines)
    assert "  • bold and code, long" in lines
    assert "    enough to go on" in lines


def test_math_that_cannot_be_drawn_is_shown_as_latex():
    assert try_draw(r"\operatorname{softmax}") is None
    assert draw(r"\operatorname{softmax}") == [r"\operatorname{softmax}"]
    assert try_draw(r"\lVert x \rVert") is None


def test_a_table_keeps_its_columns():
    rows = [line.plain for line in layout("| name | shape |\n| --- | --- |\n| q | (2, 5) |\n", 80)]
    assert rows == ["  name  shape", "  q     (2, 5)"]


@pytest.mark.parametrize(
    ("character", "spelt"),
    [
        ("✓", "+"),
        ("√", "sqrt"),
        ("ₖ", "_k"),
        ("β", "beta"),
        ("²", "^2"),
        ("ᵀ", "^T"),
        ("é", "e"),
        ("中", "?"),
    ],
)
def test_what_cannot_be_shown_is_spelt(character, spelt):
    assert _ascii(character) == spelt


def test_a_sparkline_spans_its_range_and_survives_nan():
    assert sparkline([0, 1, float("nan")], 0, 1) == "▁█!"


def rows_of(lines):
    return [line.plain for line in lines]


@pytest.mark.parametrize("ascii_only", [True, False])
def test_curves_carry_letters_and_numbers_and_stay_in_their_box(ascii_only):
    x = list(range(50))
    series = [("up", [0.1 * v for v in x]), ("gone", [None, float("nan"), float("inf")] + [1.0] * 47)]
    rows = rows_of(plot(x, series, 80, ascii_only=ascii_only))
    assert max(map(cell_len, rows)) <= 80
    numbers = [row.split()[0] for row in rows if not row.strip().startswith(("|", "+"))]
    assert numbers[:-1] == ["4", "2", "0"] and rows[-1].split() == ["0", "10", "20", "30", "40"]
    drawn = "".join(rows)
    assert drawn.count("A") == 4 and "B" in drawn
    assert drawn.isascii() == ascii_only


@pytest.mark.parametrize(
    ("values", "log", "expected"),
    [
        ([0.0, 1.0], False, [0, 0.5, 1]),
        ([0.93, 1.017], False, [0.94, 0.96, 0.98, 1]),
        ([-3.2, 8.9], False, [0, 5]),
        ([1e-7, 1e5], True, [1e-7, 1e-4, 1e-1, 1e2, 1e5]),
        ([3.0, 5.0], True, [3, 4, 5]),
        ([2.0, 2.0], False, [1.8, 2, 2.2]),
    ],
)
def test_ticks_are_round_numbers_of_two_figures(values, log, expected):
    assert Axis(values, log).ticks(4) == pytest.approx(expected)


def test_few_points_are_all_marked():
    drawn = "".join(rows_of(plot(range(9), [("measured", [v * v for v in range(9)])], 80)))
    assert drawn.count("A") == 9


def test_a_picture_is_drawn_in_shades_with_its_scale():
    rows = rows_of(picture([[0.0, 0.5], [1.0, None]], ["one", "two"], ["a", "b"], ascii_only=True))
    assert rows == ["       a b", "  one |  ==|", "  two |@@??|", "      0 |  ..::--==++**##@@| 1"]
    assert "⣿⣿" in rows_of(picture([[0.0, 1.0]], [], []))[0]


def test_a_log_axis_leaves_out_what_has_no_logarithm():
    rows = rows_of(plot([1, 10, 100], [("x", [1.0, 0.0, 1e-6])], 60, log_x=True, log_y=True))
    assert rows[0].strip().startswith("1 |") and any("1e-6 |" in row for row in rows)
    assert rows_of(plot([1, 2], [("flat", [3.0, 3.0])], 40)), "a flat curve has a box too"


def test_bars_stand_beside_narrow_labels_and_below_those_of_unsure_width():
    beside = rows_of(bars([("fp16", 2.0), ("bf16", 4.0)], 80, unit="MB"))
    assert beside[0].startswith("  fp16  ") and beside[1].count("⣿") == 2 * beside[0].count("⣿")
    below = rows_of(bars([("without √dₖ", 1.0), ("0", 0.0)], 80, ascii_only=True))
    assert below[0] == "  without √dₖ" and below[1].startswith("    ####") and below[3] == "    0"
    scaled = rows_of(bars([("a", 1.0), ("b", 1000.0)], 80, log=True))
    assert scaled[0] == "  (log scale)" and 0 < scaled[1].count("⣿") < scaled[2].count("⣿")
    assert max(cell_len(row) for row in rows_of(bars([("长" * 60, 1e300)], 80))) <= 80


def test_a_table_with_characters_of_unsure_width_becomes_entries():
    assert rows_of(table(["n", "v"], [["1", "x"], ["22", "√y"]], 80)) == ["  n   v", "  1   x", "  22  √y"]
    assert rows_of(table(["λ", "v"], [["α", "x"]], 80)) == ["  α", "    v: x"]


def test_a_table_that_does_not_fit_becomes_an_entry_a_row():
    page = "| call | from | to |\n| --- | --- | --- |\n| `f(x)` | any number of dimensions | the same |\n| `g()` | | one |"
    wide = [
        "  call  from                      to",
        "  f(x)  any number of dimensions  the same",
        "  g()                             one",
    ]
    assert plain(page, 60).split("\n") == wide
    narrow = [
        "  f(x)",
        "    from: any number of",
        "    dimensions · to: the",
        "    same",
        "  g()",
        "    to: one",
    ]
    assert plain(page, 26).split("\n") == narrow
    two = "| call | gives |\n| --- | --- |\n| `f(x)` | any number of dimensions |"
    assert plain(two, 20).split("\n") == ["  f(x)", "    any number of", "    dimensions"]


@pytest.mark.parametrize("width", [80, 100])
def test_no_table_of_ours_is_wider_than_its_screen(width):
    for kata in Library().katas:
        for section in kata.statement.values():
            tables = "\n\n".join("\n".join(block) for kind, block in blocks(section.body) if kind == "table")
            assert all(cell_len(line) <= width for line in plain(tables, width).split("\n")), kata.name
