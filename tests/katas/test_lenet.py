"""Grades katas/lenet.py."""

from functools import partial

import pytest
import torch

from dlkata.suite import (
    accuracy,
    adopt,
    agree,
    any_layout,
    calls_apart,
    copies_apart,
    digits,
    drawn_apart,
    follows,
    keeps_dtype,
    leaves_alone,
    modes_alike,
    near,
    normal,
    not_reseeded,
    place,
    reaches,
    same,
    samples_apart,
    setting,
    share_nothing,
    starts_like,
    stir,
    train,
    travels,
    twins,
    varies,
)

SIZES = (3, 7, 17, 14)  # in_channels, num_classes, height, width: maps of 2×1 behind the pools
OTHERS = ((1, 1, 12, 13), (2, 5, 15, 21), (1, 10, 19, 12), (2, 3, 23, 20), (2, 4, 16, 16))
PLACES = ["image", "conv1", "pool", "conv2", "pool 2", "flatten", "fc1", "fc2", "fc3"]


def wave(z):
    """No line, no monotone curve, not 0 at 0: whatever is done in its place shows."""
    return torch.sin(1.3 * z + 0.4)


def net(candidate, *sizes, activation=wave):
    """The attempt's network, all its state drawn from the names."""
    return stir(place(candidate.LeNet(*(sizes or SIZES), activation=activation)))


def image(seed, sizes=SIZES, n=3):
    return normal(seed, (n, sizes[0], *sizes[2:]))[0]


def listed(shapes, count=9):
    """The shapes, each as it is written; a torch.Size is a tuple. Entries that are missing are said to be."""
    if not isinstance(shapes, list):
        return [f"{type(shapes).__name__} instead of a list"] * count
    found = [str(tuple(s)) if isinstance(s, tuple) else f"{type(s).__name__} {s}" for s in shapes]
    found += ["missing"] * (count - len(found))
    return [*found[: count - 1], ", ".join(found[count - 1 :])]


def same_shapes(candidate, reference, label, *sizes, **options):
    found, right = (listed(side.lenet_shapes(*sizes, **options)) for side in (candidate, reference))
    same(found, right, [f"shape ({name}, {label})" for name in PLACES])


def test_shapes(candidate, reference):
    """The shapes through the network are right, for images of any height and width
    各步的形状正确，图像的高和宽任意"""
    for height, width in ((28, 28), (12, 15), (13, 12), (17, 22), (31, 26), (224, 97), (14, 29), (36, 19)):
        same_shapes(candidate, reference, f"{height}×{width}", 2, 7, height, width)


def test_shapes_by_name(candidate, reference):
    """Each argument of lenet_shapes goes by name and has its default
    lenet_shapes 的每个参数都可以按名字传入，也都有默认值"""
    for options in ({}, {"in_channels": 3}, {"num_classes": 26}, {"height": 21}, {"width": 40}):
        same_shapes(candidate, reference, str(options), **options)


def test_output(candidate, reference, seed):
    """The logits are right
    logits 正确"""
    mine, theirs = twins(candidate, reference, "LeNet", *SIZES)
    same(mine(image(seed)), theirs(image(seed)))


def test_activation(candidate, reference, seed):
    """The activation that is given stands where it should, and nowhere else
    传入的激活函数用在该用的地方，别处不用"""
    for name, activation in {
        "sin": wave,
        "tanh": torch.tanh,
        "relu": torch.relu,
        "square": torch.square,
    }.items():
        mine, theirs = twins(candidate, reference, "LeNet", *SIZES, activation=activation)
        same(mine(image(seed)), theirs(image(seed)), f"output (activation: {name})")


def test_new_network(candidate, reference, seed):
    """A new network computes the right logits, whatever its parts are called
    新建的网络，无论各部分叫什么名字，logits 都正确"""

    def logits(side):
        network = place(side.LeNet(*SIZES, activation=wave))
        with torch.no_grad():
            for value in network.parameters():  # by shape
                size = value[0].numel() ** -0.5 if value.dim() > 1 else 1.0
                value.copy_(normal(seed, tuple(value.shape), scale=size, grad=False)[0])
        return network(image(seed))

    same(logits(candidate), logits(reference))


