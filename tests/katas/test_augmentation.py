"""Grades katas/augmentation.py.

Every attempt draws in an order of its own. So what was drawn is read off the images that come out, whose entries are
all different, and judged by shares and correlations with bounds at least 5.5 deviations away. Everything else that
depends on the draws is said in words that are the same for all of them.
"""

import itertools
from functools import partial

import pytest
import torch
from torch import nn
from torch.nn.functional import pad

from dlkata.suite import (
    TOLERANCES,
    any_layout,
    difference,
    digits,
    draw,
    gradients,
    holds,
    integers,
    keeps_dtype,
    leaves_alone,
    near,
    normal,
    not_reseeded,
    place,
    reaches,
    same,
    samples_apart,
    setting,
)

MANY = 3000  # images in one call
CROPS = 1200  # of them where every window is compared
WIDTHS = 5.5  # deviations: a right attempt is turned away once in 10⁷ bounds


def source(seed):
    return torch.Generator(setting.device).manual_seed(seed)


def photos(seed, samples=MANY, channels=2, height=3, width=4, dtype=None):
    """Images without zeros, no two entries alike."""
    # Not `seed` itself: draws from a generator that starts there must not go with the pixels.
    (x,) = normal(seed + 1000, (samples, channels, height, width), grad=False, dtype=dtype)
    return x.sign() * (x.abs() + 0.1)


def plainly(condition, en, zh, name):
    """A property said in the same words whatever was drawn."""
    holds(bool(condition), en, zh, value="as promised" if bool(condition) else "not so", name=name)


def quietly(found, right, names="output", **options):
    """`same` for values that depend on the draws: it notes only whether they agree."""
    if not isinstance(names, str):
        for one, other, name in zip(found, right, names, strict=True):
            quietly(one, other, name, **options)
        return
    wrong = difference(found, right, names, TOLERANCES[right.dtype], nonfinite=True)
    plainly(
        wrong is None,
        f"With equal draws, {names} is not what it was for the same images otherwise laid out in memory.",
        f"抽到的结果相同，图像只是在内存中的排列不同，{names} 却不一样。",
        names,
    )


def form(x):
    """Shape, dtype, device, and whether there is inf or nan, in words."""
    if not isinstance(x, torch.Tensor):
        return type(x).__name__
    finite = "" if x.isfinite().all() else ", not finite"
    return f"{tuple(x.shape)} {x.dtype} {x.device.type}{finite}"


def like_images(out, images):
    same(form(out), form(images), "form of the output")


def shares(drawn, values, name, en, zh):
    """Each of so many values comes equally often."""
    share = 1 / values
    within = WIDTHS * (share * (1 - share) / drawn.numel()) ** 0.5
    for value in range(values):
        near((drawn == value).double().mean(), share, within, f"share of {name} {value}", en, zh)


def each(drawn, name):
    """Not one draw for all."""
    plainly(
        drawn.unique().numel() > 1,
        f"All images of a batch share one draw ({name}): each is drawn for by itself.",
        f"整个 batch 共用了一次抽取的结果（{name}）：每张图应各自独立抽取。",
        f"{name}: drawn for each image",
    )


def apart(one, other, name, en, zh):
    """Two draws do not go together."""
    a, b = (x.double() - x.double().mean() for x in (one, other))
    near(
        (a * b).sum() / (a.norm() * b.norm()), 0.0, WIDTHS * a.numel() ** -0.5, f"correlation: {name}", en, zh
    )


def independent(drawn, later, name):
    """The draws for one image tell nothing about the next image, nor about the next call."""
    apart(
        drawn[:-1], drawn[1:], f"{name}, neighbours",
        f"Images share a draw ({name}): each is drawn for by itself.",
        f"不同图像共用了抽到的结果（{name}）：每张图应各自独立抽取。",
    )  # fmt: skip
    apart(
        drawn, later, f"{name}, two calls",
        f"Two calls with one generator draw the same ({name}).",
        f"用同一个 generator 调用两次，抽到的结果相关（{name}）。",
    )  # fmt: skip


