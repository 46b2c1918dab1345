"""Grades katas/groupnorm.py."""

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
    rejects,
    same,
    samples_apart,
    setting,
    share_nothing,
    starts_like,
    train,
    travels,
    twins,
)

G, C = 3, 12
IMAGES = (2, C, 5, 7)  # with C/G = 4 all sizes differ


def pair(candidate, reference, groups=G, channels=C, eps=1e-5, **options):
    """The attempt's layer and the reference's, γ and β far from ones and zeros; eps is always passed."""
    return twins(candidate, reference, "GroupNorm", groups, channels, eps=eps, **options)


def drawn(candidate, groups=G, **options):
    return draw(place(candidate.GroupNorm(groups, C, eps=1e-5, **options)))


def maps(seed, shape=IMAGES, scale=1.0):
    """Every sample, every channel and every position has a level and a spread of its own."""
    samples, channels, *positions = shape
    ones = [1] * len(positions)
    noise, level, stretch, column = normal(
        seed, shape, (samples, channels, *ones), (samples, channels, *ones), (1, 1, *positions), grad=False
    )
    return (scale * ((noise + column) * stretch.exp() + 2 * level)).requires_grad_()


def test_output(candidate, reference, seed):
    """The output for images (N, C, H, W) is right
    输入为图像 (N, C, H, W) 时，输出正确"""
    mine, theirs = pair(candidate, reference)
    same(mine(maps(seed)), theirs(maps(seed)))


def test_fresh_layer(candidate, reference):
    """A new layer starts with weight = 1 and bias = 0 for each channel, and both are parameters
    新建的层每个通道 weight 为 1、bias 为 0，且都是参数"""
    for groups, channels in ((3, 12), (1, 4), (5, 5), (1, 1)):
        starts_like(candidate.GroupNorm(groups, channels), reference.GroupNorm(groups, channels))


def test_without_affine(candidate, reference, seed):
    """With affine=False there is no state, and the values are normalised only
    affine=False 时没有任何状态，只做归一化"""
    for arguments, options in (((G, C), {"affine": False}), ((G, C, 0.02, False), {})):
        mine, theirs = (place(side.GroupNorm(*arguments, **options)) for side in (candidate, reference))
        starts_like(mine, theirs)
        for shape in (IMAGES, (2, C)):
            agree(mine, theirs, partial(maps, seed, shape), f"output (affine = False, x.shape = {shape})")
    keeps_dtype(lambda: place(candidate.GroupNorm(G, C, affine=False)), partial(maps, seed))


def test_gradients(candidate, reference, seed):
    """Gradients of x, weight and bias are right
    x、weight、bias 的梯度正确"""
    agree(*pair(candidate, reference, affine=True), partial(maps, seed))


def test_any_dims(candidate, reference, seed):
    """Any number of dimensions follows the channels, none too; any of them may have size 1
    通道之后有任意多维都可以，没有也行；其中任何一维的大小都可以为 1"""
    mine, theirs = pair(candidate, reference)
    for shape in (
        (5, C),
        (2, C, 7),
        (2, C, 5, 3, 7),
        (2, C, 2, 3, 1, 5),
        (1, C),
        (1, C, 5, 7),
        (5, C, 1),
        (2, C, 1, 7),
        (2, C, 7, 1),
        (C, C, 4),
        (2, C, C),
    ):
        agree(mine, theirs, partial(maps, seed, shape), f"output (x.shape = {shape})")


def test_groups(candidate, reference, seed):
    """Any number of groups that divides the channels works
    能整除通道数的任意组数都可以"""
    for groups, channels in ((4, 12), (2, 6), (6, 12), (2, 2), (5, 10), (3, 9)):
        mine, theirs = pair(candidate, reference, groups, channels)
        for shape in ((3, channels, 5), (2, channels, 4, 3), (4, channels)):
            agree(
                mine, theirs, partial(maps, seed, shape),
                f"output ({groups} groups of {channels} channels, x.shape = {shape})",
            )  # fmt: skip


def test_ends(candidate, reference, seed):
    """One group spans the whole sample; as many groups as channels are single channels
    只分一组时，整个样本一起归一化；组数等于通道数时，每个通道单独归一化"""
    for groups, channels in ((1, 12), (1, 1), (12, 12)):
        mine, theirs = pair(candidate, reference, groups, channels)
        for shape in ((2, channels, 5, 7), (3, channels, 4), (3, channels)):
            agree(mine, theirs, partial(maps, seed, shape), f"output (G = {groups}, C = {channels}, {shape})")


def test_by_name(candidate, reference, seed):
    """The arguments may be given by name, in any order
    参数可以按名字、以任意顺序传入"""
    given = {"affine": True, "eps": 0.3, "num_channels": 8, "num_groups": 2}
    mine, theirs = twins(candidate, reference, "GroupNorm", **given)
    same(mine(maps(seed, (3, 8, 5))), theirs(maps(seed, (3, 8, 5))))


