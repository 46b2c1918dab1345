"""Grades katas/rope.py."""

import math
from functools import partial

import pytest
import torch
from torch import nn
from torch.nn import functional as F

from dlkata.suite import (
    descend,
    difference,
    draw,
    follows,
    gradients,
    holds,
    integers,
    normal,
    not_reseeded,
    place,
    reaches,
    same,
    setting,
    undisturbed,
)

# Hides what is only coarse, angles rounded to float32: test_precision alone shows it, whatever its digits.
COARSE = (1e-5, 1e-5)


def tokens(seed, *shape, **how):
    return normal(seed, shape or (2, 3, 5, 8), **how)[0]


def places(seed, *shape, low=-9, high=40):
    """Positions in no order, with gaps, none of them the index of its token."""
    (drawn,) = integers(seed + 7, high - low, shape or (5,))
    return drawn + low


def test_rotation(candidate, reference, seed):
    """Each pair is turned by position times frequency
    每一对都按“位置 × 频率”旋转"""
    same(candidate.rope(tokens(seed)), reference.rope(tokens(seed)), tolerance=COARSE)


def test_gradients(candidate, reference, seed):
    """The gradient of x is right
    x 的梯度正确"""
    for more in ((), (places(seed),)):
        mine, theirs = tokens(seed), tokens(seed)
        found = gradients(candidate.rope(mine, *more), [mine])
        same(found, gradients(reference.rope(theirs, *more), [theirs]), ["∂L/∂x"], tolerance=COARSE)


def test_positions(candidate, reference, seed):
    """The positions are those that were passed, in any order, with gaps, also negative
    用的是传入的位置：顺序任意，可以有间隔，也可以为负"""
    for offset in (0, 1, 2):
        output = candidate.rope(tokens(seed), places(seed + offset))
        same(output, reference.rope(tokens(seed), places(seed + offset)), tolerance=COARSE)
    still = torch.zeros(
        5, dtype=torch.int64, device=setting.device
    )  # all at the beginning: nothing is turned
    output = candidate.rope(tokens(seed), still)
    same(output, reference.rope(tokens(seed), still), "output (positions 0, 0, …)", tolerance=COARSE)
    apart = torch.arange(5, device=setting.device) + 17  # a chunk further along
    output = candidate.rope(tokens(seed), apart)
    same(output, reference.rope(tokens(seed), apart), "output (positions 17 …)", tolerance=COARSE)


def test_positions_broadcast(candidate, reference, seed):
    """positions may have any shape that broadcasts to (…, T)
    positions 可以是任何能广播到 (…, T) 的形状"""
    for shape in ((2, 1, 5), (2, 3, 5), (3, 5), (1, 1, 5), (1, 5), (1,), (2, 1, 1), (2, 3, 1)):
        output = candidate.rope(tokens(seed), places(seed, *shape))
        expected = reference.rope(tokens(seed), places(seed, *shape))
        same(output, expected, f"output (positions.shape = {shape})", tolerance=COARSE)


def test_leading_dimensions(candidate, reference, seed):
    """Any number of leading dimensions, none too; any even D, any number of tokens
    前导维度任意多，没有也行；D 为任意偶数，token 数任意"""
    for shape in (
        (5, 8),
        (2, 5, 8),
        (2, 1, 3, 5, 8),
        (3, 3, 3, 4),
        (4, 4),
        (6, 6, 6),
        (2, 7, 2),
        (3, 1, 10),
        (1, 1, 1, 14),
    ):
        output, expected = candidate.rope(tokens(seed, *shape)), reference.rope(tokens(seed, *shape))
        same(output, expected, f"output (x.shape = {shape})", tolerance=COARSE)
        output = candidate.rope(tokens(seed, *shape), places(seed, shape[-2]))
        expected = reference.rope(tokens(seed, *shape), places(seed, shape[-2]))
        same(output, expected, f"output (x.shape = {shape}, positions)", tolerance=COARSE)


def test_base(candidate, reference, seed):
    """base is the one that was passed
    base 用的是传入的值"""
    # First with sizes that no other test has: whoever keeps the angles of one base shows it in the next.
    for base in (60.0, 10000.0, 7.0):
        output = candidate.rope(tokens(seed, 2, 4, 12), base=base)
        same(
            output,
            reference.rope(tokens(seed, 2, 4, 12), base=base),
            f"output (base = {base:g})",
            tolerance=COARSE,
        )
    for base in (500.0, 1e6, 10.0, 300):  # an int is a number, too
        output, expected = candidate.rope(tokens(seed), base=base), reference.rope(tokens(seed), base=base)
        same(output, expected, f"output (base = {base:g})", tolerance=COARSE)
    output = candidate.rope(tokens(seed), places(seed), 777.0)
    same(output, reference.rope(tokens(seed), places(seed), 777.0), "output (base = 777)", tolerance=COARSE)


