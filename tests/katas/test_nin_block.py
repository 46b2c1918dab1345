"""Grades katas/nin_block.py."""

from functools import partial

import torch

from dlkata.suite import (
    adopt,
    agree,
    any_layout,
    calls_apart,
    copies_apart,
    drawn_apart,
    holds,
    keeps_dtype,
    layouts,
    leaves_alone,
    modes_alike,
    near,
    normal,
    not_reseeded,
    place,
    same,
    samples_apart,
    share_nothing,
    spread,
    starts_like,
    stir,
    travels,
    twins,
    varies,
)

ARCH, IMAGE, CLASSES = ((4, 3, 2, 1), (5, 2, 1, 1)), (3, 19, 26), 7  # maps of 10×13, 4×6, 5×7, 2×3
BLOCKS = ((3, 5, 2), (3, 5, 3, 1, 1), (4, 2, 5, 2, 1), (2, 6, 1), (1, 3, 4, 3), (5, 1, 3, 1, 2), (3, 3, 3, 2))
NETWORKS = (  # arch, in_channels, num_classes, height, width
    (((2, 3, 1, 1),), 1, 4, 5, 9),
    (((4, 3, 1, 1), (4, 3, 1, 1), (4, 3, 1, 1)), 4, 4, 17, 23),
    (((6, 5, 2, 0), (1, 1, 1, 0)), 2, 1, 19, 22),
    (((3, 4, 3, 2), (5, 3, 2, 2), (2, 2, 1, 2)), 5, 3, 41, 52),
)


def network(candidate):
    """The attempt's network, all its state drawn from the names."""
    return stir(place(candidate.NiN(list(ARCH), IMAGE[0], CLASSES)))


def block(candidate):
    return stir(place(candidate.NiNBlock(3, 5, 3, 2, 1)))


def images(seed, *shape, n=2):
    return normal(seed, (n, *(shape or IMAGE)))[0]


def nets(candidate, reference, arch, *sizes):
    """The attempt's network and the reference's, each with an `arch` of its own."""
    mine, theirs = (place(side.NiN(list(arch), *sizes)) for side in (candidate, reference))
    return adopt(mine, stir(theirs), as_it_is=True), theirs


def test_block(candidate, reference, seed):
    """A block gives the right output, for any kernel, stride and padding
    块的输出正确，卷积核、stride、padding 任意"""
    for sizes in BLOCKS:
        mine, theirs = twins(candidate, reference, "NiNBlock", *sizes)
        for height, width in ((9, 12), (7, 6)):
            x, same_x = (images(seed, sizes[0], height, width) for _ in range(2))
            same(mine(x), theirs(same_x), f"output ({sizes}, {height}×{width})")


def test_block_gradients(candidate, reference, seed):
    """Gradients of a block's input and of its parameters are right
    块的输入和参数的梯度正确"""
    for sizes in BLOCKS:
        mine, theirs = twins(candidate, reference, "NiNBlock", *sizes)
        agree(mine, theirs, lambda c=sizes[0]: images(seed, c, 5, 8, n=3), f"output {sizes}")


def test_defaults(candidate, reference, seed):
    """Arguments go by name; stride is 1 and padding 0 unless given
    参数可按名字传入；不传时 stride 为 1，padding 为 0"""
    for options in (
        dict(kernel_size=3, out_channels=5, in_channels=3),
        dict(padding=2, kernel_size=3, out_channels=5, in_channels=3),
        dict(stride=2, kernel_size=3, out_channels=5, in_channels=3),
    ):
        mine, theirs = twins(candidate, reference, "NiNBlock", **options)
        said = ", ".join(f"{name}={value}" for name, value in options.items())
        same(mine(images(seed, 3, 6, 7)), theirs(images(seed, 3, 6, 7)), f"output ({said})")
    options = dict(num_classes=CLASSES, in_channels=IMAGE[0], arch=list(ARCH))
    mine, theirs = twins(candidate, reference, "NiN", **options)
    same(mine(images(seed)), theirs(images(seed)), "output (NiN)")


def test_network(candidate, reference, seed):
    """The network's logits and all gradients are right
    网络的 logits 和各处梯度正确"""
    agree(*nets(candidate, reference, ARCH, IMAGE[0], CLASSES), partial(images, seed))