def test_refuses(candidate, seed):
    """Channels that cannot be shared out evenly are refused with ValueError
    通道数不能平分给各组时，抛出 ValueError"""
    for groups, channels in ((5, 12), (2, 7), (7, 12)):
        rejects(
            ValueError,
            partial(candidate.GroupNorm, groups, channels),
            f"GroupNorm({groups}, {channels}) must raise ValueError when it is made.",
            f"创建 GroupNorm({groups}, {channels}) 时应抛出 ValueError。",
        )


def test_refuses_too_many_groups(candidate, seed):
    """More groups than channels are refused with ValueError
    组数多于通道数时，抛出 ValueError"""
    for groups, channels in ((24, 12), (5, 3), (2, 1)):
        rejects(
            ValueError,
            partial(candidate.GroupNorm, groups, channels, affine=False),
            f"GroupNorm({groups}, {channels}) must raise ValueError when it is made.",
            f"创建 GroupNorm({groups}, {channels}) 时应抛出 ValueError。",
        )


def test_eps(candidate, reference, seed):
    """eps is the one that was passed, large or tiny, and it stands under the square root
    eps 用的是传入的值，无论大小，并且在根号内"""
    # Two layers exist before either is used: they must not share what is theirs alone.
    both = [[place(side.GroupNorm(G, C, eps)) for eps in (0.004, 0.3)] for side in (candidate, reference)]
    for eps, mine, theirs in zip((0.004, 0.3), *both, strict=True):
        agree(mine, theirs, partial(maps, seed, scale=0.3), f"output (eps = {eps:g})")
    for eps in (1e-5, 1e-6, 1e-12, 2.5, 1):  # beside variances of the same size
        mine, theirs = pair(candidate, reference, eps=eps)
        agree(mine, theirs, partial(maps, seed, scale=eps**0.5), f"output (eps = {eps:g})")


def test_default_eps(candidate, seed):
    """Without eps, groups of tiny variance show that it is 1e-5
    不传 eps 时默认 1e-5：方差极小的组看得出来"""
    # Held against the attempt itself: every other default is the same mistake.
    x = maps(seed, scale=1e-3).detach()
    found, right = (place(candidate.GroupNorm(G, C, **given))(x) for given in ({}, {"eps": 1e-5}))
    holds(
        difference(found, right, "output", TOLERANCES[setting.dtype], nonfinite=True) is None,
        "Without eps, groups of tiny variance are normalised as if the default were not 1e-5.",
        "不传 eps 时，方差极小的组归一化的结果不对：默认值应为 1e-5。",
        name="default eps",
    )