def test_gradients(candidate, reference, seed):
    """Gradients of the image and of every parameter are right
    图像和每个参数的梯度正确"""
    agree(*twins(candidate, reference, "LeNet", *SIZES, activation=wave), partial(image, seed))


def test_any_size(candidate, reference, seed):
    """Wide and high images, odd sides, one channel, one class, one image work
    宽的、高的图像，奇数边长，单通道、单类别、单张图都可以"""
    for sizes in OTHERS:
        mine, theirs = twins(candidate, reference, "LeNet", *sizes, activation=wave)
        for n in (1, 2):
            agree(mine, theirs, partial(image, seed, sizes, n), f"output ({n} of {sizes})")


def test_keywords_and_defaults(candidate, reference, seed):
    """Arguments go by name; without them it is ten digits of 1×28×28, with sigmoid
    参数可按名字传入；都不传时是 1×28×28 的图像、十个类别，激活函数为 sigmoid"""
    for name, options in {
        "no arguments": {},
        "width=20": {"width": 20},
        "height=15": {"height": 15},
        "num_classes=4": {"num_classes": 4},
        "in_channels=2": {"in_channels": 2},
        "all": dict(activation=wave, width=13, height=12, num_classes=2, in_channels=3),
    }.items():
        mine, theirs = twins(candidate, reference, "LeNet", **options)
        shape = [2, *(options.get(n, d) for n, d in (("in_channels", 1), ("height", 28), ("width", 28)))]
        x, same_x = normal(seed, tuple(shape)), normal(seed, tuple(shape))
        same(mine(*x), theirs(*same_x), f"output ({name})")


def test_fresh(candidate, reference):
    """A new network has the promised names and shapes, all of them parameters
    新建的网络，名字和形状符合约定，并且都是参数"""
    for sizes in (SIZES, *OTHERS, ()):
        starts_like(candidate.LeNet(*sizes), reference.LeNet(*sizes), lambda name: False)


def test_initial_values(candidate):
    """Weights and biases start uniform in ±1/√(fan in), each drawn for itself
    weight 和 bias 初始服从 ±1/√(fan in) 上的均匀分布，各自独立采样"""
    fresh = [dict(candidate.LeNet(8, 110, 16, 20).named_parameters()) for _ in range(8)]
    fans = {"conv1": 8 * 25, "conv2": 6 * 25, "fc1": 16 * 2 * 3, "fc2": 120, "fc3": 84}
    for layer, fan in fans.items():
        for name in (f"{layer}.weight", f"{layer}.bias"):
            values = torch.cat([each[name].detach().double().cpu().flatten() for each in fresh]) * fan**0.5
            n = values.numel()  # 48 to 101,376; deviations of 0.26/√n, 0.58/√n, and a largest near 1 − 1/n
            near(values.std(), 3**-0.5, 1.4 / n**0.5, f"{name}: std · √(fan in)")
            near(values.mean(), 0.0, 3 / n**0.5, f"{name}: mean · √(fan in)")
            near(values.abs().max(), 1.0, min(16 / n, 0.5), f"{name}: max · √(fan in)")
    drawn_apart({name: fresh[0][name] for name in sorted(fresh[0])})
    drawn_apart({f"fc1.bias {i}": each["fc1.bias"] for i, each in enumerate(fresh)})
    varies(lambda: candidate.LeNet(1, 2, 12, 12).conv1.weight, (3 * 25) ** -0.5, "conv1.weight")


def test_modes(candidate, seed):
    """Train and eval mode compute the same
    train 模式和 eval 模式的结果相同"""
    modes_alike(partial(net, candidate), lambda i: image(seed + i))


