"""The trail points at what computes a wrong value, and says nothing where it cannot know."""

import json

import pytest

from dlkata.content.library import Library

RMS = """\
import torch
from torch import nn


class RMSNorm(nn.Module):
    def __init__(self, dim, eps=1e-6):
        super().__init__()
        self.eps = eps
        self.weight = nn.Parameter(torch.ones(dim))

    def forward(self, x):
        {body}
"""


@pytest.fixture
def trail(warm, tmp_path):
    def of(kata: str, source: str):
        file = tmp_path / f"{kata}.py"
        file.write_text(source, encoding="utf-8")
        return json.loads(warm("check", str(file), "--json").out)["trail"]

    return of


def body(*lines: str) -> str:
    return RMS.replace("{body}", "\n        ".join(lines))


def test_a_wrong_value_is_pointed_at(trail):
    source = body("scale = x.abs().mean(-1, keepdim=True) + self.eps", "return x / scale * self.weight")
    assert trail("rmsnorm", source)["line"] == 12


def test_neither_parameters_nor_plain_reads_are(trail):
    source = body(
        "w = self.weight", "y = x", "rms = (y * y).mean(-1, keepdim=True) + self.eps", "return y / rms * w"
    )
    assert trail("rmsnorm", source)["line"] in (14, 15), "what has no root, or what divides by it"


def test_memory_that_nobody_wrote_to_is_not(trail):
    source = body(
        "out = x.new_empty(x.shape)", "rms = (x * x).mean(-1, keepdim=True) + self.eps", "out[...] = x / rms * self.weight",
        "return out",
    )  # fmt: skip
    answers = {json.dumps(trail("rmsnorm", source)) for _time in range(3)}
    assert len(answers) == 1 and '"line": 12' not in answers.pop()


def test_where_the_values_are_right_there_is_none(trail):
    lines = Library().kata("attention").reference.split("\n")
    last = max(n for n, line in enumerate(lines) if line.strip().startswith("return"))
    margin = lines[last][: len(lines[last]) - len(lines[last].lstrip())]
    lines.insert(last, f"{margin}torch.manual_seed(0)")
    assert trail("attention", "import torch\n" + "\n".join(lines)) is None
