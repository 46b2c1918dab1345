"""Grades katas/rmsnorm.py."""

from functools import partial

import pytest
import torch
from torch import nn

from dlkata.suite import (
    adopt,
    difference,
    digits,
    follows,
    gradients,
    holds,
    integers,
    normal,
    not_reseeded,
    place,
    reaches,
    same,
    setting,
    unchanged,
)

GRADIENTS = ["∂L/∂x", "∂L/∂weight"]
# Looser than float32's rounding, which test_float64 judges by itself: passing through float32, as famous
# models do, is one mistake, and would otherwise look different in each style.
close = partial(same, tolerance=(1e-4, 1e-5))


def adopted(layer, source):
    """`layer` with the state of `source`, ready for gradients."""
    adopt(layer, source)
    if not layer.weight.requires_grad:
        layer.weight.requires_grad_()  # a buffer: test_fresh_layer says so, once
    return layer


def twins(candidate, reference, seed, dim=7, eps=0.01):
    """The attempt's layer and the reference's, with the same γ, drawn far from ones.

    eps is always passed, and large enough to show: only test_default_eps asks what it is without.
    """
    theirs = place(reference.RMSNorm(dim, eps=eps))
    (weight,) = normal(seed + 100, (dim,), grad=False)
    theirs.load_state_dict({"weight": weight})
    return adopted(place(candidate.RMSNorm(dim, eps=eps)), theirs), theirs


def tokens(seed, shape=(4, 3, 7), scale=1.0):
    """Every token has a mean and a spread of its own."""
    noise, shift, stretch = normal(seed, shape, (*shape[:-1], 1), (*shape[:-1], 1), grad=False)
    return (scale * (noise * stretch.exp() + shift)).requires_grad_()


def grads(layer, x):
    return gradients(layer(x), [x, layer.weight])


def test_output(candidate, reference, seed):
    """The output for (batch, tokens, features) is right
    输入形状为 (batch, token, 特征) 时，输出正确"""
    mine, theirs = twins(candidate, reference, seed)
    close(mine(tokens(seed)), theirs(tokens(seed)))


def test_fresh_layer(candidate, reference, seed):
    """A new layer starts with weight = 1, which is its only parameter
    新建的层 weight 全 1，并且是唯一的参数"""
    mine, theirs = candidate.RMSNorm(7), reference.RMSNorm(7)
    initial = {name: value.clone() for name, value in mine.state_dict().items()}
    adopt(mine, theirs)  # says which name or shape is not the contract's
    same(initial, dict(theirs.state_dict()), "state_dict")
    trained = sorted(name for name, value in mine.named_parameters() if value.requires_grad)
    holds(
        trained == ["weight"],
        "The trainable parameters of the layer must be weight alone: an optimizer sees nothing else.",
        "这一层的可训练参数应当只有 weight：优化器只看得到参数。",
        value=", ".join(trained),
        name="parameters",
    )
    x = tokens(seed)
    close(place(candidate.RMSNorm(7, eps=1e-5))(x), place(reference.RMSNorm(7, eps=1e-5))(x))


def test_gradients(candidate, reference, seed):
    """Gradients of x and weight are right
    x 和 weight 的梯度正确"""
    mine, theirs = twins(candidate, reference, seed)
    close(grads(mine, tokens(seed)), grads(theirs, tokens(seed)), GRADIENTS)


def test_any_leading_dims(candidate, reference, seed):
    """Any number of leading dimensions works, none too; so does a batch of one, and D = 1
    前面有任意多维都可以，没有也行；batch 为 1、D 为 1 也行"""
    mine, theirs = twins(candidate, reference, seed)
    for shape in ((5, 7), (7,), (2, 5, 3, 7), (2, 1, 4, 3, 7), (1, 3, 7), (4, 1, 7), (1, 7), (7, 7)):
        close(mine(tokens(seed, shape)), theirs(tokens(seed, shape)), f"output (x.shape = {shape})")
        close(grads(mine, tokens(seed, shape)), grads(theirs, tokens(seed, shape)), GRADIENTS)
    mine, theirs = twins(candidate, reference, seed, dim=1)
    close(mine(tokens(seed, (4, 3, 1))), theirs(tokens(seed, (4, 3, 1))), "output (D = 1)")


