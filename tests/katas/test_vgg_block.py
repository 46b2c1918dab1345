"""Grades katas/vgg_block.py."""

from functools import partial

import pytest
import torch

from dlkata.suite import (
    accuracy,
    adopt,
    agree,
    calls_apart,
    copies_apart,
    digits,
    drawn_apart,
    follows,
    holds,
    keeps_dtype,
    layouts,
    leaves_alone,
    modes_alike,
    normal,
    not_reseeded,
    place,
    reaches,
    same,
    samples_apart,
    setting,
    share_nothing,
    spread,
    starts_like,
    stir,
    train,
    travels,
    twins,
)

BLOCKS = ((1, 3, 5), (2, 3, 5), (3, 4, 2), (2, 1, 3), (3, 3, 1), (4, 2, 2))  # num_convs, channels in and out
ARCH, IMAGE = ((1, 4), (3, 5)), (3, 11, 13)  # maps of 5×6, then 2×3
NETWORKS = (  # arch, in_channels, height, width, num_classes, hidden
    (((2, 3),), 1, 5, 8, 4, 6),
    (((1, 4), (1, 4), (1, 4)), 2, 9, 14, 1, 5),
    (((1, 3), (1, 5)), 5, 4, 13, 7, 1),
    (((3, 2), (1, 1)), 2, 7, 4, 3, 4),
)


def arguments(arch=ARCH, image=IMAGE, num_classes=7, hidden=9):
    """Those of the network; `arch` is a fresh list each time."""
    return list(arch), *image, num_classes, hidden


def network(candidate):
    """The attempt's network, all its state drawn from the names."""
    return stir(place(candidate.VGG(*arguments())))


def block(candidate, *sizes):
    return stir(place(candidate.VGGBlock(*sizes)))


def images(seed, channels=IMAGE[0], height=IMAGE[1], width=IMAGE[2], n=2):
    return normal(seed, (n, channels, height, width))[0]


def test_block(candidate, reference, seed):
    """A block of one, two and more convolutions gives the right output
    含一个、两个或更多卷积的块，输出正确"""
    for sizes in BLOCKS:
        mine, theirs = twins(candidate, reference, "VGGBlock", *sizes)
        for height, width in ((6, 9), (7, 4), (2, 3)):
            x, same_x = (images(seed, sizes[1], height, width) for _ in range(2))
            same(mine(x), theirs(same_x), f"output ({sizes}, {height}×{width})")


def test_block_gradients(candidate, reference, seed):
    """Gradients of a block's input and of its parameters are right
    块的输入和参数的梯度正确"""
    for sizes in BLOCKS:
        agree(
            *twins(candidate, reference, "VGGBlock", *sizes),
            lambda c=sizes[1]: images(seed, c, 6, 9),
            f"output {sizes}",
        )


def test_one_image_works_alone(candidate, reference, seed):
    """One image, and images of a single row of windows, work
    单张图、只有一行窗口的图都可以"""
    for height, width in ((2, 2), (3, 2), (2, 7), (8, 3)):
        mine, theirs = twins(candidate, reference, "VGGBlock", 2, 3, 4)
        agree(mine, theirs, lambda h=height, w=width: images(seed, 3, h, w, 1), f"output ({height}×{width})")


def test_network(candidate, reference, seed):
    """The network's logits and all gradients are right
    网络的 logits 和各处梯度正确"""
    agree(*twins(candidate, reference, "VGG", *arguments()), partial(images, seed))


def test_other_networks(candidate, reference, seed):
    """Networks of other depths, widths and image sizes are right
    深度、宽度、图像尺寸不同的网络都正确"""
    for arch, channels, height, width, *sizes in NETWORKS:
        mine, theirs = (
            place(side.VGG(list(arch), channels, height, width, *sizes)) for side in (candidate, reference)
        )
        adopt(mine, stir(theirs), as_it_is=True)
        x, same_x = (images(seed, channels, height, width) for _ in range(2))
        same(mine(x), theirs(same_x), f"output ({list(arch)}, {height}×{width})")


def test_bright_images(candidate, reference, seed):
    """Large pixel values are treated like small ones
    像素值很大时同样正确"""
    mine, theirs = twins(candidate, reference, "VGG", *arguments())
    same(mine(200 * images(seed)), theirs(200 * images(seed)))
    mine, theirs = twins(candidate, reference, "VGGBlock", 2, 3, 5)
    same(mine(200 * images(seed)), theirs(200 * images(seed)), "output (VGGBlock)")


