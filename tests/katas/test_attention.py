"""Grades katas/attention.py."""

from functools import partial

import pytest
import torch
from torch import nn
from torch.nn import functional as F

from dlkata.suite import (
    calls_apart,
    causal,
    descend,
    draw,
    follows,
    gradients,
    integers,
    normal,
    not_reseeded,
    place,
    reaches,
    same,
    setting,
    unchanged,
    undisturbed,
    visible,
)

GRADIENTS = ["∂L/∂q", "∂L/∂k", "∂L/∂v"]


def inputs(seed, lead=(2,), d_k=16, **how):
    """q, k and v. All sizes differ; √16 and its inverse are exact even if taken in float32."""
    return normal(seed, (*lead, 5, d_k), (*lead, 7, d_k), (*lead, 7, 6), **how)


def test_output(candidate, reference, seed):
    """The output is right without a mask
    不带 mask 时输出正确"""
    same(candidate.attention(*inputs(seed)), reference.attention(*inputs(seed)))


def test_scale_follows_the_width(candidate, reference, seed):
    """The scores are scaled for any width dₖ
    对任意 dₖ，分数的缩放都正确"""
    for d_k in (2, 3, 6, 20):
        mine, theirs = inputs(seed, d_k=d_k), inputs(seed, d_k=d_k)
        # Looser than elsewhere: a right root taken in float32 is right to seven digits.
        same(candidate.attention(*mine), reference.attention(*theirs), tolerance=(1e-6, 1e-6))


def test_gradients(candidate, reference, seed):
    """Gradients of q, k and v are right
    q、k、v 的梯度正确"""
    mine, theirs = inputs(seed), inputs(seed)
    same(
        gradients(candidate.attention(*mine), mine),
        gradients(reference.attention(*theirs), theirs),
        GRADIENTS,
    )
    for i, name in enumerate(GRADIENTS):  # and of each alone, the two others being frozen
        mine, theirs = inputs(seed, grad=False), inputs(seed, grad=False)
        mine[i].requires_grad_()
        theirs[i].requires_grad_()
        output, expected = candidate.attention(*mine), reference.attention(*theirs)
        same(gradients(output, [mine[i]]), gradients(expected, [theirs[i]]), [name])


def test_mask(candidate, reference, seed):
    """With a mask, each query uses exactly the keys it may look at
    带 mask 时，每个 query 恰好只用允许看的 key"""
    for mask in (partial(visible, seed), causal):
        output = candidate.attention(*inputs(seed), mask(5, 7))
        same(output, reference.attention(*inputs(seed), mask(5, 7)))


def test_mask_gradients(candidate, reference, seed):
    """Gradients under a mask are right
    带 mask 时梯度正确"""
    mine, theirs = inputs(seed), inputs(seed)
    same(
        gradients(candidate.attention(*mine, visible(seed, 5, 7)), mine),
        gradients(reference.attention(*theirs, visible(seed, 5, 7)), theirs),
        GRADIENTS,
    )


def test_mask_broadcasts(candidate, reference, seed):
    """The mask may have any shape that broadcasts to (…, Tq, Tk)
    mask 可以是任何能广播到 (…, Tq, Tk) 的形状"""
    for shape in ((7,), (1, 7), (5, 7), (3, 1, 7), (3, 5, 7), (2, 1, 1, 7), (2, 1, 5, 7), (2, 3, 5, 7)):
        mine, theirs = inputs(seed, lead=(2, 3)), inputs(seed, lead=(2, 3))
        same(
            candidate.attention(*mine, visible(seed, *shape)),
            reference.attention(*theirs, visible(seed, *shape)),
            f"output (mask.shape = {shape})",
        )


def test_leading_dimensions(candidate, reference, seed):
    """Any number of leading dimensions, including none
    前导维度可以有任意多个，也可以没有"""
    for lead in ((), (3,), (2, 3), (3, 1, 2)):
        for masks in ((), (visible(seed, *lead, 5, 7), visible(seed, *lead, 5, 7))):
            mine, theirs = inputs(seed, lead), inputs(seed, lead)
            output = candidate.attention(*mine, *masks[:1])
            expected = reference.attention(*theirs, *masks[1:])
            same(output, expected, f"output (q.shape = {tuple(mine[0].shape)})")
            same(gradients(output, mine), gradients(expected, theirs), GRADIENTS)


