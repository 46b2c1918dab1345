"""What a place says of a mistake: as `locate` finds it, whatever names the attempt has."""

from pathlib import Path

import pytest

from dlkata.content.library import Library
from dlkata.grading.collection import collect
from dlkata.grading.place.injection import Injection
from dlkata.grading.place.locating import locate
from dlkata.grading.work.module import execute
from dlkata.grading.work.run import perform
from dlkata.locale import use_language
from dlkata.ui.place import sentences

RIGHT = Path(__file__).with_name("right")


def edited(kata: str, *edits: tuple[str, str]) -> str:
    """A kata's reference with mistakes."""
    source = Library().kata(kata).reference
    for old, new in edits:
        assert source.count(old) == 1, old
        source = source.replace(old, new)
    return source


def told_line(source: str, part: str) -> int:
    return next(n for n, line in enumerate(source.split("\n"), 1) if part in line)


def located(name: str, source: str):
    """The place, by all quick tests that fail."""
    kata = Library().kata(name)
    suite = collect(kata.suite_file)
    reference = execute(kata.reference, "<reference>", "reference")

    def fails(test: str) -> bool:
        attempt = execute(source, "<attempt>", "attempt", keep=True)
        return perform(suite.tests[test], attempt, reference, 0) is not None

    failing = [suite.tests[test] for test in suite.quick if fails(test)]
    return locate(Injection(source, kata.reference, 0), failing)


def test_a_mask_that_hides_nothing_is_in_doubt():
    source = edited("attention", ("masked_fill(~mask, -math.inf)", "masked_fill(~mask & False, -math.inf)"))
    kata = Library().kata("attention")
    injection = Injection(source, kata.reference, 0)
    _passed, recording = injection.record(collect(kata.suite_file).tests["test_mask"])
    masked = next(node for node in injection.mine if node.text.startswith("scores.masked_fill"))
    assert masked.number in recording.known and masked.number in recording.doubtful
    place = located("attention", source)
    assert (place.text, place.relation.kind) == (masked.text, "masked")


CUT_BY_FEATURE = """
import torch
from torch import Tensor, nn


class MultiHeadAttention(nn.Module):
    def __init__(self, d_model: int, n_heads: int):
        super().__init__()
        if d_model % n_heads:
            raise ValueError(f"{d_model} features do not split into {n_heads} heads")
        self.heads = n_heads
        for name in ("w_q", "w_k", "w_v", "w_o"):
            setattr(self, name, nn.Linear(d_model, d_model))

    def split(self, y: Tensor) -> Tensor:
        return y.unflatten(-1, (-1, self.heads)).permute(0, 3, 1, 2)

    def merge(self, y: Tensor) -> Tensor:
        return y.permute(0, 2, 3, 1).flatten(2)

    def allowed(self, x: Tensor, valid: Tensor | None, causal: bool) -> Tensor:
        T = x.shape[1]
        ok = torch.ones(1, 1, T, T, dtype=torch.bool, device=x.device)
        if causal:
            ok = ok.tril()
        if valid is not None:
            ok = ok & valid[:, None, None, :]
        return ok

    def forward(self, x: Tensor, valid: Tensor | None = None, causal: bool = False) -> Tensor:
        q, k, v = (self.split(w(x)) for w in (self.w_q, self.w_k, self.w_v))
        scores = torch.einsum("bhid,bhjd->bhij", q * q.shape[-1] ** -0.5, k)
        scores = scores.masked_fill(~self.allowed(x, valid, causal), -torch.inf)
        return self.w_o(self.merge(scores.softmax(-1) @ v))
"""


def test_heads_that_are_cut_wrongly_are_placed_where_they_are_cut():
    """Cut and merged by the wrong axis, the numbers are the right ones all the way to the product of q and k."""
    place = located("mha", CUT_BY_FEATURE)
    assert (place.line, place.relation.kind) == (told_line(CUT_BY_FEATURE, "unflatten"), "reordered")


def test_digits_are_lost_where_they_first_are():
    source = edited(
        "attention", ("d_k = q.shape[-1]", "q, k, v = (z.float() for z in (q, k, v)); d_k = q.shape[-1]")
    )
    source = source.replace("return output", "return output.double()")
    place = located("attention", source)
    assert (place.text, place.relation.kind) == ("z.float()", "narrow")
    assert place.mended > 5


def test_a_missing_step_is_told_of_what_it_is_missing_to():
    source = edited(
        "mha",
        ("        if causal:", "        elif causal:"),
    )
    place = located("mha", source)
    assert (place.text, place.relation.kind) == ("scores", "masked")
    assert "a step is missing" in " ".join(sentences(place))
    use_language("zh")
    assert "还缺一步" in " ".join(sentences(place))


