"""Code on the screen: coloured, and broken only where a reader would break it."""

import re

import pytest
from rich.cells import cell_len
from rich.text import Text

from dlkata.ui.code import broken, python
from dlkata.ui.page import layout, paragraph
from dlkata.ui.wrap import wrap

LONG = "        q, k, v = (rearrange(part, 'b t (h d) -> b h t d', h=self.heads) for part in self.qkv(x).chunk(3, dim=-1))"
WORDS = re.compile(r"'[^']*'|\w+")


def styles(line: Text) -> dict[str, str]:
    return {line.plain[span.start : span.end]: str(span.style) for span in line.spans}


def test_a_block_of_python_in_a_prompt_is_coloured():
    rows = layout(
        'What does this print?\n\n```python\nfor n in range(3):  # thrice\n    print("x", 2)\n```', 80
    )
    code = [row for row in rows if row.plain.startswith("    ")]
    assert [row.plain for row in code] == ["    for n in range(3):  # thrice", '        print("x", 2)']
    assert styles(code[0])["for"] == "magenta" and styles(code[0])["# thrice"] == "dim"
    assert styles(code[1])["2"] == "cyan"


def test_what_is_no_python_is_not_coloured_as_such():
    (row,) = layout("```\nfor all 3 of us\n```", 80)
    assert styles(row) == {"for all 3 of us": "cyan"}


def test_an_option_that_is_nothing_but_code_is_coloured_too():
    (row,) = paragraph("`if loss > 100: break`", 70)
    assert row.plain == "if loss > 100: break" and styles(row)["if"] == "magenta"


@pytest.mark.parametrize("width", [100, 76, 60, 45])
def test_a_long_line_of_code_is_broken_between_tokens(width):
    rows = [row.plain for row in python([LONG], width)]
    assert max(map(cell_len, rows)) <= width
    assert WORDS.findall(" ".join(rows)) == WORDS.findall(LONG), "no token is cut"
    assert not any(row.strip()[0] in ",)]" for row in rows)
    assert all(row.startswith(" " * 9) for row in rows[1:]), "what follows stands further in"


def test_a_broken_comment_goes_on_as_a_comment():
    rows = [row.plain for row in python(["x = 1  # which is what one takes if nothing better is known"], 30)]
    assert len(rows) > 1 and all(row.lstrip().startswith("#") for row in rows[1:])
    assert python(['x = "# 1"'], 30)[0].plain == 'x = "# 1"'


def test_a_dotted_name_is_broken_before_a_dot_and_a_call_keeps_its_bracket():
    assert [row.plain for row in broken(Text("torch.nn.functional.softmax(scores, dim=-1)"), 22)] == [
        "torch.nn.functional",
        "        .softmax(",
        "        scores,",
        "        dim=-1)",
    ]


def test_inline_code_stays_on_one_line_where_one_holds_it():
    rows = [row.plain for row in paragraph("What is the shape of `torch.stack([a, b], dim=1)`, and why?", 40)]
    assert rows == ["What is the shape of", "torch.stack([a, b], dim=1), and why?"]
    chinese = [row.plain for row in paragraph("这里的形状是什么：`torch.stack([a, b])`，为什么？", 30)]
    assert any("torch.stack([a, b])，" in row for row in chinese)


def test_inline_code_longer_than_a_line_is_broken_at_blanks_or_between_tokens():
    text = "See `optimizer.state_dict()['param_groups'][0]['initial_learning_rate_of_it']` and more"
    rows = [row.plain for row in paragraph(text, 30)]
    assert max(map(cell_len, rows)) <= 36
    assert "param_groups" in " ".join(rows) and "initial_learning_rate_of_it" in " ".join(rows)


def test_a_command_to_be_copied_is_not_broken():
    said = Text.assemble(
        "BatchNorm, LayerNorm, InstanceNorm, GroupNorm: ", ("dlkata why norm-family", "cyan")
    )
    assert [row.plain for row in wrap(said, 60)][-1] == "dlkata why norm-family"


def test_spotted_bugs_fit_the_screen():
    """Their code is printed without its author's line breaks."""
    from random import Random

    from dlkata.content.library import Library
    from dlkata.study.spotting import bug_ids, kata_of, spot_the_bug

    for kata in Library().katas[::4]:
        for name in list(bug_ids(kata))[:4]:
            question = spot_the_bug(kata, kata_of(name)[1], Random(0))
            rows = layout(question.prompt, 80) if question else []
            assert all(cell_len(row.plain) <= 80 for row in rows), name
