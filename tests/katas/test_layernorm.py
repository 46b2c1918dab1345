"""Grades katas/layernorm.py."""

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
    copies_apart,
    difference,
    digits,
    draw,
    follows,
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


def pair(candidate, reference, shape=7, eps=1e-5):
    """The attempt's layer and the reference's, γ and β far from ones and zeros.

    eps is always passed: only test_default_eps asks what it is without.
    """
    return twins(candidate, reference, "LayerNorm", shape, eps=eps)


def drawn(candidate):
    return draw(place(candidate.LayerNorm(7, eps=1e-5)))


def tokens(seed, shape=(4, 3, 7), scale=1.0):
    """Every token has a mean and a spread of its own."""
    noise, shift, stretch = normal(seed, shape, (*shape[:-1], 1), (*shape[:-1], 1), grad=False)
    return (scale * (noise * stretch.exp() + 2 * shift)).requires_grad_()


def test_output(candidate, reference, seed):
    """The output for (batch, tokens, features) is right
    输入形状为 (batch, token, 特征) 时，输出正确"""
    mine, theirs = pair(candidate, reference)
    same(mine(tokens(seed)), theirs(tokens(seed)))


def test_fresh_layer(candidate, reference):
    """A new layer starts with weight = 1 and bias = 0, and both are parameters
    新建的层 weight 全 1、bias 全 0，且都是参数"""
    for shape in (7, (3, 7)):
        starts_like(candidate.LayerNorm(shape), reference.LayerNorm(shape))


def test_gradients(candidate, reference, seed):
    """Gradients of x, weight and bias are right
    x、weight、bias 的梯度正确"""
    agree(*pair(candidate, reference), lambda: tokens(seed))


def test_any_leading_dims(candidate, reference, seed):
    """Any number of leading dimensions works, none too; so does a batch of one
    前面有任意多维都可以，没有也行；batch 为 1 也行"""
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
        agree(mine, theirs, partial(tokens, seed, shape), f"output (x.shape = {shape})")


def test_tuple_shape(candidate, reference, seed):
    """A tuple normalises over its dimensions together
    传 tuple 时，在这几维上一起归一化"""
    for sizes, shapes in (
        ((3, 7), ((4, 2, 3, 7), (3, 7), (1, 3, 7), (4, 1, 3, 7), (3, 3, 3, 7))),
        ((5,), ((2, 3, 5),)),
        ((2, 3, 5), ((4, 2, 3, 5), (2, 3, 5), (1, 2, 3, 5))),
        ((3, 1), ((4, 3, 1), (3, 3, 1))),
        ((1, 7), ((4, 1, 7), (1, 7))),
    ):
        mine, theirs = pair(candidate, reference, sizes)
        for shape in shapes:
            agree(
                mine, theirs, partial(tokens, seed, shape),
                f"output (normalized_shape = {sizes}, x.shape = {shape})",
            )  # fmt: skip


def test_eps(candidate, reference, seed):
    """eps is the one that was passed, large or tiny, and it stands under the square root
    eps 用的是传入的值，无论大小，并且在根号内"""

    def small_and_large(module):
        return place(module.LayerNorm(7, 0.004)), place(module.LayerNorm(normalized_shape=(3, 7), eps=0.3))

    # Both exist before either is used: they must not share what is theirs alone.
    layers = zip(small_and_large(candidate), small_and_large(reference), (0.004, 0.3), strict=True)
    for mine, theirs, eps in layers:
        agree(mine, theirs, lambda: tokens(seed, scale=0.3), f"output (eps = {eps:g})")
    for eps in (1e-5, 1e-6, 1e-12, 2.5, 1):  # beside variances of the same size
        mine, theirs = pair(candidate, reference, eps=eps)
        agree(mine, theirs, partial(tokens, seed, scale=eps**0.5), f"output (eps = {eps:g})")


def test_default_eps(candidate, seed):
    """Without eps, tokens of tiny variance show that it is 1e-5
    不传 eps 时默认 1e-5：方差极小的 token 看得出来"""
    # Held against the attempt itself: every other default is the same mistake.
    output, right = (
        place(layer)(tokens(seed, scale=1e-3))
        for layer in (candidate.LayerNorm(7), candidate.LayerNorm(7, eps=1e-5))
    )
    holds(
        difference(output, right, "output", TOLERANCES[setting.dtype], nonfinite=True) is None,
        "Without eps, tokens of tiny variance are normalised as if the default were not 1e-5.",
        "不传 eps 时，方差极小的 token 归一化的结果不对：默认值应为 1e-5。",
        name="default eps",
    )


def test_constant_tokens(candidate, reference, seed):
    """A token whose features are all equal gives the bias and finite gradients
    特征全相等的 token 输出 bias，梯度有限"""

    def constant(width):
        levels = torch.tensor([[0.0, 0.5, -3.0], [2.5, 8.0, -0.125]], dtype=setting.dtype)
        return levels.to(setting.device)[..., None].repeat(1, 1, width).requires_grad_()

    for width in (7, 1):
        agree(*pair(candidate, reference, width), partial(constant, width), f"output (D = {width})")


