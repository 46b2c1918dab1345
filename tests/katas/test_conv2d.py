"""Grades katas/conv2d.py."""

from functools import partial

import pytest
import torch
from torch import nn

from dlkata.suite import (
    accuracy,
    agree,
    any_layout,
    calls_apart,
    digits,
    follows,
    keeps_dtype,
    leaves_alone,
    normal,
    not_reseeded,
    reaches,
    same,
    setting,
    train,
)

IMAGES, KERNELS = (2, 3, 7, 10), (4, 3, 3, 2)  # all sizes differ
NAMES = ["x", "weight", "bias"]


def inputs(seed, images=IMAGES, kernels=KERNELS, *, scale=1.0, biased=True):
    x, weight, bias = normal(seed, images, kernels, kernels[:1])
    return dict(
        zip(NAMES[: 3 if biased else 2], [(scale * x.detach()).requires_grad_(), weight, bias], strict=False)
    )


def convolve(
    candidate, reference, seed, images=IMAGES, kernels=KERNELS, *, biased=True, name="output", **options
):
    """Output and gradients are those of the reference, for one setting."""
    make = partial(inputs, seed, images, kernels, biased=biased)
    agree(candidate.conv2d, reference.conv2d, make, name, **options)


def test_output(candidate, reference, seed):
    """The output is right: all channels, kernel not flipped, no stride, padding or dilation
    输出正确：所有通道、卷积核不翻转；不带 stride、padding、dilation"""
    mine, theirs = inputs(seed, biased=False), inputs(seed, biased=False)
    same(candidate.conv2d(*mine.values()), reference.conv2d(*theirs.values()))


def test_square_kernel(candidate, reference, seed):
    """A square kernel and a square image give the right output
    正方形卷积核、正方形图像时输出正确"""
    mine, theirs = (inputs(seed, (2, 3, 6, 6), (4, 3, 3, 3), biased=False) for _ in range(2))
    same(candidate.conv2d(*mine.values()), reference.conv2d(*theirs.values()))


def test_bias(candidate, reference, seed):
    """The bias is added once to each output channel
    bias 在每个输出通道上各加一次"""
    mine, theirs = inputs(seed), inputs(seed)
    same(candidate.conv2d(*mine.values()), reference.conv2d(*theirs.values()))
    mine, theirs = inputs(seed), inputs(seed)
    same(candidate.conv2d(**mine), reference.conv2d(**theirs), "output (by name)")


def test_gradients(candidate, reference, seed):
    """Gradients of x, weight and bias are right
    x、weight、bias 的梯度正确"""
    convolve(candidate, reference, seed)
    convolve(candidate, reference, seed, biased=False, name="output (no bias)")

    def unbiased():  # as a fresh layer has it
        drawn = inputs(seed)
        drawn["bias"].data.zero_()
        return drawn

    agree(candidate.conv2d, reference.conv2d, unbiased, "output (bias = 0)")
    for wanted in NAMES:

        def alone(wanted=wanted):
            return {n: t.detach().requires_grad_(n == wanted) for n, t in inputs(seed).items()}

        agree(candidate.conv2d, reference.conv2d, alone, f"output (only {wanted} requires a gradient)")


def test_stride(candidate, reference, seed):
    """A stride, equal or not in the two directions, gives the right output and gradients
    stride 正确：两个方向相同或不同，输出和梯度都对"""
    for stride in (2, (3, 1), (1, 3), (2, 4), (4, 9)):
        convolve(candidate, reference, seed, stride=stride, name=f"output (stride = {stride})")


def test_padding(candidate, reference, seed):
    """Padding, equal or not in the two directions, gives the right output and gradients
    padding 正确：两个方向相同或不同，输出和梯度都对"""
    for padding in (1, (2, 0), (0, 1), (1, 3)):
        convolve(candidate, reference, seed, padding=padding, name=f"output (padding = {padding})")


def test_dilation(candidate, reference, seed):
    """Dilation, equal or not in the two directions, gives the right output and gradients
    dilation 正确：两个方向相同或不同，输出和梯度都对"""
    images = (2, 3, 11, 13)  # so large that the kernel fits even if the two are mistaken for each other
    for dilation in (2, (4, 1), (1, 4), (2, 5)):
        convolve(
            candidate, reference, seed, images, dilation=dilation, name=f"output (dilation = {dilation})"
        )