def test_other_networks(candidate, reference, seed):
    """Networks of other depths and widths are right, on one image and on several
    深度、宽度不同的网络都正确，单张图、多张图都可以"""
    for arch, channels, classes, *size in NETWORKS:
        mine, theirs = nets(candidate, reference, arch, channels, classes)
        for n in (1, 3):
            x, same_x = (images(seed, channels, *size, n=n) for _ in range(2))
            same(mine(x), theirs(same_x), f"output ({list(arch)}, {n} images)")


def test_bright_images(candidate, reference, seed):
    """Large values go through like small ones
    数值很大的图像也同样正确"""
    mine, theirs = nets(candidate, reference, ARCH, IMAGE[0], CLASSES)
    same(mine(300 * images(seed)), theirs(300 * images(seed)))
    mine, theirs = twins(candidate, reference, "NiNBlock", 3, 5, 2)
    same(mine(300 * images(seed)), theirs(300 * images(seed)), "output (block)")


def test_images_of_any_size(candidate, reference, seed):
    """One network takes images of one size after the other
    同一个网络可以先后输入不同尺寸的图像"""
    mine, theirs = nets(candidate, reference, ARCH, IMAGE[0], CLASSES)
    for training in (True, False):
        for height, width in ((19, 26), (13, 13), (30, 17), (13, 41), (26, 19), (19, 26)):
            x, same_x = (images(seed, IMAGE[0], height, width) for _ in range(2))
            found, right = (module.train(training)(x_) for module, x_ in ((mine, x), (theirs, same_x)))
            same(found, right, f"output ({height}×{width}, {'train' if training else 'eval'})")


def test_new_modules_at_work(candidate, reference, seed):
    """A new block and a new network compute the right output, whatever their parts are called
    新建的块和网络，无论各部分叫什么名字，输出都正确"""

    def filled(module):
        with torch.no_grad():
            for parameter in place(module).parameters():
                size = parameter[0].numel() ** -0.5
                parameter.copy_(size * normal(seed, tuple(parameter.shape), grad=False)[0])
        return module(images(seed))

    def both(side):
        return [filled(side.NiNBlock(3, 5, 3, 2, 1)), filled(side.NiN(list(ARCH), IMAGE[0], CLASSES))]

    same(both(candidate), both(reference), ["output (NiNBlock)", "output (NiN)"])


def written(shapes):
    """The list in words; a torch.Size is a tuple."""
    if type(shapes) is not list:
        return f"no list: {type(shapes).__name__}"
    return ", ".join(str(tuple(s)) if isinstance(s, tuple) else f"{type(s).__name__} {s}" for s in shapes)


def test_shapes(candidate, reference):
    """The shapes through the network are right, for any image and any blocks
    任意图像、任意多个块，各步的形状都正确"""
    original = ((96, 11, 4, 0), (256, 5, 1, 2), (384, 3, 1, 1))
    for arch, *rest in (
        (original, 3, 1000, 224, 224),
        (original, 1, 10, 99, 140),
        (ARCH, IMAGE[0], CLASSES, *IMAGE[1:]),
        *NETWORKS,
    ):
        found, right = (written(side.nin_shapes(list(arch), *rest)) for side in (candidate, reference))
        same(found, right, f"shapes ({list(arch)}, {rest})")
    options = dict(width=30, height=17, num_classes=2, in_channels=1, arch=list(ARCH))
    found, right = (written(side.nin_shapes(**options)) for side in (candidate, reference))
    same(found, right, "shapes (by name)")


def test_arch_is_left_alone(candidate):
    """The list of blocks is left as it is
    描述各块的列表保持不变"""
    arch = list(ARCH)
    candidate.NiN(arch, 3, 2)(torch.rand(1, *IMAGE))
    candidate.nin_shapes(arch, 3, 2, 19, 26)
    after = str(arch)
    holds(
        after == str(list(ARCH)),
        f"`arch` is now {after}; the caller gave {list(ARCH)}.",
        f"`arch`变成了 {after}；调用者传入的是 {list(ARCH)}。",
        value=after,
        name="arch",
    )


def test_fresh(candidate, reference):
    """A new block and a new network have the promised names and shapes, all of them parameters
    新建的块和网络，名字和形状符合约定，并且都是参数"""
    for sizes in BLOCKS:
        starts_like(candidate.NiNBlock(*sizes), reference.NiNBlock(*sizes), lambda name: False)
    for arch, channels, classes, *_ in NETWORKS:
        mine, theirs = (side.NiN(list(arch), channels, classes) for side in (candidate, reference))
        starts_like(mine, theirs, lambda name: False)


