"""Grades katas/batchnorm.py."""

from functools import partial

import pytest
import torch
from torch import nn

from dlkata.suite import (
    TOLERANCES,
    accuracy,
    adopt,
    adopted,
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
    layouts,
    leaves_alone,
    normal,
    not_reseeded,
    place,
    reaches,
    same,
    samples_apart,
    setting,
    share_nothing,
    starts_like,
    stir,
    train,
    travels,
    twins,
)

RUNNING = ["running_mean", "running_var"]
PHOTO = (4, 5, 3, 7)  # (N, C, H, W)


def pair(candidate, reference, channels=5, eps=1e-5, momentum=0.3):
    """The attempt's layer and the reference's, with the same γ, β and running statistics, all far from 0 and 1.

    eps and momentum are always passed: only the tests of the defaults ask what they are without.
    """
    return twins(candidate, reference, "BatchNorm", channels, eps=eps, momentum=momentum)


def drawn(candidate):
    """The attempt's layer, all its state far from 0 and 1."""
    return stir(place(candidate.BatchNorm(5, eps=1e-5, momentum=0.3)))


def batch(seed, shape=PHOTO, scale=1.0):
    """Every channel has a mean and a spread of its own, and so has every sample."""
    ones = (1,) * (len(shape) - 2)
    noise, shift, stretch, offset = normal(
        seed, shape, (1, shape[1], *ones), (1, shape[1], *ones), (shape[0], 1, *ones), grad=False
    )
    return (scale * ((noise + offset) * stretch.exp() + 2 * shift)).requires_grad_()


def running(layer):
    return [layer.running_mean, layer.running_var]


def test_output(candidate, reference, seed):
    """In train mode the output for (N, C) is right
    train 模式下，输入为 (N, C) 时输出正确"""
    mine, theirs = pair(candidate, reference)
    same(mine(batch(seed, (11, 5))), theirs(batch(seed, (11, 5))))


def test_images(candidate, reference, seed):
    """In train mode the output for images (N, C, H, W) is right
    train 模式下，输入为图像 (N, C, H, W) 时输出正确"""
    mine, theirs = pair(candidate, reference)
    same(mine(batch(seed)), theirs(batch(seed)))


def test_fresh_layer(candidate, reference):
    """A new layer has weight 1, bias 0, running_mean 0, running_var 1; only weight and bias are parameters
    新建的层 weight 为 1、bias 为 0、running_mean 为 0、running_var 为 1；只有 weight 和 bias 是参数"""
    starts_like(candidate.BatchNorm(5), reference.BatchNorm(5))


def test_gradients(candidate, reference, seed):
    """In train mode the gradients of x, weight and bias are right
    train 模式下 x、weight、bias 的梯度正确"""
    mine, theirs = pair(candidate, reference)
    for shape in ((11, 5), PHOTO):
        agree(mine, theirs, partial(batch, seed, shape))


def test_eval_output(candidate, reference, seed):
    """In eval mode output and gradients are right, for vectors, images and a single sample
    eval 模式下输出和梯度正确：向量、图像、单个样本都一样"""
    mine, theirs = (layer.eval() for layer in pair(candidate, reference))
    for shape in ((11, 5), PHOTO, (1, 5), (1, 5, 1, 1), (3, 5, 2), (2, 5, 3, 4, 6)):
        agree(mine, theirs, partial(batch, seed, shape), f"output (x.shape = {shape})")


def test_running_statistics(candidate, reference, seed):
    """One training batch moves the running statistics as it should
    训练一个 batch 后，滑动统计量更新正确"""
    for shape in ((11, 5), PHOTO):
        mine, theirs = pair(candidate, reference)
        mine(batch(seed, shape)), theirs(batch(seed, shape))
        same(running(mine), running(theirs), RUNNING)


def test_many_batches(candidate, reference, seed):
    """After many batches of different sizes the running statistics and the eval output are right
    经过多个大小不同的 batch 后，滑动统计量和 eval 输出正确"""
    mine, theirs = (place(side.BatchNorm(5, eps=1e-5, momentum=0.2)) for side in (candidate, reference))
    adopted(mine, draw(theirs))
    for step, shape in enumerate([(4, 5), (2, 5), PHOTO, (1, 5, 2, 1), (7, 5)]):
        x, same_x = batch(seed + step, shape), batch(seed + step, shape)
        if step == 2:  # the first layer of a network: its input needs no gradient
            x, same_x = x.detach(), same_x.detach()
        mine(x), theirs(same_x)
    same(running(mine), running(theirs), RUNNING)
    agree(mine.eval(), theirs.eval(), lambda: batch(seed), "output (eval)")


