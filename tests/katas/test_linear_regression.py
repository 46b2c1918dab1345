"""Grades katas/linear_regression.py."""

from functools import partial
from itertools import count

import pytest
import torch

from dlkata.suite import (
    any_layout,
    calls_apart,
    digits,
    follows,
    holds,
    integers,
    keeps_dtype,
    leaves_alone,
    normal,
    not_reseeded,
    reaches,
    same,
    setting,
)

FULL = (9, 4), (5, 5), (3, 7), (2, 3), (1, 4), (6, 1), (40, 3)
BATCHES = (4, 3, 11, 1, 12, 10, 30)  # of 11 samples
SETTINGS = {"lr": 0.07, "batch_size": 4, "epochs": 3}


def draw(seed, n=11, d=4, **how):
    """x with columns of unequal size and mean, y that is no function of x, and some w and b."""
    x, y, w, b, shift = normal(seed, (n, d), (n,), (d,), (), (d,), grad=False, **how)
    return {"x": 0.8 * x + 0.3 * shift, "y": 2 * y - 0.7, "w": w, "b": b + 0.4}


def whole(seed, n, d, rank):
    """Small integers, so that every product is exact: (n, d) of this rank, no direction much shorter than others."""
    for turn in count():
        left, right = (part - 3.0 for part in integers(seed + 100 * turn, 7, (n, rank), (rank, d)))
        stretch = [torch.linalg.svdvals(part) for part in (left, right)]
        if all(s.min() > 0.15 * s.max() for s in stretch):
            break
    return (left @ right).to(setting.dtype), normal(seed, (n,), scale=2.0, grad=False)[0]


def chosen(seed, n=11):
    """What a fresh order is drawn from."""
    return torch.Generator().manual_seed(1000 * seed + n)


def fitted(module, seed, **changes):
    return module.fit(**draw(seed), **(SETTINGS | changes), generator=chosen(seed))


def x_alone(module, seed, call):
    """The function as one of x."""
    others = draw(seed, n=5, d=3)
    y, w, b = others["y"], others["w"], others["b"]
    if call == "least_squares":
        return lambda x: module.least_squares(x, y)
    if call == "gradients":
        return lambda x: module.gradients(x, y, w, b)
    return lambda x: module.fit(x, y, w, b, **SETTINGS, generator=chosen(seed))


def started(module):
    """fit with a generator of its own for each call."""
    return lambda **given: module.fit(**given, **SETTINGS, generator=chosen(1))


def positional(function):
    return lambda x, y, w, b: function(x=x, y=y, w=w, b=b)


def two(module):
    """The closed form of what a dict of four holds."""
    return lambda x, y, w, b: module.least_squares(x, y)


def test_closed_form(candidate, reference, seed):
    """Closed form: with more samples than weights the best w is found
    闭式解：样本比权重多时，求得最优的 w"""
    for n, d in ((9, 4), (40, 3), (6, 1)):
        x, y = list(draw(seed, n, d).values())[:2]
        found, right = candidate.least_squares(x, y), reference.least_squares(x, y)
        same(found, right, f"w (x.shape = {(n, d)})")


def test_closed_form_of_any_shape(candidate, reference, seed):
    """Closed form: with more weights than samples, or as many, it is the shortest w
    闭式解：权重比样本多或一样多时，返回最短的 w"""
    for n, d in FULL:
        found, right = (m.least_squares(*list(draw(seed, n, d).values())[:2]) for m in (candidate, reference))
        same(found, right, f"w (x.shape = {(n, d)})")


def test_closed_form_of_any_rank(candidate, reference, seed):
    """Closed form: columns that depend on each other share the weight in the shortest way
    闭式解：各列线性相关时，返回最短的 w"""
    for n, d, rank in ((8, 5, 2), (5, 5, 3), (4, 7, 2), (9, 3, 1), (1, 3, 1), (3, 1, 1)):
        found, right = (m.least_squares(*whole(seed, n, d, rank)) for m in (candidate, reference))
        same(found, right, f"w (x.shape = {(n, d)}, rank {rank})")


