"""Where an attempt goes wrong is found by trying, and how the value differs is said only if it is so."""

import json

import pytest

from dlkata.content.library import Library

REFERENCE = Library().kata("rmsnorm").reference
MEAN = "wide.square().mean(-1, keepdim=True)"


@pytest.fixture
def told(warm, tmp_path):
    """What --json says of an attempt."""

    def of(kata: str, source: str, *options: str):
        file = tmp_path / f"{kata}.py"
        file.write_text(source, encoding="utf-8")
        answer = warm("check", str(file), *(options or ("--json",)))
        return answer.out if options else json.loads(answer.out)

    return of


def changed(old: str, new: str) -> tuple[str, int]:
    """The reference with a mistake, and its line."""
    assert REFERENCE.count(old) == 1
    source = REFERENCE.replace(old, new)
    return source, next(n for n, line in enumerate(source.split("\n"), 1) if new in line)


def test_the_expression_is_underlined_and_the_tests_it_mends_are_counted(told):
    source, line = changed(MEAN, "wide.abs().mean(-1, keepdim=True)")
    place = told("rmsnorm", source)["place"]
    first, last = place["columns"]
    assert place["line"] == line
    assert source.split("\n")[line - 1][first - 1 : last - 1] == place["text"] == "wide.abs()"
    assert place["mended"] == place["failing"] > 3


def test_a_constant_factor_is_recognised_in_the_sizes_of_the_kata(told):
    source, line = changed(MEAN, "wide.square().sum(-1, keepdim=True)")
    answer = told("rmsnorm", source)
    assert (answer["place"]["line"], answer["relation"]["kind"]) == (line, "factor")
    assert "`x.shape[-1]`" in answer["relation"]["text"]


def test_a_gradient_that_is_cut_is_placed_where_it_is_cut(told):
    source, line = changed("wide / rms ", "wide / rms.detach() ")
    answer = told("rmsnorm", source)
    assert (answer["place"]["line"], answer["relation"]["kind"]) == (line, "cut")


def test_an_input_that_is_changed_is_placed_where_it_is_changed(told):
    source, line = changed("normed = wide / rms ", "normed = wide.detach().div_(rms) ")
    answer = told("rmsnorm", source)
    assert answer["place"]["line"] == line


def test_a_gradient_that_is_cut_within_what_a_value_is_made_of_is_placed_there(told):
    source, line = changed(
        "rms = torch.sqrt(mean_square + self.eps)", "rms = 1 / (mean_square.detach() + self.eps).rsqrt()"
    )
    answer = told("rmsnorm", source)
    assert (answer["place"]["line"], answer["place"]["text"]) == (line, "mean_square.detach()")
    assert answer["relation"]["kind"] == "cut"


def test_a_value_that_is_overwritten_is_placed_where_it_is(told):
    kata = Library().kata("adam")
    source = kata.reference.replace("addcmul_(g, g, value=1 - beta2)", "add_(g.square_(), alpha=1 - beta2)")
    answer = told("adam", source)
    assert "square_" in source.split("\n")[answer["place"]["line"] - 1]
    assert answer["relation"]["kind"] == "overwritten"


@pytest.mark.parametrize(
    ("old", "new", "kind", "text"),
    [
        ("nn.Parameter(torch.ones(dim))", "torch.ones(dim)", "unregistered", "`self.weight`"),
        ("self.weight", "self.gamma", "misnamed", "`weight`"),
        ("torch.ones(dim)", "torch.ones(1, dim)", "shape", "(1, 7)"),
    ],
)
def test_what_state_dict_shows_is_placed_where_it_is_made(told, old, new, kind, text):
    source = REFERENCE.replace(old, new)
    answer = told("rmsnorm", source)
    assert "nn.Parameter" in source.split("\n")[answer["place"]["line"] - 1] or kind == "unregistered"
    assert answer["relation"]["kind"] == kind and text in answer["relation"]["text"]


def test_plain_numbers_in_loops_that_part_are_exchanged_too(told):
    kata = Library().kata("beam_search")
    source = kata.reference.replace("max(len(self.tokens), 1) ** alpha", "(len(self.tokens) + 3) ** alpha")
    assert source != kata.reference
    place = told("beam_search", source)["place"]
    assert "+ 3" in place["text"] and place["mended"] > 5