def test_new_modules_at_work(candidate, reference, seed):
    """A new block and a new network compute the right output, whatever their parts are called
    新建的块和网络，无论各部分叫什么名字，输出都正确"""

    def outputs(side):
        made = [place(side.VGGBlock(2, 3, 5)), place(side.VGG(*arguments()))]
        with torch.no_grad():
            for weight in (value for module in made for value in module.parameters()):
                fan_in = weight.numel() / len(weight)
                weight.copy_(normal(seed, tuple(weight.shape), scale=fan_in**-0.5, grad=False)[0])
        return [module(images(seed)) for module in made]

    same(outputs(candidate), outputs(reference), ["output (VGGBlock)", "output (VGG)"])


def test_by_name(candidate, reference, seed):
    """All arguments may be given by name
    所有参数都可以按名字传入"""
    names = ("arch", "in_channels", "height", "width", "num_classes", "hidden")
    options = dict(reversed(list(zip(names, arguments(), strict=True))))
    mine, theirs = twins(candidate, reference, "VGG", **options)
    same(mine(images(seed)), theirs(images(seed)))
    mine, theirs = twins(candidate, reference, "VGGBlock", out_channels=5, in_channels=3, num_convs=2)
    same(mine(images(seed)), theirs(images(seed)), "output (VGGBlock)")
    found, right = (side.vgg_shapes(**options) for side in (candidate, reference))
    same(text(found), text(right), "shapes")


def text(shapes):
    """The shapes in a row, as they are written; a torch.Size is a tuple."""
    if not isinstance(shapes, list):
        return f"{type(shapes).__name__} instead of a list"
    return " → ".join(str(tuple(s)) if isinstance(s, tuple) else f"{type(s).__name__} {s}" for s in shapes)


def test_shapes(candidate, reference):
    """The shapes through the network are right, for any image and any blocks
    任意图像、任意多个块，各步的形状都正确"""
    vgg11 = ((1, 64), (1, 128), (2, 256), (2, 512), (2, 512))
    for arch, *rest in ((vgg11, 3, 224, 224, 1000, 4096), (vgg11, 1, 63, 100, 10, 99), *NETWORKS):
        found, right = (side.vgg_shapes(list(arch), *rest) for side in (candidate, reference))
        same(text(found), text(right), f"shapes ({list(arch)}, {rest})")


def test_arch_is_left_alone(candidate):
    """The list of blocks is left as it is
    描述各块的列表保持不变"""
    arch = list(ARCH)
    candidate.vgg_shapes(arch, *arguments()[1:])
    candidate.VGG(arch, *arguments()[1:])(images(0).to(torch.float32))
    holds(
        tuple(arch) == ARCH,
        f"`arch` was {list(ARCH)} and is {arch} now.",
        f"`arch`原来是 {list(ARCH)}，现在是 {arch}。",
        value=str(arch),
        name="arch",
    )


def test_fresh(candidate, reference):
    """A new block and a new network have the promised names and shapes, all parameters, and biases of 0
    新建的块和网络，名字和形状符合约定，都是参数，bias 为 0"""
    for sizes in BLOCKS:
        starts_like(candidate.VGGBlock(*sizes), reference.VGGBlock(*sizes), lambda name: "bias" in name)
    for sizes in (arguments(), *NETWORKS):
        mine, theirs = (side.VGG(list(sizes[0]), *sizes[1:]) for side in (candidate, reference))
        starts_like(mine, theirs, lambda name: "bias" in name)


def fresh_networks(candidate):
    arch, sizes = ((1, 48), (2, 20), (2, 20)), (32, 8, 8, 120, 150)
    return [dict(candidate.VGG(list(arch), *sizes).named_parameters()) for _ in range(6)]


def start(fresh, fans):
    """Each layer's weights have the deviation that its fan in asks for."""
    for layer, fan_in in fans.items():
        values = torch.stack([each[f"{layer}.weight"].detach() for each in fresh])
        spread(values, (2 / fan_in) ** 0.5, f"{layer}.weight", uniform=False)


def test_initial_kernels(candidate):
    """Weights of convolutions start normal with deviation √(2 / fan in), each drawn for itself
    卷积的 weight 初始服从标准差为 √(2 / fan in) 的正态分布，各自独立采样"""
    fresh = fresh_networks(candidate)
    start(fresh, {"blocks.0.convs.0": 288, "blocks.1.convs.0": 432, "blocks.2.convs.1": 180})
    drawn_apart({name: fresh[0][name] for name in sorted(fresh[0]) if name.endswith("weight")})
    blocks = [candidate.VGGBlock(2, 9, 16).state_dict()["convs.1.weight"] for _ in range(8)]
    spread(torch.stack(blocks), (2 / 144) ** 0.5, "VGGBlock: convs.1.weight", uniform=False)


