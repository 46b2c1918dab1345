"""Grades katas/label_smoothing.py."""

from functools import partial

import torch

from dlkata.suite import (
    agree,
    any_layout,
    calls_apart,
    gradients,
    integers,
    keeps_dtype,
    leaves_alone,
    normal,
    same,
    samples_apart,
)

REDUCTIONS = "none", "sum", "mean"


def loss_of(module, **options):
    """The loss as a function of tensors alone."""

    def called(logits, target, weight=None):
        return module.smoothed_cross_entropy(logits, target, weight=weight, **options)

    return called


def inputs(seed, shape=(6,), classes=7, ignored=None, weighted=False, scale=2.0, dtype=None):
    """Logits and targets, every third of them `ignored` if that is given; class weights of any size."""
    (logits,) = normal(seed, (*shape, classes), scale=scale, dtype=dtype)
    (target,) = integers(seed, classes, shape)
    if ignored is not None:
        if 0 <= ignored < classes:
            target = torch.where(target == ignored, (ignored + 1) % classes, target)
        target.view(-1)[1::3] = ignored
    drawn = {"logits": logits, "target": target}
    if weighted:
        (noise,) = normal(seed + 1, (classes,), dtype=dtype, grad=False)
        drawn["weight"] = 0.3 + noise.abs()
    return drawn


def judge(candidate, reference, draw, name, **options):
    agree(loss_of(candidate, **options), loss_of(reference, **options), draw, name)


def test_per_position_losses(candidate, reference, seed):
    """The smoothed loss of each position is right
    每个位置平滑后的 loss 正确"""
    found, right = (loss_of(m, epsilon=0.2, reduction="none")(**inputs(seed)) for m in (candidate, reference))
    same(found, right, "loss (none)")


def test_reductions(candidate, reference, seed):
    """'sum' adds the losses, 'mean' averages them
    'sum' 对 loss 求和，'mean' 取平均"""
    for reduction in REDUCTIONS[1:]:
        draw = partial(inputs, seed)
        judge(candidate, reference, draw, f"loss ({reduction})", epsilon=0.2, reduction=reduction)


def test_gradient(candidate, reference, seed):
    """The gradient of the logits is right
    logits 的梯度正确"""
    for options in ({}, {"weighted": True}, {"ignored": 2}):
        found, right = (
            gradients(loss_of(m, epsilon=0.3, ignore_index=2, reduction="none")(**given), [given["logits"]])
            for m in (candidate, reference)
            for given in [inputs(seed, **{"ignored": 2, **options})]
        )
        same(found, right, [f"∂L/∂logits ({', '.join(options) or 'plain'})"])


def test_epsilons(candidate, reference, seed):
    """ε is the one that was passed: none, little, nearly all
    ε 用的是传入的值：0、很小、接近 1"""
    for epsilon in (0.0, 0, 0.01, 0.4, 0.95):
        for reduction in REDUCTIONS:
            for more in ({}, {"weighted": True, "ignored": -100}):
                draw = partial(inputs, seed, **more)
                name = f"loss ({', '.join([reduction, *more])}, ε = {epsilon})"
                judge(candidate, reference, draw, name, epsilon=epsilon, reduction=reduction)


def test_defaults(candidate, reference, seed):
    """Without further arguments ε = 0.1, −100 is ignored, and the mean is taken
    不传其他参数时，ε = 0.1，忽略 −100，取平均"""
    plain = {"epsilon": 0.1, "ignore_index": -100, "reduction": "mean"}
    for left_out in plain:
        given = {name: value for name, value in plain.items() if name != left_out}
        found, right = (loss_of(m, **given)(**inputs(seed, ignored=-100)) for m in (candidate, reference))
        same(found, right, f"loss (no {left_out})")
    found, right = (m.smoothed_cross_entropy(*inputs(seed).values()) for m in (candidate, reference))
    same(found, right, "loss (logits and target alone)")


def test_order_of_arguments(candidate, reference, seed):
    """Arguments go by place, and by name
    参数可按位置传入，也可按名字传入"""
    found, right = (
        m.smoothed_cross_entropy(given["logits"], given["target"], 0.25, given["weight"], 3, "sum")
        for m in (candidate, reference)
        for given in [inputs(seed, ignored=3, weighted=True)]
    )
    same(found, right, "loss (six arguments)")