def test_small_and_square(candidate, reference, seed):
    """Sizes of one, one query, as many queries as keys, more queries than keys
    大小为 1、单个 query、query 与 key 一样多、query 比 key 多"""
    for lead, queries, keys, d_k, d_v in (
        ((1,), 1, 1, 1, 1),
        ((), 1, 1, 1, 1),
        ((), 1, 7, 4, 3),
        ((), 5, 1, 4, 3),
        ((2,), 1, 7, 4, 3),
        ((2,), 5, 1, 4, 3),
        ((1,), 5, 7, 4, 3),
        ((2,), 5, 7, 1, 3),
        ((2,), 6, 6, 4, 3),
        ((4,), 4, 4, 4, 4),
        ((2,), 8, 3, 4, 1),
    ):
        shapes = (*lead, queries, d_k), (*lead, keys, d_k), (*lead, keys, d_v)
        name = f"output (Tq={queries}, Tk={keys}"
        plain = normal(seed, *shapes), normal(seed, *shapes)
        same(candidate.attention(*plain[0]), reference.attention(*plain[1]), f"{name})")
        # With as many queries as keys, (Tk,) could be taken for (Tq,), and so on.
        for shape in ((queries, keys), (keys,), (*lead, 1, keys)) if keys > 1 else ():
            same(
                candidate.attention(*normal(seed, *shapes), visible(seed, *shape)),
                reference.attention(*normal(seed, *shapes), visible(seed, *shape)),
                f"{name}, mask.shape = {shape})",
            )


def test_many_keys_or_queries(candidate, reference, seed):
    """Hundreds of keys, hundreds of queries
    几百个 key、几百个 query"""
    for queries, keys in ((2, 300), (300, 2)):
        for masks in ((), (visible(seed, queries, keys), visible(seed, queries, keys))):
            shapes = (queries, 4), (keys, 4), (keys, 3)
            mine, theirs = normal(seed, *shapes), normal(seed, *shapes)
            output = candidate.attention(*mine, *masks[:1])
            expected = reference.attention(*theirs, *masks[1:])
            same(output, expected, f"output (Tq={queries}, Tk={keys})")
            same(gradients(output, mine), gradients(expected, theirs), GRADIENTS)


def test_large_scores(candidate, reference, seed):
    """Large scores neither overflow nor vanish, whichever way each query points
    分数很大时既不上溢也不下溢，各个 query 方向不同也一样"""

    def shifted(reach, dtype):
        # Adds ±reach, ±reach/2 and 0 to all scores of one query, which leaves its weights as they were.
        # Quarters: their products and sums are exact in every dtype, so that nothing else is lost.
        q, k, v = ((4 * x).round() / 4 for x in inputs(seed, grad=False))
        q[..., -1] = torch.linspace(-reach, reach, 5)
        k[..., -1] = 4.0
        return [x.to(dtype).requires_grad_() for x in (q, k, v)]

    def spread():
        # Scores up to about 10¹⁰: one key takes all.
        q, k, v = inputs(seed, grad=False)
        return [x.requires_grad_() for x in (4e4 * q, 4e4 * k, 4e4 * v)]

    def far(a, b, dtype):
        # All scores of a query are near +ab or all near −ab, yet far apart: one key takes all, whichever.
        q, k, v = inputs(seed, grad=False)
        q[..., -1] = 4 * a * torch.tensor([1.0, -1.0, -1.0, 1.0, -1.0])
        k[...] = 0.0
        k[..., -1] = b * torch.linspace(0.7, 1.0, 7)
        return [x.to(dtype).requires_grad_() for x in (q, k, v)]

    # As large as is promised, so that no clamp and no finite filling is too far out to matter.
    for a, b, dtype in ((1e6, 1e6, torch.float64), (50.0, 20.0, torch.float32)):
        if dtype == torch.float64 != setting.dtype:
            continue  # mps has none
        name = f"output (QKᵀ/√dₖ ≈ ±{a * b:g}, {str(dtype).removeprefix('torch.')}"
        mine, theirs = far(a, b, dtype), far(a, b, dtype)
        same(candidate.attention(*mine), reference.attention(*theirs), f"{name})")
        output = candidate.attention(*mine, visible(seed, 5, 7))
        same(output, reference.attention(*theirs, visible(seed, 5, 7)), f"{name}, mask)")
    for reach, dtype, tolerance in (
        (2000 if setting.dtype == torch.float64 else 200, setting.dtype, None),
        (200, torch.float32, None),
        (20, torch.float16, (0.0, 1e-1)),  # a score of 20 carries two digits there
    ):
        name = f"output ({str(dtype).removeprefix('torch.')}"
        mine, theirs = shifted(reach, dtype), shifted(reach, dtype)
        same(candidate.attention(*mine), reference.attention(*theirs), f"{name})", tolerance=tolerance)
        output = candidate.attention(*mine, visible(seed, 5, 7))
        expected = reference.attention(*theirs, visible(seed, 5, 7))
        same(output, expected, f"{name}, mask)", tolerance=tolerance)
    for given in (lambda: shifted(200, setting.dtype), spread):
        mine, theirs = given(), given()
        output, expected = candidate.attention(*mine), reference.attention(*theirs)
        same(output, expected)
        # Gradients that cancel are multiplied by inputs of up to 10⁵, twice: hence atol.
        same(gradients(output, mine), gradients(expected, theirs), GRADIENTS, tolerance=(1e-8, 1e-4))


