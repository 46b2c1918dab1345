"""Grades katas/alexnet.py."""

import inspect
from functools import partial

import torch

from dlkata.suite import (
    agree,
    calls_apart,
    copies_apart,
    differentiate,
    drawn_apart,
    gradients,
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
    setting,
    share_nothing,
    spread,
    starts_like,
    stir,
    travels,
    twins,
    varies,
)

# num_classes, height, width, channels, hidden: in front of the pools 34×30, 16×14 and 7×6, then 3×2
SIZES = (5, 141, 125, (2, 4, 3, 5, 6), 7)
SMALL = (4, 63, 66, (2, 3, 4, 2, 5), 6)
OTHERS = (
    (1, 95, 63, (1, 2, 1, 3, 2), 1),
    (3, 64, 99, (3, 1, 2, 1, 4), 5),
    (6, 97, 130, (2, 2, 2, 2, 2), 3),
    (2, 110, 110, (4, 3, 2, 3, 1), 8),
)
DROPPED = 0.3


def narrow(candidate, sizes=SMALL, dropout=0.0):
    """The attempt's network, all its state drawn from the names; without dropout, unless it is asked for."""
    return stir(place(candidate.AlexNet(*sizes, dropout)))


def images(seed, sizes=SMALL, n=1):
    return normal(seed, (n, 3, *sizes[1:3]))[0]


def pair(candidate, reference, sizes, dropout=0.0):
    return twins(candidate, reference, "AlexNet", *sizes, dropout)


def test_output(candidate, reference, seed):
    """Without dropout the logits are right
    没有 dropout 时，logits 正确"""
    mine, theirs = pair(candidate, reference, SIZES)
    same(mine(images(seed, SIZES, 2)), theirs(images(seed, SIZES, 2)))


def test_gradients(candidate, reference, seed):
    """Gradients of the image and of every parameter are right
    图像和每个参数的梯度正确"""
    agree(*pair(candidate, reference, SIZES), partial(images, seed, SIZES))


def test_other_sizes(candidate, reference, seed):
    """Other widths, image sizes and numbers of classes are right, on one image and on several
    其他宽度、图像尺寸、类别数也都正确，单张图、多张图都可以"""
    for n, sizes in zip((1, 2, 1, 2), OTHERS, strict=True):
        mine, theirs = pair(candidate, reference, sizes)
        x, same_x = (images(seed, sizes, n) for _ in range(2))
        same(mine(x), theirs(same_x), f"output ({n} of {sizes})")


def test_new_network(candidate, reference, seed):
    """A new network computes the right logits, whatever its parts are called
    新建的网络，无论各部分叫什么名字，logits 都正确"""
    found = []
    for side in (candidate, reference):
        network = place(side.AlexNet(*SIZES, dropout=0.0))
        for parameter in network.parameters():
            (values,) = normal(seed, tuple(parameter.shape), grad=False)
            parameter.data.copy_(values / values[0].numel() ** 0.5)
        found.append(network(images(seed, SIZES)))
    same(*found)


def test_bright_images(candidate, reference, seed):
    """Large pixel values are treated like small ones
    像素值很大时同样正确"""
    mine, theirs = pair(candidate, reference, SMALL)
    same(mine(150 * images(seed)), theirs(150 * images(seed)))


def test_eval_mode(candidate, reference, seed):
    """In eval mode dropout does nothing
    eval 模式下 dropout 不起作用"""
    mine, theirs = (network.eval() for network in pair(candidate, reference, SMALL, 0.4))
    for turn in range(2):  # of one shape, of other values
        agree(mine, theirs, partial(images, seed + turn, n=2), f"output ({turn + 1})")
    mine, theirs = twins(candidate, reference, "AlexNet", *SMALL)
    same(mine.eval()(images(seed)), theirs.eval()(images(seed)), "output (default dropout)")


