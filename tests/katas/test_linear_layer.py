"""Grades katas/linear_layer.py."""

import math

import pytest
import torch
from torch import nn

from dlkata.suite import (
    adopt,
    calls_apart,
    digits,
    draw,
    follows,
    gradients,
    holds,
    independent,
    integers,
    normal,
    not_reseeded,
    place,
    reaches,
    same,
    spread,
    unchanged,
)


def twins(candidate, reference, sizes, **settings):
    """The attempt's layer and the reference's, with the same weights."""
    theirs = place(reference.Linear(*sizes, **settings))
    mine = adopt(place(candidate.Linear(*sizes, **settings)), theirs)
    for learned in mine.state_dict(keep_vars=True).values():
        learned.requires_grad_()  # a buffer, say: test_parameters says so, once
    return mine, theirs


def learned(layer):
    return [
        layer.state_dict(keep_vars=True)[name] for name in ("weight", "bias") if name in layer.state_dict()
    ]


def compare(mine, theirs, draw, name="output"):
    """Outputs, and the gradients of x and of the parameters."""
    x, same_x = draw(), draw()
    output, right = mine(x), theirs(same_x)
    same(output, right, name)
    same(
        gradients(output, [x, *learned(mine)]),
        gradients(right, [same_x, *learned(theirs)]),
        ["∂L/∂x", "∂L/∂weight", "∂L/∂bias"][: 1 + len(learned(theirs))],
    )


def test_output(candidate, reference, seed):
    """The output for (batch, features) is right
    输入形状为 (batch, 特征) 时，输出正确"""
    mine, theirs = twins(candidate, reference, (7, 5))
    same(mine(*normal(seed, (4, 7))), theirs(*normal(seed, (4, 7))))


def test_gradients(candidate, reference, seed):
    """Gradients of x, weight and bias are right
    x、weight、bias 的梯度正确"""
    compare(*twins(candidate, reference, (7, 5)), lambda: normal(seed, (4, 7))[0])


def test_parameters(candidate, reference, seed):
    """weight and bias are float32 parameters that can be trained
    weight 和 bias 都是可训练的 float32 参数"""
    mine = adopt(candidate.Linear(7, 5), reference.Linear(7, 5))
    trained = sorted(
        f"{name}: {str(value.dtype).removeprefix('torch.')}"
        for name, value in mine.named_parameters()
        if value.requires_grad
    )
    holds(
        trained == ["bias: float32", "weight: float32"],
        "The trainable parameters of a new layer must be weight and bias, in float32: an optimizer sees nothing else",
        "新建层的可训练参数应当是 float32 的 weight 和 bias：优化器只看得到参数",
        value=", ".join(trained),
        name="parameters",
    )


def test_no_bias(candidate, reference, seed):
    """With bias=False there is no bias, neither in state_dict() nor in the output
    bias=False 时没有 bias：state_dict() 里没有，输出里也不加"""
    mine, theirs = twins(candidate, reference, (7, 5), bias=False)
    compare(mine, theirs, lambda: normal(seed, (4, 7))[0])
    with_bias, right = twins(candidate, reference, (7, 5), bias=True)
    compare(with_bias, right, lambda: normal(seed, (4, 7))[0])


def test_any_leading_dims(candidate, reference, seed):
    """Any number of leading dimensions works, none too
    前面有任意多维都可以，没有也行"""
    mine, theirs = twins(candidate, reference, (7, 5))
    for shape in ((2, 3, 7), (7,), (1, 7), (2, 4, 3, 6, 7), (1, 3, 7), (3, 1, 7), (2, 1, 1, 7)):
        compare(mine, theirs, lambda shape=shape: normal(seed, shape)[0], f"output (x.shape = {shape})")


def test_sizes(candidate, reference, seed):
    """Layers that widen or narrow work, and so do sizes of 1
    放大、缩小维度的层都正确，尺寸为 1 时也一样"""
    for sizes in ((3, 8), (8, 3), (6, 1), (1, 6), (1, 1), (4, 4)):
        mine, theirs = twins(candidate, reference, sizes)
        compare(mine, theirs, lambda sizes=sizes: normal(seed, (5, sizes[0]))[0], f"output (sizes = {sizes})")
    mine, theirs = twins(candidate, reference, (6, 1), bias=False)
    compare(mine, theirs, lambda: normal(seed, (5, 6))[0])