def test_eps(candidate, reference, seed):
    """eps is the one that was passed, and it stands under the square root
    eps 用的是传入的值，并且在根号内"""

    def small_and_large(module):
        return place(module.RMSNorm(7, 0.004)), place(module.RMSNorm(dim=7, eps=0.3))

    # Both exist before either is used: they must not share what is theirs alone.
    layers = zip(small_and_large(candidate), small_and_large(reference), (0.004, 0.3), strict=True)
    for mine, theirs, eps in layers:
        adopted(mine, theirs)
        close(mine(tokens(seed, scale=0.3)), theirs(tokens(seed, scale=0.3)), f"output (eps = {eps:g})")
        close(grads(mine, tokens(seed, scale=0.3)), grads(theirs, tokens(seed, scale=0.3)), GRADIENTS)


def test_tiny_tokens(candidate, reference, seed):
    """Beside mean squares of its own size eps counts for what it is, large or tiny
    均方值与 eps 相当时，eps 无论大小都起应有的作用"""
    for eps in (1e-5, 1e-6, 1e-12, 2.5):
        mine, theirs = twins(candidate, reference, seed, eps=eps)
        x, same_x = tokens(seed), tokens(seed)
        output, right = mine(0.5 * x * eps**0.5), theirs(0.5 * same_x * eps**0.5)
        close(output, right, f"output (eps = {eps:g})")
        close(gradients(output, [x, mine.weight]), gradients(right, [same_x, theirs.weight]), GRADIENTS)


def test_default_eps(candidate, reference, seed):
    """Without eps, tokens of tiny features show that it is 1e-6
    不传 eps 时默认 1e-6：特征极小的 token 看得出来"""
    mine, theirs = place(candidate.RMSNorm(7)), place(reference.RMSNorm(7))
    output, right = mine(tokens(seed, scale=1e-3)), theirs(tokens(seed, scale=1e-3))
    # Not judged as values: every other default is the same mistake.
    tolerance = (1e-8, 1e-9) if setting.dtype == torch.float64 else (1e-4, 1e-5)
    holds(
        difference(output, right, "output", tolerance) is None,
        "Without eps, tokens of tiny features are normalised as if the default were not 1e-6.",
        "不传 eps 时，特征极小的 token 归一化的结果不对：默认值应为 1e-6。",
    )


def test_zero_tokens(candidate, reference, seed):
    """A token of zeros gives zeros and finite gradients; one without spread keeps its sign
    全零的 token 输出全零、梯度有限；特征全相等的 token 保留符号"""

    def constant():
        levels = torch.tensor([[0.0, 0.5, -3.0], [2.5, 0.0, -0.125]], dtype=setting.dtype)
        return levels.to(setting.device)[..., None].repeat(1, 1, 7).requires_grad_()

    mine, theirs = twins(candidate, reference, seed)
    close(mine(constant()), theirs(constant()))
    close(grads(mine, constant()), grads(theirs, constant()), GRADIENTS)


def test_wide_range(candidate, reference, seed):
    """Large features are normalised like small ones
    特征值很大时归一化同样正确"""
    mine, theirs = twins(candidate, reference, seed)
    close(mine(tokens(seed, scale=1e4)), theirs(tokens(seed, scale=1e4)))


def test_float64(candidate, reference, seed):
    """float64 is computed in float64: all its digits are right
    float64 全程用 float64 计算：每一位都正确"""
    tolerance = (1e-8, 1e-9) if setting.dtype == torch.float64 else (1e-4, 1e-5)
    for eps, scale in ((0.3, 1.0), (1e-7, 3e-4)):
        mine, theirs = twins(candidate, reference, seed, eps=eps)
        x, same_x = tokens(seed), tokens(seed)
        output, right = mine(x * scale), theirs(same_x * scale)
        found = [output, *gradients(output, [x, mine.weight])]
        wanted = [right, *gradients(right, [same_x, theirs.weight])]
        for name, one, other in zip(["output", *GRADIENTS], found, wanted, strict=True):
            # Not judged as values: rounding looks different in each style.
            holds(
                difference(one, other, name, tolerance) is None,
                f"{name} has lost digits: float64 must stay float64 all the way.",
                f"{name} 丢了精度：float64 必须全程用 float64 计算。",
                name=name,
            )


def test_float32(candidate, reference, seed):
    """A float32 layer gives float32 outputs and gradients
    float32 的层，输出和梯度都是 float32"""
    mine, theirs = (layer.float() for layer in twins(candidate, reference, seed))
    x, same_x = (tokens(seed).detach().float().requires_grad_() for _ in range(2))
    # Values are judged in float64; here right styles differ by up to 10⁻⁶.
    same(mine(x), theirs(same_x), tolerance=(1e-3, 1e-4))
    same(grads(mine, x), grads(theirs, same_x), GRADIENTS, tolerance=(1e-3, 1e-4))