def test_constant_groups(candidate, reference, seed):
    """A group whose values are all equal gives the bias and finite gradients
    值全相等的组输出 bias，梯度有限"""

    def flat(shape):
        levels = torch.tensor([0.0, -3.0, 8.0], dtype=setting.dtype, device=setting.device)
        level = levels.repeat_interleave(C // G).view(C, *[1] * (len(shape) - 2))
        return level.expand(shape).clone().requires_grad_()

    for shape in (IMAGES, (2, C)):
        agree(*pair(candidate, reference), partial(flat, shape), f"output (constant, x.shape = {shape})")
    mine, theirs = pair(candidate, reference, C, C)  # groups of one value
    agree(mine, theirs, partial(maps, seed, (3, C)), "output (n = 1)")


def test_wide_range(candidate, reference, seed):
    """Large values are normalised like small ones
    数值很大时归一化同样正确"""
    mine, theirs = pair(candidate, reference)
    same(mine(maps(seed, scale=1e4)), theirs(maps(seed, scale=1e4)))


def test_large_mean(candidate, reference, seed):
    """In float32 a mean 10⁴ times the spread does no harm
    float32 下均值是标准差的 10⁴ 倍也不影响结果"""
    # Eight integers a group around 2¹³, −1, 0 and 1: sums of them and of their differences are exact in any order,
    # while squares near 2²⁶ are multiples of 8 or coarser, so that E[x²] − E[x]² is lost in any order, too.
    steps = torch.tensor([-1.0, -1.0, 0.0, 0.0, 1.0, 1.0, 1.0, 1.0], device=setting.device)
    (ranks,) = normal(seed, (3, 5, 8), grad=False)
    x, same_x = ((8192 + steps[ranks.argsort(-1)]).view(3, 10, 2, 2) for _ in range(2))
    mine, theirs = (side.GroupNorm(5, 10, eps=1e-5).to(setting.device) for side in (candidate, reference))
    same(mine(x), theirs(same_x), tolerance=(0.0, 0.1))  # running updates round the mean a few times


def test_float32(candidate, seed):
    """A float32 layer gives float32 outputs and gradients
    float32 的层，输出和梯度都是 float32"""
    for shape in (IMAGES, (5, C)):
        keeps_dtype(partial(drawn, candidate), lambda shape=shape: normal(seed, shape)[0])


def test_train_and_eval(candidate, seed):
    """Train and eval mode give the same, whatever the layer saw before
    train 和 eval 模式结果相同，与之前见过什么无关"""
    modes_alike(partial(drawn, candidate), lambda i: maps(seed + i, scale=3.0 if i else 1.0))


def test_many_calls(candidate, seed):
    """A call neither depends on earlier calls nor changes their outputs; x may need no gradient
    每次调用都不依赖之前的调用，也不改动之前的输出；x 不需要梯度时也正确"""
    calls_apart(partial(drawn, candidate), lambda i: maps(seed + i).detach().requires_grad_(i > 0))
    calls_apart(partial(drawn, candidate, affine=False), lambda i: maps(seed + i))
    layer, right = drawn(candidate), drawn(candidate)
    for shape in ((2, C, 7), IMAGES, (5, C)):  # one layer, any number of dimensions
        same(layer(maps(seed, shape)), right(maps(seed, shape)), f"output ({shape})", nonfinite=True)


def test_present_parameters(candidate, reference, seed):
    """The output follows weights that are loaded or updated between calls
    两次调用之间加载或更新了权重，输出随之变化"""
    mine, theirs = pair(candidate, reference)
    for call in range(3):
        agree(mine, theirs, partial(maps, seed), f"output (call {call + 1})")
        weight, bias = normal(seed + call, (C,), (C,), grad=False)
        for layer in (mine, theirs):
            if call == 0:
                layer.load_state_dict({"weight": weight.clone(), "bias": bias.clone()})
            else:
                with torch.no_grad():
                    layer.weight.add_(weight), layer.bias.sub_(bias)
    travels(mine, lambda: candidate.GroupNorm(G, C, eps=1e-5), lambda i: maps(seed + i))


def test_samples_apart(candidate, seed):
    """The output for a sample depends on that sample alone, that for a group on that group alone
    一个样本的输出只取决于它自己，一组的输出只取决于该组"""
    samples_apart(drawn(candidate), partial(maps, seed))
    samples_apart(drawn(candidate, C), partial(maps, seed), dim=1)
    layer = drawn(candidate)

    class Grouped(nn.Module):
        def forward(self, x):  # (N, G, C/G, …)
            return layer(x.flatten(1, 2)).reshape(x.shape)

    samples_apart(Grouped(), lambda: maps(seed).unflatten(1, (G, -1)), dim=1)


def test_layers_share_nothing(candidate, seed):
    """What one layer learns is not seen by another, nor by a copy
    一层学到的东西，不影响另一层，也不影响它的副本"""
    share_nothing(lambda: candidate.GroupNorm(G, C), partial(maps, seed))
    copies_apart(partial(drawn, candidate), lambda i: maps(seed + i))


def test_noncontiguous(candidate, seed):
    """Transposed, strided, expanded and channels-last inputs work
    输入是转置、带步长的切片、expand 的结果或 channels_last 时也正确"""
    for shape in (IMAGES, (2, C, 7), (4, C)):
        any_layout(partial(drawn, candidate), lambda s: normal(seed, s)[0], shape)


def test_side_effects(candidate, seed):
    """The input and the parameters are left alone, also by later calls; nothing is reseeded
    输入和参数保持不变，之后的调用也不会改动它们；不重新设种子"""
    for affine in (True, False):
        leaves_alone(partial(drawn, candidate, affine=affine), lambda i: maps(seed + i))
    not_reseeded(lambda: candidate.GroupNorm(2, 6)(torch.rand(2, 6, 3)))


def photos(seed):
    """Digits taken with any exposure: every image has a contrast and a brightness of its own."""
    images, labels = digits()
    contrast, brightness = normal(seed, *2 * [(len(images), 1, 1, 1)], grad=False)
    return (2 * contrast).exp() * (images[:, None] + 3 * brightness), labels


def network(module):
    """A small convolutional network with one group, with groups of one channel, and with groups of three."""
    image, single, grouped = (module.GroupNorm(g, c, eps=1e-5) for g, c in ((1, 1), (8, 8), (4, 12)))
    body = nn.Sequential(nn.Conv2d(1, 8, 3, stride=2), single, nn.ReLU(), nn.Conv2d(8, 12, 2), grouped)
    return place(nn.Sequential(image, body, nn.ReLU(), nn.Flatten(), nn.Linear(48, 10)))


@pytest.mark.training
def test_training_follows(candidate, reference, seed):
    """A small convolutional network trains as it does with the reference
    用它训练小型卷积网络，loss 曲线与参考实现一致"""
    theirs = network(reference)
    mine = adopt(network(candidate), theirs)
    follows(*(train(net, *photos(seed), seed, steps=12, batch=20, lr=0.1) for net in (mine, theirs)))


@pytest.mark.training
def test_training_reaches(candidate, seed):
    """Digits in photos of any exposure are learned in batches of eight: accuracy ≥ 0.8
    曝光各不相同的手写数字照片，用大小为 8 的 batch 也能学会：准确率 ≥ 0.8"""
    images, labels = photos(seed)
    net = draw(network(candidate))
    losses = train(net, images, labels, seed, steps=200, batch=8, lr=0.1)
    reaches(accuracy(net, images[:600], labels[:600]), 0.8, "accuracy", losses=losses)
