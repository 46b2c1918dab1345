"""Grades katas/weight_init.py."""

import math
from itertools import pairwise

import pytest
import torch
from torch import nn
from torch.nn import functional as F

from dlkata.suite import (
    digits,
    holds,
    independent,
    integers,
    not_reseeded,
    place,
    reaches,
    same,
    setting,
    spread,
)

# fan_in and fan_out: 70, 300; 500, 45; 375, 900; 560, 92; 456, 648
SHAPES = (300, 70), (45, 500), (60, 25, 3, 5), (23, 140, 4), (27, 19, 2, 3, 4)
# Weights that are not contiguous: the memory they lie in, and where.
LAYOUTS = (
    ("transposed", (140, 300), lambda x: x[:, ::2].t()),
    ("every second kernel position", (60, 25, 6, 5), lambda x: x[:, :, ::2]),
    ("channels_last", (60, 3, 5, 25), lambda x: x.permute(0, 3, 1, 2)),
    ("channels_last_3d", (27, 2, 3, 4, 19), lambda x: x.permute(0, 4, 1, 2, 3)),
    ("input channels first", (140, 23, 4), lambda x: x.transpose(0, 1)),
)
FUNCTIONS = "xavier_uniform", "xavier_normal", "he_uniform", "he_normal"


def fans(shape):
    return tuple(n * math.prod(shape[2:]) for n in (shape[1], shape[0]))


def xavier(shape, gain=1.0):
    return gain * math.sqrt(2 / sum(fans(shape)))


def he(shape, mode="fan_in", negative_slope=0.0):
    return math.sqrt(2 / (1 + negative_slope**2) / fans(shape)[mode == "fan_out"])


def tensor(shape, dtype=None):
    """What is to be filled: full of nonsense that must not survive."""
    return torch.full(shape, 77.0, dtype=dtype or setting.dtype, device=setting.device)


def check(candidate, function, std, cases, shapes=SHAPES):
    for shape in shapes:
        for settings in cases:
            weight = tensor(shape)
            getattr(candidate, function)(weight, **settings)
            case = ", ".join([str(shape), *(f"{name} = {value}" for name, value in settings.items())])
            spread(weight, std(shape, **settings), case, uniform=function.endswith("uniform"))


def test_fans_of_matrices(candidate, reference, seed):
    """fans of a linear layer are right
    线性层的 fan_in、fan_out 正确"""
    for shape in ((5, 3), (1, 7), (7, 1), (1, 1), (300, 70)):
        same(candidate.fans(tensor(shape)), reference.fans(tensor(shape)), f"fans {shape}")


def test_fans_of_kernels(candidate, reference, seed):
    """fans of convolutions count every position of the kernel
    卷积的 fan_in、fan_out 计入 kernel 的所有位置"""
    for shape in ((5, 3, 2), (5, 3, 2, 7), (4, 1, 3, 3), (5, 3, 1, 2), (1, 3, 2), (5, 3, 2, 7, 4)):
        same(candidate.fans(tensor(shape)), reference.fans(tensor(shape)), f"fans {shape}")


def test_xavier_uniform(candidate, seed):
    """xavier_uniform has the right distribution
    xavier_uniform 的分布正确"""
    check(candidate, "xavier_uniform", xavier, [{}])


def test_xavier_normal(candidate, seed):
    """xavier_normal has the right distribution
    xavier_normal 的分布正确"""
    check(candidate, "xavier_normal", xavier, [{}])


def test_he_uniform(candidate, seed):
    """he_uniform has the right distribution
    he_uniform 的分布正确"""
    check(candidate, "he_uniform", he, [{}])


def test_he_normal(candidate, seed):
    """he_normal has the right distribution
    he_normal 的分布正确"""
    check(candidate, "he_normal", he, [{}])


def test_gain(candidate, seed):
    """gain multiplies the standard deviation
    gain 乘在标准差上"""
    for function in ("xavier_uniform", "xavier_normal"):
        check(candidate, function, xavier, [{"gain": 3}, {"gain": 0.4}], SHAPES[1:3])


def test_mode(candidate, seed):
    """mode chooses between fan_in and fan_out
    mode 决定用 fan_in 还是 fan_out"""
    for function in ("he_uniform", "he_normal"):
        check(candidate, function, he, [{"mode": "fan_out"}, {"mode": "fan_in"}], SHAPES[1:3])


def test_negative_slope(candidate, seed):
    """negative_slope is made up for
    negative_slope 得到补偿"""
    for function in ("he_uniform", "he_normal"):
        cases = [{"negative_slope": 0.7}, {"negative_slope": 2, "mode": "fan_out"}]
        check(candidate, function, he, cases, SHAPES[1:3])


def test_independent(candidate, seed):
    """Every entry is drawn independently of all others, in one weight and in two
    每个元素都与其他元素独立，同一个 weight 内、两个 weight 之间都是如此"""

    def drawn(function):
        weights = [tensor((4, 3)), tensor((4, 3)), tensor((2, 3, 2))]
        for weight in weights:
            getattr(candidate, function)(weight)
        return weights

    for function in FUNCTIONS:
        independent(lambda function=function: drawn(function), function)


