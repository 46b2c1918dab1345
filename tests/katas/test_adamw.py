"""Grades katas/adamw.py."""

from copy import deepcopy

import pytest
import torch

from dlkata.suite import (
    digits,
    draws_nothing,
    fit,
    follows,
    from_generator,
    full_precision,
    holds_no_graph,
    keeps_gradients,
    missing_gradients,
    named,
    network,
    normal,
    one_number,
    only_decay,
    reaches,
    records_nothing,
    same,
    same_trajectories,
    same_trajectory,
    setting,
    side_by_side,
    strided,
    through_views,
    toy_batches,
    zeros_among_gradients,
)

# Chosen as in adam's suite: a large ε, small steps, betas that are exact in binary. The decay is strong enough to show.
SETTINGS = {"lr": 5e-4, "betas": (0.75, 0.96875), "eps": 1e-3, "weight_decay": 30.0}
COARSE = (1e-6, 1e-7)  # hides a float32 on the way, where the betas are not exact


def both(candidate, reference, **changed):
    """What makes an AdamW, of the attempt and of the reference."""
    return [
        lambda params, module=module: module.AdamW(params, **{**SETTINGS, **changed})
        for module in (candidate, reference)
    ]


def alone(candidate):
    return both(candidate, None)[0]


def test_first_step(candidate, reference, seed):
    """The first step, from gradients given by hand, is right
    第一步更新正确（梯度由测试直接给定）"""
    by_place = [lambda params, m=m: m.AdamW(params, *SETTINGS.values()) for m in (candidate, reference)]
    same_trajectories(by_place, seed, [1.0])


def test_decay_alone(candidate, reference, seed):
    """With gradients of zero parameters only decay, large and small ones by the same fraction
    梯度为零时参数只做衰减，大小参数按相同比例收缩"""
    for start, decay in ((1.0, 0.5), (100.0, 0.02), (1e-3, 3.0)):
        pair = both(candidate, reference, lr=0.125, weight_decay=decay)
        only_decay(pair, seed, start, f"weight_decay = {decay:g}: params / {start:g}")


def test_huge_decay(candidate, reference, seed):
    """Where lr · λ is above 1, parameters change their sign
    lr · λ 大于 1 时，参数会变号"""
    for lr, decay in ((0.5, 3), (1, 1.75), (2, 1)):
        pair = both(candidate, reference, lr=lr, weight_decay=decay)
        only_decay(pair, seed, 1.0, f"lr = {lr}, weight_decay = {decay}: params")
        same_trajectories(pair, seed, [1.0, 0.0, 2.0])


def test_long_run(candidate, reference, seed):
    """Two hundred steps of a single number (shape ()) are right
    单个数值（形状为 ()）连续更新两百步，结果正确"""
    pair = both(candidate, reference, lr=1e-3, betas=(0.98, 0.999), eps=1e-6, weight_decay=0.3)
    one_number(pair, seed, 200, COARSE)


def test_trajectory(candidate, reference, seed):
    """Thirty steps, with gradients that grow, shrink and vanish, are right
    连续三十步的轨迹正确，其间梯度时大时小，甚至全为零"""
    same_trajectories(both(candidate, reference), seed, [1.0, 0.3, 5.0, 0.0, 1.0, 0.02] * 5)


def test_no_decay(candidate, reference, seed):
    """With weight_decay=0 it is Adam
    weight_decay=0 时就是 Adam"""
    pair = both(candidate, reference, lr=4.0, weight_decay=0.0)  # steps longer than 1
    same_trajectories(pair, seed, [1.0, 0.2, 2.0])


def test_defaults(candidate, reference, seed):
    """The defaults are lr = 1e-3, betas = (0.9, 0.999), eps = 1e-8
    默认值为 lr = 1e-3、betas = (0.9, 0.999)、eps = 1e-8"""
    pair = [lambda params, m=m: m.AdamW(params, weight_decay=0.25) for m in (candidate, reference)]
    for scale in (1.0, 1e-8):
        scales = [3 * scale, scale, scale] + 25 * [0.1 * scale]  # long enough to tell β₂ = 0.99
        same_trajectories(pair, seed, scales, start=0.1, tolerance=COARSE)


def test_default_decay(candidate, reference, seed):
    """The default of weight_decay is 0.01
    weight_decay 的默认值为 0.01"""
    settings = {"lr": 0.25, "betas": SETTINGS["betas"], "eps": SETTINGS["eps"]}
    pair = [lambda params, m=m: m.AdamW(params, **settings) for m in (candidate, reference)]
    same_trajectories(pair, seed, [1.0, 0.0], start=3.0, tolerance=COARSE)


def test_scales(candidate, reference, seed):
    """Gradients as small as ε, and huge ones, are handled right
    梯度小到与 ε 相当或非常大时，结果都正确"""
    for scale in (1e-6, 1e-3, 1e4):
        pair = both(candidate, reference, eps=1e-6)
        same_trajectories(pair, seed, [scale, scale, 0.5 * scale, 2 * scale], start=0.1)


def test_extreme_betas(candidate, reference, seed):
    """Betas of 0 are fine
    β 可以为 0"""
    for betas in ((0, 0.96875), (0.75, 0.0), (0.0, 0)):
        same_trajectories(both(candidate, reference, betas=betas), seed, [1.0, 0.2, 3.0])


