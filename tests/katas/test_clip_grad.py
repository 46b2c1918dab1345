"""Grades katas/clip_grad.py."""

import pytest
import torch
from torch import nn
from torch.nn import functional as F

from dlkata.suite import (
    SHAPES,
    adopt,
    digits,
    follows,
    holds,
    integers,
    named,
    normal,
    not_reseeded,
    odd,
    place,
    reaches,
    same,
    setting,
    snapshot,
    survives,
    unchanged,
)


def parameters(seed, scale=1.0, *, missing=(), dtype=None):
    """Parameters with gradients of different sizes, drawn by hand; those of `missing` have none."""
    params = normal(seed, *SHAPES, dtype=dtype)
    drawn = normal(seed + 50, *SHAPES, scale=scale, grad=False, dtype=dtype)
    for i, (p, gradient) in enumerate(zip(params, drawn, strict=True)):
        p.grad = None if i in missing else gradient * (i + 0.5)
    return params


def grads(params):
    return [p.grad for p in params]


NAMES = [f"params[{i}].grad" for i in range(len(SHAPES))]


def compare(candidate, reference, seed, scale, max_norm, **settings):
    mine, theirs = parameters(seed, scale, **settings), parameters(seed, scale, **settings)
    norm, right = candidate.clip_grad(mine, max_norm), reference.clip_grad(theirs, max_norm)
    case = f"max_norm = {max_norm:g}"
    same(grads(mine), grads(theirs), [f"{name} ({case})" for name in NAMES])
    same(norm, right, f"norm ({case})")


def test_gradients(candidate, reference, seed):
    """Gradients that are too long are shortened, all by one factor
    过长的梯度被缩短，所有梯度用同一个系数"""
    for max_norm in (1.0, 0.3, 7.5, 2):
        mine, theirs = parameters(seed), parameters(seed)
        candidate.clip_grad(mine, max_norm)
        reference.clip_grad(theirs, max_norm)
        same(grads(mine), grads(theirs), [f"{name} (max_norm = {max_norm:g})" for name in NAMES])


def test_norm(candidate, reference, seed):
    """The norm from before clipping is returned, as a 0-d tensor
    返回裁剪之前的范数，是 0 维张量"""
    for max_norm in (1.0, 2.5, 1e6):
        norm = candidate.clip_grad(parameters(seed), max_norm)
        same(norm, reference.clip_grad(parameters(seed), max_norm), f"norm (max_norm = {max_norm:g})")


def test_short_gradients(candidate, reference, seed):
    """Gradients that are short enough keep their values
    足够短的梯度数值不变"""
    for scale, max_norm in ((1.0, 1e3), (1e-3, 1.0), (1e-6, 0.01)):
        compare(candidate, reference, seed, scale, max_norm)


def test_threshold(candidate, reference, seed):
    """Just above the threshold gradients are clipped, just below they are not
    刚超过阈值时裁剪，刚好不到时不裁剪"""
    total = reference.clip_grad(parameters(seed), 1e9).item()
    for factor in (0.9, 0.999, 1.001, 1.1, 1.7):
        compare(candidate, reference, seed, 1.0, factor * total)


def test_scales(candidate, reference, seed):
    """Tiny and huge gradients are clipped just as exactly
    梯度极小或极大时，裁剪同样精确"""
    # Tiny ones are judged relative to their size: the absolute part of the tolerance would cover them.
    for scale in (1e-6, 1e-3, 1e4):
        max_norm = 2 * scale
        mine, theirs = parameters(seed, scale), parameters(seed, scale)
        norm, right = candidate.clip_grad(mine, max_norm), reference.clip_grad(theirs, max_norm)
        case = f"of {scale:g}"
        same(
            [g / scale for g in grads(mine)],
            [g / scale for g in grads(theirs)],
            [f"{n} ({case})" for n in NAMES],
        )
        same(norm / scale, right / scale, f"norm ({case})")


def test_zero_gradients(candidate, seed):
    """Gradients that are all zero stay zero; the norm is 0
    全零的梯度保持为零，范数为 0"""
    candidate.clip_grad(parameters(seed), 1.0)  # what crashes anyway crashes here
    params = parameters(seed, 0.0)
    norm = survives(
        lambda: candidate.clip_grad(params, 1.0),
        (ArithmeticError, ValueError),
        "clip_grad crashes on gradients that are all zero",
        "梯度全为零时，clip_grad 会崩溃",
    )
    same(grads(params), [torch.zeros_like(p) for p in params], NAMES)
    same(norm, torch.zeros_like(params[1].detach()), "norm")