def test_noncontiguous(candidate, reference, seed):
    """Transposed, strided and expanded inputs work
    输入是转置、带步长的切片或 expand 的结果时也正确"""
    mine, theirs = twins(candidate, reference, (7, 5))
    cases = (
        ("x.mT", (4, 7, 3), lambda x: x.mT),
        ("x[::2, 1:, ::2]", (3, 4, 14), lambda x: x[::2, 1:, ::2]),
        ("x.expand", (4, 1, 7), lambda x: x.expand(4, 3, 7)),
    )
    for name, shape, view in cases:
        (x,), (same_x,) = normal(seed, shape), normal(seed, shape)
        output, right = mine(view(x)), theirs(view(same_x))
        same(output, right, f"output ({name})")
        same(
            gradients(output, [x, *learned(mine)]),
            gradients(right, [same_x, *learned(theirs)]),
            ["∂L/∂x", "∂L/∂weight", "∂L/∂bias"],
        )


def test_present_values(candidate, reference, seed):
    """The output follows parameters that are loaded or updated between calls, in eval mode too
    两次调用之间加载或更新过参数，输出随之变化，eval 模式下也一样"""
    for mode in (True, False):
        mine, theirs = (layer.train(mode) for layer in twins(candidate, reference, (7, 5)))
        for call in range(3):
            name = f"output ({'train' if mode else 'eval'}, call {call + 1})"
            same(mine(*normal(seed, (4, 7))), theirs(*normal(seed, (4, 7))), name)
            shapes = normal(seed + 1 + call, (5, 7), (5,), grad=False)
            for layer in (mine, theirs):
                if call == 0:
                    layer.load_state_dict(dict(zip(("weight", "bias"), shapes, strict=True)))
                else:
                    with torch.no_grad():
                        for value, change in zip(learned(layer), shapes, strict=True):
                            value.add_(change)


def test_many_calls(candidate, reference, seed):
    """Layers and calls share nothing; later calls leave earlier outputs alone
    层与层、调用与调用之间互不影响，之后的调用不改动之前的输出"""
    pairs = [twins(candidate, reference, (7, 5)) for _ in range(2)]
    for name, training, recording in (("eval", False, False), ("no_grad", True, False), ("grad", True, True)):
        with torch.set_grad_enabled(recording):
            outputs = [mine.train(training)(*normal(seed + i, (4, 7))) for i in range(3) for mine, _ in pairs]
            right = [theirs(*normal(seed + i, (4, 7))) for i in range(3) for _, theirs in pairs]
        same(outputs, right, f"outputs ({name})")
    same(
        gradients(outputs, [value for mine, _ in pairs for value in learned(mine)]),
        gradients(right, [value for _, theirs in pairs for value in learned(theirs)]),
        ["∂L/∂weight", "∂L/∂bias"] * 2,
    )
    calls_apart(lambda: draw(place(candidate.Linear(7, 5))), lambda i: normal(seed + i, (4, 7))[0])


def test_eval(candidate, reference, seed):
    """Eval mode gives the same as train mode, gradients included
    eval 模式与 train 模式结果相同，梯度也一样"""
    mine, theirs = twins(candidate, reference, (7, 5))
    compare(mine.eval(), theirs.eval(), lambda: normal(seed, (4, 7))[0], "output (eval)")


def test_float32(candidate, reference, seed):
    """A float32 layer gives float32 outputs and gradients
    float32 的层，输出和梯度都是 float32"""
    mine, theirs = (layer.float() for layer in twins(candidate, reference, (7, 5)))
    compare(mine, theirs, lambda: normal(seed, (4, 7), dtype=torch.float32)[0])


def test_initial_weight(candidate, reference, seed):
    """A new weight is drawn from U(−1/√n, 1/√n), n = in_features
    新建层的 weight 取自 U(−1/√n, 1/√n)，n = in_features"""
    for sizes in ((120, 190), (500, 40), (3, 9000)):
        layer = adopt_shapes(candidate, reference, sizes)
        std = 1 / math.sqrt(3 * sizes[0])
        spread(layer.state_dict()["weight"], std, f"weight {sizes[1], sizes[0]}", uniform=True)


