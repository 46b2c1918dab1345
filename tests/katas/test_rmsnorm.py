"""Grades katas/rmsnorm.py."""

from functools import partial

import pytest
import torch
from torch import nn

from dlkata.suite import (
    TOLERANCES,
    accuracy,
    adopt,
    agree,
    any_layout,
    calls_apart,
    cast,
    copies_apart,
    difference,
    digits,
    draw,
    follows,
    gradients,
    holds,
    keeps_dtype,
    leaves_alone,
    modes_alike,
    normal,
    not_reseeded,
    place,
    reaches,
    same,
    samples_apart,
    setting,
    share_nothing,
    starts_like,
    train,
    travels,
    twins,
)

HALVES = (torch.float16, torch.bfloat16)
# Looser than float32's rounding, which test_float64 judges by itself: passing through float32, as famous
# models do, is one mistake, and would otherwise look different in each style.
close = partial(same, tolerance=(1e-4, 1e-5))


def pair(candidate, reference, dim=7, eps=0.01):
    """The attempt's layer and the reference's, with the same γ, far from ones.

    eps is always passed, and large enough to show: only test_default_eps asks what it is without.
    """
    return twins(candidate, reference, "RMSNorm", dim, eps=eps)


def drawn(candidate):
    return draw(place(candidate.RMSNorm(7, eps=1e-5)))


def tokens(seed, shape=(4, 3, 7), scale=1.0):
    """Every token has a mean and a spread of its own."""
    noise, shift, stretch = normal(seed, shape, (*shape[:-1], 1), (*shape[:-1], 1), grad=False)
    return (scale * (noise * stretch.exp() + shift)).requires_grad_()


def test_output(candidate, reference, seed):
    """The output for (batch, tokens, features) is right
    输入形状为 (batch, token, 特征) 时，输出正确"""
    mine, theirs = pair(candidate, reference)
    close(mine(tokens(seed)), theirs(tokens(seed)))


def test_fresh_layer(candidate, reference):
    """A new layer starts with weight = 1, which is its only parameter
    新建的层 weight 全 1，并且是唯一的参数"""
    starts_like(candidate.RMSNorm(7), reference.RMSNorm(7))


def test_gradients(candidate, reference, seed):
    """Gradients of x and weight are right
    x 和 weight 的梯度正确"""
    agree(*pair(candidate, reference), lambda: tokens(seed), judge=close)


def test_any_leading_dims(candidate, reference, seed):
    """Any number of leading dimensions works, none too; so does a batch of one, and D = 1
    前面有任意多维都可以，没有也行；batch 为 1、D 为 1 也行"""
    mine, theirs = pair(candidate, reference)
    for shape in (
        (5, 7),
        (7,),
        (2, 5, 3, 7),
        (2, 1, 4, 3, 7),
        (1, 3, 7),
        (4, 1, 7),
        (1, 7),
        (7, 7),
        (1, 1, 7),
    ):
        agree(mine, theirs, partial(tokens, seed, shape), f"output (x.shape = {shape})", judge=close)
    mine, theirs = pair(candidate, reference, dim=1)
    for shape in ((4, 3, 1), (3, 1), (1,)):
        agree(mine, theirs, partial(tokens, seed, shape), f"output (D = 1, x.shape = {shape})", judge=close)


def test_eps(candidate, reference, seed):
    """eps is the one that was passed, and it stands under the square root
    eps 用的是传入的值，并且在根号内"""

    def small_and_large(module):
        return place(module.RMSNorm(7, 0.004)), place(module.RMSNorm(dim=7, eps=0.3))

    # Both exist before either is used: they must not share what is theirs alone.
    layers = zip(small_and_large(candidate), small_and_large(reference), (0.004, 0.3), strict=True)
    for mine, theirs, eps in layers:
        agree(mine, theirs, lambda: tokens(seed, scale=0.3), f"output (eps = {eps:g})", judge=close)


def test_tiny_tokens(candidate, reference, seed):
    """Beside mean squares of its own size eps counts for what it is, large or tiny
    均方值与 eps 相当时，eps 无论大小都起应有的作用"""
    for eps in (1e-5, 1e-6, 1e-12, 2.5, 1):
        mine, theirs = pair(candidate, reference, eps=eps)
        x, same_x = tokens(seed), tokens(seed)
        output, right = mine(0.5 * x * eps**0.5), theirs(0.5 * same_x * eps**0.5)
        close(output, right, f"output (eps = {eps:g})")
        close(
            gradients(output, [x, mine.weight]),
            gradients(right, [same_x, theirs.weight]),
            ["∂L/∂x", "∂L/∂weight"],
        )


def test_default_eps(candidate, seed):
    """Without eps, tokens of tiny features show that it is 1e-6
    不传 eps 时默认 1e-6：特征极小的 token 看得出来"""
    # Held against the attempt itself: every other default is the same mistake.
    output, right = (
        place(layer)(tokens(seed, scale=1e-3))
        for layer in (candidate.RMSNorm(7), candidate.RMSNorm(7, eps=1e-6))
    )
    holds(
        difference(output, right, "output", TOLERANCES[setting.dtype], nonfinite=True) is None,
        "Without eps, tokens of tiny features are normalised as if the default were not 1e-6.",
        "不传 eps 时，特征极小的 token 归一化的结果不对：默认值应为 1e-6。",
        name="default eps",
    )


