"""Grades katas/backprop_mlp.py."""

from functools import partial

import pytest
import torch

from dlkata.suite import (
    any_layout,
    calls_apart,
    digits,
    follows,
    integers,
    keeps_dtype,
    leaves_alone,
    normal,
    reaches,
    same,
    setting,
)

KEYS = ["b1", "b2", "w1", "w2", "x"]
# (…), d, h, c
SIZES = (
    ((7,), 5, 6, 4),
    ((4,), 4, 4, 4),
    ((1,), 5, 3, 4),
    ((6,), 1, 3, 4),
    ((6,), 5, 1, 4),
    ((6,), 5, 3, 2),
    ((6,), 5, 3, 1),
    ((3,), 2, 9, 8),
    ((1,), 1, 1, 1),
)
LEADS = (), (3, 4), (2, 3, 2), (1, 5), (5, 1), (1, 1), (4, 4)


def draw(seed, lead=(7,), d=5, h=6, c=4, scale=1.0):
    """Everything that goes in; the weights of the size that layers begin with, more or less."""
    x, w1, b1, w2, b2 = normal(seed, (*lead, d), (h, d), (h,), (c, h), (c,), grad=False)
    (target,) = integers(seed, c, lead)
    return {
        "x": x + 0.1,
        "target": target,
        "w1": 0.7 * w1,
        "b1": 0.4 * b1,
        "w2": scale * w2,
        "b2": scale * b2,
    }


def outputs(module, given):
    return module.forward(*(value for name, value in given.items() if name != "target"))


def compare(candidate, reference, make, label="", tolerance=None):
    """Loss and gradients of both sides, each of fresh inputs."""
    found, right = ([*m.backprop(**make())] for m in (candidate, reference))
    same(found[0], right[0], f"L{label}", tolerance=tolerance)
    same(found[1], right[1], f"gradients{label}", tolerance=tolerance)


def listed(module, *inputs):
    """The loss and the gradients, in the order of their names."""
    loss, gradients = module.backprop(*inputs)
    return loss, *(gradients[key] for key in KEYS)


def of_x(module, seed, lead):
    """Both functions as one of x."""
    _, *others = draw(seed, lead, 5).values()
    return lambda x: (module.forward(x, *others[1:]), *listed(module, x, *others))


def everything(module, x, target, w1, b1, w2, b2):
    return module.forward(x, w1, b1, w2, b2), *listed(module, x, target, w1, b1, w2, b2)


def gradient_of(name, candidate, reference, seed):
    for lead, *sizes in SIZES:
        found, right = (m.backprop(**draw(seed, lead, *sizes))[1][name] for m in (candidate, reference))
        label = f"x.shape = {(*lead, sizes[0])}, h = {sizes[1]}, c = {sizes[2]}"
        same(found, right, f"∂L/∂{name} ({label})")


def test_logits(candidate, reference, seed):
    """forward: the logits are right
    forward：logits 正确"""
    for lead, *sizes in SIZES:
        found, right = (outputs(m, draw(seed, lead, *sizes)) for m in (candidate, reference))
        same(found, right, f"s (x.shape = {(*lead, sizes[0])}, h = {sizes[1]}, c = {sizes[2]})")


def test_loss(candidate, reference, seed):
    """backprop: the loss is right
    backprop：loss 正确"""
    for lead, *sizes in SIZES:
        found, right = (m.backprop(**draw(seed, lead, *sizes))[0] for m in (candidate, reference))
        same(found, right, f"L (x.shape = {(*lead, sizes[0])}, h = {sizes[1]}, c = {sizes[2]})")


def test_gradient_of_w2(candidate, reference, seed):
    """backprop: ∂L/∂W₂ is right
    backprop：∂L/∂W₂ 正确"""
    gradient_of("w2", candidate, reference, seed)


def test_gradient_of_b2(candidate, reference, seed):
    """backprop: ∂L/∂b₂ is right
    backprop：∂L/∂b₂ 正确"""
    gradient_of("b2", candidate, reference, seed)


def test_gradient_of_w1(candidate, reference, seed):
    """backprop: ∂L/∂W₁ is right
    backprop：∂L/∂W₁ 正确"""
    gradient_of("w1", candidate, reference, seed)


def test_gradient_of_b1(candidate, reference, seed):
    """backprop: ∂L/∂b₁ is right
    backprop：∂L/∂b₁ 正确"""
    gradient_of("b1", candidate, reference, seed)


def test_gradient_of_x(candidate, reference, seed):
    """backprop: ∂L/∂x is right
    backprop：∂L/∂x 正确"""
    gradient_of("x", candidate, reference, seed)


def test_all_gradients(candidate, reference, seed):
    """backprop: the dict holds the five gradients and nothing else
    backprop：dict 里恰好有五个梯度"""
    for lead, *sizes in SIZES[:2]:
        compare(candidate, reference, partial(draw, seed, lead, *sizes))


def test_leading_dims(candidate, reference, seed):
    """Any number of leading dimensions, also none; the mean runs over all samples
    前导维度任意多，也可以没有；对全部样本取平均"""
    for lead in LEADS:
        found, right = (outputs(m, draw(seed, lead)) for m in (candidate, reference))
        same(found, right, f"s (x.shape = {(*lead, 5)})")
        compare(candidate, reference, partial(draw, seed, lead), f" (x.shape = {(*lead, 5)})")


def test_slope_at_zero(candidate, reference, seed):
    """A hidden unit at exactly 0 passes no gradient on
    恰好为 0 的隐藏单元不传梯度"""

    def flat():
        given = draw(seed)
        given["w1"][[1, 4]], given["b1"][[1, 4]] = 0.0, 0.0
        return given

    compare(candidate, reference, flat, " (two units at 0)")