def test_eval_remembers_nothing(candidate, reference, seed):
    """In eval mode the running statistics stay as they are
    eval 模式下滑动统计量保持不变"""
    mine, theirs = (layer.eval() for layer in pair(candidate, reference))
    for shape in (PHOTO, (1, 5)):
        for recording in (torch.enable_grad, torch.no_grad, torch.inference_mode):
            with recording():
                mine(batch(seed, shape).detach()), theirs(batch(seed, shape).detach())
                same(running(mine), running(theirs), RUNNING)


def test_mode_is_not_grad_mode(candidate, reference, seed):
    """Within no_grad, train mode still uses the batch and still updates
    在 no_grad 里，train 模式照样用 batch 统计量，也照样更新"""
    mine, theirs = pair(candidate, reference)
    with torch.no_grad():
        same(mine(batch(seed)), theirs(batch(seed)))
        same(running(mine), running(theirs), RUNNING)


def test_no_graph_in_statistics(candidate, reference, seed):
    """The running statistics hold no graph: they never require gradients
    滑动统计量不持有计算图：任何时候都不需要梯度"""
    mine, theirs = pair(candidate, reference)
    for layer in (mine, theirs):
        layer(batch(seed, (11, 5))).sum().backward()
        layer(batch(seed + 1))
        layer.eval()(batch(seed + 2))
    for name, statistic in zip(RUNNING, running(mine), strict=True):
        holds(
            not statistic.requires_grad,
            f"{name} requires gradients: it drags the graphs of all earlier batches along.",
            f"{name} 需要梯度：它会一直拖着之前所有 batch 的计算图。",
            name=name,
        )
    same(running(mine), running(theirs), RUNNING)


def test_modes_in_turn(candidate, reference, seed):
    """Train, eval, train again: each mode does its own, whatever came before
    train、eval、再 train：每种模式各做各的，与之前无关"""
    mine, theirs = pair(candidate, reference)
    for step, mode in enumerate([False, True, True, False, True, False]):
        shape = PHOTO if step % 2 else (6, 5)
        one, other = (
            mine.train(mode)(batch(seed + step, shape)),
            theirs.train(mode)(batch(seed + step, shape)),
        )
        same([one, *running(mine)], [other, *running(theirs)], [f"output {step}", *RUNNING])


def test_any_trailing_dims(candidate, reference, seed):
    """Any number of dimensions may follow the channels; the batch may be a single image, the channel a single one
    通道后面可以有任意多维；batch 可以只有一张图，通道也可以只有一个"""
    for channels, shapes in (
        (5, ((4, 5, 3), (2, 5, 3, 4, 6), (2, 5, 1, 3, 1, 2), (1, 5, 3, 7), (1, 5, 2), (6, 5, 1, 1), (2, 5), (3, 5, 5, 2))),
        (5, ((5, 5), (5, 5, 5), (2, 5, 1, 1))),
        (1, ((4, 1, 3, 2), (4, 1), (2, 1, 1, 3), (1, 1, 2))),
    ):  # fmt: skip
        mine, theirs = pair(candidate, reference, channels)
        for shape in shapes:
            agree(mine, theirs, partial(batch, seed, shape), f"output (x.shape = {shape})")
            same(running(mine), running(theirs), RUNNING)


def test_eps(candidate, reference, seed):
    """eps is the one that was passed, large or tiny, and it stands under the square root, in both modes
    eps 用的是传入的值，无论大小，并且在根号内；两种模式都一样"""

    def small_and_large(module):
        return place(module.BatchNorm(5, 0.004)), place(module.BatchNorm(num_features=5, eps=0.3))

    # Both exist before either is used: they must not share what is theirs alone.
    layers = zip(small_and_large(candidate), small_and_large(reference), (0.004, 0.3), strict=True)
    for mine, theirs, eps in layers:
        agree(mine, theirs, lambda: batch(seed, scale=0.3), f"output (eps = {eps:g})")

    for eps in (1e-5, 1e-6, 1e-12, 2.5, 1):  # beside variances of the same size
        mine, theirs = pair(candidate, reference, eps=eps)
        x, same_x = batch(seed, scale=eps**0.5), batch(seed, scale=eps**0.5)
        agree(mine, theirs, partial(batch, seed, scale=eps**0.5), f"output (eps = {eps:g})")
        for layer in (mine, theirs):
            layer.eval().running_var.mul_(eps)
        same(mine(x), theirs(same_x), f"output (eval, eps = {eps:g})")