def test_hidden_scores(candidate, reference, seed):
    """A hidden key gets no weight, however much larger its score is
    被 mask 挡住的 key 分数再高也分不到权重"""

    def padding():
        q, k, v = inputs(seed, grad=False)
        k[:, 4:] *= 1000
        return (q, k, v), torch.arange(7, device=setting.device) < 4

    def extremes(a, b, dtype):
        # Each query sees one key, with score −ab, and must not see the other, with score +ab.
        q, k, v = normal(seed, (2, 3, 4), (2, 2, 4), (2, 2, 5), grad=False)
        q[..., 0] = 2 * a * torch.tensor([-1.0, 1.0, -1.0])
        k[...] = b * torch.tensor([[1.0, 0.0, 0.0, 0.0], [-1.0, 0.0, 0.0, 0.0]])
        sees = torch.tensor([[True, False], [False, True], [True, False]], device=setting.device)
        return [x.to(dtype).requires_grad_() for x in (q, k, v)], sees

    (mine, mask), (theirs, other) = padding(), padding()
    same(candidate.attention(*mine, mask), reference.attention(*theirs, other))
    for a, b, dtype in (
        (1e6, 1e6, torch.float64),
        (50.0, 20.0, torch.float32),
        (5.0, 6.0, torch.float16),
        (5.0, 6.0, torch.bfloat16),
    ):
        if dtype == torch.float64 != setting.dtype:
            continue  # mps has none
        (mine, mask), (theirs, other) = extremes(a, b, dtype), extremes(a, b, dtype)
        output, expected = candidate.attention(*mine, mask), reference.attention(*theirs, other)
        same(output, expected, f"output (QKᵀ/√dₖ = ±{a * b:g}, {str(dtype).removeprefix('torch.')})")
        if dtype in (torch.float64, torch.float32):
            # Gradients that cancel are multiplied by inputs of up to 2·10⁶, or 100: hence atol.
            within = (1e-8, 1e-5) if dtype == torch.float64 else (1e-4, 1e-3)
            same(gradients(output, mine), gradients(expected, theirs), GRADIENTS, tolerance=within)


def test_inputs_are_unchanged(candidate, reference, seed):
    """The inputs, the mask among them, and the random generator are left as they were
    输入（包括 mask）和随机数生成器保持原样"""
    q, k, v = inputs(seed, grad=False)
    mask = visible(seed, 2, 5, 7)
    with unchanged(q=q, k=k, v=v, mask=mask):
        candidate.attention(q, k, v, mask)
        candidate.attention(q + 1, k + 1, v + 1, mask.clone())  # nor later, through what was kept
    not_reseeded(lambda: (torch.rand(()), candidate.attention(q, k, v, mask)))
    calls, owned = [], {"mask": mask}
    for dtype in (setting.dtype, torch.float16, torch.bfloat16):
        given = [x.to(dtype) for x in (q, k, v)]
        calls += [partial(candidate.attention, *given), partial(candidate.attention, *given, mask)]
        owned |= {f"{n} ({str(dtype).removeprefix('torch.')})": x for n, x in zip("qkv", given, strict=True)}
    undisturbed(calls, **owned)


def test_calls(candidate, reference, seed):
    """Keyword arguments, an explicit None, and calls that know nothing of each other
    支持关键字参数、显式的 None，每次调用互不影响"""
    for turn, mask in ((0, None), (1, visible), (2, None), (3, visible)):
        mine = dict(zip("qkv", inputs(seed + turn, d_k=4 if turn == 3 else 16), strict=True))
        theirs = inputs(seed + turn, d_k=4 if turn == 3 else 16)
        pair = [mask and mask(seed + turn, 5, 7) for _ in range(2)]
        output = candidate.attention(mask=pair[0], **mine)
        same(output, reference.attention(*theirs, pair[1]), f"output[{turn}]")
    everything = torch.ones(5, 7, dtype=torch.bool, device=setting.device)
    output = candidate.attention(*inputs(seed), everything)
    same(output, reference.attention(*inputs(seed)), "output (mask = True)")

    def make(i):
        return dict(zip("qkv", inputs(seed + i), strict=True))

    calls_apart(lambda: candidate.attention, make, right=lambda: reference.attention)


def test_not_contiguous(candidate, reference, seed):
    """Transposed and sliced inputs, with their gradients
    转置、切片得到的输入，以及它们的梯度"""

    def heads():
        leaves = normal(seed, (2, 5, 3, 16), (2, 3, 16, 7), (2, 3, 14, 6))
        q, k, v = leaves
        return leaves, (q.transpose(1, 2), k.mT, v[..., ::2, :], visible(seed, 5, 7).mT.contiguous().mT)

    (mine, arguments), (theirs, others) = heads(), heads()
    output, expected = candidate.attention(*arguments), reference.attention(*others)
    same(output, expected)
    same(gradients(output, mine), gradients(expected, theirs), GRADIENTS)


