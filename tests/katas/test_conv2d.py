"""Grades katas/conv2d.py."""

import pytest
import torch
from torch import nn

from dlkata.suite import (
    digits,
    follows,
    gradients,
    integers,
    normal,
    not_reseeded,
    reaches,
    same,
    setting,
    unchanged,
)

GRADIENTS = ["∂L/∂x", "∂L/∂weight", "∂L/∂bias"]
IMAGES, KERNELS, BIAS = (2, 3, 7, 10), (4, 3, 3, 2), (4,)  # all sizes differ


def inputs(seed, images=IMAGES, kernels=KERNELS, scale=1.0):
    x, weight, bias = normal(seed, images, kernels, kernels[:1])
    return [(scale * x.detach()).requires_grad_(), weight, bias]


def agree(
    candidate, reference, seed, images=IMAGES, kernels=KERNELS, *, biased=True, name="output", **options
):
    """Output and gradients are those of the reference, for one setting."""
    mine, theirs = inputs(seed, images, kernels), inputs(seed, images, kernels)
    used = slice(0, 3 if biased else 2)
    output = candidate.conv2d(*mine[used], **options)
    right = reference.conv2d(*theirs[used], **options)
    same(output, right, name)
    same(gradients(output, mine[used]), gradients(right, theirs[used]), GRADIENTS[used])


def test_output(candidate, reference, seed):
    """The output is right: all channels, kernel not flipped, no stride, padding or dilation
    输出正确：所有通道、卷积核不翻转；不带 stride、padding、dilation"""
    x, weight, _bias = inputs(seed)
    x_too, weight_too, _bias = inputs(seed)
    same(candidate.conv2d(x, weight), reference.conv2d(x_too, weight_too))


def test_square_kernel(candidate, reference, seed):
    """A square kernel and a square image give the right output
    正方形卷积核、正方形图像时输出正确"""
    x, weight, _bias = inputs(seed, (2, 3, 6, 6), (4, 3, 3, 3))
    x_too, weight_too, _bias = inputs(seed, (2, 3, 6, 6), (4, 3, 3, 3))
    same(candidate.conv2d(x, weight), reference.conv2d(x_too, weight_too))


def test_bias(candidate, reference, seed):
    """The bias is added once to each output channel
    bias 在每个输出通道上各加一次"""
    mine, theirs = inputs(seed), inputs(seed)
    same(candidate.conv2d(*mine), reference.conv2d(*theirs))
    mine, theirs = inputs(seed), inputs(seed)
    same(
        candidate.conv2d(mine[0], mine[1], bias=mine[2]),
        reference.conv2d(theirs[0], theirs[1], bias=theirs[2]),
        "output (by name)",
    )


def test_gradients(candidate, reference, seed):
    """Gradients of x, weight and bias are right
    x、weight、bias 的梯度正确"""
    mine, theirs = inputs(seed), inputs(seed)
    same(gradients(candidate.conv2d(*mine), mine), gradients(reference.conv2d(*theirs), theirs), GRADIENTS)
    mine, theirs = inputs(seed)[:2], inputs(seed)[:2]
    same(
        gradients(candidate.conv2d(*mine), mine),
        gradients(reference.conv2d(*theirs), theirs),
        ["∂L/∂x (no bias)", "∂L/∂weight (no bias)"],
    )
    mine, theirs = inputs(seed), inputs(seed)
    for *_others, bias in (mine, theirs):
        bias.data.zero_()  # as a fresh layer has it
    same(
        gradients(candidate.conv2d(*mine), mine),
        gradients(reference.conv2d(*theirs), theirs),
        [f"{name} (bias = 0)" for name in GRADIENTS],
    )


def test_stride(candidate, reference, seed):
    """A stride, equal or not in the two directions, gives the right output and gradients
    stride 正确：两个方向相同或不同，输出和梯度都对"""
    for stride in (2, (3, 1), (1, 3), (2, 4), (4, 9)):
        agree(candidate, reference, seed, stride=stride, name=f"output (stride = {stride})")


def test_padding(candidate, reference, seed):
    """Padding, equal or not in the two directions, gives the right output and gradients
    padding 正确：两个方向相同或不同，输出和梯度都对"""
    for padding in (1, (2, 0), (0, 1), (1, 3)):
        agree(candidate, reference, seed, padding=padding, name=f"output (padding = {padding})")


