"""Grades katas/layernorm.py."""

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

GRADIENTS = ["∂L/∂x", "∂L/∂weight", "∂L/∂bias"]


def adopted(layer, source):
    """`layer` with the state of `source`, ready for gradients."""
    adopt(layer, source)
    for learned in (layer.weight, layer.bias):
        if not learned.requires_grad:
            learned.requires_grad_()  # a buffer: test_fresh_layer says so, once
    return layer


def twins(candidate, reference, seed, shape, eps=1e-5):
    """The attempt's layer and the reference's, with the same γ and β, drawn far from ones and zeros.

    eps is always passed: only test_default_eps asks what it is without.
    """
    theirs = place(reference.LayerNorm(shape, eps=eps))
    weight, bias = normal(seed + 100, theirs.weight.shape, theirs.bias.shape, grad=False)
    theirs.load_state_dict({"weight": weight, "bias": bias})
    return adopted(place(candidate.LayerNorm(shape, eps=eps)), theirs), theirs


def tokens(seed, shape=(4, 3, 7), scale=1.0):
    """Every token has a mean and a spread of its own."""
    noise, shift, stretch = normal(seed, shape, (*shape[:-1], 1), (*shape[:-1], 1), grad=False)
    return (scale * (noise * stretch.exp() + 2 * shift)).requires_grad_()


def grads(layer, x):
    return gradients(layer(x), [x, layer.weight, layer.bias])


def test_output(candidate, reference, seed):
    """The output for (batch, tokens, features) is right
    输入形状为 (batch, token, 特征) 时，输出正确"""
    mine, theirs = twins(candidate, reference, seed, 7)
    same(mine(tokens(seed)), theirs(tokens(seed)))


def test_fresh_layer(candidate, reference, seed):
    """A new layer starts with weight = 1 and bias = 0, and both are parameters
    新建的层 weight 全 1、bias 全 0，且都是参数"""
    mine, theirs = candidate.LayerNorm(7), reference.LayerNorm(7)
    initial = {name: value.clone() for name, value in mine.state_dict().items()}
    adopt(mine, theirs)  # says which name or shape is not the contract's
    same(initial, dict(theirs.state_dict()), "state_dict")
    trained = sorted(name for name, value in mine.named_parameters() if value.requires_grad)
    holds(
        trained == ["bias", "weight"],
        "The trainable parameters of the layer must be weight and bias: an optimizer sees nothing else.",
        "这一层的可训练参数应当是 weight 和 bias：优化器只看得到参数。",
        value=", ".join(trained),
        name="parameters",
    )
    x = tokens(seed)
    same(place(candidate.LayerNorm(7, eps=1e-5))(x), place(reference.LayerNorm(7, eps=1e-5))(x))


def test_gradients(candidate, reference, seed):
    """Gradients of x, weight and bias are right
    x、weight、bias 的梯度正确"""
    mine, theirs = twins(candidate, reference, seed, 7)
    same(grads(mine, tokens(seed)), grads(theirs, tokens(seed)), GRADIENTS)


def test_any_leading_dims(candidate, reference, seed):
    """Any number of leading dimensions works, none too; so does a batch of one
    前面有任意多维都可以，没有也行；batch 为 1 也行"""
    mine, theirs = twins(candidate, reference, seed, 7)
    for shape in ((5, 7), (7,), (2, 5, 3, 7), (2, 1, 4, 3, 7), (1, 3, 7), (4, 1, 7), (1, 7)):
        same(mine(tokens(seed, shape)), theirs(tokens(seed, shape)), f"output (x.shape = {shape})")
        same(grads(mine, tokens(seed, shape)), grads(theirs, tokens(seed, shape)), GRADIENTS)


def test_tuple_shape(candidate, reference, seed):
    """A tuple normalises over its dimensions together
    传 tuple 时，在这几维上一起归一化"""
    mine, theirs = twins(candidate, reference, seed, (3, 7))
    for shape in ((4, 2, 3, 7), (3, 7)):
        same(mine(tokens(seed, shape)), theirs(tokens(seed, shape)), f"output (x.shape = {shape})")
        same(grads(mine, tokens(seed, shape)), grads(theirs, tokens(seed, shape)), GRADIENTS)
    for normalized_shape, shape in (((5,), (2, 3, 5)), ((2, 3, 5), (4, 2, 3, 5))):
        mine, theirs = twins(candidate, reference, seed, normalized_shape)
        same(
            mine(tokens(seed, shape)),
            theirs(tokens(seed, shape)),
            f"output (normalized_shape = {normalized_shape})",
        )