# ------------------------------------------------------------------ normalise


def test_normalise(candidate, reference, seed):
    """normalise: each channel with its own mean and standard deviation, in full precision
    normalise：每个通道用自己的均值和标准差，精度完整"""
    for channels, height, width in ((3, 4, 5), (1, 4, 5), (3, 3, 3), (2, 1, 6)):
        mean, std = [0.1, -0.7, 3.3][:channels], [0.3, 1.7, 0.02][:channels]
        for given in (list, tuple):
            x, same_x = (photos(seed, 4, channels, height, width).requires_grad_() for _ in range(2))
            mine = candidate.normalise(x, given(mean), given(std))
            theirs = reference.normalise(same_x, given(mean), given(std))
            label = f"(C, H, W) = {channels, height, width}"
            same(mine, theirs, f"output ({label})")
            same(gradients(mine, [x]), gradients(theirs, [same_x]), [f"∂L/∂images ({label})"])


def test_normalise_family(candidate, seed):
    """normalise: float32 stays float32, any layout works, images are left alone
    normalise：float32 保持 float32；内存排列任意；不改动图像"""
    call = partial(candidate.normalise, mean=[0.1, -0.7], std=[0.3, 1.7])
    keeps_dtype(lambda: call, lambda: photos(seed, 3).requires_grad_())
    any_layout(lambda: call, lambda shape: normal(seed, shape)[0], (3, 2, 4, 5))
    leaves_alone(lambda: call, lambda i: photos(seed + i, 3))
    samples_apart(call, lambda: photos(seed, 3))


# ------------------------------------------------------------------ random_crop


def cuts(out, images, padding):
    """The first row and the first column of each image's cut."""
    like_images(out, images)
    height, width = images.shape[2:]
    windows = pad(images, [padding] * 4).unfold(2, height, 1).unfold(3, width, 1)  # (N, C, 2p+1, 2p+1, H, W)
    fits = (windows - out[:, :, None, None]).abs().amax((-2, -1)) < 1e-10 * (1 + images.abs().max())
    plainly(
        fits.flatten(2).any(-1).all(),
        "An image that comes out is not a window of the image with zeros around it.",
        "输出的图像不是“四周补零的图像”的一个窗口。",
        "windows",
    )
    together = fits.all(1).flatten(1)
    plainly(
        together.any(-1).all(),
        "The channels of one image were cut at different places.",
        "同一张图的各个通道裁剪位置不同。",
        "channels cut together",
    )
    where = together.double().argmax(-1)
    return where // (2 * padding + 1), where % (2 * padding + 1)


def test_crop(candidate, seed):
    """random_crop: every image is a window of itself with zeros around it, anywhere, by itself
    random_crop：每张图是“补零后的自己”的一个窗口，位置任意、各自独立"""
    for padding, height, width in ((2, 4, 3), (1, 3, 4)):
        images, given = photos(seed, CROPS, height=height, width=width), source(seed)
        top, left = cuts(candidate.random_crop(images, padding, given), images, padding)
        again, _ = cuts(candidate.random_crop(images, padding, given), images, padding)
        each(top, "place of the crop")
        for side, en, zh, drawn in (("row", "rows", "行", top), ("column", "columns", "列", left)):
            shares(
                drawn, 2 * padding + 1, f"first {side} (padding {padding})",
                f"First {en} are not equally likely: they run from 0 to 2 · padding.",
                f"首{zh}的各个位置不是等可能的：应当从 0 到 2 · padding。",
            )  # fmt: skip
        apart(
            top, left, f"first row and first column (padding {padding})",
            "The first row and the first column go together: they are drawn independently.",
            "首行和首列相关：应当各自独立抽取。",
        )  # fmt: skip
        independent(top, again, f"first row, padding {padding}")


def test_crop_nothing(candidate, reference, seed):
    """random_crop: with padding 0 the images come out as they are
    random_crop：padding 为 0 时图像原样输出"""
    for sizes in ((5, 2, 3, 4), (1, 1, 1, 1)):
        same(candidate.random_crop(photos(seed, *sizes), 0), reference.random_crop(photos(seed, *sizes), 0))