def test_many_columns(candidate, reference, seed):
    """Closed form: in a larger x, rounding is not taken for something to fit
    闭式解：x 更大时，也不会把舍入误差当成要拟合的内容"""
    found = []
    for module in (candidate, reference):
        left, right, y = normal(seed, (60, 30), (40, 30), (60,), grad=False)
        # Thirty singular values of 1, and ten that are 0 but for rounding.
        x = torch.linalg.qr(left)[0] @ torch.linalg.qr(right)[0].mT
        found.append(module.least_squares(x, y))
    same(*found, "w (x.shape = (60, 40), rank 30)")


def test_equal_columns(candidate, reference, seed):
    """Closed form: a column twice, a column of zeros, nothing but zeros
    闭式解：有重复的列、全 0 的列，或者 x 全为 0"""
    for n in (6, 2):
        for columns in ([0, 1, 1], [0, 0, 0], [1, 2, 0], [2, 0, 2], [2, 2, 2], [0, 1, 3]):
            found = []
            for module in (candidate, reference):
                base, y = whole(seed, n, 2, 2)
                zeros, ones = torch.zeros_like(base[:, :1]), torch.ones_like(base[:, :1])
                found.append(module.least_squares(torch.cat([base, zeros, ones], 1)[:, columns], y))
            same(*found, f"w ({n} samples, columns {columns} of (x₁, x₂, 0, 1))")


def test_no_bias(candidate, reference, seed):
    """Closed form: no bias is fitted; a column of ones makes one
    闭式解：不拟合偏置；加一列 1 才有"""
    for ones in (False, True):
        found = []
        for module in (candidate, reference):
            x, y, *_ = draw(seed, 9, 3).values()
            found.append(module.least_squares(torch.cat([x, x.new_ones(9, 1)], 1) if ones else x, y + 5))
        same(*found, f"w ({'a' if ones else 'no'} column of ones)")


def test_nearly_dependent(candidate, reference, seed):
    """Closed form: columns that are nearly equal are told apart, to six digits
    闭式解：几乎相等的列也能区分，精确到六位有效数字"""
    if setting.dtype != torch.float64:
        return  # mps has none
    for n, bits in ((7, 19), (3, 18)):  # the smallest singular value is near 1.5·10⁻⁶ of the largest
        found = []
        for module in (candidate, reference):
            (order,), (truth,) = normal(seed, (n,), grad=False), normal(seed + 1, (3,), grad=False)
            steps = order.argsort().to(setting.dtype) - 2
            # Exact in every product: what is lost by squaring x is then the same however it is summed.
            x = torch.stack([torch.ones_like(steps), 1 + steps * 2.0**-bits, (steps % 2) - 1], 1)
            found.append(module.least_squares(x, x @ truth))
        same(*found, f"w ({n} samples, two columns nearly equal)", tolerance=(1e-6, 1e-6))


def test_any_scale(candidate, reference, seed):
    """Closed form: tiny and huge x are solved like any other
    闭式解：x 极小或极大时同样正确"""
    for scale in (1e-12, 1e-6, 1e6, 1e12) if setting.dtype == torch.float64 else (1e-6, 1e6):
        for n, d, rank in ((8, 3, 3), (6, 4, 2)):
            found = []
            for module in (candidate, reference):
                x, y = whole(seed, n, d, rank)
                found.append(scale * module.least_squares(scale * x, y))
            same(*found, f"{scale:g}·w (x of size {scale:g}, rank {rank})")


def test_closed_form_in_float32(candidate, reference, seed):
    """Closed form: float32 stays float32, dependent columns among them
    闭式解：float32 的输入得到 float32 的结果，列相关时也一样"""
    for n, d, rank in ((9, 4, 4), (9, 6, 2), (4, 7, 3)):
        found = []
        for module in (candidate, reference):
            x, y = whole(seed, n, d, rank)
            found.append(module.least_squares(x.float() / 3, y.float()))
        same(*found, f"w (x.shape = {(n, d)}, rank {rank}, float32)", tolerance=(1e-3, 1e-3))