def test_eps(candidate, reference, seed):
    """eps is the one that was passed, large or tiny, and it stands under the square root
    eps 用的是传入的值，无论大小，并且在根号内"""

    def small_and_large(module):
        return place(module.LayerNorm(7, 0.004)), place(module.LayerNorm(normalized_shape=(3, 7), eps=0.3))

    # Both exist before either is used: they must not share what is theirs alone.
    layers = zip(small_and_large(candidate), small_and_large(reference), (0.004, 0.3), strict=True)
    for mine, theirs, eps in layers:
        adopted(mine, theirs)
        same(mine(tokens(seed, scale=0.3)), theirs(tokens(seed, scale=0.3)), f"output (eps = {eps:g})")
        same(grads(mine, tokens(seed, scale=0.3)), grads(theirs, tokens(seed, scale=0.3)), GRADIENTS)

    for eps in (1e-5, 1e-6, 1e-12, 2.5):  # beside variances of the same size
        mine, theirs = twins(candidate, reference, seed, 7, eps=eps)
        x, same_x = tokens(seed, scale=eps**0.5), tokens(seed, scale=eps**0.5)
        same(mine(x), theirs(same_x), f"output (eps = {eps:g})")
        same(grads(mine, x), grads(theirs, same_x), GRADIENTS)


def test_default_eps(candidate, reference, seed):
    """Without eps, tokens of tiny variance show that it is 1e-5
    不传 eps 时默认 1e-5：方差极小的 token 看得出来"""
    mine, theirs = place(candidate.LayerNorm(7)), place(reference.LayerNorm(7))
    output, right = mine(tokens(seed, scale=1e-3)), theirs(tokens(seed, scale=1e-3))
    # Not judged as values: every other default is the same mistake.
    tolerance = (1e-8, 1e-9) if setting.dtype == torch.float64 else (1e-4, 1e-5)
    holds(
        difference(output, right, "output", tolerance) is None,
        "Without eps, tokens of tiny variance are normalised as if the default were not 1e-5.",
        "不传 eps 时，方差极小的 token 归一化的结果不对：默认值应为 1e-5。",
    )


def test_constant_tokens(candidate, reference, seed):
    """A token whose features are all equal gives the bias and finite gradients
    特征全相等的 token 输出 bias，梯度有限"""

    def constant(width):
        levels = torch.tensor([[0.0, 0.5, -3.0], [2.5, 8.0, -0.125]], dtype=setting.dtype)
        return levels.to(setting.device)[..., None].repeat(1, 1, width).requires_grad_()

    for width in (7, 1):
        mine, theirs = twins(candidate, reference, seed, width)
        same(mine(constant(width)), theirs(constant(width)), f"output (D = {width})")
        same(grads(mine, constant(width)), grads(theirs, constant(width)), GRADIENTS)


def test_wide_range(candidate, reference, seed):
    """Large features are normalised like small ones
    特征值很大时归一化同样正确"""
    mine, theirs = twins(candidate, reference, seed, 7)
    same(mine(tokens(seed, scale=1e4)), theirs(tokens(seed, scale=1e4)))


def test_large_mean(candidate, reference, seed):
    """In float32 a mean 10⁴ times the spread does no harm
    float32 下均值是标准差的 10⁴ 倍也不影响结果"""
    # Small integers around 2¹³, in eights: two-pass statistics are exact in any order of summation, and
    # E[x²] − E[x]² is 0 in any order (x² is rounded to multiples of 2¹⁴), so the mistake always looks alike.
    offsets = torch.tensor([-1.0, -1.0, 0.0, 0.0, 1.0, 1.0, 1.0, 1.0], device=setting.device)
    (ranks,) = normal(seed, (3, 5, 8), grad=False)
    x, same_x = (8192 + offsets[ranks.argsort(-1)] for _ in range(2))
    mine, theirs = (
        m.LayerNorm(8, eps=1e-5).to(setting.device, torch.float32) for m in (candidate, reference)
    )
    # Loose for running updates (Welford), which round a mean near 8192 a few times: right to 0.001.
    same(mine(x), theirs(same_x), tolerance=(0.0, 0.1))


def test_float32(candidate, reference, seed):
    """A float32 layer gives float32 outputs and gradients
    float32 的层，输出和梯度都是 float32"""
    mine, theirs = (layer.float() for layer in twins(candidate, reference, seed, 7))
    x, same_x = (normal(seed, (4, 3, 7), dtype=torch.float32)[0] for _ in range(2))
    # Values are judged in float64; here right styles differ by up to 10⁻⁶.
    same(mine(x), theirs(same_x), tolerance=(1e-3, 1e-4))
    same(grads(mine, x), grads(theirs, same_x), GRADIENTS, tolerance=(1e-3, 1e-4))