def test_ignored(candidate, reference, seed):
    """What is ignored is counted nowhere, whichever integer marks it
    被忽略的位置哪里都不计入，无论用哪个整数标记"""
    for ignored in (-100, -1, 0, 4, 6, 255):
        for reduction in REDUCTIONS:
            name = f"loss ({reduction}, ignore_index = {ignored})"
            draw = partial(inputs, seed, ignored=ignored)
            judge(candidate, reference, draw, name, epsilon=0.2, ignore_index=ignored, reduction=reduction)


def test_only_that_index(candidate, reference, seed):
    """Another ignore_index than 0 leaves class 0 alone, and the last class, too
    ignore_index 不是 0 时，类别 0 照常计入，最后一个类别也一样"""

    def draw(ignored):
        drawn = inputs(seed, (8,), 4)
        drawn["target"] = torch.arange(8, device=drawn["target"].device) % 4
        drawn["target"][2] = ignored
        return drawn

    for ignored in (-1, -4, 4, 2):
        name = f"loss (every class, ignore_index = {ignored})"
        judge(candidate, reference, partial(draw, ignored), name, ignore_index=ignored)


def test_zeros_where_ignored(candidate, seed):
    """Loss and gradient are exactly 0 where ignored, also if that is everywhere
    被忽略处的 loss 和梯度恰好为 0，全部忽略时也一样"""
    for everywhere in (False, True):
        for ignored in (-100, 3):
            given = inputs(seed, (2, 3), ignored=ignored, weighted=True)
            if everywhere:
                given["target"] = torch.full_like(given["target"], ignored)
            losses = loss_of(candidate, ignore_index=ignored, reduction="none")(**given)
            zeros = torch.zeros_like(given["logits"][..., 0])
            label = f"{'all' if everywhere else 'some'} ignored, ignore_index = {ignored}"
            where = given["target"] == ignored
            same(losses.where(where, zeros), zeros, f"loss where ignored ({label})", tolerance=(0.0, 0.0))
            total = loss_of(candidate, ignore_index=ignored, reduction="sum")(**given)
            if everywhere:
                same(total, zeros.sum(), f"loss (sum, {label})", tolerance=(0.0, 0.0))
            (grown,) = gradients(total, [given["logits"]])
            grown = torch.zeros_like(given["logits"]) if grown is None else grown
            found = grown[where]
            name = f"∂L/∂logits where ignored ({label})"
            same(found, torch.zeros_like(found), name, tolerance=(0.0, 0.0))


def test_weights(candidate, reference, seed):
    """Each class counts with its weight, in every reduction
    每个类别按自己的权重计入，各种 reduction 都一样"""
    for reduction in REDUCTIONS:
        draw = partial(inputs, seed, weighted=True)
        judge(candidate, reference, draw, f"loss ({reduction}, weight)", epsilon=0.3, reduction=reduction)


def test_weights_and_ignored(candidate, reference, seed):
    """Class weights and ignored positions together
    类别权重与忽略的位置同时出现"""
    for ignored in (-100, 0, 5):
        for reduction in REDUCTIONS:
            draw = partial(inputs, seed, (9,), ignored=ignored, weighted=True)
            name = f"loss ({reduction}, weight, ignore_index = {ignored})"
            judge(candidate, reference, draw, name, epsilon=0.2, ignore_index=ignored, reduction=reduction)


def test_weights_of_zero(candidate, reference, seed):
    """Some classes may have the weight 0, or a large one
    某些类别的权重可以为 0，也可以很大"""

    def draw():
        drawn = inputs(seed, (9,), 5, weighted=True)
        drawn["weight"][1], drawn["weight"][3] = 0.0, 40.0
        drawn["target"] = torch.arange(9, device=drawn["target"].device) % 5
        return drawn

    for reduction in REDUCTIONS:
        judge(candidate, reference, draw, f"loss ({reduction}, weights of 0 and 40)", reduction=reduction)


def test_small_weights(candidate, reference, seed):
    """Class weights may all be small: the mean is not
    类别权重可以都很小，平均值并不因此变小"""

    def draw():
        drawn = inputs(seed, (4,), 5, ignored=-100, weighted=True)
        return drawn | {"weight": 1e-3 * drawn["weight"]}

    for reduction in REDUCTIONS:
        judge(candidate, reference, draw, f"loss ({reduction}, weights near 10⁻³)", reduction=reduction)


def test_leading_dimensions(candidate, reference, seed):
    """Any number of leading dimensions, including none
    前导维度可以有任意多个，也可以没有"""
    for shape in ((), (5,), (2, 3), (3, 2, 4), (7, 7)):
        for reduction in REDUCTIONS:
            for weighted in (False, True):
                draw = partial(inputs, seed, shape, weighted=weighted, ignored=-100 if shape else None)
                name = f"loss ({reduction}, logits.shape = {(*shape, 7)}{', weight' * weighted})"
                judge(candidate, reference, draw, name, epsilon=0.2, reduction=reduction)