def test_zero_tokens(candidate, reference, seed):
    """A token of zeros gives zeros and finite gradients; one without spread keeps its sign
    全零的 token 输出全零、梯度有限；特征全相等的 token 保留符号"""

    def constant():
        levels = torch.tensor([[0.0, 0.5, -3.0], [2.5, 0.0, -0.125]], dtype=setting.dtype)
        return levels.to(setting.device)[..., None].repeat(1, 1, 7).requires_grad_()

    agree(*pair(candidate, reference), constant, judge=close)


def test_half_precision_zeros(candidate, reference, seed):
    """In half precision a token of zeros gives zeros and finite gradients, with the default ε too
    半精度下，全零的 token 也输出全零、梯度有限，默认的 ε 也一样"""
    # ε rounded to float16 is 0 below 3·10⁻⁸; the gradient, 1/√ε, has to fit into float16.
    for dtype in HALVES:
        for eps in (1e-6, 2e-8) if dtype == torch.float16 else (1e-6,):
            layers = (side.RMSNorm(7, eps=eps).to(setting.device, dtype) for side in (candidate, reference))
            zeros = lambda dtype=dtype: normal(seed, (2, 7), scale=0.0, dtype=dtype)[0]  # noqa: E731
            loose = partial(same, tolerance=(3e-2, 1e-2))
            agree(*layers, zeros, f"output (zeros, {dtype}, eps = {eps:g})", judge=loose)


def test_wide_range(candidate, reference, seed):
    """Large features are normalised like small ones
    特征值很大时归一化同样正确"""
    mine, theirs = pair(candidate, reference)
    close(mine(tokens(seed, scale=1e4)), theirs(tokens(seed, scale=1e4)))


def test_float64(candidate, reference, seed):
    """float64 is computed in float64: all its digits are right
    float64 全程用 float64 计算：每一位都正确"""
    for eps, scale in ((0.3, 1.0), (1e-7, 3e-4)):
        mine, theirs = pair(candidate, reference, eps=eps)
        x, same_x = tokens(seed), tokens(seed)
        output, right = mine(x * scale), theirs(same_x * scale)
        found = [output, *gradients(output, [x, mine.weight])]
        wanted = [right, *gradients(right, [same_x, theirs.weight])]
        for name, one, other in zip(["output", "∂L/∂x", "∂L/∂weight"], found, wanted, strict=True):
            same(one, other, name, tolerance=(1e-4, 1e-4))
            # The rest is not judged as values: rounding looks different in each style.
            holds(
                difference(one, other, name, TOLERANCES[setting.dtype]) is None,
                f"{name} has lost digits: float64 must stay float64 all the way.",
                f"{name} 丢了精度：float64 必须全程用 float64 计算。",
                name=name,
            )


def test_float32(candidate, seed):
    """A float32 layer gives float32 outputs and gradients
    float32 的层，输出和梯度都是 float32"""
    keeps_dtype(partial(drawn, candidate), lambda: tokens(seed))


def half(layers, dtype):
    return [layer.to(dtype) for layer in layers]


def test_half_precision(candidate, reference, seed):
    """float16 and bfloat16 stay what they are, in outputs and gradients, in train and eval mode
    float16 和 bfloat16 的输入，输出和梯度保持同一 dtype；train、eval 模式都一样"""
    loose = partial(same, tolerance=(5e-2, 5e-2))
    for dtype in HALVES:
        mine, theirs = half(pair(candidate, reference), dtype)
        x, same_x = (tokens(seed).detach().to(dtype) for _ in range(2))
        same(mine(x), theirs(same_x), f"output ({dtype})", tolerance=(3e-2, 1e-2))
        agree(mine, theirs, cast(lambda: tokens(seed), dtype), judge=loose)
        agree(mine.eval(), theirs.eval(), cast(lambda: tokens(seed + 1), dtype), "output (eval)", judge=loose)


def test_half_precision_rounding(candidate, seed):
    """With γ = 1, half precision costs no more than the last rounding
    γ = 1 时，半精度只有最后一次舍入的误差"""
    for dtype in HALVES:
        x = tokens(seed, (60, 7)).detach().to(dtype)
        wide = x.to("cpu", torch.float64)
        right = wide / (wide.square().mean(-1, keepdim=True) + 0.01).sqrt()
        found = candidate.RMSNorm(7, eps=0.01).to(setting.device, dtype)(x).detach().to("cpu", torch.float64)
        same(found, right, f"output ({dtype})", tolerance=(3e-2, 1e-2))
        off = ((found - right) / right).abs().max()
        # One rounding is at most half of the dtype's eps.
        holds(
            off <= 0.55 * torch.finfo(dtype).eps,
            f"In {dtype} rounding errors have piled up: the rms and the quotient must be computed in float32.",
            f"{dtype} 下舍入误差累积了：rms 和商要用 float32 计算。",
            name=str(dtype),
        )