def test_skips_parameters_without_gradient(candidate, reference, seed):
    """Parameters whose .grad is None are left out, wherever they stand, and stay without
    .grad 为 None 的参数不参与，无论排在哪里，并且仍为 None"""
    candidate.clip_grad(parameters(seed), 0.125)  # what crashes anyway crashes here
    for missing in ((1, 3), (0,), (4,), (0, 2, 3, 4)):
        mine, theirs = (parameters(seed, missing=missing) for _ in range(2))
        norm = survives(
            lambda mine=mine: candidate.clip_grad(mine, 0.125),
            (AttributeError, TypeError),  # None taken for a tensor
            "clip_grad crashes on a parameter whose .grad is None",
            "遇到 .grad 为 None 的参数，clip_grad 会崩溃",
        )
        right = reference.clip_grad(theirs, 0.125)
        kept = [mine[i].grad is None for i in missing]
        holds(
            all(kept),
            "A .grad that was None is no longer None",
            "原本为 None 的 .grad 不再是 None",
            value=str(kept),
            name=f"None (of {missing})",
        )
        same(grads(mine), grads(theirs), [f"{name} (None: {missing})" for name in NAMES])
        same(norm, right, f"norm (None: {missing})")


def test_no_gradients(candidate, seed):
    """Without any gradient the norm is 0
    没有任何梯度时，范数为 0"""
    candidate.clip_grad(parameters(seed), 1.0)  # what crashes anyway crashes here
    nothing_to_add = (AttributeError, TypeError, ValueError, LookupError, RuntimeError, ArithmeticError)
    for params in (parameters(seed, missing=range(5)), []):
        norm = survives(
            lambda params=params: candidate.clip_grad(params, 1.0),
            (
                *nothing_to_add,
                UnboundLocalError,
            ),  # in as many ways as there are to add up or look for a first one
            "clip_grad crashes if no parameter has a gradient",
            "没有任何参数有梯度时，clip_grad 会崩溃",
        )
        right = type(norm) is torch.Tensor and norm.dtype == torch.float32 and norm.shape == () and norm == 0
        holds(
            right,
            "If no parameter has a gradient, the result must be a 0-d float32 tensor that holds 0",
            "没有任何参数有梯度时，应返回值为 0 的 0 维 float32 张量",
            value=norm if isinstance(norm, torch.Tensor) else repr(norm),
            name=f"norm ({len(params)} params)",
        )


def test_generator(candidate, reference, seed):
    """The parameters may come from a generator
    参数可以由生成器给出"""
    mine, theirs = parameters(seed), parameters(seed)
    norm = candidate.clip_grad((p for p in mine), 1.5)
    right = reference.clip_grad((p for p in theirs), 1.5)
    same(grads(mine), grads(theirs), NAMES)
    same(norm, right, "norm")


def test_single_parameters(candidate, reference, seed):
    """A single parameter of any shape is clipped right
    只有一个参数时，无论什么形状都正确"""
    for shape in SHAPES:
        (p,), (q,) = normal(seed, shape), normal(seed, shape)
        for x in (p, q):
            x.grad = 3 * x.detach() + 2
        norm, right = candidate.clip_grad([p], 0.7), reference.clip_grad([q], 0.7)
        same([p.grad, norm], [q.grad, right], [f"{shape}: .grad", f"{shape}: norm"])


def test_in_place(candidate, reference, seed):
    """Gradients are changed in place: a view of their memory sees it
    梯度原地修改：共享内存的张量也随之改变"""
    mine, theirs = parameters(seed), parameters(seed)
    views = [[p.grad.detach() for p in params] for params in (mine, theirs)]
    candidate.clip_grad(mine, 1.0)
    reference.clip_grad(theirs, 1.0)
    same(views[0], views[1], [f"a view of {name}" for name in NAMES])


def test_parameters_are_kept(candidate, seed):
    """The parameters themselves keep their values and stay leaves
    参数本身的值不变，仍是叶子张量"""
    for max_norm in (1.0, 1e6):
        for context in (torch.enable_grad, torch.no_grad):
            params = parameters(seed)
            with unchanged(**dict(zip(named(params), params, strict=True))), context():
                candidate.clip_grad(params, max_norm)
            leaves = [p.is_leaf and p.requires_grad for p in params]
            holds(
                all(leaves),
                "After clipping a parameter is no longer a leaf that requires a gradient",
                "裁剪之后，参数不再是 requires_grad 的叶子张量",
                value=odd(leaves),
                name="is_leaf",
            )
    not_reseeded(lambda: (candidate.clip_grad(parameters(seed), 1.0), torch.rand(1)))


def test_strides(candidate, reference, seed):
    """Gradients that are not contiguous are clipped, and memory between their entries is left alone
    梯度不是 contiguous 时也正确，元素之间的内存不被改动"""

    def storage(module):
        (flat,) = normal(seed, (60,), grad=False)
        params = normal(seed, (3, 4), (5,), ())
        for p, gradient in zip(
            params, (flat[:24].view(4, 6)[:, ::2].t(), flat[30:55:5], flat[58]), strict=True
        ):
            p.grad = gradient
        norm = module.clip_grad(params, 0.9)
        return [norm, flat]

    same(storage(candidate), storage(reference), ["norm", "memory of the gradients"])