def test_shift(candidate, seed):
    """Shifting all positions changes no product of a query with a key
    所有位置一起平移，query 与 key 的点积都不变"""
    q, k = normal(seed, (2, 5, 8), (2, 7, 8), grad=False)
    rows, columns = places(seed), places(seed + 1, 7)

    def scores(shift):
        return candidate.rope(q, rows + shift) @ candidate.rope(k, columns + shift).mT

    at_zero = scores(0)
    for shift in (1, 13, -29):
        change = scores(shift) - at_zero
        holds(
            change.abs().max() < 1e-3,
            "The products of queries and keys change when all positions are shifted by the same amount.",
            "所有位置平移同样的量之后，query 与 key 的点积变了。",
            value=change,
            name="change of the scores",
        )


def test_precision(candidate, reference, seed):
    """float64 is rotated with the precision of float64, at large positions too
    float64 的输入按 float64 的精度旋转，位置很大时也一样"""
    if setting.dtype != torch.float64:
        return  # mps has none
    for far in (
        torch.tensor([3, 30, 300, 3_000, 30_000]),
        torch.tensor([29_999, 12_345, 2049, 257, -20_000]),
    ):
        output, expected = candidate.rope(tokens(seed), far.clone()), reference.rope(tokens(seed), far)
        same(output, expected, "output (large positions)", tolerance=(0.0, 0.2))  # float32 loses 10⁻³ here
        # Not judged as values: every rounding on the way is the same mistake.
        holds(
            difference(output, expected, "output", (0.0, 1e-7)) is None,
            "Somewhere digits are lost: for a float64 x the frequencies and angles must be float64 too.",
            "途中丢了精度：x 为 float64 时，频率和角度也必须是 float64。",
        )


def test_half_precision(candidate, reference, seed):
    """float32, float16 and bfloat16 keep their dtype, and the angles stay right at large positions
    float32、float16、bfloat16 保持 dtype 不变，位置很大时角度仍然正确"""
    for dtype, within in ((torch.float32, 2e-1), (torch.float16, 2e-1), (torch.bfloat16, 4e-1)):
        name = f"output ({str(dtype).removeprefix('torch.')}"
        output, expected = (m.rope(tokens(seed, dtype=dtype)) for m in (candidate, reference))
        near = 1e-4 if dtype == torch.float32 else within / 4
        same(output, expected, f"{name})", tolerance=(0.0, near))
        for far in ((2049, 4097, 9_999, 16_385, 30_000), (257, 513, 1_023, 2_051, -12_345)):
            positions = torch.tensor(far, device=setting.device)
            # With a large base some pairs turn slowly: a rounded frequency or position shows there as well.
            for base in (10000.0, 1e6):
                output = candidate.rope(tokens(seed, dtype=dtype), positions.clone(), base)
                expected = reference.rope(tokens(seed, dtype=dtype), positions, base)
                # Not judged as values: what half precision makes of an angle depends on every step.
                holds(
                    difference(output, expected, "output", (0.0, within)) is None,
                    f"With a {str(dtype).removeprefix('torch.')} x, tokens at large positions are turned wrongly.",
                    f"x 为 {str(dtype).removeprefix('torch.')} 时，位置很大的 token 旋转错误。",
                )


def test_calls(candidate, reference, seed):
    """Calls know nothing of each other
    各次调用互不影响"""
    for turn, (shape, positions, base) in enumerate(
        (
            ((2, 5, 8), None, 10000.0),
            ((2, 5, 8), None, 100.0),
            ((3, 5, 4), None, 10000.0),
            ((2, 5, 8), (5,), 10000.0),
            ((2, 9, 8), None, 10000.0),
            ((2, 5, 8), (2, 5), 10000.0),
            ((2, 5, 8), None, 10000.0),
        )
    ):
        given = [positions and places(seed + turn, *positions) for _ in range(2)]
        output = candidate.rope(tokens(seed + turn, *shape), base=base, positions=given[0])
        expected = reference.rope(tokens(seed + turn, *shape), given[1], base)
        same(output, expected, f"output[{turn}]", tolerance=COARSE)


