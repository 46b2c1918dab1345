"""Grades katas/instancenorm.py."""

from functools import partial

import pytest
import torch
from torch import nn

from dlkata.suite import (
    TOLERANCES,
    accuracy,
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

C = 3
IMAGES, STYLES = (4, C, 5, 7), (4, C, 6, 2)


def plain(candidate, reference, channels=C, eps=1e-5):
    """The attempt's layer and the reference's, without parameters."""
    return [place(side.InstanceNorm(channels, eps=eps, affine=False)) for side in (candidate, reference)]


def pair(candidate, reference, channels=C, eps=1e-5):
    """The same with parameters, γ and β far from ones and zeros."""
    return twins(candidate, reference, "InstanceNorm", channels, eps=eps, affine=True)


def drawn(candidate, affine=True):
    return draw(place(candidate.InstanceNorm(C, eps=1e-5, affine=affine)))


def maps(seed, shape=IMAGES, scale=1.0):
    """Every channel of every sample has a level and a spread of its own; rows and columns differ, too."""
    heads = (*shape[:2], *[1] * (len(shape) - 2))
    noise, row, level, stretch = normal(seed, shape, (*shape[:-1], 1), heads, heads, grad=False)
    return (scale * ((noise + row) * stretch.exp() + 2 * level)).requires_grad_()


def pictures(seed, content=IMAGES, style=STYLES, scale=1.0):
    return {
        "content": maps(seed, content, scale),
        "style": (maps(seed + 100, style, 2 * scale).detach() + 3 * scale).requires_grad_(),
    }


def test_output(candidate, reference, seed):
    """The output for images (N, C, H, W) is right
    输入为图像 (N, C, H, W) 时，输出正确"""
    mine, theirs = plain(candidate, reference)
    same(mine(maps(seed)), theirs(maps(seed)))


def test_fresh_layer(candidate, reference):
    """A new layer has no state; with affine, weight = 1 and bias = 0 are parameters
    新建的层没有状态；affine 为真时，weight 为 1、bias 为 0，都是参数"""
    for affine in (False, True):
        for channels in (C, 1):
            starts_like(
                candidate.InstanceNorm(channels, affine=affine),
                reference.InstanceNorm(channels, affine=affine),
            )
    starts_like(candidate.InstanceNorm(5, 0.1, True), reference.InstanceNorm(5, 0.1, True))


def test_default_affine(candidate, reference):
    """Without affine, a new layer has no state
    不传 affine 时，新建的层没有状态"""
    for given in ({}, {"eps": 0.1}):
        starts_like(candidate.InstanceNorm(C, **given), reference.InstanceNorm(C, **given))


def test_gradients(candidate, reference, seed):
    """The gradient of x is right
    x 的梯度正确"""
    agree(*plain(candidate, reference), partial(maps, seed))


def test_affine(candidate, reference, seed):
    """With weight and bias, the output and all gradients are right
    带 weight 和 bias 时，输出和所有梯度都正确"""
    agree(*pair(candidate, reference), partial(maps, seed))


def test_any_dims(candidate, reference, seed):
    """Any number of dimensions follows the channels, also one; any of them may have size 1
    通道之后可以有一维或更多维；其中任何一维的大小都可以为 1"""
    both = plain(candidate, reference), pair(candidate, reference)
    for mine, theirs in both:
        for shape in (
            (4, C, 7),
            (2, C, 4, 5, 2),
            (2, C, 2, 1, 3, 5),
            (1, C, 5, 7),
            (1, C, 5),
            (4, C, 1, 7),
            (4, C, 7, 1),
            (C, C, C),
            (C, C, C, C),
        ):
            agree(mine, theirs, partial(maps, seed, shape), f"output (x.shape = {shape})")
    for mine, theirs in (plain(candidate, reference, 1), pair(candidate, reference, 1)):
        for shape in ((4, 1, 7), (3, 1, 4, 5), (1, 1, 6)):
            agree(mine, theirs, partial(maps, seed, shape), f"output (x.shape = {shape})")


def test_one_position(candidate, reference, seed):
    """A single position gives the bias and finite gradients
    只有一个位置时输出 bias，梯度有限"""
    for shape in ((4, C, 1), (4, C, 1, 1)):
        agree(*plain(candidate, reference), partial(maps, seed, shape), f"output ({shape})")
        agree(*pair(candidate, reference), partial(maps, seed, shape), f"output (affine, {shape})")


def test_eps(candidate, reference, seed):
    """eps is the one that was passed, large or tiny, and it stands under the square root
    eps 用的是传入的值，无论大小，并且在根号内"""
    # Two layers exist before either is used: they must not share what is theirs alone.
    both = [[place(side.InstanceNorm(C, eps)) for eps in (0.004, 0.3)] for side in (candidate, reference)]
    for eps, mine, theirs in zip((0.004, 0.3), *both, strict=True):
        agree(mine, theirs, partial(maps, seed, scale=0.3), f"output (eps = {eps:g})")
    for eps in (1e-5, 1e-6, 1e-12, 2.5, 1):  # beside variances of the same size
        agree(
            *plain(candidate, reference, eps=eps),
            partial(maps, seed, scale=eps**0.5),
            f"output (eps = {eps:g})",
        )


def default_is(found, right, en, zh):
    """Held against the attempt itself: every other default is the same mistake."""
    alike = difference(found, right, "output", TOLERANCES[setting.dtype], nonfinite=True) is None
    holds(alike, en, zh, name="default eps")


def test_default_eps(candidate, seed):
    """Without eps, channels of tiny variance show that it is 1e-5
    不传 eps 时默认 1e-5：方差极小的通道看得出来"""
    x = maps(seed, scale=1e-3).detach()
    default_is(
        *(place(candidate.InstanceNorm(C, **given))(x) for given in ({}, {"eps": 1e-5})),
        "Without eps, channels of tiny variance are normalised as if the default were not 1e-5.",
        "不传 eps 时，方差极小的通道归一化的结果不对：默认值应为 1e-5。",
    )


def test_constant_channels(candidate, reference, seed):
    """A channel whose values are all equal gives the bias and finite gradients
    值全相等的通道输出 bias，梯度有限"""
    for mine, theirs in (plain(candidate, reference), pair(candidate, reference)):
        agree(mine, theirs, lambda: flat(IMAGES), "output (constant)")


def flat(shape, blank=(0, 1, 2)):
    """Channels of one value each (or, in part, of many)."""
    levels = torch.tensor([0.0, -3.0, 8.0], dtype=setting.dtype, device=setting.device)
    x = levels.view(C, *[1] * (len(shape) - 2)).expand(shape).clone()
    for channel in {0, 1, 2} - set(blank):
        x[:, channel] += normal(channel, shape[:1] + shape[2:], grad=False)[0]
    return x.requires_grad_()


def test_wide_range(candidate, reference, seed):
    """Large values are normalised like small ones
    数值很大时归一化同样正确"""
    for mine, theirs in (plain(candidate, reference), pair(candidate, reference)):
        same(mine(maps(seed, scale=1e4)), theirs(maps(seed, scale=1e4)))


def eights(seed, shift):
    """Eight integers a channel around 2¹³, −1, 0 and 1: sums of them and of their differences are exact in any order,
    while squares near 2²⁶ are multiples of 8 or coarser, so that E[x²] − E[x]² is lost in any order, too."""
    steps = torch.tensor([-1.0, -1.0, 0.0, 0.0, 1.0, 1.0, 1.0, 1.0], device=setting.device)
    (ranks,) = normal(seed, (4, C, 8), grad=False)
    return shift + steps[ranks.argsort(-1)]


def test_large_mean(candidate, reference, seed):
    """In float32 a mean 10⁴ times the spread does no harm
    float32 下均值是标准差的 10⁴ 倍也不影响结果"""
    mine, theirs = (side.InstanceNorm(C, eps=1e-5).to(setting.device) for side in (candidate, reference))
    # Loose for running updates, which round the mean a few times.
    same(mine(eights(seed, 8192)), theirs(eights(seed, 8192)), tolerance=(0.0, 0.1))


def test_float32(candidate, seed):
    """A float32 layer gives float32 outputs and gradients
    float32 的层，输出和梯度都是 float32"""
    for affine in (True, False):
        keeps_dtype(partial(drawn, candidate, affine), lambda: normal(seed, IMAGES)[0])


def test_train_and_eval(candidate, seed):
    """Train and eval mode give the same, whatever the layer saw before
    train 和 eval 模式结果相同，与之前见过什么无关"""
    for affine in (True, False):
        modes_alike(partial(drawn, candidate, affine), lambda i: maps(seed + i, scale=3.0 if i else 1.0))


def test_many_calls(candidate, seed):
    """A call neither depends on earlier calls nor changes their outputs; x may need no gradient
    每次调用都不依赖之前的调用，也不改动之前的输出；x 不需要梯度时也正确"""
    for affine in (True, False):
        calls_apart(
            partial(drawn, candidate, affine), lambda i: maps(seed + i).detach().requires_grad_(i > 0)
        )
    layer, right = drawn(candidate), drawn(candidate)
    for shape in ((4, C, 7), IMAGES, (2, C, 2, 3, 4)):  # one layer, any number of dimensions
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
                    layer.weight.sub_(weight), layer.bias.add_(bias)
    travels(mine, lambda: candidate.InstanceNorm(C, eps=1e-5, affine=True), lambda i: maps(seed + i))


def test_channels_apart(candidate, seed):
    """The output for a channel of a sample depends on that channel of that sample alone
    一个样本的一个通道，输出只取决于它自己"""
    for affine in (True, False):
        for dim in (0, 1):
            samples_apart(drawn(candidate, affine), partial(maps, seed), dim=dim)


def test_layers_share_nothing(candidate, seed):
    """What one layer learns is not seen by another, nor by a copy
    一层学到的东西，不影响另一层，也不影响它的副本"""
    share_nothing(lambda: candidate.InstanceNorm(C, affine=True), partial(maps, seed))
    copies_apart(partial(drawn, candidate), lambda i: maps(seed + i))


def test_noncontiguous(candidate, seed):
    """Transposed, strided, expanded and channels-last inputs work
    输入是转置、带步长的切片、expand 的结果或 channels_last 时也正确"""
    for affine in (True, False):
        for shape in (IMAGES, (4, C, 7)):
            any_layout(partial(drawn, candidate, affine), lambda s: normal(seed, s)[0], shape)


def test_side_effects(candidate, seed):
    """The input and the parameters are left alone, also by later calls; nothing is reseeded
    输入和参数保持不变，之后的调用也不会改动它们；不重新设种子"""
    for affine in (True, False):
        for shape in (IMAGES, (4, C, 7)):
            leaves_alone(partial(drawn, candidate, affine), lambda i, s=shape: maps(seed + i, s))
    not_reseeded(lambda: candidate.InstanceNorm(3)(torch.rand(2, 3, 5)))


def test_adain(candidate, reference, seed):
    """adain: the content takes over the mean and the deviation of the style
    adain：内容图换上风格图的均值和标准差"""
    same(candidate.adain(**pictures(seed)), reference.adain(**pictures(seed)))
    same(
        candidate.adain(*pictures(seed, style=IMAGES).values()),
        reference.adain(*pictures(seed, style=IMAGES).values()),
        "output (equal shapes)",
    )


def test_adain_gradients(candidate, reference, seed):
    """adain: the gradients of content and style are right
    adain：content 和 style 的梯度正确"""
    agree(candidate.adain, reference.adain, partial(pictures, seed))
    for wanted in ("content", "style"):

        def alone(wanted=wanted):
            return {n: x.detach().requires_grad_(n == wanted) for n, x in pictures(seed).items()}

        agree(candidate.adain, reference.adain, alone, f"output (only {wanted} requires a gradient)")


def test_adain_any_dims(candidate, reference, seed):
    """adain: content and style have any positions, in any number of dimensions, also a single one
    adain：content 和 style 的位置数、维数任意，也可以只有一个位置"""
    for content, style in (
        ((4, C, 7), (4, C, 5)),
        ((4, C, 7), (4, C, 2, 5)),
        ((2, C, 4, 5), (2, C, 7)),
        ((1, C, 4, 5), (1, C, 3, 2, 2)),
        ((2, C, 3, 4, 2), (2, C, 5, 6)),
        ((4, 1, 5), (4, 1, 6)),
        ((C, C, C), (C, C, C)),
        ((4, C, 1), (4, C, 5)),
        ((4, C, 7), (4, C, 1)),
        ((4, C, 1, 1), (4, C, 1)),
    ):
        make = partial(pictures, seed, content, style)
        agree(candidate.adain, reference.adain, make, f"output ({content} in the style of {style})")


def test_adain_eps(candidate, reference, seed):
    """adain: every σ contains the eps that was passed
    adain：每个 σ 都含传入的 eps"""
    for eps in (0.3, 1e-6, 1):
        mine, theirs = (pictures(seed, scale=eps**0.5).values() for _ in range(2))
        same(candidate.adain(*mine, eps), reference.adain(*theirs, eps), f"output (eps = {eps:g})")
        make = partial(pictures, seed, scale=eps**0.5)
        agree(candidate.adain, reference.adain, make, f"output (eps = {eps:g}, by name)", eps=eps)


def test_adain_default_eps(candidate, seed):
    """adain: without eps, channels of tiny variance show that it is 1e-5
    adain：不传 eps 时默认 1e-5，方差极小的通道看得出来"""
    drawings = [x.detach() for x in pictures(seed, scale=1e-3).values()]
    default_is(
        *(candidate.adain(*drawings, **given) for given in ({}, {"eps": 1e-5})),
        "Without eps, adain treats channels of tiny variance as if the default were not 1e-5.",
        "不传 eps 时，adain 对方差极小的通道算得不对：默认值应为 1e-5。",
    )


def test_adain_constant_channels(candidate, reference, seed):
    """adain: channels of one value, in the content or in the style, give finite gradients
    adain：content 或 style 中值全相等的通道，梯度有限"""
    for blank, painted in (((0, 1, 2), ()), ((), (0, 1, 2)), ((0, 1), (1, 2))):

        def make(blank=blank, painted=painted):
            return {"content": flat(IMAGES, blank), "style": flat(STYLES, painted)}

        agree(
            candidate.adain, reference.adain, make,
            f"output (constant channels: {blank} of the content, {painted} of the style)",
        )  # fmt: skip


def test_adain_large_mean(candidate, reference, seed):
    """adain: in float32 means 10⁴ times the spread do no harm
    adain：float32 下均值是标准差的 10⁴ 倍也不影响结果"""
    for shifts in ((8192, 0), (0, 8192)):
        mine, theirs = ([eights(seed + i, s) for i, s in enumerate(shifts)] for _ in range(2))
        same(
            candidate.adain(*mine), reference.adain(*theirs), f"output (means {shifts})", tolerance=(0.0, 0.1)
        )


def test_adain_float32(candidate, seed):
    """adain: float32 in gives float32 out, gradients too
    adain：输入 float32，输出和梯度也是 float32"""
    keeps_dtype(lambda: candidate.adain, partial(pictures, seed))


def test_adain_samples_apart(candidate, seed):
    """adain: sample n and channel c depend on those of content and style alone
    adain：样本 n、通道 c 的输出只取决于 content 和 style 的样本 n、通道 c"""
    content, style = (x.detach() for x in pictures(seed).values())
    for dim in (0, 1):
        samples_apart(lambda x: candidate.adain(x, style), lambda: content, dim=dim, name="content")
        samples_apart(lambda x: candidate.adain(content, x), lambda: style, dim=dim, name="style")


def test_adain_many_calls(candidate, reference, seed):
    """adain: calls neither depend on each other nor change their inputs
    adain：各次调用互不影响，也不改动输入"""
    calls_apart(lambda: candidate.adain, lambda i: pictures(seed + i), right=lambda: reference.adain)
    leaves_alone(lambda: candidate.adain, lambda i: pictures(seed + i))
    leaves_alone(lambda: candidate.adain, lambda i: pictures(seed + i, (4, C, 7), (4, C, 5)))


def test_adain_noncontiguous(candidate, seed):
    """adain: transposed, strided and expanded pictures work
    adain：图像是转置、带步长的切片或 expand 的结果时也正确"""
    content, style = pictures(seed).values()
    any_layout(
        lambda: lambda x: candidate.adain(x, style.detach()), lambda s: normal(seed, s)[0], tuple(content.shape)
    )  # fmt: skip
    any_layout(
        lambda: lambda x: candidate.adain(content.detach(), x), lambda s: normal(seed, s)[0], tuple(style.shape)
    )  # fmt: skip


class Network(nn.Module):
    """Digits in one style for all, then a small convolutional network over normalised maps."""

    def __init__(self, module, style):
        super().__init__()
        self.adain, self.style = module.adain, style
        self.first, self.norm = nn.Conv2d(1, 8, 3, stride=2), module.InstanceNorm(8, eps=1e-5, affine=True)
        self.last = nn.Linear(72, 10)

    def forward(self, photos):
        plates = self.adain(photos, self.style.expand(len(photos), 1, *self.style.shape[-2:]))
        return self.last(self.norm(self.first(plates).relu()).flatten(1))


def trained(module, seed, steps):
    """Losses and accuracy on digits of any exposure."""
    images, labels = digits()
    contrast, brightness = normal(seed, *2 * [(len(images), 1, 1, 1)], grad=False)
    photos = (2 * contrast).exp() * (images[:, None] + 3 * brightness)
    net = draw(place(Network(module, images[:5].to(setting.dtype).flatten(0, 1))))
    losses = train(net, photos, labels, seed, steps=steps, batch=20, lr=0.1)
    return losses, accuracy(net, photos[:400], labels[:400])


@pytest.mark.training
def test_training_follows(candidate, reference, seed):
    """A small convolutional network trains as it does with the reference
    用它训练小型卷积网络，loss 曲线与参考实现一致"""
    follows(*(trained(side, seed, 12)[0] for side in (candidate, reference)))


@pytest.mark.training
def test_training_reaches(candidate, seed):
    """Digits in photos of any exposure, all put into one style, are learned: accuracy ≥ 0.75
    曝光各不相同的手写数字照片，换成同一风格后能学会：准确率 ≥ 0.75"""
    losses, share = trained(candidate, seed, 110)
    reaches(share, 0.75, "accuracy", losses=losses)