def test_float32(candidate, reference, seed):
    """float32 stays float32, with and without a mask
    float32 输入得到 float32 输出，无论有没有 mask"""
    mine, theirs = inputs(seed, dtype=torch.float32), inputs(seed, dtype=torch.float32)
    output, expected = candidate.attention(*mine), reference.attention(*theirs)
    same(output, expected)
    same(gradients(output, mine), gradients(expected, theirs), GRADIENTS)
    output = candidate.attention(*mine, visible(seed, 5, 7))
    expected = reference.attention(*theirs, visible(seed, 5, 7))
    same(output, expected, "output (mask)")
    same(gradients(output, mine), gradients(expected, theirs), GRADIENTS)


def test_half_precision(candidate, reference, seed):
    """float16 and bfloat16 work, with and without a mask
    float16 和 bfloat16 可用，无论有没有 mask"""
    for dtype, within in ((torch.float16, 2e-2), (torch.bfloat16, 1e-1)):
        name = f"output ({str(dtype).removeprefix('torch.')}"
        mine, theirs = inputs(seed, dtype=dtype), inputs(seed, dtype=dtype)
        same(candidate.attention(*mine), reference.attention(*theirs), f"{name})", tolerance=(0.0, within))
        output = candidate.attention(*mine, visible(seed, 5, 7))
        expected = reference.attention(*theirs, visible(seed, 5, 7))
        same(output, expected, f"{name}, mask)", tolerance=(0.0, within))


# Associative recall: a list of (key, value) symbols and two of its keys; say which value stood beside each.
# Kept small: an attempt may loop over every number.

SYMBOLS, VALUES, PAIRS, ASKED, WIDTH = 8, 5, 3, 2, 16


class Recall(nn.Module):
    def __init__(self):
        super().__init__()
        self.key = nn.Embedding(SYMBOLS, WIDTH)
        self.value = nn.Embedding(VALUES, WIDTH)
        self.to_q = nn.Linear(WIDTH, WIDTH, bias=False)
        self.to_k = nn.Linear(WIDTH, WIDTH, bias=False)
        self.to_v = nn.Linear(WIDTH, 8, bias=False)
        self.head = nn.Linear(8, VALUES)

    def forward(self, attention, asked, keys, values, mask):
        q, k = self.to_q(self.key(asked)), self.to_k(self.key(keys))
        return self.head(attention(q, k, self.to_v(self.value(values)), mask))


def lists(seed, size=16):
    """Each key stands in the list twice, with different values; the mask shows one of the two."""
    (order,) = normal(seed, (size, SYMBOLS), grad=False)
    symbols = order.argsort(dim=-1)[:, :PAIRS]
    values, shift = integers(seed, VALUES, (size, PAIRS), (size, PAIRS))
    keys = torch.cat([symbols, symbols], dim=1)
    both = torch.cat([values, (values + 1 + shift % (VALUES - 1)) % VALUES], dim=1)
    shown = torch.arange(2 * PAIRS, device=setting.device).expand(size, -1) < PAIRS
    (shuffle,) = normal(seed + 1, (size, 2 * PAIRS), grad=False)
    shuffle = shuffle.argsort(dim=-1)
    mask = shown.gather(1, shuffle)[:, None]  # (size, 1, 2·PAIRS)
    asked, answers = symbols[:, :ASKED], values[:, :ASKED]
    return (asked, keys.gather(1, shuffle), both.gather(1, shuffle), mask), answers


def train(model, attention, seed, steps):
    def loss_of(step):
        batch, target = lists(1000 * seed + 2 * step)
        return F.cross_entropy(model(attention, *batch).mT, target)

    return descend(model.parameters(), loss_of, steps, 0.02)


@pytest.mark.training
def test_training_follows(candidate, reference, seed):
    """Trained inside a small model, the losses follow the reference
    放进一个小模型训练，loss 与参考实现一致"""
    mine, theirs = draw(place(Recall())), draw(place(Recall()))
    follows(train(mine, candidate.attention, seed, 12), train(theirs, reference.attention, seed, 12))


@pytest.mark.training
def test_training_recalls(candidate, seed):
    """Trained inside a small model, it learns to look up values by key
    放进一个小模型训练，能学会按 key 查 value"""
    model = draw(place(Recall()))
    losses = train(model, candidate.attention, seed, 80)
    batch, target = lists(1000 * seed + 999, size=128)
    with torch.no_grad():
        right = model(candidate.attention, *batch).argmax(dim=-1) == target
    reaches(right.double().mean().item(), 0.95, "accuracy", losses=losses)