def test_sizes_of_one(candidate, reference, seed):
    """A single position, one class, two classes
    只有一个位置、只有一个类别、两个类别"""
    sizes = ((1,), 7), ((1, 1), 7), ((1, 4), 3), ((4, 1), 3), ((5,), 1), ((1,), 1), ((5,), 2)
    for shape, classes in sizes:
        for reduction in REDUCTIONS:
            ignored = -100 if classes < 7 and shape != (1,) else None
            draw = partial(inputs, seed, shape, classes, ignored, weighted=True)
            name = f"loss ({reduction}, logits.shape = {(*shape, classes)})"
            judge(candidate, reference, draw, name, epsilon=0.2, reduction=reduction)


def spread(seed, levels, width, dtype=None):
    """Rows near each level, as wide as that."""
    (noise,) = normal(seed, (len(levels), 6), dtype=dtype, grad=False)
    (target,) = integers(seed, 6, (len(levels),))
    level = torch.tensor(levels, dtype=noise.dtype, device=noise.device)[:, None]
    return {"logits": (level + width * noise.clamp(-2, 2) / 2).requires_grad_(), "target": target}


def test_large_logits(candidate, reference, seed):
    """Logits of ±10⁴ give finite losses and right gradients
    logits 达到 ±10⁴ 时，loss 有限，梯度正确"""
    for width in (10.0, 900.0):
        draw = partial(spread, seed, [9e3, 0.0, -9e3, 800.0, -800.0], width)
        judge(candidate, reference, draw, f"loss (logits spread over {width:g})", reduction="none")


def test_large_logits_in_float32(candidate, reference, seed):
    """Logits of ±1000 work in float32
    float32 下 logits 达到 ±1000 也可以"""
    draw = partial(spread, seed, [900.0, 0.0, -900.0], 90.0, torch.float32)
    found, right = (loss_of(m, reduction="none")(**draw()) for m in (candidate, reference))
    same(found, right, "loss (large logits, float32)", tolerance=(3e-3, 3e-3))


def test_float32(candidate, seed):
    """float32 stays float32
    float32 的输入得到 float32 的结果"""
    for weighted in (False, True):
        draw = partial(inputs, seed, ignored=-100, weighted=weighted)
        for reduction in REDUCTIONS:
            keeps_dtype(lambda r=reduction: loss_of(candidate, reduction=r), draw)


def test_non_contiguous(candidate, reference, seed):
    """Transposed, strided and expanded logits work, and such targets
    支持转置、带步长和 expand 得到的 logits 和 target"""
    (target,) = integers(seed, 5, (3, 4))

    def at_target():
        return lambda x: candidate.smoothed_cross_entropy(x, target, 0.2, reduction="none")

    any_layout(at_target, lambda shape: normal(seed, shape)[0], (3, 4, 5))
    found, right = (
        loss_of(m, reduction="none")(
            normal(seed, (5, 4, 3))[0].permute(2, 1, 0),
            integers(seed + 1, 5, (4, 6))[0].mT[::2],
            normal(seed + 2, (10,), grad=False)[0].abs()[::2],
        )
        for m in (candidate, reference)
    )
    same(found, right, "loss (everything strided)")


def test_positions_apart(candidate, seed):
    """A position does not depend on the others
    各位置互不影响"""
    (target,) = integers(seed, 7, (4, 5))
    for dim in (0, 1):
        samples_apart(
            lambda x: candidate.smoothed_cross_entropy(x, target, reduction="none"),
            lambda: normal(seed, (4, 5, 7))[0],
            dim=dim,
            name="logits",
        )


def test_calls_apart(candidate, reference, seed):
    """A call does not depend on the calls before it
    每次调用与之前的调用无关"""
    for reduction in REDUCTIONS:
        calls_apart(
            lambda r=reduction: loss_of(candidate, reduction=r),
            lambda i: inputs(seed + i, ignored=-100, weighted=True),
            right=lambda r=reduction: loss_of(reference, reduction=r),
        )


def test_inputs_unchanged(candidate, seed):
    """logits, target and weight are not modified
    不修改 logits、target 和 weight"""
    for ignored in (-100, 2):
        for reduction in REDUCTIONS:
            leaves_alone(
                lambda i=ignored, r=reduction: loss_of(candidate, ignore_index=i, reduction=r),
                lambda i, ignored=ignored: inputs(seed + i, ignored=ignored, weighted=True),
            )
