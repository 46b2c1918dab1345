"""Grades katas/pool2d.py."""

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
    draw,
    follows,
    integers,
    keeps_dtype,
    leaves_alone,
    normal,
    not_reseeded,
    place,
    reaches,
    same,
    samples_apart,
    setting,
    train,
)

MAPS, KERNEL = (2, 5, 7, 10), (3, 2)  # all sizes differ


def maps(seed, shape=MAPS, low=0.0):
    """Maps with entries of both signs, no two alike."""
    return (normal(seed, shape, grad=False)[0] - low).requires_grad_()


def steps(seed, shape=MAPS):
    """Maps of small integers, as a ReLU leaves them: many zeros, and many entries alike."""
    return (integers(seed, 4, shape)[0] - 1).clamp(min=0).to(setting.dtype).requires_grad_()


def pool(kind, candidate, reference, make, kernel=KERNEL, *, name=None, **options):
    """Output and gradient are those of the reference, for one setting."""
    mine, theirs = (
        lambda x, side=side: getattr(side, f"{kind}_pool2d")(x, kernel, **options)
        for side in (candidate, reference)
    )
    given = ", ".join(f"{n} = {v}" for n, v in {"kernel": kernel, **options}.items())
    agree(mine, theirs, make, name or f"output ({given})")


def test_max(candidate, reference, seed):
    """max: the largest entry of each window
    max：每个窗口中最大的元素"""
    mine, theirs = (side.max_pool2d(maps(seed), KERNEL, 1) for side in (candidate, reference))
    same(mine, theirs)
    mine, theirs = (side.max_pool2d(maps(seed, (2, 3, 6, 6)), 2, 2) for side in (candidate, reference))
    same(mine, theirs, "output (2×2)")


def test_avg(candidate, reference, seed):
    """avg: the mean of each window
    avg：每个窗口的平均值"""
    mine, theirs = (side.avg_pool2d(maps(seed), KERNEL, 1) for side in (candidate, reference))
    same(mine, theirs)
    mine, theirs = (side.avg_pool2d(maps(seed, (2, 3, 6, 6)), 2, 2) for side in (candidate, reference))
    same(mine, theirs, "output (2×2)")


def test_max_gradients(candidate, reference, seed):
    """max: the gradient of x is right, also where windows overlap
    max：x 的梯度正确，窗口重叠时也正确"""
    for stride in (1, 2, 3):
        pool("max", candidate, reference, partial(maps, seed), stride=stride)


def test_avg_gradients(candidate, reference, seed):
    """avg: the gradient of x is right, also where windows overlap
    avg：x 的梯度正确，窗口重叠时也正确"""
    for stride in (1, 2, 3):
        pool("avg", candidate, reference, partial(maps, seed), stride=stride)


def test_ties(candidate, reference, seed):
    """max: of equal entries, the first one, row by row, gets the gradient
    max：有相等的元素时，按行优先的第一个得到梯度"""
    for kernel, options in (
        (2, {"stride": 2}),
        (3, {"stride": 1}),
        ((2, 3), {"stride": (1, 2), "padding": 1}),
    ):
        pool("max", candidate, reference, partial(steps, seed), kernel, **options)

    def level():  # every window is one great tie
        return torch.full(MAPS, -0.5, dtype=setting.dtype, device=setting.device, requires_grad=True)

    for kernel, options in ((2, {"stride": 2}), ((3, 2), {"stride": 1, "padding": 1, "dilation": (1, 2)})):
        pool(
            "max", candidate, reference, level, kernel, name=f"output (all equal, kernel = {kernel})", **options
        )  # fmt: skip


def strides(kind, candidate, reference, seed):
    for kernel, stride in ((2, 3), (KERNEL, (2, 1)), (KERNEL, (1, 3)), (2, (3, 5)), ((1, 3), 2)):
        pool(kind, candidate, reference, partial(maps, seed), kernel, stride=stride)


def test_max_stride(candidate, reference, seed):
    """max: a stride, equal or not in the two directions, smaller or larger than the window
    max：stride 两个方向相同或不同，比窗口小或大，都正确"""
    strides("max", candidate, reference, seed)