def test_initial_dense_weights(candidate):
    """So do those of the dense layers
    全连接层的 weight 也是如此"""
    start(fresh_networks(candidate), {"fc1": 20, "fc2": 150, "fc3": 150})


def test_modes(candidate, seed):
    """Train and eval mode compute the same
    train 模式和 eval 模式的结果相同"""
    modes_alike(partial(network, candidate), lambda i: images(seed + i))


def test_images_apart(candidate, seed):
    """What comes out for an image does not depend on the others of the batch
    一张图的结果与 batch 里的其他图无关"""
    samples_apart(network(candidate), lambda: images(seed, n=3))


def test_float32(candidate, seed):
    """In float32 outputs and gradients are float32
    float32 时，输出和梯度也是 float32"""
    keeps_dtype(partial(block, candidate, 2, 2, 3), lambda: images(seed, 2, 4, 5, 1))
    keeps_dtype(partial(network, candidate), lambda: images(seed, n=1))


def test_noncontiguous(candidate, reference, seed):
    """Transposed, strided, expanded and channels-last images work
    图像是转置、带步长的切片、expand 的结果或 channels_last 时也正确"""
    nets = twins(candidate, reference, "VGG", *arguments())
    blocks = twins(candidate, reference, "VGGBlock", 2, 3, 4)
    for kind, (mine, theirs), shape in (("VGG", nets, (2, *IMAGE)), ("VGGBlock", blocks, (2, 3, 5, 6))):
        for name, base, view in layouts(*shape):
            # Equal columns tie for the maximum: rounding decides where the gradient goes.
            def make(base=base, view=view, tied="last dim" in name):
                return view(normal(seed, base, grad=not tied)[0])

            agree(mine, theirs, make, f"output ({kind}, {name})")


def test_side_effects(candidate, seed):
    """Images and parameters are left alone by every call; nothing is reseeded
    每次调用都不改动图像和参数；不重新设种子"""
    leaves_alone(partial(block, candidate, 2, 3, 4), lambda i: images(seed + i))
    leaves_alone(partial(network, candidate), lambda i: images(seed + i))
    not_reseeded(lambda: candidate.VGG([(1, 2)], 1, 2, 2, 3, 4)(torch.rand(1, 1, 2, 2)))


def test_calls_are_independent(candidate, seed):
    """A later call does not change earlier outputs or their gradients
    之后的调用不影响之前的输出和梯度"""
    calls_apart(partial(network, candidate), lambda i: images(seed + i))
    calls_apart(partial(block, candidate, 2, 3, 4), lambda i: images(seed + i))


def test_modules_are_independent(candidate, seed):
    """Modules share nothing, copies stand for themselves, and loaded parameters are all that counts
    模块之间不共享任何东西，拷贝是独立的，结果只取决于载入的参数"""
    share_nothing(lambda: candidate.VGG(*arguments()), partial(images, seed))
    copies_apart(partial(network, candidate), lambda i: images(seed + i))
    copies_apart(partial(block, candidate, 3, 3, 4), lambda i: images(seed + i))
    travels(network(candidate), lambda: candidate.VGG(*arguments()), lambda i: images(seed + i))


def trained(net, seed, steps):
    pixels, labels = digits()
    pixels = pixels[:, None].to(setting.dtype)
    losses = train(net, pixels, labels, seed, steps=steps, batch=40, optimizer=torch.optim.Adam, lr=0.01)
    return losses, accuracy(net, pixels[-350:], labels[-350:])


def small(side):
    return place(side.VGG([(1, 8), (2, 16)], 1, 8, 8, 10, 32))


@pytest.mark.training
def test_training_follows(candidate, reference, seed):
    """A small VGG trains as it does with the reference
    小的 VGG 训练时，loss 曲线与参考实现一致"""
    theirs = small(reference)
    mine = adopt(small(candidate), theirs)
    follows(*(trained(net, seed, 8)[0] for net in (mine, theirs)))


@pytest.mark.training
def test_training_reaches(candidate, seed):
    """A small VGG learns the handwritten digits in 60 steps: accuracy ≥ 0.65
    小的 VGG 60 步就能学会认手写数字：准确率 ≥ 0.65"""
    losses, share = trained(small(candidate), seed, 60)
    reaches(share, 0.65, "accuracy", losses=losses)