def half(layers, dtype):
    return [layer.to(dtype) for layer in layers]


def test_half_precision(candidate, reference, seed):
    """float16 and bfloat16 stay what they are, in outputs and gradients
    float16 和 bfloat16 的输入，输出和梯度保持同一 dtype"""
    for dtype in (torch.float16, torch.bfloat16):
        mine, theirs = half(twins(candidate, reference, seed), dtype)
        x, same_x = (tokens(seed).detach().to(dtype).requires_grad_() for _ in range(2))
        same(mine(x), theirs(same_x), f"output ({dtype})", tolerance=(3e-2, 1e-2))
        same(grads(mine, x), grads(theirs, same_x), GRADIENTS, tolerance=(5e-2, 5e-2))


def test_half_precision_rounding(candidate, seed):
    """With γ = 1, half precision costs no more than the last rounding
    γ = 1 时，半精度只有最后一次舍入的误差"""
    for dtype in (torch.float16, torch.bfloat16):
        x = tokens(seed, (60, 7)).detach().to(dtype)
        wide = x.to("cpu", torch.float64)
        right = wide / (wide.square().mean(-1, keepdim=True) + 0.01).sqrt()
        found = candidate.RMSNorm(7, eps=0.01).to(setting.device, dtype)(x).detach()
        off = ((found.to("cpu", torch.float64) - right) / right).abs().max()
        # One rounding is at most half of the dtype's eps.
        holds(
            off <= 0.55 * torch.finfo(dtype).eps,
            f"In {dtype} rounding errors have piled up: the rms and the quotient must be computed in float32.",
            f"{dtype} 下舍入误差累积了：rms 和商要用 float32 计算。",
            name=str(dtype),
        )


def test_half_precision_overflow(candidate, reference, seed):
    """In float16, features whose squares overflow are normalised like others
    float16 下，平方会溢出的特征也能正确归一化"""
    mine, theirs = half(twins(candidate, reference, seed), torch.float16)
    # Up to 60,000: the token of zeros beside it tells an overflow from its cure by a large ε.
    sizes = torch.tensor([[[6e4], [3e3], [0.0]]], dtype=setting.dtype, device=setting.device)
    levels = torch.linspace(-1, 1, 7, dtype=setting.dtype, device=setting.device)
    x, same_x = ((sizes * levels).half() for _ in range(2))
    same(mine(x), theirs(same_x), tolerance=(1e-2, 1e-3))
    x, same_x = (tokens(seed, scale=1e3).detach().half().clamp(-2e4, 2e4).requires_grad_() for _ in range(2))
    same(grads(mine, x), grads(theirs, same_x), GRADIENTS, tolerance=(5e-2, 5e-2))


def test_half_precision_underflow(candidate, reference, seed):
    """In float16, features whose squares vanish are normalised like others
    float16 下，平方会下溢的特征也能正确归一化"""
    mine, theirs = half(twins(candidate, reference, seed, eps=1e-12), torch.float16)
    levels = torch.linspace(0.7, 1.4, 7, dtype=setting.dtype, device=setting.device)
    x, same_x = ((1e-4 * levels * torch.ones_like(levels)[:3, None]).half() for _ in range(2))
    same(mine(x), theirs(same_x), tolerance=(1e-2, 1e-3))


def test_train_and_eval(candidate, reference, seed):
    """Train and eval mode give the same, whatever the layer saw before
    train 和 eval 模式结果相同，与之前见过什么无关"""
    mine, theirs = twins(candidate, reference, seed)
    for layer in (mine, theirs):
        for step in range(3):
            layer.train()(tokens(seed + 1 + step, scale=3.0))
    close(mine.eval()(tokens(seed)), theirs.eval()(tokens(seed)), "output (eval)")
    close(grads(mine, tokens(seed)), grads(theirs, tokens(seed)), GRADIENTS)
    close(mine.train()(tokens(seed)), theirs.train()(tokens(seed)), "output (train)")