def test_avg_stride(candidate, reference, seed):
    """avg: a stride, equal or not in the two directions, smaller or larger than the window
    avg：stride 两个方向相同或不同，比窗口小或大，都正确"""
    strides("avg", candidate, reference, seed)


def test_default_stride(candidate, reference, seed):
    """Without a stride, or with None, windows stand side by side, in each direction
    不传 stride 或传 None 时，窗口在两个方向上都紧挨着"""
    for kernel in (2, KERNEL, (2, 3), (1, 4)):
        for kind in ("max", "avg"):
            pool(kind, candidate, reference, partial(maps, seed), kernel, name=f"{kind} (kernel = {kernel})")
            pool(
                kind, candidate, reference, partial(maps, seed), kernel,
                name=f"{kind} (kernel = {kernel}, stride = None)", stride=None,
            )  # fmt: skip


def test_max_padding(candidate, reference, seed):
    """max: padding on all four sides, equal or not in the two directions
    max：四周都填充，两个方向相同或不同都正确"""
    for kernel, padding in ((3, 1), (KERNEL, (1, 0)), ((2, 3), (0, 1)), ((5, 3), (2, 1)), ((5, 2), (2, 1))):
        pool("max", candidate, reference, partial(maps, seed, low=-9.0), kernel, stride=1, padding=padding)


def test_padding_never_wins(candidate, reference, seed):
    """max: padding never wins, not even over negative entries
    max：填充从不胜出，连负数也胜不过"""
    for kernel, padding in ((3, 1), ((2, 4), (1, 2))):
        pool("max", candidate, reference, partial(maps, seed, low=9.0), kernel, stride=2, padding=padding)


def test_padding_never_wins_over_low(candidate, reference, seed):
    """max: nor over entries as low as −10³⁰
    max：低到 −10³⁰ 的元素也胜不过"""
    for low in (1e12, 1e30):

        def make(low=low):
            return (low * maps(seed, low=9.0).detach()).requires_grad_()

        pool(
            "max", candidate, reference, make, 3, stride=2, padding=1, name=f"output (entries near {-low:g})"
        )


def test_avg_padding(candidate, reference, seed):
    """avg: padding adds zeros and counts, equal or not in the two directions
    avg：填充按零计入、也算个数，两个方向相同或不同都正确"""
    for kernel, padding in ((3, 1), (KERNEL, (1, 0)), ((2, 3), (0, 1)), ((5, 3), (2, 1)), ((5, 2), (2, 1))):
        pool("avg", candidate, reference, partial(maps, seed), kernel, stride=1, padding=padding)


def test_avg_without_padding_counted(candidate, reference, seed):
    """avg: with count_include_pad=False only the entries of x count
    avg：count_include_pad=False 时只算 x 的元素"""
    for kernel, stride, padding in ((3, None, 1), (KERNEL, 1, (1, 0)), ((2, 5), (2, 1), (1, 2)), (2, 3, 0)):
        pool(
            "avg", candidate, reference, partial(maps, seed), kernel, stride=stride, padding=padding,
            count_include_pad=False,
        )  # fmt: skip


def test_avg_counted(candidate, reference, seed):
    """avg: with count_include_pad=True padding counts, and zeros of x always do
    avg：count_include_pad=True 时填充算数；x 中的 0 总是算数"""
    for counted in (True, False):
        for make in (maps, steps):
            pool(
                "avg", candidate, reference, partial(make, seed), 3, stride=2, padding=1, count_include_pad=counted,
                name=f"output (count_include_pad = {counted}, {make.__name__})",
            )  # fmt: skip


def test_dilation(candidate, reference, seed):
    """max: dilation, equal or not in the two directions
    max：dilation 两个方向相同或不同都正确"""
    for dilation in (2, (3, 1), (1, 3), (2, 4)):
        pool("max", candidate, reference, partial(maps, seed, (2, 3, 9, 11)), stride=1, dilation=dilation)