def test_half_precision_overflow(candidate, reference, seed):
    """In float16, features whose squares overflow are normalised like others
    float16 下，平方会溢出的特征也能正确归一化"""
    mine, theirs = half(pair(candidate, reference), torch.float16)
    # Up to 60,000: the token of zeros beside it tells an overflow from its cure by a large ε.
    sizes = torch.tensor([[[6e4], [3e3], [0.0]]], dtype=setting.dtype, device=setting.device)
    levels = torch.linspace(-1, 1, 7, dtype=setting.dtype, device=setting.device)
    x, same_x = ((sizes * levels).half() for _ in range(2))
    same(mine(x), theirs(same_x), tolerance=(1e-2, 1e-3))
    large = cast(lambda: tokens(seed, scale=1e3).detach().clamp(-2e4, 2e4).requires_grad_(), torch.float16)
    agree(mine, theirs, large, judge=partial(same, tolerance=(5e-2, 5e-2)))


def test_half_precision_underflow(candidate, reference, seed):
    """In float16, features whose squares vanish are normalised like others
    float16 下，平方会下溢的特征也能正确归一化"""
    mine, theirs = half(pair(candidate, reference, eps=1e-12), torch.float16)
    levels = torch.linspace(0.7, 1.4, 7, dtype=setting.dtype, device=setting.device)
    x, same_x = ((1e-4 * levels * torch.ones_like(levels)[:3, None]).half() for _ in range(2))
    same(mine(x), theirs(same_x), tolerance=(1e-2, 1e-3))


def test_train_and_eval(candidate, seed):
    """Train and eval mode give the same, whatever the layer saw before
    train 和 eval 模式结果相同，与之前见过什么无关"""
    modes_alike(partial(drawn, candidate), lambda i: tokens(seed + i, scale=3.0 if i else 1.0), judge=close)


def test_many_calls(candidate, seed):
    """A call neither depends on earlier calls nor changes their outputs; x may need no gradient
    每次调用都不依赖之前的调用，也不改动之前的输出；x 不需要梯度时也正确"""
    calls_apart(
        partial(drawn, candidate), lambda i: tokens(seed + i).detach().requires_grad_(i > 0), judge=close
    )


def test_tokens_apart(candidate, seed):
    """The output for a token depends on that token alone
    一个 token 的输出只取决于它自己"""
    for dim in (0, 1):
        samples_apart(drawn(candidate), lambda: tokens(seed), dim=dim)


def test_layers_share_nothing(candidate, seed):
    """What one layer learns is not seen by another, nor by a copy; state that is loaded counts
    一层学到的东西，不影响另一层，也不影响它的副本；加载的参数立即生效"""
    share_nothing(lambda: candidate.RMSNorm(7), lambda: tokens(seed))
    copies_apart(partial(drawn, candidate), lambda i: tokens(seed + i), judge=close)
    travels(drawn(candidate), partial(drawn, candidate), lambda i: tokens(seed + i))


def test_noncontiguous(candidate, seed):
    """Transposed, strided and expanded inputs work
    输入是转置、带步长的切片或 expand 的结果时也正确"""
    any_layout(partial(drawn, candidate), partial(tokens, seed), (4, 3, 7), judge=close)


def test_side_effects(candidate, seed):
    """The input and the weight are left alone by every call, in any precision; nothing is reseeded
    任何精度下，每次调用都不改动输入和 weight；不重新设种子"""
    for dtype in (setting.dtype, torch.float32, *HALVES):
        leaves_alone(
            lambda dtype=dtype: drawn(candidate).to(dtype),
            lambda i, dtype=dtype: tokens(seed + i).detach().to(dtype),
        )
    not_reseeded(lambda: candidate.RMSNorm(7)(torch.rand(2, 7)))


def photos(seed):
    """The digits around their mean, each photographed in a light of its own, and their labels."""
    images, labels = digits()
    (brightness,) = normal(seed, (len(images), 1), grad=False)
    return (6 * brightness).exp() * (images - images.mean()).flatten(1), labels


def network(module):
    """Two layers to be graded."""
    norms = module.RMSNorm(64, eps=1e-5), module.RMSNorm(32, eps=1e-5)
    return place(nn.Sequential(norms[0], nn.Linear(64, 32), nn.Tanh(), norms[1], nn.Linear(32, 10)))


@pytest.mark.training
def test_training_follows(candidate, reference, seed):
    """A small network trains as it does with the reference
    用它训练小网络，loss 曲线与参考实现一致"""
    theirs = network(reference)
    mine = adopt(network(candidate), theirs)
    follows(*(train(net, *photos(seed), seed, steps=15, lr=0.3) for net in (mine, theirs)))


@pytest.mark.training
def test_training_reaches(candidate, seed):
    """Digits in photos of any brightness are learned: accuracy ≥ 0.8
    照片的亮度各不相同，也能学会认其中的手写数字：准确率 ≥ 0.8"""
    images, labels = photos(seed)
    net = network(candidate)
    losses = train(net, images, labels, seed, steps=100, lr=0.3)
    # Without normalisation it stays below 0.7.
    reaches(accuracy(net, images, labels), 0.8, "accuracy", losses=losses)