def test_graph(candidate, reference, seed):
    """Autograd records nothing, also where gradients carry a graph
    autograd 没有任何记录，梯度带计算图时也一样"""

    def clipped(module, carry):
        params = normal(seed, *SHAPES)
        for p in params:
            gradient = (3 * p).sin() + 2  # with a graph, as backward(create_graph=True) leaves it
            p.grad = gradient if carry else gradient.detach()
        norm = module.clip_grad(params, 1.0)
        return norm, [p.grad.detach() for p in params]

    for carry in (False, True):
        norm, values = clipped(candidate, carry)
        same(values, clipped(reference, carry)[1], [f"{name} (create_graph={carry})" for name in NAMES])
        holds(
            not norm.requires_grad,
            "The norm that is returned carries a graph: autograd recorded how it was computed",
            "返回的范数带有计算图：autograd 记录了它的计算过程",
            value=str(norm.requires_grad),
            name=f"norm.requires_grad (create_graph={carry})",
        )


def test_grad_mode(candidate, seed):
    """Grad mode is left as it was
    梯度开关保持原样"""
    for mode in (True, False):
        with torch.set_grad_enabled(mode):
            candidate.clip_grad(parameters(seed), 1.0)
            found = torch.is_grad_enabled()
        holds(
            found is mode,
            "clip_grad switches grad mode and does not switch it back",
            "clip_grad 改变了梯度开关，却没有恢复",
            value=str(found),
            name="torch.is_grad_enabled()",
        )


def test_repeated(candidate, reference, seed):
    """Calls are independent: the same parameters again, with new gradients and another threshold
    各次调用互不影响：同样的参数，换上新的梯度和阈值再来"""

    def visit(module):
        params, norms, given = parameters(seed), [], []
        for i, max_norm in enumerate((2.0, 0.5, 50.0, 1.25)):
            for p, gradient in zip(params, normal(seed + i, *SHAPES, grad=False), strict=True):
                p.grad = gradient
            given += grads(params)  # what an earlier call got is not touched again
            norms.append(module.clip_grad(params, max_norm))
        return [snapshot(given), norms]

    names = [f"{name} (call {i + 1})" for i in range(4) for name in NAMES]
    for mine, theirs, name in zip(visit(candidate), visit(reference), (names, "norms"), strict=True):
        same(mine, theirs, name)


def test_float32(candidate, reference, seed):
    """float32 gradients stay float32, and so is the norm
    float32 的梯度保持 float32，范数也是"""
    for max_norm in (1.0, 1e4):
        compare(candidate, reference, seed, 1.0, max_norm, dtype=torch.float32)


def network(seed):
    """A deep net that starts too large: its gradients are huge, and without clipping it ends in NaN."""
    widths = (64, 48, 40, 32, 10)
    layers = [layer for i in range(4) for layer in (nn.Linear(widths[i], widths[i + 1]), nn.LeakyReLU(0.1))]
    net = place(nn.Sequential(*layers[:-1]))
    shapes = [tuple(p.shape) for p in net.parameters()]
    with torch.no_grad():
        for p, drawn in zip(net.parameters(), normal(seed, *shapes), strict=True):
            p.copy_(3 * drawn / p.shape[-1] ** 0.5)
    return net


def train(net, clip, seed, steps):
    images, labels = digits()
    images = images.flatten(1).to(setting.dtype)
    optimizer = torch.optim.SGD(net.parameters(), 0.3)
    (batches,) = integers(seed, len(images), (steps, 50))
    losses = []
    for step, batch in enumerate(batches):
        loss = F.cross_entropy(net(images[batch]), labels[batch])
        optimizer.zero_grad()
        loss.backward()
        clip(net.parameters(), 2.0 * (1 - step / steps))
        optimizer.step()
        losses.append(loss.item())
    with torch.no_grad():
        return losses, (net(images).argmax(-1) == labels).double().mean().item()


@pytest.mark.training
def test_training_follows(candidate, reference, seed):
    """A network with huge gradients trains as it does with the reference
    梯度巨大的网络，训练的 loss 曲线与参考实现一致"""
    net = network(seed)
    twin = adopt(network(seed + 1), net)
    follows(train(net, candidate.clip_grad, seed, 15)[0], train(twin, reference.clip_grad, seed, 15)[0])


@pytest.mark.training
def test_training_reaches(candidate, seed):
    """Clipped, it learns handwritten digits: accuracy ≥ 0.85
    裁剪之后，它能学会认手写数字：准确率 ≥ 0.85"""
    losses, accuracy = train(network(seed), candidate.clip_grad, seed, 200)
    reaches(accuracy, 0.85, "accuracy", losses=losses)
