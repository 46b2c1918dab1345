"""Grades katas/vit.py."""

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
    gradients,
    holds,
    keeps_dtype,
    learned,
    leaves_alone,
    modes_alike,
    near,
    normal,
    not_reseeded,
    place,
    reaches,
    rejects,
    same,
    samples_apart,
    setting,
    share_nothing,
    starts_like,
    stir,
    train,
    travels,
    twins,
)

SIZES = ((6, 9), 3, 2, 5, 8, 2, 2)  # image, patch, channels, classes, D, L, H: a grid of 2×3
ELSE = (9, 12), (6, 6), (3, 9), (12, 3), (9, 6)  # other images: grids of 3×4, 2×2, 1×3, 4×1, 3×2


def picture(seed, *shape):
    return normal(seed, shape or (3, 2, 6, 9))[0]


def net(candidate, *sizes):
    """The attempt's model, all its weights drawn from their names."""
    return stir(place(candidate.ViT(*(sizes or SIZES))))


def both(candidate, reference, *sizes):
    return twins(candidate, reference, "ViT", *(sizes or SIZES))


def test_patches(candidate, reference, seed):
    """Images are cut into patches, row by row; in a patch channel, row, column
    图像按行切成 patch；patch 内依次是通道、行、列"""
    for shape, p in (
        ((2, 3, 4, 6), 2),
        ((1, 2, 6, 3), 3),
        ((3, 1, 2, 5), 1),
        ((2, 4, 3, 3), 3),
        ((1, 1, 8, 4), 4),
    ):
        cut = (partial(side.patchify, patch_size=p) for side in (candidate, reference))
        agree(*cut, partial(picture, seed, *shape), f"patches (images {shape}, patch_size = {p})")


def test_leftovers(candidate, seed):
    """Sides that are no multiple of the patch raise ValueError
    边长不是 patch 的整数倍时抛出 ValueError"""
    model = net(candidate)
    for height, width in ((7, 8), (7, 9), (6, 8), (5, 7), (2, 3), (3, 4)):
        for name, call in (
            ("patchify", lambda x: candidate.patchify(x, 3)),
            ("forward", model),
            ("ViT", lambda x: candidate.ViT(tuple(x.shape[-2:]), *SIZES[1:])),
        ):
            rejects(
                ValueError,
                partial(attempt, call, picture(seed, 1, 2, height, width)),
                f"{name}, {height}×{width} pixels, patches of 3: no ValueError is raised.",
                f"{name}，{height}×{width} 像素，patch 为 3：没有抛出 ValueError。",
            )


def attempt(call, x):
    try:
        call(x)
    except (RuntimeError, AssertionError, IndexError):
        pass  # whatever it says, it is no ValueError


def test_resized_positions(candidate, reference, seed):
    """Positions are resized as a picture, to larger grids and smaller ones; the first row stays
    位置像图像一样缩放，变大变小都可以；第 0 行不变"""
    for grid, new in (
        ((2, 3), (4, 6)),
        ((2, 3), (3, 2)),
        ((4, 5), (2, 3)),
        ((1, 4), (3, 7)),
        ((3, 1), (5, 2)),
        ((3, 3), (1, 1)),
        ((1, 1), (2, 3)),
        ((6, 2), (3, 4)),
    ):
        resize = (partial(side.resize_positions, grid=grid, new_grid=new) for side in (candidate, reference))
        make = partial(picture, seed, 1 + grid[0] * grid[1], 4)
        agree(*resize, make, f"positions ({grid[0]}×{grid[1]} → {new[0]}×{new[1]})")


def test_same_grid(candidate, reference, seed):
    """For the same grid the positions stay what they are
    网格不变时，位置保持原样"""
    for grid in ((2, 3), (3, 3), (1, 1)):
        resize = (partial(side.resize_positions, grid=grid, new_grid=grid) for side in (candidate, reference))
        make = partial(picture, seed, 1 + grid[0] * grid[1], 4)
        agree(*resize, make, f"positions ({grid[0]}×{grid[1]}, the same)")


def test_logits(candidate, reference, seed):
    """The logits are right
    logits 正确"""
    mine, theirs = both(candidate, reference)
    same(mine(picture(seed)), theirs(picture(seed)))


def test_gradients(candidate, reference, seed):
    """Gradients of the images and of every parameter are right
    图像和每个参数的梯度正确"""
    agree(*both(candidate, reference), partial(picture, seed))


def test_other_images(candidate, reference, seed):
    """Images of other sizes: logits and gradients are right, and the usual size after them
    其他尺寸的图像：logits 和梯度正确，之后再用原来的尺寸也正确"""
    found = []
    for model in both(candidate, reference):
        results = []
        for height, width in (*ELSE, (6, 9)):
            x = picture(seed, 2, 2, height, width)
            output = model(x)
            results += [output, *gradients(output, [x, learned(model, model)["positions"]])]
        found.append(results)
    names = [
        f"{w} ({h}×{b} pixels)" for h, b in (*ELSE, (6, 9)) for w in ("output", "∂L/∂x", "∂L/∂positions")
    ]
    same(*found, names)