def test_momentum(candidate, reference, seed):
    """momentum is the one that was passed: the weight of the new batch, from 0 to 1
    momentum 用的是传入的值：新 batch 的权重，0 到 1 均可"""

    def several(module):
        return [
            place(module.BatchNorm(5, 1e-5, 0.7)),
            *(place(module.BatchNorm(5, momentum=momentum)) for momentum in (0.01, 1, 0)),
        ]

    layers = zip(several(candidate), several(reference), (0.7, 0.01, 1, 0), strict=True)
    for mine, theirs, momentum in layers:
        for step in range(2):
            mine(batch(seed + step)), theirs(batch(seed + step))
        names = [f"{name} (momentum = {momentum:g})" for name in RUNNING]
        same(running(mine), running(theirs), names)


def test_defaults(candidate, seed):
    """Without eps and momentum, a batch of tiny variance shows that they are 1e-5 and 0.1
    不传 eps 和 momentum 时默认为 1e-5 和 0.1：方差极小的 batch 看得出来"""
    # Held against the attempt itself: every other default is the same mistake.
    plain, spelt = place(candidate.BatchNorm(5)), place(candidate.BatchNorm(5, eps=1e-5, momentum=0.1))
    output, right = (layer(batch(seed, scale=1e-3)) for layer in (plain, spelt))
    plain(batch(seed)), spelt(batch(seed))
    holds(
        difference(output, right, "output", TOLERANCES[setting.dtype], nonfinite=True) is None,
        "Without eps, channels of tiny variance are normalised as if the default were not 1e-5.",
        "不传 eps 时，方差极小的通道归一化的结果不对：默认值应为 1e-5。",
        name="default eps",
    )
    moved = [
        difference(*pair, "", TOLERANCES[setting.dtype], nonfinite=True)
        for pair in zip(running(plain), running(spelt), strict=True)
    ]
    holds(
        moved == [None, None],
        "Without momentum, the running statistics move as if the default were not 0.1.",
        "不传 momentum 时，滑动统计量的变化不对：默认值应为 0.1。",
        name="default momentum",
    )


def test_constant_channels(candidate, reference, seed):
    """A channel whose values are all equal gives the bias and finite gradients
    值全相等的通道输出 bias，梯度有限"""

    def constant(*rest):
        levels = torch.tensor([0.0, 0.5, -3.0, 8.0, -0.125], dtype=setting.dtype, device=setting.device)
        return levels.view(1, 5, *rest).repeat(4, 1, *(2 for _ in rest)).requires_grad_()

    for rest in ((), (1, 1)):
        mine, theirs = pair(candidate, reference)
        agree(mine, theirs, partial(constant, *rest))
        same(running(mine), running(theirs), RUNNING)


def test_wide_range(candidate, reference, seed):
    """Large values are normalised and remembered like small ones
    数值很大时，归一化和滑动统计量同样正确"""
    mine, theirs = pair(candidate, reference)
    same(mine(batch(seed, scale=1e4)), theirs(batch(seed, scale=1e4)))
    same(running(mine), running(theirs), RUNNING)


def test_large_mean(candidate, reference, seed):
    """In float32 a mean 10⁴ times the spread does no harm
    float32 下均值是标准差的 10⁴ 倍也不影响结果"""
    # Small integers around 2¹³, eight to a channel: two-pass statistics are exact in any order of summation, and
    # E[x²] − E[x]² is 0 in any order (x² is rounded to multiples of 2¹⁴), so the mistake always looks alike.
    offsets = torch.tensor([-1.0, -1.0, 0.0, 0.0, 1.0, 1.0, 1.0, 1.0], device=setting.device)
    (ranks,) = normal(seed, (3, 8), grad=False)
    x, same_x = (
        (8192 + offsets[ranks.argsort(-1)]).view(3, 4, 2).transpose(0, 1).contiguous() for _ in range(2)
    )
    mine, theirs = (
        m.BatchNorm(3, eps=1e-5, momentum=1.0).to(setting.device, torch.float32)
        for m in (candidate, reference)
    )
    # Loose for running updates (Welford), which round a mean near 8192 a few times: right to 0.001.
    same(mine(x), theirs(same_x), tolerance=(0.0, 0.1))
    same(mine.running_var, theirs.running_var, "running_var", tolerance=(0.0, 0.1))