def test_leftover(candidate, reference, seed):
    """Rows and columns at the end where the window does not fit are left out
    末尾放不下窗口的行和列舍去"""
    for kind in ("max", "avg"):
        for shape, kernel, options in (
            ((2, 3, 7, 8), 3, {}),
            ((2, 3, 8, 9), 2, {"stride": 3}),
            ((2, 3, 6, 9), (4, 3), {"stride": (3, 4), "padding": 1}),
            ((2, 3, 5, 5), 2, {"padding": 1, "stride": 3}),
        ):
            pool(
                kind, candidate, reference, partial(maps, seed, shape), kernel,
                name=f"{kind} ({shape}, kernel = {kernel}, {options})", **options,
            )  # fmt: skip


def test_everything_together(candidate, reference, seed):
    """Window, stride, padding and dilation work together
    窗口、stride、padding、dilation 一起用也正确"""
    for kernel, stride, padding, dilation in (
        (2, 1, 1, 2), ((3, 2), (1, 3), (1, 1), (2, 3)), ((2, 4), (4, 2), (1, 2), (3, 1)), (3, 2, 1, 2),
        ((4, 3), None, (2, 1), (1, 2)), ((2, 3), 5, (0, 1), (4, 2)),
    ):  # fmt: skip
        pool(
            "max", candidate, reference, partial(maps, seed, (2, 3, 13, 14)), kernel,
            stride=stride, padding=padding, dilation=dilation,
        )  # fmt: skip


def test_in_order(candidate, reference, seed):
    """The arguments may be given by position, or by name
    参数可以按位置传入，也可以按名字传入"""
    same(
        candidate.max_pool2d(maps(seed), KERNEL, (2, 1), 1, (1, 2)),
        reference.max_pool2d(maps(seed), KERNEL, (2, 1), 1, (1, 2)),
        "max (by position)",
    )
    same(
        candidate.avg_pool2d(maps(seed), KERNEL, (2, 1), 1, False),
        reference.avg_pool2d(maps(seed), KERNEL, (2, 1), 1, False),
        "avg (by position)",
    )
    for kind in ("max", "avg"):
        mine, theirs = (
            getattr(side, f"{kind}_pool2d")(x=maps(seed), padding=1, stride=2, kernel_size=3)
            for side in (candidate, reference)
        )
        same(mine, theirs, f"{kind} (by name)")


def test_any_size(candidate, reference, seed):
    """Windows of one entry or as large as the map, maps of one row, column or entry work
    窗口只有一个元素或与图一样大，图只有一行、一列或一个元素，都可以"""
    for shape, kernel, options in (
        ((2, 3, 5, 4), 1, {}),
        ((2, 3, 5, 4), 1, {"stride": (2, 3)}),
        ((2, 3, 5, 4), (5, 4), {}),
        ((2, 3, 5, 4), (5, 4), {"stride": 1, "padding": (2, 1)}),
        ((2, 3, 1, 9), (1, 4), {"stride": 2}),
        ((2, 3, 8, 1), (3, 1), {}),
        ((2, 3, 1, 1), 1, {}),
        ((2, 3, 1, 1), 3, {"padding": 1}),
        ((1, 1, 6, 5), (2, 3), {"stride": (1, 2)}),
        ((3, 3, 3, 3), 2, {"stride": 1}),
        ((3, 4, 4, 6), (4, 1), {"stride": 1}),
    ):
        for kind in ("max", "avg"):
            pool(
                kind, candidate, reference, partial(maps, seed, shape), kernel,
                name=f"{kind} ({shape}, kernel = {kernel}, {options})", **options,
            )  # fmt: skip


def test_any_leading_dims(candidate, reference, seed):
    """Any number of dimensions stands in front of (H, W), none too
    (H, W) 前面可以有任意多维，也可以没有"""
    for shape in ((7, 10), (3, 7, 10), (2, 3, 1, 7, 10), (2, 1, 3, 2, 6, 5), (6, 6, 6)):
        for kind, options in (("max", {"dilation": (1, 2)}), ("avg", {"count_include_pad": False})):
            pool(
                kind, candidate, reference, partial(maps, seed, shape), 3, stride=2, padding=1,
                name=f"{kind} (x.shape = {shape})", **options,
            )  # fmt: skip


