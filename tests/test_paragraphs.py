"""Help in Chinese keeps within the screen, and is broken where Chinese may be."""

import pytest
from click.testing import CliRunner

from dlkata.cli.main import COMMANDS, cli
from dlkata.cli.paragraphs import columns, fill, wrap_text


@pytest.mark.parametrize("width", [60, 80])
@pytest.mark.parametrize("name", COMMANDS)
def test_no_line_of_a_help_is_wider_than_the_screen(name, width):
    told = CliRunner().invoke(cli, ["--lang", "zh", name, "--help"], terminal_width=width)
    wide = [line for line in told.output.splitlines() if columns(line) > width]
    examples = [line for line in wide if line.isascii() or "dlkata" in line.split("#")[0]]
    assert told.exit_code == 0 and (wide == [] or (width < 80 and wide == examples)), wide


def test_a_line_begins_with_no_closing_mark_and_breaks_no_word():
    text = "先复习到期的题（最久的在前），再学 torch.nn.Linear 的新题。"
    for width in range(20, 60):
        lines = fill(text, width, "  ", "  ").split("\n")
        assert all(columns(line) <= width for line in lines)
        assert not any(line.strip()[0] in "，。）" for line in lines) and "torch.nn.Linear" in "".join(lines)
        assert not any(line.endswith("（") for line in lines)


def test_examples_stay_as_they_are():
    assert (
        wrap_text("说明。\n\n\b\nls   -l\n  x", 80, "  ", "  ", paragraphs=True)
        == "  说明。\n\n  ls   -l\n    x"
    )