def test_sizes(candidate, reference, seed):
    """Any sizes work: one image, one patch, patches of one pixel, one channel, one class, one block
    任何尺寸都可以：一张图、一个 patch、单像素 patch、单通道、单类别、一个 block"""
    for sizes, n in (
        (((4, 4), 4, 1, 1, 6, 1, 3), 1),
        (((2, 3), 1, 3, 4, 4, 1, 1), 2),
        (((5, 10), 5, 2, 3, 6, 3, 6), 4),
        (((8, 8), 2, 1, 10, 12, 1, 4), 1),
        (((9, 3), 3, 4, 7, 4, 2, 2), 9),
    ):
        make = partial(picture, seed, n, sizes[2], *sizes[0])
        agree(*both(candidate, reference, *sizes), make, f"output (ViT{sizes}, {n} images)")


def test_epsilon(candidate, reference, seed):
    """A class token of tiny variance shows that ε is 1e-5 in the last norm
    方差极小的 class token 能看出最后的 norm 的 ε 是 1e-5"""
    mine, theirs = both(candidate, reference)
    with torch.no_grad():
        for name, value in theirs.state_dict().items():
            if name.startswith(("cls", "positions")) or "out_proj" in name or "linear2" in name:
                value.mul_(3e-3)
    adopt(mine, theirs, as_it_is=True)
    same(mine(picture(seed)), theirs(picture(seed)), "output (class token near 0)")


def test_parameters(candidate, reference):
    """A new model has the promised names and shapes; its class token starts at 0
    新建的模型名字和形状符合约定；class token 初始为 0"""
    for sizes in (SIZES, ((4, 2), 2, 1, 3, 4, 1, 2)):
        constant = partial(any_of, ("norm", "in_proj_bias", "out_proj.bias"))
        fresh = candidate.ViT(*sizes)
        starts_like(fresh, reference.ViT(*sizes), constant)
        zeros = not fresh.state_dict()["cls"].any()
        holds(
            zeros,
            "The class token, `cls`, does not start at 0.",
            "class token `cls` 的初始值不是 0。",
            value="zeros" if zeros else "others",
            name="cls, new",
        )


def any_of(parts, name):
    return any(part in name for part in parts)


def test_initial_values(candidate):
    """Positions start as N(0, 0.02²), the rest as torch's layers; each block is drawn on its own
    位置初始服从 N(0, 0.02²)，其余与 torch 的层相同；各 block 独立采样"""
    d = 120
    start = candidate.ViT((20, 24), 2, 3, 110, d, 2, 4).state_dict()
    uniform = {"patch.weight": 12, "patch.bias": 12, "head.weight": d, "head.bias": d}
    for i in range(2):
        uniform |= {f"blocks.{i}.linear1.weight": d, f"blocks.{i}.linear2.weight": 4 * d}
        uniform |= {
            f"blocks.{i}.self_attn.in_proj_weight": 4 * d / 6,
            f"blocks.{i}.self_attn.out_proj.weight": d,
        }
    for name, fan in uniform.items():
        values = start[name].double().cpu().flatten() * fan**0.5
        count = values.numel()  # 110 to 57,600; deviations 0.26/√n and 0.58/√n: bounds of more than 5 of them
        near(values.std(), 3**-0.5, 1.4 / count**0.5, f"{name}: std, relative")
        near(values.mean(), 0.0, 3.2 / count**0.5, f"{name}: mean, relative")
        near(values.abs().max(), 1.0, 16 / count, f"{name}: largest, relative")
    positions = start["positions"].double().cpu().flatten() / 0.02
    count = positions.numel()  # 14,520
    near(positions.std(), 1.0, 4 / count**0.5, "positions: std / 0.02")
    near(positions.mean(), 0.0, 5.5 / count**0.5, "positions: mean / 0.02")
    near(positions.abs().mean(), 0.798, 3.5 / count**0.5, "positions: mean |·| / 0.02")
    some = (
        "positions",
        "patch.weight",
        "head.weight",
        *(f"blocks.{i}.self_attn.out_proj.weight" for i in range(2)),
    )
    drawn_apart({name: start[name] for name in some})
    not_reseeded(lambda: candidate.ViT((2, 2), 1, 1, 2, 4, 1, 2)(torch.rand(1, 1, 2, 2)))