def test_everything_together(candidate, reference, seed):
    """Stride, padding and dilation work together, also where the kernel does not fit evenly
    stride、padding、dilation 一起用也正确，末尾有放不下卷积核的剩余时也正确"""
    for stride, padding, dilation in (
        (2, 1, 1), ((2, 1), (0, 2), (2, 3)), ((3, 2), (4, 1), (1, 2)), (4, 3, 2), ((1, 5), 2, (3, 1)),
        (2, 2, 2), ((2, 4), (1, 2), (4, 2)), ((2, 3), (3, 4), (2, 3)),
    ):  # fmt: skip
        convolve(
            candidate, reference, seed, (2, 3, 17, 14), (5, 3, 2, 4),
            name=f"output (stride = {stride}, padding = {padding}, dilation = {dilation})",
            stride=stride, padding=padding, dilation=dilation,
        )  # fmt: skip


def test_in_order(candidate, reference, seed):
    """The arguments may be given by position
    参数可以按位置传入"""
    for arguments, biased in (((2, (3, 1), (1, 2)), True), ((None, (1, 2), 1), False)):
        mine, theirs = (inputs(seed, biased=biased).values() for _ in range(2))
        same(
            candidate.conv2d(*mine, *arguments), reference.conv2d(*theirs, *arguments), f"output {arguments}"
        )


def test_any_size(candidate, reference, seed):
    """Kernels of one pixel or as large as the image, single channels, single images and equal sizes work
    1×1 的卷积核、与图像一样大的卷积核、单通道、单张图、各尺寸相等都可以"""
    for images, kernels in (
        ((2, 3, 5, 4), (6, 3, 1, 1)),  # 1×1
        ((2, 3, 5, 4), (6, 3, 5, 4)),  # the whole image
        ((1, 1, 5, 7), (1, 1, 2, 3)),
        ((3, 1, 5, 7), (2, 1, 4, 2)),
        ((1, 3, 6, 5), (1, 3, 2, 3)),
        ((1, 3, 6, 5), (4, 3, 2, 3)),
        ((2, 3, 6, 5), (1, 3, 2, 3)),
        ((2, 1, 6, 5), (1, 1, 6, 3)),
        ((3, 3, 5, 5), (3, 3, 3, 3)),
        ((2, 4, 6, 6), (4, 4, 1, 3)),
        ((2, 3, 7, 6), (4, 3, 3, 3)),  # as wide as there are output channels
        ((2, 3, 1, 9), (4, 3, 1, 4)),
        ((2, 3, 8, 1), (4, 3, 3, 1)),
    ):
        convolve(candidate, reference, seed, images, kernels, name=f"output ({images} * {kernels})")
    for images, kernels, stride, padding, dilation in (
        ((2, 3, 4, 3), (6, 3, 5, 4), 1, 1, 1),  # larger than the image
        ((2, 3, 5, 4), (6, 3, 1, 1), 2, 0, 1),  # as a residual block shrinks its shortcut
        ((2, 3, 5, 4), (6, 3, 1, 1), (2, 3), 1, 2),
        ((2, 3, 5, 4), (6, 3, 5, 4), 2, (2, 1), 1),
        ((2, 3, 7, 10), (4, 3, 2, 3), (2, 3), 0, 1),  # side by side
        ((1, 1, 9, 8), (1, 1, 2, 3), (2, 1), (1, 2), (1, 2)),
        ((5, 6, 9, 14), (7, 6, 3, 5), (1, 2), (2, 1), 1),
    ):
        convolve(
            candidate, reference, seed, images, kernels,
            name=f"output ({images} * {kernels}, stride = {stride}, padding = {padding})",
            stride=stride, padding=padding, dilation=dilation,
        )  # fmt: skip


def test_large_padding(candidate, reference, seed):
    """Where the kernel lies on padding alone, the output is the bias
    卷积核只盖住 padding 的地方，输出就是 bias"""
    convolve(candidate, reference, seed, (2, 3, 3, 5), (4, 3, 2, 3), padding=(4, 6), stride=(2, 3))


def test_float32(candidate, seed):
    """float32 in gives float32 out, gradients too, whatever the default dtype is
    输入 float32，输出和梯度也是 float32，与默认 dtype 无关"""
    default = torch.get_default_dtype()
    for chosen in (default, torch.float64):
        for biased, options in (
            (True, {"padding": 1}),
            (False, {"stride": (1, 2), "dilation": (2, 3)}),
            (True, {}),
        ):
            torch.set_default_dtype(chosen)
            try:
                keeps_dtype(lambda: candidate.conv2d, partial(inputs, seed, biased=biased), **options)
            finally:
                torch.set_default_dtype(default)