def test_skips_parameters_without_gradient(candidate, reference, seed):
    """A parameter whose .grad is None stands still, and so do its moments and its t
    .grad 为 None 的参数原地不动，它的 m、v、t 也不变"""
    missing_gradients(both(candidate, reference), seed)


def test_zero_gradient_is_a_gradient(candidate, reference, seed):
    """A gradient of zeros, all or in part, is a gradient: the parameter keeps moving by its momentum
    全零或部分为零的梯度也是梯度：参数靠动量继续移动"""
    zeros_among_gradients(both(candidate, reference), seed)


def test_strides(candidate, reference, seed):
    """Non-contiguous parameters and gradients are handled, and memory between them is left alone
    支持非 contiguous 的参数和梯度，且不改动它们之间的内存"""
    strided(both(candidate, reference), seed)


def test_in_place(candidate, reference, seed):
    """Parameters are updated in place, so that whatever shares their memory sees it
    参数原地更新，与它共享内存的张量也随之改变"""
    through_views(both(candidate, reference), seed)


def test_loop(candidate, reference, seed):
    """An ordinary training loop (backward, step, zero_grad) takes the right path
    标准训练循环（backward、step、清零）的轨迹正确"""
    model, batches = network(seed, 4, 3, 4), toy_batches(seed, 6)
    same_trajectory(*(fit(b, deepcopy(model), batches)[1] for b in both(candidate, reference)))


def test_generator(candidate, reference, seed):
    """The parameters may come from a generator
    参数可以由生成器给出"""
    from_generator(both(candidate, reference), seed)


def test_optimizers_share_nothing(candidate, reference, seed):
    """Two optimizers do not disturb each other, and a new one starts from nothing
    两个优化器互不干扰，新建的优化器从零开始"""
    changed = {"lr": 1.5e-3, "betas": (0.625, 0.9375), "eps": 2e-3, "weight_decay": 7.0}
    side_by_side(both(candidate, reference), both(candidate, reference, **changed), seed)


def test_gradients_are_kept(candidate, seed):
    """step() leaves every .grad as it found it, those of earlier steps too
    step() 不改动任何 .grad，包括之前各步的"""
    keeps_gradients(alone(candidate), seed)


def test_autograd(candidate, seed):
    """Autograd records nothing: parameters stay leaves, and grad mode stays as it was
    autograd 不记录更新：参数仍是叶子张量，梯度开关保持原样"""
    records_nothing(alone(candidate), seed)


def test_holds_no_graph(candidate, seed):
    """Gradients that carry a graph are left with it, and the optimizer holds on to none of it
    带计算图的梯度保持原样，优化器也不持有其计算图"""
    holds_no_graph(alone(candidate), seed)


def test_rng(candidate, seed):
    """The random generator is left alone
    不动随机数生成器"""
    draws_nothing(alone(candidate), seed)


def test_precision(candidate, reference, seed):
    """float64 parameters are updated in float64, also beside float32 ones
    float64 参数以 float64 精度更新，与 float32 参数混用时也一样"""
    # 1 − βᵗ is exact for the first betas, even in float32: there only the moments can be coarse.
    for betas in ((0.5, 0.75), (0.9, 0.999)):
        pair = both(candidate, reference, lr=0.3, betas=betas, eps=0.03, weight_decay=0.25)
        full_precision(pair, seed, betas)


def test_float32(candidate, reference, seed):
    """float32 parameters stay float32 and take the right path
    float32 参数保持 float32，轨迹正确"""
    pair = both(candidate, reference, lr=0.1, weight_decay=0.5)
    same_trajectories(pair, seed, [1e-2] * 5, dtype=torch.float32)


@pytest.mark.training
def test_follows(candidate, reference, seed):
    """Fifty steps on a small MLP follow the reference
    在小型 MLP 上训练五十步，与参考实现一致"""
    model, batches = network(seed, 4, 7, 4), toy_batches(seed, 50)
    (losses, mine), (expected, theirs) = (
        fit(lambda params, m=m: m.AdamW(params, lr=0.03, weight_decay=0.1), deepcopy(model), batches)
        for m in (candidate, reference)
    )
    follows(losses[:20], expected[:20], within=1e-6 if setting.dtype == torch.float64 else 1e-3)
    same(mine[-1], theirs[-1], named(theirs[-1], " (step() #50)"), tolerance=(1e-6, 1e-6))


@pytest.mark.training
def test_reaches(candidate, seed):
    """Digits are learned although half of the pixels are noise: at least 80 % right on unseen ones
    一半像素是噪声，也能学会认手写数字：在未见过的样本上准确率至少 80%"""
    images, labels = digits()
    (noise,) = normal(seed + 1, (len(images), 64), grad=False)
    images = torch.cat([images.flatten(1).to(setting.dtype), noise], dim=1)
    order = torch.randperm(len(images), generator=torch.Generator().manual_seed(seed)).to(images.device)
    train, test = order[:600], order[600:]
    model = network(seed, 128, 24, 10)
    batches = [(images[i], labels[i]) for _ in range(30) for i in train.split(100)]
    losses, _ = fit(lambda params: candidate.AdamW(params, lr=0.02, weight_decay=1.5), model, batches)
    with torch.no_grad():
        right = (model(images[test]).argmax(-1) == labels[test]).to(setting.dtype).mean().item()
    reaches(right, 0.8, "accuracy", losses=losses)