def test_scale_in_float32(candidate, reference, seed):
    """Closed form: in float32, too, x may be tiny, huge, or short in one direction
    闭式解：float32 下 x 同样可以极小、极大，或在某个方向上很短"""
    for scale in (1e-12, 1.0, 1e12):
        found = []
        for module in (candidate, reference):
            left, right, y = (part.float() for part in normal(seed, (8, 3), (5, 3), (8,), grad=False))
            short = left.new_tensor([1.0, 0.5, 0.02])
            x = torch.linalg.qr(left)[0] * short @ torch.linalg.qr(right)[0].mT
            found.append(scale * module.least_squares(scale * x, y))
        same(*found, f"{scale:g}·w (x of size {scale:g}, rank 3, float32)", tolerance=(1e-3, 1e-3))


def test_gradients(candidate, reference, seed):
    """Gradients: ∂L/∂w and ∂L/∂b are right
    梯度：∂L/∂w 和 ∂L/∂b 正确"""
    for n, d in ((11, 4), (3, 8), (4, 4), (1, 3), (5, 1), (1, 1)):
        found, right = (m.gradients(**draw(seed, n, d)) for m in (candidate, reference))
        same(found, right, [f"∂L/∂{p} (x.shape = {(n, d)})" for p in "wb"])


def test_gradients_of_large_errors(candidate, reference, seed):
    """Gradients: tiny and huge errors keep their proportion
    梯度：误差极小或极大时同比缩放"""
    for scale in (1e-6, 1e6):
        found = []
        for module in (candidate, reference):
            x, y, w, b = draw(seed).values()
            found.append([g / scale for g in module.gradients(x, scale * y, scale * w, scale * b)])
        same(*found, [f"∂L/∂{p} / {scale:g}" for p in "wb"])


def test_one_step(candidate, reference, seed):
    """fit: one batch of all samples is one step
    fit：所有样本一个 batch，走一步"""
    found, right = (fitted(m, seed, batch_size=11, epochs=1) for m in (candidate, reference))
    same(found, right, ["w", "b"])


def test_batches(candidate, reference, seed):
    """fit: an epoch goes over all samples in batches, the last of which may be smaller
    fit：一个 epoch 分 batch 走完所有样本，最后一个 batch 可以更小"""
    for size in BATCHES:
        found, right = (fitted(m, seed, batch_size=size, epochs=1) for m in (candidate, reference))
        same(found, right, [f"{p} (11 samples, batch_size = {size})" for p in "wb"])


def test_epochs(candidate, reference, seed):
    """fit: each epoch goes on from the last one, in a fresh order
    fit：每个 epoch 接着上一个继续，顺序重新抽取"""
    for size in (4, 11, 1):
        for epochs in (0, 2, 5):
            found, right = (fitted(m, seed, batch_size=size, epochs=epochs) for m in (candidate, reference))
            same(found, right, [f"{p} (batch_size = {size}, epochs = {epochs})" for p in "wb"])


def test_rate(candidate, reference, seed):
    """fit: lr scales the step
    fit：步长由 lr 决定"""
    for rate in (0.3, 0.001, 0.0):
        found, right = (fitted(m, seed, lr=rate) for m in (candidate, reference))
        same(found, right, [f"{p} (lr = {rate:g})" for p in "wb"])


def test_small_sizes(candidate, reference, seed):
    """fit: one sample, one weight, as many of both
    fit：只有一个样本、只有一个权重，或者两者一样多"""
    for n, d in ((1, 3), (5, 1), (1, 1), (4, 4), (3, 9)):
        found = [
            m.fit(**draw(seed, n, d), lr=0.05, batch_size=3, epochs=2, generator=chosen(seed))
            for m in (candidate, reference)
        ]
        same(*found, [f"{p} (x.shape = {(n, d)})" for p in "wb"])


def test_generator(candidate, reference, seed):
    """fit: nothing but one permutation an epoch is drawn, and from the generator given
    fit：每个 epoch 只从传入的 generator 抽一次排列，不抽别的"""
    found = []
    for module in (candidate, reference):
        generator, given = chosen(seed), draw(seed)
        module.fit(**given, lr=0.05, batch_size=4, epochs=0, generator=generator)
        first = module.fit(**given, lr=0.05, batch_size=4, epochs=2, generator=generator)
        again = module.fit(**given, lr=0.05, batch_size=4, epochs=2, generator=generator)
        found.append([*first, *again, torch.rand(3, generator=generator, dtype=torch.float64)])
    names = [
        "w",
        "b",
        "w (called again, the generator going on)",
        "b (again)",
        "what the generator gives next",
    ]
    same(*found, names)