class Dropping:
    """What dropout does to a network whose hidden activations are 1 in front of it, whatever the image is.

    The second hidden layer adds 1, and each logit shows one of its entries. So a logit is 0 where the second dropout
    has struck, s where the first has and the second has not, (1 + s)·s where neither has; s is the scale 1/(1 − p).
    """

    def __init__(self, candidate, p, n=40, hidden=60, **options):
        net = place(candidate.AlexNet(hidden, 71, 71, (1, 1, 1, 1, 2), hidden, **options))
        state = net.state_dict(keep_vars=True)
        with torch.no_grad():
            for name, value in state.items():
                value.fill_(float("conv" in name and name.endswith("bias")))
            state["fc1.weight"].fill_(0.5)
            for name in ("fc2.weight", "fc3.weight"):
                state[name].fill_diagonal_(1.0)
            state["fc2.bias"].fill_(1.0)
        scale = 1 / (1 - p)
        self.x = torch.zeros(n, 3, 71, 71, dtype=setting.dtype, device=setting.device)
        self.net, self.scale, self.biases = net, scale, [state["fc1.bias"], state["fc2.bias"]]
        self.logits = net(self.x)
        self.first, self.second = (self.near(v) for v in (scale, 0.0))  # struck, (n, hidden)
        self.neither = self.near((1 + scale) * scale)

    def near(self, value):
        return (self.logits - value).abs() < 1e-5

    def values(self):
        """The values that occur among the logits; by them mistakes are told apart."""
        shown = sorted({round(v, 3) for v in self.logits.detach().flatten().tolist()})
        return ", ".join(f"{v:g}" for v in shown) if len(shown) < 9 else "many values"

    def right(self):
        return bool((self.first | self.second | self.neither).all())


def often(share, p):
    """A share in words: those of two ways to draw are the same."""
    if share == 0 or abs(share - p) < 0.08:
        return "none" if share == 0 else "p"
    return "more than p" if share > p else "less than p"


def together(struck):
    """In words, whether images or entries meet one fate; "none" if each has its own."""
    if (struck == struck[:1]).all():
        return "all images"
    return "all entries of an image" if (struck == struck[:, :1]).all() else "none"


def judged(found, p):
    """The entries are those of dropout behind fc1 and fc2; p is what the shares come to.

    What is said in words comes first: it is the same for every way to draw.
    """
    fine = bool(found.right() and found.first.any() and found.second.any())
    holds(
        fine,
        "In train mode the logits are not those of two dropouts, behind the ReLUs of fc1 and fc2, that zero some "
        "entries and scale the others by 1/(1 − p).",
        "train 模式下，logits 不等于在 fc1 和 fc2 的 ReLU 之后各做一次 dropout（部分元素置零，其余乘 1/(1 − p)）的结果。",
        value=found.values() + ("" if fine else f"; zeros: {often(found.second.double().mean(), p)}"),
        name="logits of ones",
    )
    shared = together(found.second)
    holds(
        shared == "none",
        "Dropout strikes whole images, or one place in all of them: each entry has a draw of its own.",
        "dropout 把整张图一起置零，或在所有图的同一处置零：每个元素应各自抽取。",
        value=shared,
        name="dropped together",
    )
    lost = found.second.double()
    spared = 1 - lost
    en, zh = "The share of dropped entries is not p.", "被置零的比例不是 p。"
    near(lost.mean(), p, 0.05, "share dropped behind fc2", en, zh)
    near(found.first.sum() / spared.sum(), p, 0.07, "share dropped behind fc1", en, zh)
    for dim, en, zh in (
        (
            0,
            "Two images lose the same entries too often or too seldom.",
            "两张图同时被置零的位置过多或过少。",
        ),
        (1, "Entries of one image are dropped together.", "同一张图的各元素是一起被置零的。"),
    ):
        one, other = lost.chunk(2, dim)
        near((one * other).mean(), p * p, 0.06, f"share dropped in pairs along dim {dim}, behind fc2", en, zh)
        one, other = found.first.double().chunk(2, dim)
        near(
            (one * other).mean(), (p * (1 - p)) ** 2, 0.05,
            f"share dropped in pairs along dim {dim}, behind fc1", en, zh,
        )  # fmt: skip


def test_dropout(candidate, seed):
    """In train mode dropout acts on single entries behind fc1 and fc2, and nowhere else
    train 模式下，dropout 逐元素作用于 fc1 和 fc2 之后，别处没有"""
    judged(Dropping(candidate, DROPPED, dropout=DROPPED), DROPPED)


def test_default_dropout(candidate, seed):
    """Without the argument p is 0.5
    不传参数时 p 为 0.5"""
    judged(Dropping(candidate, 0.5), 0.5)