def test_class_token(candidate, seed):
    """Every image's class token reads every patch, and the order of patches counts
    每张图的 class token 都读到所有 patch，patch 的次序也起作用"""
    model, x = net(candidate), picture(seed, 2, 2, 6, 9).detach()
    before = model(x)
    moved = []
    for row in range(2):
        for column in range(3):
            changed = x.clone()
            changed[1, :, 3 * row : 3 * row + 3, 3 * column : 3 * column + 3] += 1
            moved.append(((model(changed) - before).abs().amax(-1) > 1e-9).int().tolist())
    swapped = x.roll(3, dims=3)
    moved.append(((model(swapped) - before).abs().amax(-1) > 1e-9).int().tolist())
    holds(
        moved == [[0, 1]] * 6 + [[1, 1]],
        "The logits of an image must depend on each of its patches, on their order, and on no other image.",
        "一张图的 logits 应当取决于它的每个 patch 以及 patch 的次序，且与其他图无关。",
        value=str(moved),
        name="logits moved by each patch, and by their order",
    )


def test_images_apart(candidate, seed):
    """An image's logits do not depend on the other images of the batch
    一张图的 logits 与 batch 里的其他图无关"""
    samples_apart(net(candidate), partial(picture, seed))
    samples_apart(net(candidate).eval(), partial(picture, seed, 4, 2, 9, 6))


def test_modes(candidate, seed):
    """Train and eval mode compute the same
    train 和 eval 模式的结果相同"""
    modes_alike(partial(net, candidate), lambda i: picture(seed + i))


def test_float32(candidate, seed):
    """A float32 model gives float32 logits and gradients
    float32 的模型，logits 和梯度都是 float32"""
    keeps_dtype(partial(net, candidate), partial(picture, seed))
    keeps_dtype(partial(net, candidate), partial(picture, seed, 2, 2, 9, 12))


def test_noncontiguous(candidate, seed):
    """Transposed, strided, expanded and channels-last images work, positions too
    图像是转置、带步长的切片、expand 的结果或 channels_last 时也正确，位置也一样"""
    one_block = partial(net, candidate, *SIZES[:5], 1, SIZES[-1])
    any_layout(one_block, lambda shape: picture(seed, *shape), (2, 2, 6, 9))
    resize = partial(candidate.resize_positions, grid=(2, 3), new_grid=(3, 2))
    any_layout(lambda: resize, lambda shape: picture(seed, *shape), (7, 4))


def test_calls_apart(candidate, seed):
    """A call neither depends on earlier calls nor changes their outputs
    每次调用都不依赖之前的调用，也不改动之前的输出"""
    calls_apart(partial(net, candidate), lambda i: picture(seed + i))
    calls_apart(partial(net, candidate), lambda i: picture(seed + i, 2, 2, 3, 6), modes=((False, "eval"),))


def test_models_apart(candidate, seed):
    """Models share nothing, nor does a copy share with its original; state travels
    模型之间不共享任何东西，副本与原件也不共享；state_dict 可以互相加载"""
    share_nothing(
        partial(candidate.ViT, *SIZES),
        partial(picture, seed),
        beside=lambda: candidate.ViT((4, 4), 2, 1, 3, 12, 1, 4),
    )
    copies_apart(partial(net, candidate), lambda i: picture(seed + i))
    for shape in ((3, 2, 6, 9), (3, 2, 9, 9)):
        travels(
            net(candidate), partial(candidate.ViT, *SIZES), lambda i, shape=shape: picture(seed + i, *shape)
        )


def test_side_effects(candidate, seed):
    """Images, positions and parameters are left alone
    图像、位置和参数保持不变"""
    small = ((2, 4), 2, 1, 2, 4, 1, 2)
    for shape in ((2, 1, 2, 4), (2, 1, 4, 4)):
        leaves_alone(partial(net, candidate, *small), lambda i, shape=shape: picture(seed + i, *shape))
    for new in ((2, 3), (4, 4)):
        resize = partial(candidate.resize_positions, grid=(2, 3), new_grid=new)
        leaves_alone(lambda resize=resize: resize, lambda i: picture(seed + i, 7, 4))


def handwriting():
    images, labels = digits()
    return images[:, None].to(setting.dtype), labels


LEARNER = ((8, 8), 4, 1, 10, 32, 1, 4)


@pytest.mark.training
def test_training_follows(candidate, reference, seed):
    """Trained on handwritten digits, the loss falls as it does with the reference
    在手写数字上训练，loss 曲线与参考实现一致"""
    x, labels = handwriting()
    theirs = place(reference.ViT(*LEARNER))
    mine = adopt(place(candidate.ViT(*LEARNER)), theirs)
    follows(*(train(model, x, labels, seed, steps=12, lr=0.1) for model in (mine, theirs)))


@pytest.mark.training
def test_training_reaches(candidate, seed):
    """It learns handwritten digits of 8×8 in patches of 4×4: accuracy ≥ 0.85
    把 8×8 的手写数字切成 4×4 的 patch，学会辨认：准确率 ≥ 0.85"""
    x, labels = handwriting()
    model = place(candidate.ViT(*LEARNER)).float()
    x = x.float()
    losses = train(model, x, labels, seed, steps=250, optimizer=torch.optim.Adam, lr=5e-3)
    reaches(accuracy(model, x[:500], labels[:500]), 0.85, "accuracy", losses=losses)