def test_a_shape_is_placed_where_it_is_lost():
    source = edited("linear_layer", ("        return y", "        y = y.squeeze()\n        return y"))
    place = located("linear_layer", source)
    assert (place.text, place.relation.kind) == ("y.squeeze()", "shape")


OWN_BACKWARD = """
import torch
from torch import Tensor, nn


class Masked(torch.autograd.Function):
    @staticmethod
    def forward(ctx, x: Tensor, mask: Tensor) -> Tensor:
        ctx.save_for_backward(mask)
        return x * mask

    @staticmethod
    def backward(ctx, grad_output: Tensor):
        (mask,) = ctx.saved_tensors
        return grad_output * (mask > 0), None


class Dropout(nn.Module):
    def __init__(self, p: float = 0.5):
        super().__init__()
        if not 0 <= p <= 1:
            raise ValueError("p")
        self.p = p

    def forward(self, x: Tensor) -> Tensor:
        if not self.training or self.p == 0:
            return x
        if self.p == 1:
            return x * 0
        kept = (torch.rand(x.shape, device=x.device) >= self.p).to(x.dtype)
        return Masked.apply(x, kept / (1 - self.p))
"""


def test_a_way_back_by_hand_is_told_from_the_values():
    place = located("dropout", OWN_BACKWARD)
    assert place.relation.kind == "backward"
    assert told_line(OWN_BACKWARD, "(mask > 0), None") in place.lines


def test_a_dtype_that_matters_is_told_and_not_the_values():
    source = edited("dropout", ("kept = (coins >= self.p).to(x.dtype)", "kept = (coins >= self.p).float()"))
    place = located("dropout", source)
    assert (place.relation.kind, place.relation.name, place.relation.wish) == ("dtype", "float32", "float16")


TWICE_USED = """
def between(low: float, high: float, share: float) -> float:
    return low + (high - low) * share


def cosine_lr(
    step: int, max_lr: float, total_steps: int, warmup_steps: int = 0, min_lr: float = 0.0
) -> float:
    from math import cos, pi

    if step >= total_steps:
        return float(min_lr)
    if step < warmup_steps:
        return between(min_lr, max_lr, (step + 1) / warmup_steps)
    share = (step - warmup_steps) / (total_steps - warmup_steps)
    return between(min_lr, max_lr, (1 + cos(pi * share)) / 2)
"""


def test_of_a_helper_that_is_right_elsewhere_the_wrong_call_is_placed():
    place = located("cosine_lr", TWICE_USED)
    assert place.line == told_line(TWICE_USED, "(step + 1)") and place.text.startswith("between(")


def test_a_layer_that_is_made_wrongly_is_shown_where_it_is_made():
    source = edited(
        "resnet_block",
        ("out_channels, 3, padding=1, bias=False)", "out_channels, 3, padding=2, dilation=2, bias=False)"),
    )
    place = located("resnet_block", source)
    assert place.text == "self.conv2(hidden)"
    assert told_line(source, "dilation=2") in place.lines


BROKEN = {
    "attention/einsum_by_hand": ("(1 / q.size(-1) ** 0.5)", "(1 / q.size(-1))"),
    "mha/head_by_head": ("q / d**0.5", "q / width**0.5"),
    "rope/swap_and_sign": ("[-1.0, 1.0]", "[1.0, -1.0]"),
    "layernorm/shifted": ("+ self.eps) ** 0.5", "+ self.eps) ** 0.25"),
    "conv2d/im2col": ("weight.reshape(o, -1)", "weight.flip(-1).reshape(o, -1)"),
    "lstm/all_steps_at_once": ("i, torch.tanh(gates[2])", "i, torch.sigmoid(gates[2])"),
    "adam/data_and_products": ("torch.pow(grad, 2)", "grad.abs()"),
}


@pytest.mark.parametrize("attempt", BROKEN)
def test_a_right_attempt_of_another_style_is_pointed_at_where_it_is_broken(attempt):
    old, new = BROKEN[attempt]
    source = RIGHT.joinpath(f"{attempt}.py").read_text(encoding="utf-8")
    assert source.count(old) == 1
    broken = source.replace(old, new)
    assert told_line(broken, new) in located(attempt.partition("/")[0], broken).lines


def test_a_number_that_any_other_would_do_for_is_not_shown():
    source = edited("kv_cache", ("if cache is not None:", "if cache:"))
    place = located("kv_cache", source)
    assert place is None or place.relation.kind != "number"