def test_many_calls(candidate, reference, seed):
    """A call neither depends on earlier calls nor changes their outputs; x may need no gradient
    每次调用都不依赖之前的调用，也不改动之前的输出；x 不需要梯度时也正确"""
    mine, theirs = twins(candidate, reference, seed)
    batches, same_batches = ([tokens(seed + i).detach() for i in range(3)] for _ in range(2))
    for name, recording in (("no_grad", False), ("grad", True)):
        with torch.set_grad_enabled(recording):
            # Judged after the last call.
            outputs, right = [mine(x) for x in batches], [theirs(x) for x in same_batches]
        close(outputs, right, f"outputs ({name})")
    close(gradients(outputs, [mine.weight]), gradients(right, [theirs.weight]), ["∂L/∂weight"])


def test_layers_share_nothing(candidate, reference, seed):
    """What one layer learns is not seen by another
    一层学到的东西，不影响另一层"""

    def idle(module):
        busy, before = (module.RMSNorm(7).to(setting.device) for _ in range(2))
        with torch.no_grad():
            busy(tokens(seed).detach().float())
            for value in busy.parameters():
                value += 1
        return [dict(layer.state_dict()) for layer in (before, module.RMSNorm(7).to(setting.device))]

    same(idle(candidate), idle(reference), "state_dict")


def test_noncontiguous(candidate, reference, seed):
    """Transposed, strided and expanded inputs work
    输入是转置、带步长的切片或 expand 的结果时也正确"""
    mine, theirs = twins(candidate, reference, seed)
    cases = (
        ("x.mT", (4, 7, 5), lambda x: x.mT),
        ("x[:, ::2, ::2]", (4, 5, 14), lambda x: x[:, ::2, ::2]),
        ("x.expand", (4, 1, 7), lambda x: x.expand(4, 3, 7)),
        ("x[..., :1].expand", (4, 3, 1), lambda x: x.expand(4, 3, 7)),
    )
    for name, shape, view in cases:
        x, same_x = tokens(seed, shape), tokens(seed, shape)
        output, right = mine(view(x)), theirs(view(same_x))
        close(output, right, f"output ({name})")
        close(gradients(output, [x]), gradients(right, [same_x]), ["∂L/∂x"])


def test_side_effects(candidate, seed):
    """The input and the weight are left alone, also by later calls; nothing is reseeded
    输入和 weight 保持不变，之后的调用也不会改动它们；不重新设种子"""
    layer = place(candidate.RMSNorm(7))
    x = tokens(seed).detach()
    with unchanged(x=x, **dict(layer.named_parameters())):
        layer(x)
        layer(tokens(seed + 1)).sum().backward()
        layer.eval()(tokens(seed + 2, (2, 7)))
    not_reseeded(lambda: candidate.RMSNorm(7)(torch.rand(2, 7)))


def photos(seed):
    """The digits around their mean, each photographed in a light of its own, and their labels."""
    images, labels = digits()
    (brightness,) = normal(seed, (len(images), 1), grad=False)
    return (6 * brightness).exp() * (images - images.mean()).flatten(1), labels


def network(module):
    """Two layers to be graded."""
    norms = module.RMSNorm(64, eps=1e-5), module.RMSNorm(32, eps=1e-5)
    return place(nn.Sequential(norms[0], nn.Linear(64, 32), nn.Tanh(), norms[1], nn.Linear(32, 10)))


def train(net, images, labels, seed, steps):
    optimizer = torch.optim.SGD(net.parameters(), 0.3)
    (batches,) = integers(seed, len(images), (steps, 50))
    losses = []
    for batch in batches:
        loss = nn.functional.cross_entropy(net(images[batch]), labels[batch])
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
        losses.append(loss.item())
    return losses


@pytest.mark.training
def test_training_follows(candidate, reference, seed):
    """A small network trains as it does with the reference
    用它训练小网络，loss 曲线与参考实现一致"""
    theirs = network(reference)
    mine = adopt(network(candidate), theirs)
    follows(*(train(net, *photos(seed), seed, steps=15) for net in (mine, theirs)))


@pytest.mark.training
def test_training_reaches(candidate, seed):
    """Digits in photos of any brightness are learned: accuracy ≥ 0.8
    照片的亮度各不相同，也能学会认其中的手写数字：准确率 ≥ 0.8"""
    images, labels = photos(seed)
    net = network(candidate)
    losses = train(net, images, labels, seed, steps=100)
    with torch.no_grad():
        accuracy = (net(images).argmax(-1) == labels).double().mean().item()
    # Without normalisation it stays below 0.7.
    reaches(accuracy, 0.8, "accuracy", losses=losses)