def test_dilation(candidate, reference, seed):
    """Dilation, equal or not in the two directions, gives the right output and gradients
    dilation 正确：两个方向相同或不同，输出和梯度都对"""
    images = (2, 3, 11, 13)  # so large that the kernel fits even if the two are mistaken for each other
    for dilation in (2, (4, 1), (1, 4), (2, 5)):
        agree(candidate, reference, seed, images, dilation=dilation, name=f"output (dilation = {dilation})")


def test_everything_together(candidate, reference, seed):
    """Stride, padding and dilation work together, also where the kernel does not fit evenly
    stride、padding、dilation 一起用也正确，末尾有放不下卷积核的剩余时也正确"""
    for stride, padding, dilation in (
        (2, 1, 1), ((2, 1), (0, 2), (2, 3)), ((3, 2), (4, 1), (1, 2)), (4, 3, 2), ((1, 5), 2, (3, 1)),
        (2, 2, 2), ((2, 4), (1, 2), (4, 2)), ((2, 3), (3, 4), (2, 3)),
    ):  # fmt: skip
        agree(
            candidate, reference, seed, (2, 3, 17, 14), (5, 3, 2, 4),
            name=f"output (stride = {stride}, padding = {padding}, dilation = {dilation})",
            stride=stride, padding=padding, dilation=dilation,
        )  # fmt: skip


def test_in_order(candidate, reference, seed):
    """The arguments may be given by position
    参数可以按位置传入"""
    mine, theirs = inputs(seed), inputs(seed)
    same(candidate.conv2d(*mine, 2, (3, 1), (1, 2)), reference.conv2d(*theirs, 2, (3, 1), (1, 2)))
    mine, theirs = inputs(seed), inputs(seed)
    same(
        candidate.conv2d(mine[0], mine[1], None, (1, 2), 1),
        reference.conv2d(theirs[0], theirs[1], None, (1, 2), 1),
        "output (bias = None)",
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
        ((3, 3, 5, 5), (3, 3, 3, 3)),
        ((2, 4, 6, 6), (4, 4, 1, 3)),
        ((2, 3, 7, 6), (4, 3, 3, 3)),  # as wide as there are output channels
        ((2, 3, 1, 9), (4, 3, 1, 4)),
        ((2, 3, 8, 1), (4, 3, 3, 1)),
    ):
        agree(candidate, reference, seed, images, kernels, name=f"output ({images} * {kernels})")
    for images, kernels, stride, padding, dilation in (
        ((2, 3, 4, 3), (6, 3, 5, 4), 1, 1, 1),  # larger than the image
        ((2, 3, 5, 4), (6, 3, 1, 1), 2, 0, 1),  # as a residual block shrinks its shortcut
        ((2, 3, 5, 4), (6, 3, 1, 1), (2, 3), 1, 2),
        ((2, 3, 5, 4), (6, 3, 5, 4), 2, (2, 1), 1),
        ((2, 3, 7, 10), (4, 3, 2, 3), (2, 3), 0, 1),  # side by side
        ((1, 1, 9, 8), (1, 1, 2, 3), (2, 1), (1, 2), (1, 2)),
        ((5, 6, 9, 14), (7, 6, 3, 5), (1, 2), (2, 1), 1),
    ):
        agree(
            candidate, reference, seed, images, kernels,
            name=f"output ({images} * {kernels}, stride = {stride}, padding = {padding})",
            stride=stride, padding=padding, dilation=dilation,
        )  # fmt: skip


def test_large_padding(candidate, reference, seed):
    """Where the kernel lies on padding alone, the output is the bias
    卷积核只盖住 padding 的地方，输出就是 bias"""
    agree(candidate, reference, seed, (2, 3, 3, 5), (4, 3, 2, 3), padding=(4, 6), stride=(2, 3))


def test_float32(candidate, reference, seed):
    """float32 in gives float32 out, gradients too, whatever the default dtype is
    输入 float32，输出和梯度也是 float32，与默认 dtype 无关"""
    default = torch.get_default_dtype()
    for chosen in (default, torch.float64):
        for used, options in (
            (3, {"padding": 1}),
            (2, {"stride": (1, 2), "dilation": (2, 3)}),
            (3, {}),
        ):
            mine, theirs = (
                [t.detach().float().requires_grad_() for t in inputs(seed)][:used] for _ in range(2)
            )
            torch.set_default_dtype(chosen)
            try:
                output, right = candidate.conv2d(*mine, **options), reference.conv2d(*theirs, **options)
            finally:
                torch.set_default_dtype(default)
            # Values are judged in float64; here right styles differ by up to 10⁻⁶.
            same(output, right, f"output (default dtype: {chosen})", tolerance=(1e-3, 1e-4))
            found, expected = gradients(output, mine), gradients(right, theirs)
            same(found, expected, GRADIENTS[:used], tolerance=(1e-3, 1e-3))