def test_silent_and_open_units(candidate, reference, seed):
    """All hidden units off, all on
    隐藏单元全部关闭，或全部打开"""
    for shift in (-40.0, 40.0):

        def shifted(shift=shift):
            given = draw(seed)
            return given | {"b1": given["b1"] + shift}

        compare(candidate, reference, shifted, f" (all units {'on' if shift > 0 else 'off'})")


def test_one_class(candidate, reference, seed):
    """A class that all samples have, or none
    所有样本同属一类，或某一类没有样本"""
    for label in (0, 3):

        def alike(label=label):
            given = draw(seed)
            return given | {"target": torch.full_like(given["target"], label)}

        compare(candidate, reference, alike, f" (all targets {label})")


def test_large_logits(candidate, reference, seed):
    """Logits of ±10⁴ neither overflow nor cost infinitely much
    logits 达到 ±10⁴ 时不上溢，loss 也不是无穷大"""
    for shift in (0.0, 6e3, -6e3):

        def large(shift=shift):
            given = draw(seed, scale=4e2)
            return given | {"b2": given["b2"] + shift}

        found, right = (outputs(m, large()) for m in (candidate, reference))
        same(found, right, f"logits (of ±10⁴, shifted by {shift:g})")
        compare(candidate, reference, large, f" (logits of ±10⁴, shifted by {shift:g})")


def test_large_logits_in_float32(candidate, reference, seed):
    """Logits of ±1000 work in float32, where exp overflows beyond 88
    float32 下 logits 达到 ±1000 也可以（exp 在 88 以上就会上溢）"""
    for shift in (0.0, 600.0, -600.0):

        def large(shift=shift):
            given = draw(seed, scale=30.0)
            given["b2"] += shift
            return {
                name: value.float() if value.is_floating_point() else value for name, value in given.items()
            }

        compare(candidate, reference, large, f" (float32, logits shifted by {shift:g})", (3e-3, 3e-3))


def test_float32(candidate, seed):
    """float32 stays float32
    float32 的输入得到 float32 的结果"""
    keeps_dtype(lambda: partial(everything, candidate), lambda: draw(seed))


def test_non_contiguous(candidate, reference, seed):
    """Transposed, strided and expanded x work, and so do transposed weights and strided targets
    x 是转置、带步长的切片或 expand 的结果时正确，权重是转置、target 带步长时也正确"""
    for lead in ((4,), (3, 4)):
        any_layout(
            lambda lead=lead: of_x(candidate, seed, lead),
            lambda shape: normal(seed + 3, shape, grad=False)[0],
            (*lead, 5),
        )

    def turned(names, lead=(3, 4)):
        given = draw(seed, lead)
        layout = {name: given[name].transpose(0, 1).contiguous().transpose(0, 1) for name in names}
        return given | layout

    for names in (("w1",), ("w2",), ("target",), ("x", "target")):
        compare(candidate, reference, partial(turned, names), f" (transposed in memory: {', '.join(names)})")

    def every_second():
        given = draw(seed, (14,))
        return given | {name: given[name][::2] for name in ("x", "target")}

    compare(candidate, reference, every_second, " (every second sample)")


def test_calls_apart(candidate, reference, seed):
    """A call does not depend on the calls before it, nor change what they returned; no autograd is needed
    每次调用与之前的调用无关，也不改动它们返回的结果；不依赖 autograd"""
    calls_apart(
        lambda: partial(everything, candidate),
        lambda i: draw(seed + i),
        right=lambda: partial(everything, reference),
    )


def test_inputs_unchanged(candidate, seed):
    """No input is modified, neither parameters nor targets
    不修改任何输入，包括参数和 target"""

    def extreme(i, lead=(7,)):
        given = draw(seed + i, lead)  # one unit off, one on, one at 0, for every sample
        given["b1"][:3] += torch.tensor([-40.0, 40.0, 0.0], device=given["b1"].device)
        given["w1"][2], given["b1"][2] = 0.0, 0.0
        return given

    for lead in ((7,), (3, 4), ()):
        leaves_alone(lambda: partial(everything, candidate), partial(extreme, lead=lead))


# Handwritten digits, with gradient descent on what backprop returns.


def trained(module, seed, steps, batch=20, rate=0.3):
    """The losses, and the accuracy on 597 unseen digits."""
    images, labels = digits()
    x = images.flatten(1).to(setting.dtype)
    parameters = {name: value for name, value in draw(seed, (), 64, 24, 10).items() if name[1:] in ("1", "2")}
    parameters = {name: value * (0.2 if name == "w1" else 0.3) for name, value in parameters.items()}
    losses = []
    for rows in integers(seed, 1200, (steps, batch))[0]:
        loss, gradients = module.backprop(x[rows], labels[rows], **parameters)
        parameters = {name: value - rate * gradients[name] for name, value in parameters.items()}
        losses.append(loss.item())
    right = module.forward(x[1200:], **parameters).argmax(1) == labels[1200:]
    return losses, right.double().mean().item()


@pytest.mark.training
def test_training_follows(candidate, reference, seed):
    """Trained by these gradients on handwritten digits, the losses follow the reference
    用这些梯度训练手写数字，loss 与参考实现一致"""
    within = 1e-6 if setting.dtype == torch.float64 else 1e-4
    follows(trained(candidate, seed, 15)[0], trained(reference, seed, 15)[0], within)


@pytest.mark.training
def test_training_reaches(candidate, seed):
    """Trained by these gradients, it gets 75 % of unseen digits right
    用这些梯度训练，没见过的数字准确率达到 75 %"""
    losses, accuracy = trained(candidate, seed, 150)
    reaches(accuracy, 0.75, "accuracy", losses=losses)