def test_gradients_through_dropout(candidate, seed):
    """Gradients pass through what dropout keeps, scaled as it is
    梯度通过 dropout 保留的元素传回，缩放相同"""
    found = Dropping(candidate, DROPPED, n=10, dropout=DROPPED)
    grown = differentiate(found.logits.sum(), found.biases, allow_unused=True)
    s = found.scale
    right = [found.neither.sum(0) * s * s, (~found.second).sum(0) * s]
    for layer, gradient, wanted in zip(("fc1", "fc2"), grown, right, strict=True):
        fits = gradient is not None and bool(((gradient - wanted).abs() < 1e-4).all())
        holds(
            fits,
            f"The gradient of {layer}.bias is not that of the entries which dropout has kept.",
            f"{layer}.bias 的梯度与 dropout 保留的元素不符。",
            value="right" if fits else "wrong",
            name=f"∂L/∂{layer}.bias",
        )


def test_draws(candidate, seed):
    """Every call draws anew, from torch's global generator
    每次调用都重新抽取，来自 torch 的全局生成器"""
    found = Dropping(candidate, DROPPED, n=9, dropout=DROPPED)
    drawn = []
    for start in (seed + 1, seed + 1, seed + 2):
        torch.manual_seed(start)
        drawn.append([found.net(found.x).detach() for _ in range(2)])
    again, elsewhere = ((drawn[0][0] == drawn[i][0]).all().item() for i in (1, 2))
    next_call = (drawn[0][0] == drawn[0][1]).all().item()
    holds(
        again and not elsewhere and not next_call,
        "What is dropped must follow torch's global generator: the same from the same seed, and new in every call.",
        "置零哪些元素应当由 torch 的全局生成器决定：种子相同则相同，每次调用都不同。",
        value=f"same seed: {again}, other seed: {elsewhere}, next call: {next_call}",
        name="draws",
    )


def row(shapes):
    """What alexnet_shapes gave, in words; a torch.Size is a tuple."""
    kind = type(shapes).__name__
    shown = [str(tuple(s)) if isinstance(s, tuple) else f"{type(s).__name__} {s}" for s in shapes]
    return f"{kind}: {', '.join(shown)}"


def test_shapes(candidate, reference):
    """The shapes through the network are right, for images of any height and width
    各步的形状正确，图像的高和宽任意"""
    for height, width in ((141, 125), (224, 224), (63, 64), (65, 66), (67, 79), (227, 300), (111, 95)):
        sizes = (9, height, width, (2, 3, 4, 5, 6), 7)
        found, right = (row(side.alexnet_shapes(*sizes)) for side in (candidate, reference))
        same(found, right, f"shapes ({height}×{width})")


def test_shapes_by_name(candidate, reference):
    """Each argument of alexnet_shapes goes by name and has its default
    alexnet_shapes 的每个参数都可以按名字传入，也都有默认值"""
    for options in (
        {},
        {"num_classes": 10},
        {"height": 100},
        {"width": 100},
        {"channels": (8, 16, 9, 10, 11)},
        {"hidden": 50},
    ):
        found, right = (row(side.alexnet_shapes(**options)) for side in (candidate, reference))
        same(found, right, f"shapes ({options})")


def test_fresh(candidate, reference):
    """A new network has the promised names and shapes, all of them parameters
    新建的网络，名字和形状符合约定，并且都是参数"""
    for sizes in (SIZES, SMALL, *OTHERS):
        starts_like(candidate.AlexNet(*sizes), reference.AlexNet(*sizes), lambda name: False)


def test_defaults(candidate, reference):
    """Arguments go by name, with the defaults of the original
    参数可按名字传入，默认值与原版相同"""
    small = dict(hidden=3, channels=(1, 2, 3, 2, 1), width=63, height=64, num_classes=2)
    for left_out in ("num_classes", "height", "width", "channels"):
        options = {name: value for name, value in small.items() if name != left_out}
        starts_like(candidate.AlexNet(**options), reference.AlexNet(**options), lambda name: False)
    # A network so wide takes too long to make.
    hidden = inspect.signature(candidate.AlexNet).parameters["hidden"].default
    same(f"hidden = {hidden}", "hidden = 4096", "default")