def test_a_condition_is_not_blamed_because_a_test_passes_on_the_other_path():
    """The test asks that no large tensor is made: without the adapter none is."""
    source = edited(
        "lora",
        (
            """if self.kept is not None:
            return y
        low = x @ self.lora_a.mT  # (..., r)
        change = low @ self.lora_b.mT  # (..., d_out)
        return y + self.scale * change""",
            """if self.kept is None:
            y = y + x @ (self.scale * self.lora_b @ self.lora_a).mT
        return y""",
        ),
    )
    assert located("lora", source) is None


def test_a_way_back_is_not_blamed_by_a_test_that_asks_for_no_gradient():
    source = edited(
        "lora",
        ("low = x @ self.lora_a.mT", "return Low.apply(x, y, self.lora_a, self.lora_b, self.scale)"),
        (
            "class LoRALinear(nn.Module):",
            """class Low(torch.autograd.Function):
    @staticmethod
    def forward(ctx, x, y, a, b, scale):
        ctx.save_for_backward(x, a, b)
        ctx.scale = scale
        return y + scale * (x @ a.mT @ b.mT)

    @staticmethod
    def backward(ctx, g):
        x, a, b = ctx.saved_tensors
        whole = ctx.scale * (g.flatten(0, -2).mT @ x.flatten(0, -2)) if g.dim() > 1 else ctx.scale * g[:, None] * x
        return ctx.scale * (g @ (b @ a)), g, b.mT @ whole, whole @ a.mT, None


class LoRALinear(nn.Module):""",
        ),
    )
    place = located("lora", source)
    assert place is None or place.relation.kind != "backward"


def test_a_parameter_may_change():
    """unmerge() of a copy puts back what the original's weight was; that merge() changes the weight is right."""
    source = edited(
        "lora",
        (
            "self.kept = self.base.weight.clone()",
            """weight, before = self.base.weight, self.base.weight.clone()

            def undo():
                with torch.no_grad():
                    weight.copy_(before)

            self.kept = undo""",
        ),
        ("self.base.weight.add_(self.scale * delta)", "weight.add_(self.scale * delta)"),
        ("self.base.weight.copy_(self.kept)", "self.kept()"),
    )
    place = located("lora", source)
    assert place is None or place.relation.kind != "overwritten"


def test_of_numbers_drawn_at_random_none_is_said_to_be_wrong():
    source = edited(
        "lora",
        (
            "base.weight.new_empty(r, base.in_features).uniform_(-bound, bound)",
            "torch.randn(r, base.in_features, dtype=base.weight.dtype) * bound / 3**0.5",
        ),
    )
    place = located("lora", source)
    assert (place.relation.kind, place.line) == ("drawn", told_line(source, "torch.randn"))


IN_FLOAT32 = """
import torch
from torch import Tensor, nn
from torch.nn import functional as F

PLAIN = {"relu": F.relu, "gelu": F.gelu}


def default_width(d_model: int, activation: str, multiple_of: int = 1) -> int:
    if activation not in (*PLAIN, "swiglu"):
        raise ValueError(activation)
    width = 8 * d_model // 3 if activation == "swiglu" else 4 * d_model
    return -(-width // multiple_of) * multiple_of


class Affine(nn.Module):
    def __init__(self, n_in, n_out, bias):
        super().__init__()
        self.weight = nn.Parameter((2 * torch.rand(n_out, n_in) - 1) * n_in**-0.5)
        self.bias = nn.Parameter((2 * torch.rand(n_out) - 1) * n_in**-0.5) if bias else None

    def forward(self, x):
        y = torch.einsum("...i,oi->...o", x.float(), self.weight.float())
        return (y if self.bias is None else y + self.bias.float()).to(x.dtype)


class FeedForward(nn.Module):
    def __init__(self, d_model: int, d_ff: int | None = None, activation: str = "relu", multiple_of: int = 1):
        super().__init__()
        width = default_width(d_model, activation, multiple_of)
        width = width if d_ff is None else d_ff
        self.activation = activation
        plain = activation != "swiglu"
        self.gate = None if plain else Affine(d_model, width, False)
        self.up, self.down = Affine(d_model, width, plain), Affine(width, d_model, plain)

    def forward(self, x: Tensor) -> Tensor:
        if self.gate is None:
            return self.down(PLAIN[self.activation](self.up(x)))
        return self.down(F.silu(self.gate(x)) * self.up(x))
"""


def test_digits_that_nobody_misses_are_not_said_to_be_lost():
    """New parameters are float32 by contract, and are cast."""
    place = located("ffn", IN_FLOAT32)
    assert (place.relation.kind, place.text) == ("narrow", "x.float()")