SETTINGS = {
    "max_pool2d": ({}, {"stride": 1, "padding": 1}, {"stride": (2, 1), "padding": 1, "dilation": (2, 1)}),
    "avg_pool2d": ({}, {"stride": 1, "padding": 1}, {"stride": 2, "padding": 1, "count_include_pad": False}),
}


def calls(side):
    """The two functions in several settings, as functions of x."""
    for name, settings in SETTINGS.items():
        for options in settings:
            yield lambda x, n=name, o=options: getattr(side, n)(x, KERNEL, **o)


def test_float32(candidate, seed):
    """float32 in gives float32 out, gradients too, whatever the default dtype is
    输入 float32，输出和梯度也是 float32，与默认 dtype 无关"""
    default = torch.get_default_dtype()
    for chosen in (default, torch.float64):
        for call in calls(candidate):
            torch.set_default_dtype(chosen)
            try:
                keeps_dtype(lambda call=call: call, partial(maps, seed))
            finally:
                torch.set_default_dtype(default)


def test_maps_apart(candidate, seed):
    """What comes out for a map depends on that map alone
    一张特征图的输出只取决于它自己"""
    for call in calls(candidate):
        for dim in (0, 1):
            samples_apart(call, partial(maps, seed), dim=dim)


def test_many_calls(candidate, reference, seed):
    """A call neither depends on earlier calls nor changes their outputs; x may need no gradient
    每次调用都不依赖之前的调用，也不改动之前的输出；x 不需要梯度时也正确"""
    for mine, theirs in zip(calls(candidate), calls(reference), strict=True):
        calls_apart(
            lambda mine=mine: mine, lambda i: maps(seed + i).detach().requires_grad_(i > 0),
            right=lambda theirs=theirs: theirs,
        )  # fmt: skip


def test_noncontiguous(candidate, seed):
    """Transposed, strided, expanded and channels-last maps work
    特征图是转置、带步长的切片、expand 的结果或 channels_last 时也正确"""
    for call in calls(candidate):
        any_layout(lambda call=call: call, lambda shape: maps(seed, shape), MAPS)


def test_side_effects(candidate, seed):
    """x is left alone by every call, also by later ones; nothing is reseeded
    每次调用都不改动 x，之后的调用也不改动；不重新设种子"""
    for call in calls(candidate):
        leaves_alone(lambda call=call: call, lambda i: maps(seed + i))
    not_reseeded(lambda: candidate.max_pool2d(torch.rand(1, 2, 4, 4), 2))


class Network(nn.Module):
    """One convolution, both poolings, one linear layer: 8×8 → 4×4 → 2×2."""

    def __init__(self, module):
        super().__init__()
        self.max_pool2d, self.avg_pool2d = module.max_pool2d, module.avg_pool2d
        self.first, self.last = nn.Conv2d(1, 12, 3, padding=1), nn.Linear(48, 10)

    def forward(self, images):
        hidden = self.max_pool2d(self.first(images), 3, stride=2, padding=1).relu()
        return self.last(self.avg_pool2d(hidden, 2).flatten(1))


def trained(module, seed, length):
    images, labels = digits()
    images = (2 * images[:, None] - 1).to(setting.dtype)
    net = draw(place(Network(module)))
    losses = train(net, images, labels, seed, steps=length, batch=40, optimizer=torch.optim.Adam, lr=0.03)
    return losses, accuracy(net, images[:500], labels[:500])


@pytest.mark.training
def test_training_follows(candidate, reference, seed):
    """A small convolutional network trains as it does with the reference
    用它训练小型卷积网络，loss 曲线与参考实现一致"""
    follows(*(trained(side, seed, 12)[0] for side in (candidate, reference)))


@pytest.mark.training
def test_training_reaches(candidate, seed):
    """A convolution and two poolings learn the handwritten digits: accuracy ≥ 0.7
    一层卷积加两次池化能学会认手写数字：准确率 ≥ 0.7"""
    losses, share = trained(candidate, seed, 80)
    reaches(share, 0.7, "accuracy", losses=losses)