def test_images_apart(candidate, seed):
    """An image's logits do not depend on the other images of the batch
    一张图的 logits 与 batch 里的其他图无关"""
    samples_apart(net(candidate), partial(image, seed))


def test_float32(candidate, seed):
    """A float32 network gives float32 logits and gradients
    float32 的网络，logits 和梯度都是 float32"""
    keeps_dtype(partial(net, candidate), partial(image, seed))


def test_noncontiguous(candidate, seed):
    """Transposed, strided, expanded and channels-last images work
    图像是转置、带步长的切片、expand 的结果或 channels_last 时也正确"""
    shape = (3, SIZES[0], *SIZES[2:])
    any_layout(lambda: net(candidate).__call__, lambda shape: normal(seed, shape)[0], shape)


def test_side_effects(candidate, seed):
    """The image and the parameters are left alone by every call in train mode; nothing is reseeded
    train 模式下，每次调用都不改动图像和参数；不重新设种子"""
    sizes = (1, 2, 12, 12)  # so small that the parameters of most mistaken networks can be noted, too
    leaves_alone(partial(net, candidate, *sizes), lambda i: image(seed + i, sizes), modes=((True, "train"),))
    not_reseeded(lambda: candidate.LeNet(1, 3, 12, 12)(torch.rand(2, 1, 12, 12)))


def test_side_effects_in_eval_mode(candidate, seed):
    """The image and the parameters are left alone by every call in eval mode
    eval 模式下，每次调用都不改动图像和参数"""
    sizes = (1, 2, 12, 12)
    leaves_alone(partial(net, candidate, *sizes), lambda i: image(seed + i, sizes), modes=((False, "eval"),))


def test_calls_are_independent(candidate, seed):
    """A later call does not change earlier outputs or their gradients
    之后的调用不影响之前的输出和梯度"""
    sizes = (1, 2, 12, 12)  # small: gradients of every weight are judged
    calls_apart(partial(net, candidate, *sizes), lambda i: image(seed + i, sizes))


def test_networks_are_independent(candidate, seed):
    """Networks share nothing, copies are networks of their own, and loaded parameters are all that counts
    网络之间不共享任何东西，拷贝是独立的网络，结果只取决于载入的参数"""
    share_nothing(
        lambda: candidate.LeNet(*SIZES),
        partial(image, seed),
        beside=lambda: candidate.LeNet(1, 3, 16, 15, torch.relu),
    )
    copies_apart(partial(net, candidate), lambda i: image(seed + i))
    travels(net(candidate), lambda: candidate.LeNet(*SIZES, activation=wave), lambda i: image(seed + i))


def trained(net, seed, steps):
    """Digits of 16×16, each pixel four times."""
    images, labels = digits()
    images = images.repeat_interleave(2, 1).repeat_interleave(2, 2)[:, None].to(setting.dtype)
    losses = train(net, images, labels, seed, steps=steps, optimizer=torch.optim.Adam, lr=0.01)
    return losses, accuracy(net, images[:400], labels[:400])


@pytest.mark.training
def test_training_follows(candidate, reference, seed):
    """Trained on handwritten digits, the loss falls as it does with the reference
    在手写数字上训练，loss 曲线与参考实现一致"""
    sizes = (1, 10, 16, 16, torch.tanh)
    theirs = place(reference.LeNet(*sizes))
    mine = adopt(place(candidate.LeNet(*sizes)), theirs)
    follows(*(trained(net, seed, 8)[0] for net in (mine, theirs)))


@pytest.mark.training
def test_training_reaches(candidate, seed):
    """With tanh it learns the handwritten digits in 60 steps: accuracy ≥ 0.8
    激活函数为 tanh 时，60 步就能学会认手写数字：准确率 ≥ 0.8"""
    losses, share = trained(place(candidate.LeNet(1, 10, 16, 16, torch.tanh)), seed, 60)
    reaches(share, 0.8, "accuracy", losses=losses)