# ------------------------------------------------------------------ random_flip


def mirrored(out, images):
    """Which images were mirrored."""
    like_images(out, images)
    kept, turned = ((out - x).abs().amax((1, 2, 3)) < 1e-10 for x in (images, images.flip(-1)))
    plainly(
        (kept | turned).all(),
        "An image that comes out is neither the image nor its mirror image, left and right exchanged.",
        "输出的图像既不是原图，也不是左右镜像的图。",
        "mirror images",
    )
    return turned


def test_flip(candidate, seed):
    """random_flip: each image is mirrored left to right with probability p, by itself
    random_flip：每张图各自独立，以概率 p 左右镜像"""
    images, given = photos(seed), source(seed)
    turned = mirrored(candidate.random_flip(images, 0.3, given), images)
    again = mirrored(candidate.random_flip(images, 0.3, given), images)
    each(turned, "mirrored or not")
    independent(turned, again, "mirrored or not")
    for p, share in ((0.3, turned), (0.8, mirrored(candidate.random_flip(images, 0.8, given), images))):
        near(
            share.double().mean(), p, WIDTHS * (p * (1 - p) / MANY) ** 0.5, f"share of mirrored images (p = {p})",
            "The share of mirrored images is not p.", "镜像的图所占比例不是 p。",
        )  # fmt: skip


def test_flip_default(candidate, seed):
    """random_flip: p is 0.5 if it is not given
    random_flip：不传 p 时为 0.5"""
    turned = mirrored(candidate.random_flip(photos(seed), generator=source(seed)), photos(seed))
    each(turned, "mirrored or not")
    near(
        turned.double().mean(), 0.5, WIDTHS * 0.5 * MANY**-0.5, "share of mirrored images",
        "Without p, half of the images should be mirrored.", "不传 p 时，应有一半的图被镜像。",
    )  # fmt: skip


def test_flip_always_never(candidate, reference, seed):
    """random_flip: with p = 1 all are mirrored, with p = 0 none
    random_flip：p = 1 时全部镜像，p = 0 时全不镜像"""
    for p, sizes in itertools.product((0.0, 1.0, 0, 1), ((40, 2, 3, 4), (1, 1, 1, 5), (3, 3, 3, 3))):
        mine, theirs = (side.random_flip(photos(seed, *sizes), p) for side in (candidate, reference))
        same(mine, theirs, f"output (p = {p})")


# ------------------------------------------------------------------ cutout


def holes(out, images, size):
    """First and last row, first and last column of each hole; it is a rectangle in all channels."""
    like_images(out, images)
    gone = out != images
    plainly(
        (out[gone] == 0).all(),
        "What is cut out must be 0, and everything else stays as it was.",
        "挖掉的部分应为 0，其余保持不变。",
        "zeros in the hole",
    )
    plainly(
        (gone == gone[:, :1]).all(),
        "The channels of one image have holes at different places.",
        "同一张图的各个通道，洞的位置不同。",
        "one hole in all channels",
    )
    gone = gone[:, 0]
    rows, columns = gone.any(2).double(), gone.any(1).double()
    plainly(
        (gone == (rows[:, :, None] * columns[:, None]).bool()).all() and rows.any(1).all(),
        "What is cut out is not one rectangle in each image.",
        "挖掉的不是每张图一个矩形。",
        "rectangles",
    )
    return rows, columns