def test_wide_range(candidate, reference, seed):
    """Large values are convolved like small ones
    数值很大时同样正确"""
    mine, theirs = inputs(seed, scale=1e6), inputs(seed, scale=1e6)
    same(candidate.conv2d(*mine, padding=1), reference.conv2d(*theirs, padding=1))


def test_noncontiguous(candidate, reference, seed):
    """Transposed, strided and expanded images and kernels work
    图像和卷积核是转置、带步长的切片或 expand 的结果时也正确"""

    def views(seed):
        x, y, z, weight, other, bias = normal(
            seed, (2, 7, 10, 3), (2, 6, 14, 10), (1, 3, 7, 10), (3, 2, 3, 4), (8, 3, 6, 2), (8,)
        )
        leaves = [x, y, z, weight, other, bias]
        images = [x.permute(0, 3, 1, 2), y[:, ::2, ::2], z.expand(2, 3, 7, 10)]
        return leaves, images, [weight.permute(3, 0, 2, 1), other[::2, :, ::2]], bias[::2]

    def outputs(module, seed):
        leaves, images, kernels, bias = views(seed)
        found = [module.conv2d(x, w, bias, padding=1) for x in images for w in kernels]
        return leaves, found

    mine, found = outputs(candidate, seed)
    theirs, right = outputs(reference, seed)
    same(found, right, "outputs")
    same(gradients(found, mine), gradients(right, theirs), [f"∂L/∂({i})" for i in range(6)])


def test_side_effects(candidate, seed):
    """The arguments are left alone, also by later calls and by backward; nothing is reseeded
    不改动任何参数，之后的调用和反向也不改动；不重新设种子"""
    x, weight, bias = (t.detach() for t in inputs(seed))
    with unchanged(x=x, weight=weight, bias=bias):
        candidate.conv2d(x, weight, bias)
        candidate.conv2d(x, weight, bias, 2, (1, 2), 2)
        leaves = [t.clone().requires_grad_() for t in (x, weight, bias)]
        candidate.conv2d(*leaves, padding=1).sum().backward()
    not_reseeded(lambda: candidate.conv2d(torch.rand(1, 2, 4, 4), torch.rand(3, 2, 2, 3)))


def test_many_calls(candidate, reference, seed):
    """A call neither depends on earlier calls nor changes their outputs; nothing need require gradients
    每次调用都不依赖之前的调用，也不改动之前的输出；都不需要梯度时也正确"""
    for name, recording in (("no_grad", False), ("grad", True)):
        with torch.set_grad_enabled(recording):
            # Judged after the last call.
            outputs = [candidate.conv2d(*inputs(seed + i), padding=1) for i in range(3)]
            right = [reference.conv2d(*inputs(seed + i), padding=1) for i in range(3)]
        same(outputs, right, f"outputs ({name})")
    for wanted in (0, 1, 2):
        mine, theirs = (
            [t.detach().requires_grad_(i == wanted) for i, t in enumerate(inputs(seed))] for _ in range(2)
        )
        output, right = candidate.conv2d(*mine), reference.conv2d(*theirs)
        name = GRADIENTS[wanted] + " alone"
        same(output, right, f"output ({name})")
        same(gradients(output, [mine[wanted]]), gradients(right, [theirs[wanted]]), [name])


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


def train(module, seed, steps):
    images, labels = digits()
    images = images[:, None].to(setting.dtype)
    net = Network(module, seed)
    optimizer = torch.optim.Adam(net.parameters(), 0.02)
    (batches,) = integers(seed, len(images), (steps, 40))
    losses = []
    for batch in batches:
        loss = nn.functional.cross_entropy(net(images[batch]), labels[batch])
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
        losses.append(loss.item())
    with torch.no_grad():
        accuracy = (net(images[:300]).argmax(-1) == labels[:300]).double().mean().item()
    return losses, accuracy


@pytest.mark.training
def test_training_follows(candidate, reference, seed):
    """A small network trains as it does with the reference
    用它训练小网络，loss 曲线与参考实现一致"""
    follows(train(candidate, seed, steps=10)[0], train(reference, seed, steps=10)[0])


@pytest.mark.training
def test_training_reaches(candidate, seed):
    """Two convolutions learn the handwritten digits: accuracy ≥ 0.8
    两层卷积能学会认手写数字：准确率 ≥ 0.8"""
    losses, accuracy = train(candidate, seed, steps=60)
    reaches(accuracy, 0.8, "accuracy", losses=losses)