def test_float32(candidate, seed):
    """A float32 layer gives float32 outputs, gradients and statistics
    float32 的层，输出、梯度和统计量都是 float32"""
    for training in (True, False):
        keeps_dtype(lambda training=training: drawn(candidate).train(training), lambda: batch(seed))
    narrow, wide = drawn(candidate).float(), drawn(candidate)
    narrow(batch(seed).detach().float()), wide(batch(seed))
    same(running(narrow), [r.float() for r in running(wide)], RUNNING, tolerance=(1e-3, 1e-4), nonfinite=True)


def test_weights_travel(candidate, seed):
    """A trained layer's state, loaded into a new layer, gives the same answers
    训练过的层，把 state_dict 加载进新的层，结果相同"""
    layer = drawn(candidate)
    for step in range(2):
        layer.train()(batch(seed + step))
    travels(layer, lambda: candidate.BatchNorm(5, eps=1e-5), lambda i: batch(seed + 2 + i))


def test_many_calls(candidate, seed):
    """A call does not change the outputs of earlier ones; x may need no gradient
    每次调用不改动之前的输出；x 不需要梯度时也正确"""
    calls_apart(partial(drawn, candidate), lambda i: batch(seed + i).detach().requires_grad_(i > 0))


def test_samples_apart(candidate, seed):
    """In eval mode the answer for one image does not depend on its neighbours
    eval 模式下，一张图的结果不受同 batch 其他图影响"""
    for dim in (0, 2):
        samples_apart(drawn(candidate).eval(), lambda: batch(seed), dim=dim)


def test_layers_share_nothing(candidate, seed):
    """What one layer learns and remembers is not seen by another, nor by a copy
    一层学到、记住的东西，不影响另一层，也不影响它的副本"""
    share_nothing(lambda: candidate.BatchNorm(5), lambda: batch(seed))
    copies_apart(partial(drawn, candidate), lambda i: batch(seed + i))


def test_noncontiguous(candidate, seed):
    """Transposed, strided and expanded inputs work
    输入是转置、带步长的切片或 expand 的结果时也正确"""
    for training in (True, False):
        any_layout(lambda t=training: drawn(candidate).train(t), partial(batch, seed), PHOTO)
    for name, shape, view in layouts(*PHOTO):
        x = view(batch(seed, shape)).detach()
        scattered, in_order = drawn(candidate), drawn(candidate)
        scattered(x), in_order(x.clone(memory_format=torch.contiguous_format))
        names = [f"{statistic} ({name})" for statistic in RUNNING]
        same(running(scattered), running(in_order), names, nonfinite=True)


def test_side_effects(candidate, seed):
    """The input and the parameters are left alone by every call; nothing is reseeded
    每次调用都不改动输入和参数；不重新设种子"""
    for shape in (PHOTO, (6, 5)):
        leaves_alone(partial(drawn, candidate), lambda i, s=shape: batch(seed + i, s))
    not_reseeded(lambda: candidate.BatchNorm(5)(torch.rand(2, 5)))


def network(module):
    """Deeper than plain layers can train with these initial weights: the signal dies on its way."""
    hidden = [layer for _ in range(4) for layer in (module.BatchNorm(16), nn.ReLU(), nn.Linear(16, 16))]
    return place(nn.Sequential(nn.Linear(64, 16), *hidden[:-1], nn.Linear(16, 10)))


def photos():
    images, labels = digits()
    return images.flatten(1).to(setting.dtype), labels


@pytest.mark.training
def test_training_follows(candidate, reference, seed):
    """A small network trains as it does with the reference
    用它训练小网络，loss 曲线与参考实现一致"""
    theirs = network(reference)
    mine = adopt(network(candidate), theirs)
    follows(*(train(net, *photos(), seed, steps=10, batch=40, lr=0.3) for net in (mine, theirs)))


@pytest.mark.training
def test_training_reaches(candidate, seed):
    """A network of five layers learns the handwritten digits; in eval mode its accuracy is ≥ 0.7
    五层的网络能学会认手写数字；eval 模式下准确率 ≥ 0.7"""
    net = network(candidate)
    losses = train(net, *photos(), seed, steps=60, batch=40, lr=0.3)
    # Without normalisation it stays below 0.3.
    reaches(accuracy(net.eval(), *photos()), 0.7, "accuracy", losses=losses)