def test_initial_values(candidate):
    """Weights and biases start uniform in ±1/√(fan in), each drawn for itself
    weight 和 bias 初始服从 ±1/√(fan in) 上的均匀分布，各自独立采样"""
    fresh = [candidate.AlexNet(70, 63, 63, (40, 21, 24, 27, 20), 110).state_dict() for _ in range(6)]
    for name in sorted(fresh[0], key=lambda name: ("bias" in name, name)):
        weight = fresh[0][f"{name.rpartition('.')[0]}.weight"]
        values = torch.stack([state[name] for state in fresh])
        if name.endswith("weight"):
            spread(values, (3 * weight[0].numel()) ** -0.5, name, uniform=True)
        drawn = values.double().cpu() * weight[0].numel() ** 0.5
        root = drawn.numel() ** 0.5
        near(drawn.mean(), 0.0, 2.9 / root, f"{name}: mean · √(fan in)")
        for within, off in ((0.5, 2.4), (0.9, 1.5)):
            share = (drawn.abs() < within).double().mean()
            near(share, within, off / root, f"{name}: share of entries below {within}/√(fan in)")
        near(drawn.abs().max().clamp(min=1), 1.0, 1e-5, f"{name}: largest · √(fan in), or 1")
    drawn_apart({name: fresh[0][name] for name in sorted(fresh[0])})
    varies(lambda: candidate.AlexNet(*SMALL).conv3.weight, 27**-0.5 / 3**0.5, "conv3.weight")


def test_modes(candidate, seed):
    """Without dropout both modes compute the same
    没有 dropout 时，两种模式的结果相同"""
    modes_alike(partial(narrow, candidate), lambda i: images(seed + i))


def test_images_apart(candidate, seed):
    """An image's logits do not depend on the other images of the batch
    一张图的 logits 与 batch 里的其他图无关"""
    samples_apart(narrow(candidate), partial(images, seed, n=2))


def test_float32(candidate, seed):
    """A float32 network gives float32 logits and gradients
    float32 的网络，logits 和梯度都是 float32"""
    keeps_dtype(partial(narrow, candidate), partial(images, seed))
    output = narrow(candidate, dropout=0.5).float()(images(seed).detach().float())
    holds(
        output.dtype == torch.float32,
        f"With dropout, float32 comes out as {output.dtype}.",
        f"有 dropout 时，float32 的输入得到 {output.dtype}。",
        value=str(output.dtype),
        name="dtype (train)",
    )


def test_noncontiguous(candidate, reference, seed):
    """Transposed, strided, expanded and channels-last images work
    图像是转置、带步长的切片、expand 的结果或 channels_last 时也正确"""
    mine, theirs = pair(candidate, reference, SMALL)
    for name, base, view in layouts(2, 3, *SMALL[1:3]):
        x, same_x = (view(normal(seed, base)[0]) for _ in range(2))
        found, right = mine(x), theirs(same_x)
        same(found, right, f"output ({name})")
        if name in ("x.mT", "channels_last", "every second entry"):  # among equal columns rounding decides
            gradient, wanted = (gradients(y, [x_])[0] for y, x_ in ((found, x), (right, same_x)))
            same(gradient, wanted, f"∂L/∂x ({name})")


def test_side_effects(candidate, seed):
    """The image and the parameters are left alone by every call; nothing is reseeded
    每次调用都不改动图像和参数；不重新设种子"""
    leaves_alone(partial(narrow, candidate, dropout=0.5), lambda i: images(seed + i))
    not_reseeded(lambda: candidate.AlexNet(*SMALL)(torch.rand(1, 3, 63, 66)))


def test_calls_are_independent(candidate, seed):
    """A later call does not change earlier outputs or their gradients
    之后的调用不影响之前的输出和梯度"""
    calls_apart(partial(narrow, candidate), lambda i: images(seed + i))


def test_networks_are_independent(candidate, seed):
    """Networks share nothing, copies are networks of their own, and loaded parameters are all that counts
    网络之间不共享任何东西，拷贝是独立的网络，结果只取决于载入的参数"""
    fresh = partial(candidate.AlexNet, *SMALL, 0.0)
    share_nothing(fresh, partial(images, seed))
    copies_apart(partial(narrow, candidate), lambda i: images(seed + i))
    travels(narrow(candidate), fresh, lambda i: images(seed + i))