def test_initial_bias(candidate, reference, seed):
    """A new bias is drawn from U(−1/√n, 1/√n) too
    新建层的 bias 同样取自 U(−1/√n, 1/√n)"""
    offset = candidate.Linear(7, 5)(torch.zeros(2, 7))
    added = bool(offset.any())
    holds(
        added,
        "A new layer answers x = 0 with zeros: its bias starts at zero or is not added",
        "x = 0 时，新建层的输出全为零：bias 初始为零，或者没有加上",
        value=str(added),
        name="output (x = 0)",
    )
    for sizes in ((12, 20000), (3, 15000)):
        layer = adopt_shapes(candidate, reference, sizes)
        spread(layer.state_dict()["bias"], 1 / math.sqrt(3 * sizes[0]), f"bias {(sizes[1],)}", uniform=True)


def test_independent(candidate, reference, seed):
    """Every entry of weight and bias is drawn independently of all others, in one layer and in two
    weight 和 bias 的每个元素都与其他元素独立，同一层内、两层之间都是如此"""
    adopt_shapes(candidate, reference, (4, 3))
    two = lambda: [value for _ in range(2) for value in candidate.Linear(4, 3).state_dict().values()]  # noqa: E731
    independent(two, "two new layers")


def adopt_shapes(candidate, reference, sizes):
    """A new layer of the attempt, untouched, once its names and shapes are right."""
    adopt(candidate.Linear(*sizes), reference.Linear(*sizes))
    return candidate.Linear(*sizes)


def test_layers_differ(candidate, seed):
    """Two new layers start from different numbers; nothing is reseeded
    两个新建的层初始值不同；不重新设种子"""
    layers = [candidate.Linear(7, 5).state_dict() for _ in range(2)]
    for name in ("weight", "bias"):
        apart = bool((layers[0][name] != layers[1][name]).any())
        holds(
            apart,
            f"Two new layers have the same {name}: its numbers must be drawn anew for each",
            f"两个新建的层 {name} 完全相同：每个层都应重新抽取",
            value=str(apart),
            name=f"two new layers: {name}",
        )
    not_reseeded(lambda: candidate.Linear(7, 5)(torch.rand(2, 7)))


def test_side_effects(candidate, seed):
    """x and the parameters are left alone, in every mode
    x 和参数保持不变，任何模式下都是如此"""
    layer = draw(place(candidate.Linear(7, 5)))
    (x,) = normal(seed, (4, 7), grad=False)
    for training in (True, False):
        for context in (torch.enable_grad, torch.no_grad, torch.inference_mode):
            with unchanged(x=x, **layer.state_dict(keep_vars=True)), context():
                layer.train(training)(x)
    with unchanged(**layer.state_dict(keep_vars=True)):
        layer.train()(*normal(seed + 1, (3, 2, 7))).sum().backward()


def network(module):
    hidden = nn.Sequential(module.Linear(64, 32), nn.ReLU(), module.Linear(32, 16, bias=False), nn.ReLU())
    return place(nn.Sequential(hidden, module.Linear(16, 10)))


def train(net, seed, steps):
    images, labels = digits()
    images = images.flatten(1).to(next(iter(net.state_dict().values())).dtype)
    optimizer = torch.optim.SGD(net.parameters(), 0.1, momentum=0.9)
    (batches,) = integers(seed, len(images), (steps, 64))
    losses = []
    for batch in batches:
        loss = nn.functional.cross_entropy(net(images[batch]), labels[batch])
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
        losses.append(loss.item())
    with torch.no_grad():
        accuracy = (net(images).argmax(-1) == labels).double().mean().item()
    return losses, accuracy


@pytest.mark.training
def test_training_follows(candidate, reference, seed):
    """An MLP made of it trains as it does with the reference
    用它搭的 MLP，训练的 loss 曲线与参考实现一致"""
    theirs = network(reference)
    mine = adopt(network(candidate), theirs)
    follows(train(mine, seed, steps=15)[0], train(theirs, seed, steps=15)[0])


@pytest.mark.training
def test_training_reaches(candidate, seed):
    """From its own initial weights an MLP learns handwritten digits: accuracy ≥ 0.9
    从自己的初始权重出发，MLP 学会认手写数字：准确率 ≥ 0.9"""
    losses, accuracy = train(network(candidate), seed, steps=250)
    reaches(accuracy, 0.9, "accuracy", losses=losses)