def test_train_and_eval(candidate, reference, seed):
    """Train and eval mode give the same, whatever the layer saw before
    train 和 eval 模式结果相同，与之前见过什么无关"""
    mine, theirs = twins(candidate, reference, seed, 7)
    for layer in (mine, theirs):
        for step in range(3):
            layer.train()(tokens(seed + 1 + step, scale=3.0))
    same(mine.eval()(tokens(seed)), theirs.eval()(tokens(seed)), "output (eval)")
    same(grads(mine, tokens(seed)), grads(theirs, tokens(seed)), GRADIENTS)
    same(mine.train()(tokens(seed)), theirs.train()(tokens(seed)), "output (train)")


def test_many_calls(candidate, reference, seed):
    """A call neither depends on earlier calls nor changes their outputs; x may need no gradient
    每次调用都不依赖之前的调用，也不改动之前的输出；x 不需要梯度时也正确"""
    mine, theirs = twins(candidate, reference, seed, 7)
    batches, same_batches = ([tokens(seed + i).detach() for i in range(3)] for _ in range(2))
    for name, recording in (("no_grad", False), ("grad", True)):
        with torch.set_grad_enabled(recording):
            # Judged after the last call.
            outputs, right = [mine(x) for x in batches], [theirs(x) for x in same_batches]
        same(outputs, right, f"outputs ({name})")
    same(
        gradients(outputs, [mine.weight, mine.bias]),
        gradients(right, [theirs.weight, theirs.bias]),
        ["∂L/∂weight", "∂L/∂bias"],
    )


def test_noncontiguous(candidate, reference, seed):
    """Transposed, strided and expanded inputs work
    输入是转置、带步长的切片或 expand 的结果时也正确"""
    mine, theirs = twins(candidate, reference, seed, 7)
    cases = (
        ("x.mT", (4, 7, 5), lambda x: x.mT),
        ("x[:, ::2, ::2]", (4, 5, 14), lambda x: x[:, ::2, ::2]),
        ("x.expand", (4, 1, 7), lambda x: x.expand(4, 3, 7)),
    )
    for name, shape, view in cases:
        x, same_x = tokens(seed, shape), tokens(seed, shape)
        output, right = mine(view(x)), theirs(view(same_x))
        same(output, right, f"output ({name})")
        same(gradients(output, [x]), gradients(right, [same_x]), ["∂L/∂x"])


def test_side_effects(candidate, seed):
    """The input and the parameters are left alone, also by later calls; nothing is reseeded
    输入和参数保持不变，之后的调用也不会改动它们；不重新设种子"""
    layer = place(candidate.LayerNorm(7))
    x = tokens(seed).detach()
    with unchanged(x=x, **dict(layer.named_parameters())):
        layer(x)
        layer(tokens(seed + 1)).sum().backward()
        layer.eval()(tokens(seed + 2, (2, 7)))
    not_reseeded(lambda: candidate.LayerNorm(7)(torch.rand(2, 7)))


def photos(seed):
    """The digits, each photographed with a contrast and a brightness of its own, and their labels."""
    images, labels = digits()
    contrast, brightness = normal(seed, (len(images), 1, 1), (len(images), 1, 1), grad=False)
    return (2 * contrast).exp() * (images + 3 * brightness), labels


def network(module):
    """Two layers to be graded, the first over whole images."""
    image_norm, hidden_norm = module.LayerNorm((8, 8), eps=1e-5), module.LayerNorm(32, eps=1e-5)
    hidden = nn.Sequential(image_norm, nn.Flatten(), nn.Linear(64, 32), nn.ReLU(), hidden_norm)
    return place(nn.Sequential(hidden, nn.Linear(32, 10)))


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
    """Digits in photos of any contrast and brightness are learned: accuracy ≥ 0.85
    照片的对比度、亮度各不相同，也能学会认其中的手写数字：准确率 ≥ 0.85"""
    images, labels = photos(seed)
    net = network(candidate)
    losses = train(net, images, labels, seed, steps=100)
    with torch.no_grad():
        accuracy = (net(images).argmax(-1) == labels).double().mean().item()
    # Without normalisation it stays near 0.1, with RMSNorm near 0.5.
    reaches(accuracy, 0.85, "accuracy", losses=losses)
