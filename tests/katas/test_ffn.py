"""Grades katas/ffn.py."""

from functools import partial

import pytest
import torch
from torch import nn

from dlkata.suite import (
    accuracy,
    adopt,
    agree,
    any_layout,
    calls_apart,
    copies_apart,
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
    starts_uniform,
    train,
    travels,
    twins,
)

D, WIDE = 4, 7
KINDS = ("relu", "gelu", "swiglu")


def pair(candidate, reference, kind, d=D, wide=WIDE):
    return twins(candidate, reference, "FeedForward", d, wide, kind)


def alone(candidate, kind, d=D, wide=WIDE):
    return draw(place(candidate.FeedForward(d, wide, kind)))


def tokens(seed, *shape, **how):
    return normal(seed, shape or (2, 5, D), **how)[0]


def test_relu(candidate, reference, seed):
    """The layer with ReLU is right
    ReLU 形式正确"""
    agree(*pair(candidate, reference, "relu"), partial(tokens, seed))


def test_gelu(candidate, reference, seed):
    """The layer with GELU is right, to all digits
    GELU 形式正确，每一位都对"""
    agree(*pair(candidate, reference, "gelu"), partial(tokens, seed))


def test_swiglu(candidate, reference, seed):
    """The gated layer is right
    门控形式正确"""
    agree(*pair(candidate, reference, "swiglu"), partial(tokens, seed))


def test_default_activation(candidate, reference, seed):
    """Without activation it is ReLU
    不传 activation 时是 ReLU"""
    mine, theirs = twins(candidate, reference, "FeedForward", D, WIDE)
    agree(mine, theirs, partial(tokens, seed))


def test_any_shape(candidate, reference, seed):
    """Any leading dimensions, none too; widths of any size, 1 too
    前面有任意多维都可以，没有也行；宽度任意，为 1 也行"""
    for kind in KINDS:
        for shape, wide in (
            ((D,), WIDE),
            ((1, D), 1),
            ((3, 2, 1, 4, D), 2),
            ((6, 1), 3),
            ((1, 1), 1),
            ((5, 6), 6),
        ):
            mine, theirs = pair(candidate, reference, kind, shape[-1], wide)
            agree(mine, theirs, partial(tokens, seed, *shape), f"output ({kind}, {shape} → {wide})")


def widths(side, *rest):
    return torch.tensor([side.default_width(d, *rest) for d in (*range(1, 200), 512, 768, 3000, 4096, 5120)])


def test_default_width(candidate, reference):
    """The default width is 4d, or ⌊8d/3⌋ if gated
    默认宽度是 4d；门控时是 ⌊8d/3⌋"""
    for kind in KINDS:
        same(widths(candidate, kind), widths(reference, kind), f"widths ({kind})")
        found = candidate.default_width(6, kind)
        holds(
            isinstance(found, int),
            f"The width is no int but {type(found).__name__}.",
            f"宽度不是 int，而是 {type(found).__name__}。",
            value=type(found).__name__,
            name=f"type of the width ({kind})",
        )


def test_multiple_of(candidate, reference):
    """It is rounded up to a multiple, of any kind
    向上取整到给定的倍数，各种形式都一样"""
    for kind in KINDS:
        for multiple in (1, 2, 5, 8, 64, 256):
            name = f"widths ({kind}, multiple_of = {multiple})"
            same(widths(candidate, kind, multiple), widths(reference, kind, multiple), name)
    same(
        candidate.default_width(multiple_of=7, activation="swiglu", d_model=10),
        reference.default_width(10, "swiglu", 7),
        "width (by name)",
    )


def shapes(layer):
    return str(sorted((name, tuple(value.shape)) for name, value in layer.state_dict().items()))


def test_width_of_the_layer(candidate, reference):
    """A layer has the default width, unless one is given, which is taken as it is
    层采用默认宽度；传入了宽度，就原样采用"""
    cases = [
        ({"activation": kind, **more}) for kind in KINDS for more in ({}, {"multiple_of": 10}, {"d_ff": 11})
    ]
    cases += [{"activation": kind, "d_ff": 11, "multiple_of": 4} for kind in KINDS] + [{}, {"multiple_of": 9}]
    for options in cases:
        found, right = (shapes(side.FeedForward(5, **options)) for side in (candidate, reference))
        holds(
            found == right,
            f"FeedForward(5, {options}) holds {found}; right is {right}.",
            f"FeedForward(5, {options}) 的 state_dict 是 {found}；应当是 {right}。",
            value=found,
            name=f"shapes ({options})",
        )


def test_unknown_activation(candidate):
    """An unknown activation raises ValueError
    未知的 activation 抛出 ValueError"""
    for name in ("tanh", "ReLU", "", "glu", None):
        for call in (
            partial(candidate.default_width, 6, name),
            partial(candidate.FeedForward, 6, 8, name),
            partial(candidate.FeedForward, 6, activation=name),
        ):
            rejects(
                ValueError,
                partial(attempt, call),
                f"{name!r} raises no ValueError.",
                f"{name!r} 没有抛出 ValueError。",
            )


def attempt(call):
    try:
        call()
    except (KeyError, AssertionError, TypeError, AttributeError, UnboundLocalError):
        pass  # whatever it says, it is no ValueError