def test_wide_range(candidate, reference, seed):
    """Large features are normalised like small ones
    特征值很大时归一化同样正确"""
    mine, theirs = pair(candidate, reference)
    same(mine(tokens(seed, scale=1e4)), theirs(tokens(seed, scale=1e4)))


def test_large_mean(candidate, reference, seed):
    """In float32 a mean 10⁴ times the spread does no harm
    float32 下均值是标准差的 10⁴ 倍也不影响结果"""
    # Small integers around 2¹³, in eights: two-pass statistics are exact in any order of summation, and
    # E[x²] − E[x]² is 0 in any order (x² is rounded to multiples of 2¹⁴), so the mistake always looks alike.
    offsets = torch.tensor([-1.0, -1.0, 0.0, 0.0, 1.0, 1.0, 1.0, 1.0], device=setting.device)
    (ranks,) = normal(seed, (3, 5, 8), grad=False)
    x, same_x = (8192 + offsets[ranks.argsort(-1)] for _ in range(2))
    mine, theirs = (
        m.LayerNorm(8, eps=1e-5).to(setting.device, torch.float32) for m in (candidate, reference)
    )
    # Loose for running updates (Welford), which round a mean near 8192 a few times: right to 0.001.
    same(mine(x), theirs(same_x), tolerance=(0.0, 0.1))


def test_float32(candidate, seed):
    """A float32 layer gives float32 outputs and gradients
    float32 的层，输出和梯度都是 float32"""
    keeps_dtype(partial(drawn, candidate), lambda: normal(seed, (4, 3, 7))[0])


def test_train_and_eval(candidate, seed):
    """Train and eval mode give the same, whatever the layer saw before
    train 和 eval 模式结果相同，与之前见过什么无关"""
    modes_alike(partial(drawn, candidate), lambda i: tokens(seed + i, scale=3.0 if i else 1.0))


def test_many_calls(candidate, seed):
    """A call neither depends on earlier calls nor changes their outputs; x may need no gradient
    每次调用都不依赖之前的调用，也不改动之前的输出；x 不需要梯度时也正确"""
    calls_apart(partial(drawn, candidate), lambda i: tokens(seed + i).detach().requires_grad_(i > 0))


def test_tokens_apart(candidate, seed):
    """The output for a token depends on that token alone
    一个 token 的输出只取决于它自己"""
    for dim in (0, 1):
        samples_apart(drawn(candidate), lambda: tokens(seed), dim=dim)


def test_layers_share_nothing(candidate, seed):
    """What one layer learns is not seen by another, nor by a copy; state that is loaded counts
    一层学到的东西，不影响另一层，也不影响它的副本；加载的参数立即生效"""
    share_nothing(lambda: candidate.LayerNorm(7), lambda: tokens(seed))
    copies_apart(partial(drawn, candidate), lambda i: tokens(seed + i))
    travels(drawn(candidate), partial(drawn, candidate), lambda i: tokens(seed + i))


def test_noncontiguous(candidate, seed):
    """Transposed, strided and expanded inputs work
    输入是转置、带步长的切片或 expand 的结果时也正确"""
    any_layout(partial(drawn, candidate), partial(tokens, seed), (4, 3, 7))


def test_side_effects(candidate, seed):
    """The input and the parameters are left alone, also by later calls; nothing is reseeded
    输入和参数保持不变，之后的调用也不会改动它们；不重新设种子"""
    leaves_alone(partial(drawn, candidate), lambda i: tokens(seed + i))
    not_reseeded(lambda: candidate.LayerNorm(7)(torch.rand(2, 7)))


def photos(seed):
    """The digits, each photographed with a contrast and a brightness of its own, and their labels."""
    images, labels = digits()
    contrast, brightness = normal(seed, (len(images), 1, 1), (len(images), 1, 1), grad=False)
    return (2 * contrast).exp() * (images + 3 * brightness), labels


def network(module):
    """Two layers to be graded, the first over whole images."""
    image_norm, hidden_norm = module.LayerNorm((8, 8), eps=1e-5), module.LayerNorm(32, eps=1e-5)
    hidden = nn.Sequential(image_norm, nn.Flatten(), nn.Linear(64, 32), nn.ReLU(), hidden_norm)
    return place(nn.Sequential(hidden, nn.Linear(32, 10)))


@pytest.mark.training
def test_training_follows(candidate, reference, seed):
    """A small network trains as it does with the reference
    用它训练小网络，loss 曲线与参考实现一致"""
    theirs = network(reference)
    mine = adopt(network(candidate), theirs)
    follows(*(train(net, *photos(seed), seed, steps=15, lr=0.3) for net in (mine, theirs)))


@pytest.mark.training
def test_training_reaches(candidate, seed):
    """Digits in photos of any contrast and brightness are learned: accuracy ≥ 0.85
    照片的对比度、亮度各不相同，也能学会认其中的手写数字：准确率 ≥ 0.85"""
    images, labels = photos(seed)
    net = network(candidate)
    losses = train(net, images, labels, seed, steps=100, lr=0.3)
    # Without normalisation it stays near 0.1, with RMSNorm near 0.5.
    reaches(accuracy(net, images, labels), 0.85, "accuracy", losses=losses)