def test_inputs_are_unchanged(candidate, reference, seed):
    """x, positions and the random generator are left as they were
    x、positions 和随机数生成器都保持原样"""
    x, positions = tokens(seed, grad=False), places(seed)
    first = candidate.rope(x, positions)
    kept = first.clone()
    candidate.rope(x)
    candidate.rope(x + 1, positions + 1)
    same(first, kept, "output (after later calls)")
    same(candidate.rope(x, positions), kept, "output (second call)")
    with torch.no_grad():
        same(candidate.rope(tokens(seed)), reference.rope(tokens(seed)), "output (no_grad)", tolerance=COARSE)
    not_reseeded(lambda: (torch.rand(()), candidate.rope(x, positions)))
    calls, owned = [], {"positions": places(seed, 3)}
    for dtype in (setting.dtype, torch.float16, torch.bfloat16):
        given = tokens(seed, 2, 3, 6, grad=False).to(dtype)
        calls += [partial(candidate.rope, given), partial(candidate.rope, given, owned["positions"])]
        owned[f"x ({str(dtype).removeprefix('torch.')})"] = given
    undisturbed(calls, **owned)


def test_not_contiguous(candidate, reference, seed):
    """Transposed and sliced inputs and positions, with the gradient
    转置、切片得到的 x 和 positions，以及梯度"""
    cases = (
        ("x.transpose(1, 2)", (2, 5, 3, 8), lambda x: x.transpose(1, 2), lambda p: p),
        ("x.mT", (2, 8, 5), lambda x: x.mT, lambda p: p),
        ("x[..., ::2]", (2, 5, 16), lambda x: x[..., ::2], lambda p: p),
        ("x[..., 1:9]", (2, 5, 11), lambda x: x[..., 1:9], lambda p: p),
        ("positions.flip", (2, 5, 8), lambda x: x, lambda p: torch.stack([p, p + 1], dim=1)[:, 0]),
        ("x.expand", (1, 5, 8), lambda x: x.expand(4, 5, 8), lambda p: p),
    )
    for name, shape, view, seen in cases:
        mine, theirs = tokens(seed, *shape), tokens(seed, *shape)
        output = candidate.rope(view(mine), seen(places(seed)))
        expected = reference.rope(view(theirs), seen(places(seed)))
        same(output, expected, f"output ({name})", tolerance=COARSE)
        same(gradients(output, [mine]), gradients(expected, [theirs]), ["∂L/∂x"], tolerance=COARSE)


# Say again what stood two tokens before: only the distance tells which token that is.

SYMBOLS, LENGTH, WIDTH, BACK = 6, 7, 16, 2


class Echo(nn.Module):
    def __init__(self):
        super().__init__()
        self.symbol = nn.Embedding(SYMBOLS, WIDTH)
        self.to_q = nn.Linear(WIDTH, WIDTH)
        self.to_k = nn.Linear(WIDTH, WIDTH)
        self.head = nn.Linear(WIDTH, SYMBOLS)

    def forward(self, rope, sequence, positions=None):
        x = self.symbol(sequence)
        q, k = rope(self.to_q(x), positions, 100.0), rope(self.to_k(x), positions, 100.0)
        weights = (q @ k.mT / math.sqrt(WIDTH)).softmax(dim=-1)
        return self.head(weights @ x)


def train(model, rope, seed, steps):
    (batches,) = integers(seed, SYMBOLS, (steps, 32, LENGTH))

    def loss_of(step):
        said = model(rope, batches[step])[:, BACK:]
        return F.cross_entropy(said.flatten(0, 1), batches[step][:, :-BACK].flatten())

    return descend(model.parameters(), loss_of, steps, 0.05)


@pytest.mark.training
def test_training_follows(candidate, reference, seed):
    """Trained inside a small model, the losses follow the reference
    放进一个小模型训练，loss 与参考实现一致"""
    mine, theirs = draw(place(Echo())), draw(place(Echo()))
    follows(train(mine, candidate.rope, seed, 12), train(theirs, reference.rope, seed, 12))


@pytest.mark.training
def test_training_echoes(candidate, seed):
    """Trained at positions 0–6, it looks two tokens back there and at positions 1000–1006: accuracy ≥ 0.95
    在位置 0–6 上训练，能学会往回看两个 token，移到位置 1000–1006 也一样：准确率 ≥ 0.95"""
    model = draw(place(Echo()))
    losses = train(model, candidate.rope, seed, 100)
    (sequences,) = integers(seed + 1, SYMBOLS, (200, LENGTH))
    for start in (0, 1000):
        positions = torch.arange(start, start + LENGTH, device=setting.device)
        with torch.no_grad():
            said = model(candidate.rope, sequences, positions)[:, BACK:].argmax(dim=-1)
        right = said == sequences[:, :-BACK]
        reaches(right.double().mean().item(), 0.95, f"accuracy (positions {start} …)", losses=losses)