def test_global_generator(candidate, seed):
    """fit: torch's global generator is left where it is
    fit：不动用 torch 的全局生成器"""
    torch.manual_seed(seed + 5)
    before = torch.get_rng_state()
    fitted(candidate, seed)
    still = torch.equal(before, torch.get_rng_state())
    holds(
        still,
        "torch's global generator has moved: the order must come from the generator given.",
        "torch 的全局生成器被动用了：顺序应当从传入的 generator 抽取。",
        value="still" if still else "moved",
        name="global generator",
    )
    not_reseeded(lambda: (torch.rand(()), fitted(candidate, seed)))


def test_float32(candidate, seed):
    """float32 stays float32, in gradients and in fit
    float32 的输入得到 float32 的梯度和训练结果"""
    keeps_dtype(lambda: positional(candidate.gradients), lambda: draw(seed))
    keeps_dtype(lambda: positional(started(candidate)), lambda: draw(seed))


def test_non_contiguous(candidate, seed):
    """Transposed, strided and expanded x work
    x 是转置、带步长的切片或 expand 的结果时也正确"""
    for call in ("least_squares", "gradients", "fit"):
        fill = partial(lambda shape: normal(seed + 3, shape, grad=False)[0])
        any_layout(lambda call=call: x_alone(candidate, seed, call), fill, (5, 3))


def test_calls_apart(candidate, reference, seed):
    """A call does not depend on the calls before it, nor change what they returned
    每次调用与之前的调用无关，也不改动它们返回的结果"""
    for function in (
        two,
        lambda module: positional(module.gradients),
        lambda module: positional(started(module)),
    ):
        calls_apart(
            lambda function=function: function(candidate),
            lambda i: draw(seed + i),
            right=lambda function=function: function(reference),
        )


def test_inputs_unchanged(candidate, seed):
    """No input is modified, w and b among them
    不修改任何输入，包括 w 和 b"""
    for function in (two(candidate), positional(candidate.gradients), positional(started(candidate))):
        leaves_alone(lambda function=function: function, lambda i: draw(seed + i))


# From the other pixels of a handwritten digit, one in its middle. Some pixels are 0 in every image.


def pixels():
    """Pixels but one (1797, 63), centred; that one."""
    images = digits()[0].flatten(1).to(setting.dtype)
    rest = torch.cat([images[:, :27], images[:, 28:]], 1)
    return rest - rest[:400].mean(0), images[:, 27]


def explained(x, y, w, b=0.0):
    """The share of the variance of y that is explained."""
    return (1 - (x @ w + b - y).square().mean() / y.var(correction=0)).item()


def losses(module, seed, epochs):
    """The loss after each epoch on 240 images."""
    x, y = (part[:240] for part in pixels())
    w, b, generator, curve = x.new_zeros(63), x.new_zeros(()), chosen(seed), []
    for _ in range(epochs):
        w, b = module.fit(x, y, w, b, lr=0.05, batch_size=32, epochs=1, generator=generator)
        curve.append((x @ w + b - y).square().mean().item())
    return curve


@pytest.mark.training
def test_training_follows(candidate, reference, seed):
    """Pixels of handwritten digits from their neighbours: the losses follow the reference
    用其余像素预测手写数字的一个像素：loss 与参考实现一致"""
    follows(
        losses(candidate, seed, 8),
        losses(reference, seed, 8),
        1e-6 if setting.dtype == torch.float64 else 1e-4,
    )


@pytest.mark.training
def test_training_reaches(candidate, seed):
    """Both ways explain most of that pixel's variance in unseen images
    两种方法都能解释没见过的图像中该像素的大部分方差"""
    x, y = pixels()
    seen, unseen, mean = slice(400), slice(1200, None), y[:400].mean()
    closed = candidate.least_squares(x[seen], y[seen] - mean)
    reaches(explained(x[unseen], y[unseen], closed, mean), 0.4, "share explained, closed form")
    zero = x.new_zeros(63)
    w, b = candidate.fit(x[seen], y[seen], zero, zero[0], 0.05, 16, 20, chosen(seed))
    reaches(explained(x[unseen], y[unseen], w, b), 0.4, "share explained, gradient descent")