def centres(lines, size, name, side):
    """The centre of each hole along one side, by the rows or the columns that it covers."""
    line = torch.arange(lines.shape[1], device=lines.device)
    first = (line - size // 2)[:, None]  # of the hole around each centre
    covers = ((line >= first) & (line < first + size)).to(lines)  # (centres, lines)
    fits = (lines[:, None] == covers).all(-1)
    plainly(
        fits.any(-1).all(),
        f"The {name} of a hole are not those of any centre: from the centre − ⌊size/2⌋, size of them, less what "
        "lies outside.",
        f"洞覆盖的{side}不符合任何一个中心：应从“中心 − ⌊size/2⌋”起共 size {side}，超出图像的略去。",
        f"{name} of a hole",
    )
    return fits


def test_cutout_area(candidate, seed):
    """cutout: a hole that lies within the image has size · size pixels
    cutout：完全在图像之内的洞有 size · size 个像素"""
    for size in (3, 2, 1):
        images, given = photos(seed, 12, 2, 6, 7), source(seed)
        largest = [(candidate.cutout(images, size, given) != images).sum((1, 2, 3)).max() for _ in range(40)]
        same(
            torch.stack(largest).max(), torch.tensor(2 * size * size, device=setting.device),
            f"entries of the largest hole (size {size})",
        )  # fmt: skip


def test_cutout(candidate, seed):
    """cutout: a square of zeros around any pixel, clipped at the border, in each image by itself
    cutout：以任一像素为中心的正方形置零，超出边缘的略去，每张图各自独立"""
    for size, height, width in ((3, 4, 5), (2, 3, 4)):
        images, given = photos(seed, height=height, width=width), source(seed)
        drawn = []
        for _call in range(2):
            rows, columns = holes(candidate.cutout(images, size, given), images, size)
            down, across = centres(rows, size, "rows", "行"), centres(columns, size, "columns", "列")
            drawn.append((down.double().argmax(-1), across.double().argmax(-1)))
        (r, c), (later, _) = drawn
        each(r, "centre of the hole")
        for side, centre, many in (("row", r, height), ("column", c, width)):
            shares(
                centre, many, f"central {side} (size {size})",
                f"Not every {side} is the centre of a hole equally often: each from the first to the last.",
                f"各{'行' if side == 'row' else '列'}作为中心的机会不相等：从第一个到最后一个都应等可能。",
            )  # fmt: skip
        apart(
            r, c, f"central row and central column (size {size})",
            "Row and column of the centre go together: they are drawn independently.",
            "中心的行和列相关：应当各自独立抽取。",
        )  # fmt: skip
        independent(r, later, f"central row, size {size}")


def test_cutout_large(candidate, seed):
    """cutout: a size more than twice the image leaves nothing
    cutout：size 超过图像的两倍时什么也不剩"""
    for size, sizes in ((9, (40, 2, 3, 4)), (1, (3, 2, 1, 1)), (50, (1, 1, 4, 2))):
        out = candidate.cutout(photos(seed, *sizes), size)
        like_images(out, photos(seed, *sizes))
        plainly(
            (out == 0).all(),
            "A hole more than twice as large as the image leaves something of it.",
            "洞的大小超过图像的两倍，图像却还有剩余。",
            f"nothing left ({sizes}, size {size})",
        )


def test_cutout_larger_than_a_side(candidate, seed):
    """cutout: a size above the height alone works
    cutout：size 只比高度大时也正确"""
    images = photos(seed, 300, 1, 2, 9)
    rows, columns = holes(candidate.cutout(images, 4, source(seed)), images, 4)
    centres(rows, 4, "rows", "行")
    centres(columns, 4, "columns", "列")


# ------------------------------------------------------------------ mixup


def units(samples, dtype=None):
    """Image n is 1 at entry n and 0 elsewhere: what comes out is the matrix of weights."""
    return torch.eye(samples, dtype=dtype or setting.dtype, device=setting.device).view(samples, 2, 1, -1)


def mixtures(candidate, samples=24, times=120, seed=0):
    """Weights of the images and of the labels, (times, N, N) each, when every sample is of a class of its own."""
    images, labels, given = units(samples), torch.arange(samples, device=setting.device), source(seed)
    calls = [candidate.mixup(images, labels, samples, given) for _ in range(times)]
    plainly(
        all(isinstance(c, tuple) and len(c) == 2 for c in calls),
        "mixup must return two tensors: images and soft labels.",
        "mixup 应返回两个张量：图像和软标签。",
        "a pair",
    )
    for mixed, soft in calls[:2]:
        same(mixed * 0, images * 0, "0 · images")
        same(soft * 0, images.flatten(1) * 0, "0 · soft labels")
    return [torch.stack([c[part].flatten(1) for c in calls]) for part in (0, 1)]


def test_mixup_weights(candidate, seed):
    """mixup: each image is λ of itself and 1 − λ of one partner
    mixup：每张图由 λ 份自己和 1 − λ 份一个同伴组成"""
    weights, _ = mixtures(candidate, seed=seed)
    plainly(
        (weights >= -1e-6).all() and ((weights.sum(-1) - 1).abs() < 1e-6).all(),
        "The weights of the images that are mixed must be positive and add up to 1.",
        "混合图像的各个权重应为正数，且和为 1。",
        "weights of images",
    )
    plainly(
        ((weights > 1e-9).sum(-1) <= 2).all(),
        "More than two images are mixed into one.",
        "一张图里混进了两张以上的图。",
        "two at most",
    )
    diagonal = weights.diagonal(dim1=1, dim2=2)
    plainly(
        (diagonal > 0).double().mean() > 0.99,  # a λ drawn in float32 may be 0
        "Some image holds nothing of itself: λ of it, and 1 − λ of its partner.",
        "有的图里没有自己：应当是 λ 份自己、1 − λ 份同伴。",
        "part of itself",
    )


def partners(weights):
    """Each sample's partner; itself where it is mixed with nobody."""
    others = weights * (1 - torch.eye(weights.shape[-1], dtype=weights.dtype, device=weights.device))
    alone = others.amax(-1) <= 1e-9
    return torch.where(alone, torch.arange(weights.shape[-1], device=weights.device), others.argmax(-1))


def test_mixup_labels(candidate, seed):
    """mixup: soft labels are mixed as the images are: the same λ, the same partner
    mixup：软标签与图像的混合方式相同：同样的 λ、同样的同伴"""
    weights, soft = mixtures(candidate, seed=seed)
    plainly(
        ((soft.sum(-1) - 1).abs() < 1e-6).all(),
        "Soft labels must add up to 1 in each row.",
        "软标签每一行的和应为 1。",
        "sums of soft labels",
    )
    plainly(
        (soft > 1e-9).sum(-1).double().mean() > 1.8,
        "Soft labels name one class alone: they hold λ of one label and 1 − λ of another.",
        "软标签只有一个类别：应当含 λ 份一个标签、1 − λ 份另一个标签。",
        "two classes",
    )
    plainly(
        (partners(soft) == partners(weights)).all(),
        "The labels are mixed with those of other partners than the images.",
        "标签混入的同伴与图像不同。",
        "partners of labels",
    )
    together = [
        x.diagonal(dim1=1, dim2=2)[partners(x) != torch.arange(24, device=x.device)] for x in (soft, weights)
    ]
    near(
        torch.corrcoef(torch.stack(together))[0, 1], 1.0, 0.3, "correlation of λ in labels and in images",
        "The labels are mixed with another λ than the images.", "标签的 λ 与图像的 λ 不同。",
    )  # fmt: skip
    plainly(
        ((soft - weights).abs() < 1e-6).all(),
        "Soft labels are not mixed as the images are: with the same λ and the same partner.",
        "软标签的混合方式与图像不同：应当用同样的 λ 和同样的同伴。",
        "labels follow images",
    )


def test_mixup_draws(candidate, seed):
    """mixup: λ is uniform and drawn for each sample
    mixup：λ 服从均匀分布，每个样本各自抽取"""
    weights, _ = mixtures(candidate, seed=seed)
    own, chosen = weights.diagonal(dim1=1, dim2=2), partners(weights)
    mixed = chosen != torch.arange(weights.shape[-1], device=weights.device)
    plainly(
        own.std(dim=1).min() > 1e-3,
        "All samples of a batch share one λ: each has its own.",
        "整个 batch 共用一个 λ：每个样本应各有一个。",
        "one λ for each",
    )
    drawn = own[mixed]
    for k in range(4):
        near(
            ((drawn >= k / 4) & (drawn < (k + 1) / 4)).double().mean(), 0.25,
            WIDTHS * (0.1875 / drawn.numel()) ** 0.5 + 0.001, f"share of λ in quarter {k + 1}",
            "λ is not uniform between 0 and 1.", "λ 在 0 和 1 之间不是均匀分布。",
        )  # fmt: skip
    first, second = own[:, 0][mixed[:, 0] & mixed[:, 1]], own[:, 1][mixed[:, 0] & mixed[:, 1]]
    apart(
        first, second, "λ of neighbours",
        "The λ of two samples go together: each is drawn independently.",
        "两个样本的 λ 相关：应当各自独立抽取。",
    )  # fmt: skip
    apart(
        own[:-1].flatten(), own[1:].flatten(), "λ of two calls",
        "The λ of two calls go together.", "两次调用的 λ 相关。",
    )  # fmt: skip


def test_mixup_permutation(candidate, seed):
    """mixup: partners are a permutation, each equally likely
    mixup：同伴构成一个排列，各个排列等可能"""
    weights, _ = mixtures(candidate, samples=4, times=500, seed=seed)
    chosen = partners(weights)  # (times, 4)
    plainly(
        (chosen != chosen[0]).any(),
        "The same samples are partners in every call: draw a permutation anew.",
        "每次调用的同伴都一样：应当每次重新抽取排列。",
        "partners vary",
    )
    plainly(
        (chosen.sort(-1).values == torch.arange(4, device=weights.device)).all(),
        "Partners are no permutation: each sample is the partner of exactly one.",
        "同伴不构成排列：每个样本应当恰好做一次同伴。",
        "a permutation",
    )
    for sample in (0, 3):
        shares(
            chosen[:, sample], 4, f"partner of sample {sample}:",
            "Not every sample is a partner equally often (a sample may meet itself).",
            "各个样本成为同伴的机会不相等（也可能遇到自己）。",
        )  # fmt: skip
    near(
        ((chosen[:, 0] == 1) & (chosen[:, 1] == 0)).double().mean(), 1 / 12,
        WIDTHS * (11 / 144 / 500) ** 0.5, "share of calls in which two samples meet each other",
        "Partners are not those of a random permutation.", "同伴不像随机排列。",
    )  # fmt: skip


def test_mixup_classes(candidate, reference, seed):
    """mixup: samples of one class keep it, a batch of one keeps its image
    mixup：同一类的样本混合后仍是该类；只有一张图时保持原样"""
    images = photos(seed, 5)
    for label, classes in ((0, 3), (2, 3), (0, 1)):
        mine, theirs = (
            side.mixup(images, torch.full((5,), label, device=setting.device), classes)[1]
            for side in (candidate, reference)
        )
        same(mine, theirs, f"soft labels (all of class {label} of {classes})", tolerance=(1e-6, 1e-6))
    alone = photos(seed, 1)
    mine, theirs = (
        side.mixup(alone, torch.tensor([1], device=setting.device), 4) for side in (candidate, reference)
    )
    same(list(mine), list(theirs), ["images (a batch of one)", "soft labels"], tolerance=(1e-6, 1e-6))


# ------------------------------------------------------------------ all of them


def calls(candidate, seed=None):
    """What draws, as functions of the images: (name, function). `seed`: each call with a fresh generator."""

    def labels(x):
        return torch.arange(len(x), device=x.device) % 3

    each = {
        "random_crop": lambda x, **g: candidate.random_crop(x, 2, **g),
        "random_flip": lambda x, **g: candidate.random_flip(x, 0.4, **g),
        "cutout": lambda x, **g: candidate.cutout(x, 3, **g),
        "mixup": lambda x, **g: candidate.mixup(x, labels(x), 3, **g)[0],
        "mixup, soft labels": lambda x, **g: candidate.mixup(x, labels(x), 3, **g)[1],
    }
    for name, call in each.items():
        yield name, call if seed is None else lambda x, c=call: c(x, generator=source(seed))


def alike(one, other):
    return one.shape == other.shape and bool((one == other).all())


def test_generator(candidate, seed):
    """Draws come from the generator given, and from it alone
    随机数只取自传入的 generator"""
    images = photos(seed, 60)
    for name, call in calls(candidate):
        torch.manual_seed(seed)
        first = call(images, generator=source(5))
        before = torch.get_rng_state()
        given = source(5)
        again, later, other = (call(images, generator=g) for g in (given, given, source(6)))
        plainly(
            alike(first, again),
            f"{name}: two generators in the same state give different results.",
            f"{name}：两个状态相同的 generator 给出了不同的结果。",
            f"{name}: repeatable",
        )
        plainly(
            not alike(again, later) and not alike(again, other),
            f"{name}: the result does not depend on the generator, or does not move it on.",
            f"{name}：结果与 generator 无关，或者没有推进它。",
            f"{name}: from the generator",
        )
        plainly(
            bool((torch.get_rng_state() == before).all()),
            f"{name}: with a generator, torch's global one must be left alone.",
            f"{name}：传入 generator 时，不应动 torch 的全局生成器。",
            f"{name}: global generator left alone",
        )


def test_global_generator(candidate, seed):
    """Without a generator draws come from torch's global one, which is not reseeded
    不传 generator 时取自 torch 的全局生成器，不重新设种子"""
    images = photos(seed, 60)
    for name, call in calls(candidate):
        torch.manual_seed(seed)
        first, later = call(images), call(images)
        torch.manual_seed(seed)
        again = call(images)
        plainly(
            alike(first, again) and not alike(first, later),
            f"{name}: torch.manual_seed must decide what is drawn, and every call draws anew.",
            f"{name}：抽到什么应由 torch.manual_seed 决定，而且每次调用都重新抽取。",
            f"{name}: global generator",
        )
        not_reseeded(lambda call=call: call(images))


def test_gradients(candidate, seed):
    """Gradients flow to the images, with the draws held fixed
    梯度能传到图像，抽到的结果视为固定"""
    for name, call in calls(candidate, seed):
        if name == "mixup, soft labels":
            continue
        x = photos(seed, 7).requires_grad_()
        (other,) = normal(seed + 7, tuple(x.shape), grad=False)
        out = call(x)
        plainly(
            out.requires_grad,
            f"{name}: no gradient reaches the images.",
            f"{name}：梯度传不到图像。",
            f"{name}: differentiable",
        )
        (slope,) = gradients(out, [x])
        weights = normal(20, tuple(out.shape), grad=False)[0]  # those of `gradients`
        # Linear in the images: what the slope says of any other images is what comes of them.
        found, right = (slope * other).sum(), (weights * call(other)).sum()
        plainly(
            (found - right).abs() < 1e-6 * (1 + right.abs()),
            f"{name}: the gradients of the images are wrong.",
            f"{name}：图像的梯度不正确。",
            f"{name}: slopes",
        )


def test_float32(candidate, seed):
    """float32 images come out as float32, soft labels too, whatever the default dtype is
    输入 float32 图像，输出和软标签也是 float32，与默认 dtype 无关"""
    default = torch.get_default_dtype()
    for chosen in (default, torch.float64):
        torch.set_default_dtype(chosen)
        try:
            for name, call in calls(candidate, seed):
                out = call(photos(seed, 30, dtype=torch.float32)) * 0
                same(out, torch.zeros(out.shape, device=out.device, dtype=torch.float32), f"0 · {name}")
        finally:
            torch.set_default_dtype(default)


def test_labels(candidate, seed):
    """mixup: the soft labels are those of the classes given, and labels are left alone
    mixup：软标签对应给定的类别，不改动 labels"""
    (labels,) = integers(seed, 5, (40,))
    before, images = labels.clone(), photos(seed, 40)
    _, soft = candidate.mixup(images, labels, 7, source(seed))
    same(labels, before, "labels")
    same(soft * 0, images.new_zeros(40, 7), "0 · soft labels")
    present = torch.nn.functional.one_hot(labels, 7).sum(0) > 0
    plainly(
        not soft[:, ~present].any() and soft[torch.arange(40, device=soft.device), labels].gt(0).all(),
        "Soft labels lie on classes that no sample has, or not on that of the sample itself.",
        "软标签落在了没有样本的类别上，或没有落在样本自己的类别上。",
        "classes of soft labels",
    )


def test_any_size(candidate, seed):
    """Single images, single channels, single rows and columns work
    单张图、单通道、只有一行或一列都可以"""
    for sizes in ((1, 1, 1, 1), (1, 3, 4, 5), (6, 1, 1, 5), (6, 1, 5, 1), (3, 3, 3, 3), (2, 4, 7, 2)):
        for name, call in calls(candidate, seed):
            images = photos(seed, *sizes)
            out = call(images)
            if name != "mixup, soft labels":
                like_images(out, images)
        padding = 2
        cuts(
            candidate.random_crop(photos(seed, *sizes), padding, source(seed)), photos(seed, *sizes), padding
        )
        mirrored(candidate.random_flip(photos(seed, *sizes), 0.5, source(seed)), photos(seed, *sizes))
        holes(candidate.cutout(photos(seed, *sizes), 2, source(seed)), photos(seed, *sizes), 2)
    image, given = photos(seed, 1, 1, 2, 3), source(seed)
    for _call in range(30):  # until the far ends of a wide padding have been drawn
        cuts(candidate.random_crop(image, 4, given), image, 4)


def test_noncontiguous(candidate, seed):
    """Transposed, strided, expanded and channels-last images work
    图像是转置、带步长的切片、expand 的结果或 channels_last 时也正确"""
    for _name, call in calls(candidate, seed):
        any_layout(
            lambda call=call: call, lambda shape: normal(seed, shape, grad=False)[0], (4, 2, 3, 5), judge=quietly
        )  # fmt: skip


def test_side_effects(candidate, seed):
    """Images are left alone, also by later calls
    不改动图像，之后的调用也不会改动"""
    for _name, call in calls(candidate, seed):
        leaves_alone(lambda call=call: call, lambda i: photos(seed + i, 20))


def test_images_apart(candidate, seed):
    """crop, flip and cutout: what comes of an image does not depend on the pixels of others
    crop、flip、cutout：一张图的结果与其他图的像素无关"""
    for name, call in calls(candidate, seed):
        if not name.startswith("mixup"):
            samples_apart(call, lambda: photos(seed, 5))


class Recogniser(nn.Module):
    def __init__(self):
        super().__init__()
        self.layers = nn.Sequential(nn.Flatten(), nn.Linear(64, 64), nn.ReLU(), nn.Linear(64, 10))

    def forward(self, images):
        return self.layers(images)


@pytest.mark.training
def test_training_reaches(candidate, seed):
    """A network that saw digits cropped, cut out and mixed up knows shifted ones: accuracy ≥ 0.6
    用裁剪、挖洞、混合过的数字训练，网络能认出平移后的数字：准确率 ≥ 0.6"""
    images, labels = digits()
    images, given = images[:, None].to(setting.dtype), source(seed)
    net = draw(place(Recogniser()))
    optimizer = torch.optim.Adam(net.parameters(), lr=0.01)
    losses = []
    for chosen in integers(seed, 1300, (200, 64))[0]:
        x = candidate.random_crop(images[chosen], 1, given)
        x, soft = candidate.mixup(candidate.cutout(x, 2, given), labels[chosen], 10, given)
        loss = -(soft * net(candidate.normalise(x, [0.3], [0.4])).log_softmax(-1)).sum(-1).mean()
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
        losses.append(loss.item())
    shifted = pad(images[1300:], (1, 0, 1, 0))[..., :8, :8]
    with torch.no_grad():
        found = net((shifted - 0.3) / 0.4).argmax(-1)
    reaches((found == labels[1300:]).double().mean(), 0.6, "accuracy", losses=losses)