def test_initial_values(candidate):
    """Weights and biases start uniform in ±1/√(fan in), each drawn for itself
    weight 和 bias 初始服从 ±1/√(fan in) 上的均匀分布，各自独立采样"""
    many = [candidate.NiN([(112, 3, 1, 1)], 16, 104).state_dict() for _ in range(5)]
    for layer, fan_in in {
        **{"0.conv1": 144, "0.conv2": 112, "0.conv3": 112},
        **{"1.conv1": 1008, "1.conv2": 104, "1.conv3": 104},
    }.items():
        for kind in ("weight", "bias"):
            name = f"blocks.{layer}.{kind}"
            values = torch.cat([state[name].flatten() for state in many])
            if name.endswith("conv1.weight"):
                spread(values, (3 * fan_in) ** -0.5, name, uniform=True)
            relative = fan_in**0.5 * values.double().cpu()
            root = relative.numel() ** 0.5
            near(relative.mean(), 0.0, 2.9 / root, f"{name}: mean · √(fan in)")
            near(relative.abs().mean(), 0.5, 1.45 / root, f"{name}: mean size · √(fan in)")
            near(relative.square().mean(), 1 / 3, 1.5 / root, f"{name}: mean square · √(fan in)²")
            near(relative.abs().max(), 1.0, 16 / root**2, f"{name}: largest · √(fan in)")
    drawn_apart({name: many[0][name] for name in sorted(many[0])})
    varies(lambda: candidate.NiNBlock(3, 4, 2).conv3.weight, 12**-0.5, "conv3.weight", times=60)


def test_modes(candidate, seed):
    """Train and eval mode compute the same
    train 模式和 eval 模式的结果相同"""
    modes_alike(partial(network, candidate), lambda i: images(seed + i))
    modes_alike(partial(block, candidate), lambda i: images(seed + i))


def test_images_apart(candidate, seed):
    """What comes out for an image does not depend on the others of the batch
    一张图的结果与 batch 里的其他图无关"""
    samples_apart(network(candidate), partial(images, seed, n=3))


def test_float32(candidate, seed):
    """In float32 outputs and gradients are float32
    float32 时，输出和梯度也是 float32"""
    keeps_dtype(partial(block, candidate), lambda: images(seed, 3, 5, 6, n=1))
    keeps_dtype(partial(network, candidate), lambda: images(seed, 3, 13, 14, n=1))


def test_noncontiguous(candidate, reference, seed):
    """Transposed, strided, expanded and channels-last images work
    图像是转置、带步长的切片、expand 的结果或 channels_last 时也正确"""
    any_layout(partial(block, candidate), lambda shape: normal(seed, shape)[0], (2, 3, 6, 7))
    mine, theirs = nets(candidate, reference, ARCH, IMAGE[0], CLASSES)
    for name, base, view in layouts(2, 3, 13, 17):
        grad = "last dim" not in name  # equal columns tie for a maximum: rounding decides where gradients go
        agree(mine, theirs, lambda b=base, v=view, g=grad: v(normal(seed, b, grad=g)[0]), f"output ({name})")


def test_side_effects(candidate, seed):
    """Images and parameters are left alone by every call; nothing is reseeded
    每次调用都不改动图像和参数；不重新设种子"""
    for build in (network, block):
        leaves_alone(partial(build, candidate), lambda i: images(seed + i))
    not_reseeded(lambda: candidate.NiN([(2, 3, 1, 1)], 1, 2)(torch.rand(1, 1, 4, 5)))


def test_calls_are_independent(candidate, seed):
    """A later call does not change earlier outputs or their gradients
    之后的调用不影响之前的输出和梯度"""
    for build in (network, block):
        calls_apart(partial(build, candidate), lambda i: images(seed + i))


def test_modules_are_independent(candidate, seed):
    """Modules share nothing, copies stand for themselves, and loaded parameters are all that counts
    模块之间不共享任何东西，拷贝是独立的，结果只取决于载入的参数"""
    fresh = partial(candidate.NiN, list(ARCH), IMAGE[0], CLASSES)
    share_nothing(fresh, partial(images, seed))
    for build in (network, block):
        copies_apart(partial(build, candidate), lambda i: images(seed + i))
    travels(network(candidate), fresh, lambda i: images(seed + i))