def test_parameters(candidate, reference):
    """Parameters have the names and shapes of the contract, float32
    参数的名字和形状符合约定，为 float32"""
    for kind in KINDS:
        mine, theirs = (side.FeedForward(D, WIDE, kind) for side in (candidate, reference))
        starts_like(mine, theirs, given=lambda name: False)
        found = ", ".join(sorted({str(value.dtype) for value in mine.parameters()}))
        holds(
            found == "torch.float32",
            f"dtype: {found}",
            f"dtype：{found}",
            value=found,
            name=f"dtype ({kind})",
        )


def test_initial_values(candidate, reference):
    """New parameters are drawn as nn.Linear draws them, each by itself
    新建的参数按 nn.Linear 的方式抽取，各自独立"""
    for kind in ("relu", "swiglu"):
        right = reference.FeedForward(6, 9, kind)
        bounds = {name: (9 if "down" in name else 6) ** -0.5 for name in right.state_dict()}
        starts_uniform(partial(candidate.FeedForward, 6, 9, kind), right, bounds)
    not_reseeded(lambda: candidate.FeedForward(4, 5, "gelu")(torch.rand(2, 4)))


def test_large(candidate, reference, seed):
    """Values of ±1000 before the activation do no harm, in float32 too
    激活之前的值达到 ±1000 也没问题，float32 下也一样"""
    for kind in KINDS:
        for scale in (100.0, 700.0):
            mine, theirs = pair(candidate, reference, kind)
            agree(mine, theirs, partial(tokens, seed, scale=scale), f"output ({kind}, x of size {scale:g})")
        mine, theirs = (layer.float() for layer in pair(candidate, reference, kind))
        close = partial(same, tolerance=(1e-3, 1e-2))
        make = partial(tokens, seed, scale=300.0, dtype=torch.float32)
        agree(mine, theirs, make, f"output ({kind}, float32)", judge=close)


def test_positions_apart(candidate, seed):
    """Neither positions nor samples touch each other
    位置之间、样本之间互不影响"""
    for kind in KINDS:
        for dim in (0, 1):
            samples_apart(alone(candidate, kind), partial(tokens, seed), dim=dim)


def test_float32(candidate, seed):
    """A float32 layer gives float32 outputs and gradients
    float32 的层，输出和梯度都是 float32"""
    for kind in KINDS:
        keeps_dtype(partial(alone, candidate, kind), partial(tokens, seed))


def test_noncontiguous(candidate, seed):
    """Transposed, strided and expanded inputs work
    输入是转置、带步长的切片或 expand 的结果时也正确"""
    for kind in KINDS:
        any_layout(partial(alone, candidate, kind), lambda shape: tokens(seed, *shape), (2, 3, D))


def test_calls_apart(candidate, seed):
    """A call neither depends on earlier calls nor changes their outputs
    每次调用都不依赖之前的调用，也不改动之前的输出"""
    for kind in KINDS:
        calls_apart(partial(alone, candidate, kind), lambda i: tokens(seed + i))


def test_modes(candidate, seed):
    """Train and eval mode do the same
    train 和 eval 模式行为相同"""
    for kind in KINDS:
        modes_alike(partial(alone, candidate, kind), lambda i: tokens(seed + i))


def test_layers_share_nothing(candidate, seed):
    """Layers share nothing, nor does a copy share with its original; state travels
    各层互不共享，副本与原件也不共享；state_dict 可以互相加载"""
    for kind in ("gelu", "swiglu"):
        share_nothing(partial(candidate.FeedForward, D, WIDE, kind), partial(tokens, seed))
        copies_apart(partial(alone, candidate, kind), lambda i: tokens(seed + i))
        travels(alone(candidate, kind), partial(alone, candidate, kind), lambda i: tokens(seed + i))


def test_kinds_side_by_side(candidate, reference, seed):
    """Layers of different kinds work beside each other
    不同形式的层可以并存"""
    pairs = [pair(candidate, reference, kind) for kind in KINDS]
    for kind, (mine, theirs) in zip(KINDS, pairs, strict=True):
        same(mine(tokens(seed)), theirs(tokens(seed)), f"output ({kind}, beside others)")


def test_side_effects(candidate, seed):
    """x and the parameters are left alone
    x 和参数保持不变"""
    for kind in KINDS:
        leaves_alone(partial(alone, candidate, kind), lambda i: tokens(seed + i))


class Net(nn.Module):
    def __init__(self, side, kind):
        super().__init__()
        self.first, self.last = nn.Linear(64, 24), nn.Linear(24, 10)
        self.ffn = side.FeedForward(24, activation=kind, multiple_of=4)

    def forward(self, x):
        h = self.first(x)
        return self.last(h + self.ffn(h))


def learn(net, seed, steps):
    images, labels = digits()
    images = images.flatten(1).to(setting.dtype)
    return train(net, images, labels, seed, steps=steps, lr=0.3), partial(accuracy, net, images, labels)


@pytest.mark.training
def test_training_follows(candidate, reference, seed):
    """A residual block with it learns as with the reference
    放进残差块里训练，loss 与参考实现一致"""
    for kind in ("gelu", "swiglu"):
        theirs = place(Net(reference, kind))
        mine = adopt(place(Net(candidate, kind)), theirs)
        follows(*(learn(net, seed, 10)[0] for net in (mine, theirs)))


@pytest.mark.training
def test_training_reaches(candidate, seed):
    """A network with the gated layer reads handwritten digits: accuracy ≥ 0.85
    带门控前馈层的网络学会认手写数字：准确率 ≥ 0.85"""
    losses, found = learn(place(Net(candidate, "swiglu")), seed, 150)
    reaches(found(), 0.85, "accuracy", losses=losses)