def test_memory_that_nobody_wrote_to_makes_no_difference(told):
    source, _line = changed(
        "normed = wide / rms ", "normed = torch.empty_like(wide); normed[...] = wide * rms "
    )
    answers = {
        json.dumps([told("rmsnorm", source)[key] for key in ("place", "relation")]) for _time in range(3)
    }
    assert len(answers) == 1


def test_two_faults_are_found_together(told):
    kata = Library().kata("lstm")
    source = kata.reference.replace("torch.tanh(g)", "torch.sigmoid(g)").replace(
        "torch.sigmoid(o)", "torch.tanh(o)"
    )
    assert source != kata.reference
    answer = told("lstm", source)
    faulty = {n for n, line in enumerate(source.split("\n"), 1) if "tanh(o)" in line or "sigmoid(g)" in line}
    assert answer["place"] is not None and faulty & set(answer["place"]["lines"])


HEAD_BY_HEAD = """
import math

import torch
from torch import Tensor, nn


class GroupedQueryAttention(nn.Module):
    def __init__(self, d_model: int, n_heads: int, n_kv_heads: int):
        super().__init__()
        if d_model % n_heads or n_heads % n_kv_heads:
            raise ValueError("sizes")
        self.heads, self.groups, self.size = n_heads, n_kv_heads, d_model // n_heads
        self.w_q = nn.Linear(d_model, d_model, bias=False)
        self.w_k = nn.Linear(d_model, self.size * n_kv_heads, bias=False)
        self.w_v = nn.Linear(d_model, self.size * n_kv_heads, bias=False)
        self.w_o = nn.Linear(d_model, d_model, bias=False)

    def forward(self, x: Tensor, mask: Tensor | None = None) -> Tensor:
        queries, keys, values = (w(x).split(self.size, -1) for w in (self.w_q, self.w_k, self.w_v))
        heads = []
        for h in range(self.heads):
            group = h * self.groups // self.heads
            scores = queries[h] @ keys[group].mT / math.sqrt(self.heads)
            if mask is not None:
                scores = scores.masked_fill(~mask, -math.inf)
            heads.append(scores.softmax(-1) @ values[group])
        return self.w_o(torch.cat(heads, -1))
"""


def test_a_loop_is_compared_with_what_the_reference_computes_at_once(told):
    answer = told("gqa", HEAD_BY_HEAD)
    place = answer["place"]
    assert place["text"].endswith("/ math.sqrt(self.heads)") and place["right"] == "scores"
    assert place["mended"] > 5 and answer["relation"]["kind"] == "factor"


def test_a_mask_is_compared_with_its_opposite_too(told):
    source = Library().kata("transformer_block").reference.replace("mask.tril()", "~mask.tril(-1)")
    answer = told("transformer_block", source)
    assert answer["place"]["text"] == "mask.tril(-1)"
    assert answer["relation"]["kind"] == "transposed"


def test_a_number_that_is_right_by_chance_is_not_said_to_be_right(told):
    kata = Library().kata("conv2d")
    line = "    height = (padded.shape[2] - dh * (kh - 1) - 1) // sh + 1"
    source = kata.reference.replace(line, "    span = kh\n    height = (padded.shape[2] - span) // sh + 1")
    shown = told("conv2d", source, "--lang", "en")
    assert source != kata.reference and "Where it goes wrong" in shown
    assert "`span` is right" not in shown


def test_what_passes_and_what_raises_everywhere_has_no_place(told):
    assert told("rmsnorm", REFERENCE)["place"] is None
    assert told("rmsnorm", changed(MEAN, "wide @ wide[:, :0]")[0])["place"] is None


def test_the_screen_says_how_where_and_what_was_tried(told):
    source, _line = changed(MEAN, "wide.square().sum(-1, keepdim=True)")
    shown = told("rmsnorm", source, "--lang", "zh")
    assert "错在哪里" in shown and "^^^" in shown and "全部通过" in shown
