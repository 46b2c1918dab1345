"""What a place says of a mistake: as `locate` finds it, whatever names the attempt has."""

from dlkata.content.library import Library
from dlkata.grading.collection import collect
from dlkata.grading.place.injection import Injection
from dlkata.grading.place.locating import locate
from dlkata.grading.work.module import execute
from dlkata.grading.work.run import perform
from dlkata.locale import use_language
from dlkata.ui.place import sentences


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


def test_heads_that_are_cut_wrongly_are_placed_where_they_are_cut():
    """Cut and merged by the wrong axis, the numbers are the right ones all the way to the product of q and k."""
    cut = ("x.unflatten(-1, (self.n_heads, -1))", "x.unflatten(-1, (-1, self.n_heads))")
    source = edited("mha", cut, ("apart.transpose(1, 2)", "apart.permute(0, 3, 1, 2)"))
    place = located("mha", source)
    assert (place.line, place.relation.kind) == (told_line(source, "(-1, self.n_heads)"), "reordered")


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


def test_a_number_that_any_other_would_do_for_is_not_shown():
    source = edited("kv_cache", ("if cache is not None:", "if cache:"))
    place = located("kv_cache", source)
    assert place is None or place.relation.kind != "number"