def test_in_place(candidate, seed):
    """The tensor itself is filled and returned, and its views see it
    填充并返回的就是原张量，它的 view 也能看到"""
    for function in FUNCTIONS:
        weight = tensor((30, 20))
        view = weight.view(-1)
        returned = getattr(candidate, function)(weight)
        for name, value in (("weight", weight), ("view", view)):
            filled = not bool((value == 77).any())
            holds(
                filled,
                "Some entries were not filled: the memory of the given tensor must hold the new numbers",
                "有些元素没有填上：新的数应写进传入张量自己的内存",
                value=str(filled),
                name=f"{function}: {name} filled",
            )
        found = "the same" if returned is weight else type(returned).__name__
        holds(
            returned is weight,
            "The function must return the very tensor that it was given",
            "函数应返回传入的那个张量本身",
            value=found,
            name=f"{function}: returned",
        )


def test_parameters(candidate, seed):
    """Parameters are filled without autograd taking part, and stay leaves
    填充参数时 autograd 不参与，参数仍是叶子张量"""
    for function in FUNCTIONS:
        for mode in (True, False):
            weight = nn.Parameter(tensor((30, 20)))
            with torch.set_grad_enabled(mode):
                getattr(candidate, function)(weight)
                found = f"leaf {weight.is_leaf}, requires_grad {weight.requires_grad}, grad mode {torch.is_grad_enabled()}"
            holds(
                found == f"leaf True, requires_grad True, grad mode {mode}",
                "A parameter must stay a leaf that requires a gradient, and grad mode as it was",
                "参数应仍是 requires_grad 的叶子张量，梯度开关保持原样",
                value=found,
                name=function,
            )


def test_strides(candidate, seed):
    """A weight that is not contiguous is filled, and memory between its entries is left alone
    weight 不是 contiguous 时也能填好，元素之间的内存不被改动"""
    for function, std in zip(FUNCTIONS, (xavier, xavier, he, he), strict=True):
        for case, memory, view in LAYOUTS:
            table = tensor(memory)
            weight = view(table)
            filled, strides = weight[...], weight.stride()
            getattr(candidate, function)(weight)
            name = f"{function}, {case}"
            spread(filled, std(tuple(filled.shape)), name, uniform=function.endswith("uniform"))
            kept = weight.stride() == strides and int((table == 77).sum()) == table.numel() - filled.numel()
            holds(
                kept,
                "Memory between the entries of the weight was overwritten, or its strides are no longer what they were",
                "weight 各元素之间的内存被覆盖了，或者它的 stride 变了",
                value=str(kept),
                name=f"{name}: memory between",
            )


def test_dtype(candidate, seed):
    """float32 weights are filled right, and stay float32
    float32 的 weight 也正确，且保持 float32"""
    for function, std in zip(FUNCTIONS, (xavier, xavier, he, he), strict=True):
        weight = tensor((150, 140), torch.float32)
        getattr(candidate, function)(weight)
        spread(weight, std((150, 140)), f"{function}, float32", uniform=function.endswith("uniform"))
        holds(
            weight.dtype == torch.float32,
            "A float32 weight became another dtype",
            "float32 的 weight 变成了别的 dtype",
            value=str(weight.dtype),
            name=f"{function}: dtype",
        )


def test_generator(candidate, seed):
    """The numbers come from torch's global generator, which is not reseeded
    数取自 torch 的全局生成器，且不重新设种子"""
    for function in FUNCTIONS:
        drawn = []
        for number in (seed, seed, None, seed + 1):
            if number is not None:
                torch.manual_seed(number)
            drawn.append(getattr(candidate, function)(tensor((30, 20))))
        drawn = [tensor((30, 20)) if d is None else d for d in drawn]
        alike = [bool((drawn[0] == other).all()) for other in drawn[1:]]
        holds(
            alike == [True, False, False],
            "The same seed must give the same weights; another seed, or another call, must not",
            "种子相同，权重应相同；换一个种子或再调用一次，权重应不同",
            value=str(alike),
            name=f"{function}: same seed, second call, other seed",
        )
        not_reseeded(lambda function=function: getattr(candidate, function)(tensor((30, 20))))


@pytest.mark.training
def test_training_reaches(candidate, seed):
    """A ReLU net of 12 layers learns handwritten digits from he_normal weights: accuracy ≥ 0.8
    用 he_normal 初始化，12 层的 ReLU 网络学会认手写数字：准确率 ≥ 0.8"""
    images, labels = digits()
    images = images.flatten(1).to(setting.dtype) * 2
    widths = [64, *[48] * 11, 10]
    net = nn.Sequential(*(layer for pair in pairwise(widths) for layer in (nn.Linear(*pair), nn.ReLU())))[:-1]
    place(net)
    for layer in net:
        if isinstance(layer, nn.Linear):
            candidate.he_normal(layer.weight)
            nn.init.zeros_(layer.bias)
    optimizer = torch.optim.Adam(net.parameters(), 1e-3)
    (batches,) = integers(seed, len(images), (200, 64))
    losses = []
    for batch in batches:
        loss = F.cross_entropy(net(images[batch]), labels[batch])
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
        losses.append(loss.item())
    with torch.no_grad():
        accuracy = (net(images).argmax(-1) == labels).double().mean().item()
    reaches(accuracy, 0.8, "accuracy", losses=losses)