def test_wide_range(candidate, reference, seed):
    """Large values are convolved like small ones
    数值很大时同样正确"""
    mine, theirs = (inputs(seed, scale=1e6).values() for _ in range(2))
    same(candidate.conv2d(*mine, padding=1), reference.conv2d(*theirs, padding=1))


def test_noncontiguous(candidate, seed):
    """Transposed, strided, expanded and channels-last images and kernels work
    图像和卷积核是转置、带步长的切片、expand 的结果或 channels_last 时也正确"""
    for name, padding in (("x", 1), ("x", 0), ("weight", 1), ("bias", 1)):
        shape = {"x": IMAGES, "weight": KERNELS, "bias": KERNELS[:1]}[name]

        def with_this_one(tensor, name=name, padding=padding):
            return candidate.conv2d(**inputs(seed) | {name: tensor}, padding=padding)

        any_layout(lambda f=with_this_one: f, lambda shape: normal(seed + 1, shape)[0], shape)
    x, weight, bias = inputs(seed).values()
    moved = [t.detach().contiguous(memory_format=torch.channels_last) for t in (x, weight)]
    found, right = candidate.conv2d(*moved, bias, stride=2), candidate.conv2d(x, weight, bias, stride=2)
    same(found, right, "output (channels_last, both)", nonfinite=True)


def test_side_effects(candidate, seed):
    """The arguments are left alone by every call, also by later ones and by backward; nothing is reseeded
    每次调用都不改动任何参数，之后的调用和反向也不改动；不重新设种子"""
    for options in ({}, {"padding": 1}, {"stride": 2, "padding": (1, 2), "dilation": 2}):
        leaves_alone(lambda: candidate.conv2d, lambda i: inputs(seed + i), **options)
    x, weight, bias = (t.detach() for t in inputs(seed).values())
    before = [t.clone() for t in (x, weight, bias)]
    leaves = [t.requires_grad_() for t in (x, weight, bias)]
    candidate.conv2d(*leaves, padding=1).sum().backward()
    same([t.detach() for t in leaves], before, [f"{name} after backward" for name in NAMES])
    not_reseeded(lambda: candidate.conv2d(torch.rand(1, 2, 4, 4), torch.rand(3, 2, 2, 3)))


def test_many_calls(candidate, reference, seed):
    """A call neither depends on earlier calls nor changes their outputs; nothing need require gradients
    每次调用都不依赖之前的调用，也不改动之前的输出；都不需要梯度时也正确"""
    calls_apart(
        lambda: candidate.conv2d, lambda i: inputs(seed + i), right=lambda: reference.conv2d, padding=1
    )


class Network(nn.Module):
    """Two convolutions, the second over all that is left: 8×8 → 4×3 → 1×1."""

    def __init__(self, module, seed):
        super().__init__()
        self.conv2d = module.conv2d
        # No bias is 0: where the image is blank, rounding would decide on which side of the relu it falls.
        first, bias, second = normal(seed, (6, 1, 3, 4), (6,), (10, 6, 4, 3), grad=False)
        self.first, self.bias, self.second = (
            nn.Parameter(scale * drawn) for scale, drawn in ((0.3, first), (0.1, bias), (0.1, second))
        )

    def forward(self, images):
        hidden = self.conv2d(images, self.first, self.bias, stride=2, padding=(1, 0)).relu()
        return self.conv2d(hidden, self.second).flatten(1)


def trained(module, seed, steps):
    images, labels = digits()
    images = images[:, None].to(setting.dtype)
    net = Network(module, seed)
    losses = train(net, images, labels, seed, steps=steps, batch=40, optimizer=torch.optim.Adam, lr=0.02)
    return losses, accuracy(net, images[:300], labels[:300])


@pytest.mark.training
def test_training_follows(candidate, reference, seed):
    """A small network trains as it does with the reference
    用它训练小网络，loss 曲线与参考实现一致"""
    follows(trained(candidate, seed, steps=10)[0], trained(reference, seed, steps=10)[0])


@pytest.mark.training
def test_training_reaches(candidate, seed):
    """Two convolutions learn the handwritten digits: accuracy ≥ 0.8
    两层卷积能学会认手写数字：准确率 ≥ 0.8"""
    losses, share = trained(candidate, seed, steps=60)
    reaches(share, 0.8, "accuracy", losses=losses)
