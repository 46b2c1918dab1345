"""Grades katas/adam.py."""

from copy import deepcopy

import pytest
import torch

from dlkata.suite import (
    SHAPES,
    digits,
    draws_nothing,
    fit,
    follows,
    from_generator,
    full_precision,
    give,
    holds,
    holds_no_graph,
    keeps_gradients,
    missing_gradients,
    named,
    network,
    normal,
    odd,
    one_number,
    reaches,
    records_nothing,
    same,
    same_trajectories,
    same_trajectory,
    setting,
    side_by_side,
    snapshot,
    steps_without_gradient,
    strided,
    survives,
    through_views,
    toy_batches,
    trajectory,
    unchanged,
    zeros_among_gradients,
)

# So large an ε shows wherever it is put. Small steps, and betas that are exact in binary, hide what is
# only coarse (a float32 on the way): test_precision alone shows it, and so tells it from other mistakes.
SETTINGS = {"lr": 5e-4, "betas": (0.75, 0.96875), "eps": 1e-3}
COARSE = (1e-6, 1e-7)  # hides it where the betas are not exact


def build(module, **changed):
    """What makes an Adam of that side with the settings above."""
    return lambda params: module.Adam(params, **{**SETTINGS, **changed})


def builds(candidate, reference, **changed):
    return build(candidate, **changed), build(reference, **changed)


def test_first_step(candidate, reference, seed):
    """The first step, from gradients given by hand, is right
    第一步更新正确（梯度由测试直接给定）"""
    by_place = [lambda params, m=m: m.Adam(params, *SETTINGS.values()) for m in (candidate, reference)]
    same_trajectories(by_place, seed, [1.0])


def test_trajectory(candidate, reference, seed):
    """Thirty steps, with gradients that grow, shrink and vanish, are right
    连续三十步的轨迹正确，其间梯度时大时小，甚至全为零"""
    same_trajectories(builds(candidate, reference), seed, [1.0, 0.3, 5.0, 0.0, 1.0, 0.02] * 5)


def test_scales(candidate, reference, seed):
    """Gradients as small as ε, and huge ones, are handled right
    梯度小到与 ε 相当或非常大时，结果都正确"""
    for scale in (1e-6, 1e-3, 1e4):
        scales = [scale, scale, 0.5 * scale, 2 * scale]
        same_trajectories(builds(candidate, reference, eps=1e-6), seed, scales, start=0.1)


def test_defaults(candidate, reference, seed):
    """The defaults are lr = 1e-3, betas = (0.9, 0.999), eps = 1e-8
    默认值为 lr = 1e-3、betas = (0.9, 0.999)、eps = 1e-8"""
    bare = [lambda params, m=m: m.Adam(params) for m in (candidate, reference)]
    for scale in (1.0, 1e-8):
        scales = [3 * scale, scale, scale] + 25 * [0.1 * scale]  # long enough to tell β₂ = 0.99
        same_trajectories(bare, seed, scales, start=0.1, tolerance=COARSE)


def test_extreme_settings(candidate, reference, seed):
    """Betas of 0 and an lr given as an int are fine
    β 可以为 0，lr 可以是 int"""
    for betas in ((0, 0.96875), (0.75, 0.0), (0.0, 0)):
        same_trajectories(builds(candidate, reference, lr=2, betas=betas), seed, [1.0, 0.2, 3.0])


def test_zero_gradient_is_a_gradient(candidate, reference, seed):
    """A gradient of zeros, all or in part, is a gradient: the parameter keeps moving by its momentum
    全零或部分为零的梯度也是梯度：参数靠动量继续移动"""
    zeros_among_gradients(builds(candidate, reference), seed)


def test_skips_parameters_without_gradient(candidate, reference, seed):
    """A parameter whose .grad is None stands still, and so do its moments and its t
    .grad 为 None 的参数原地不动，它的 m、v、t 也不变"""
    missing_gradients(builds(candidate, reference), seed)


def test_long_run(candidate, reference, seed):
    """Two hundred steps of a single number (shape ()) are right
    单个数值（形状为 ()）连续更新两百步，结果正确"""
    settings = {"lr": 1e-3, "betas": (0.98, 0.999), "eps": 1e-6}
    one_number(builds(candidate, reference, **settings), seed, 200, COARSE)


def test_generator(candidate, reference, seed):
    """The parameters may come from a generator
    参数可以由生成器给出"""
    from_generator(builds(candidate, reference), seed)
    params = normal(seed, *SHAPES)
    optimizer = build(candidate)(p for p in params)
    give(params, seed)
    optimizer.zero_grad()
    same([p.grad for p in params], [torch.zeros_like(p) for p in params], named(params, ".grad"))


def test_in_place(candidate, reference, seed):
    """Parameters are updated in place, so that whatever shares their memory sees it
    参数原地更新，与它共享内存的张量也随之改变"""
    through_views(builds(candidate, reference), seed)


def test_strides(candidate, reference, seed):
    """Non-contiguous parameters and gradients are handled, and memory between them is left alone
    支持非 contiguous 的参数和梯度，且不改动它们之间的内存"""
    strided(builds(candidate, reference), seed)


def test_autograd(candidate, seed):
    """Autograd records nothing: parameters stay leaves, and grad mode stays as it was
    autograd 不记录更新：参数仍是叶子张量，梯度开关保持原样"""
    records_nothing(build(candidate), seed)


def test_rng(candidate, seed):
    """The random generator is left alone
    不动随机数生成器"""
    draws_nothing(build(candidate), seed)


def test_gradients_are_kept(candidate, seed):
    """step() leaves every .grad as it found it, those of earlier steps too
    step() 不改动任何 .grad，包括之前各步的"""
    keeps_gradients(build(candidate), seed)


def test_holds_no_graph(candidate, seed):
    """Gradients that carry a graph are left with it, and the optimizer holds on to none of it
    带计算图的梯度保持原样，优化器也不持有其计算图"""
    holds_no_graph(build(candidate), seed)


def test_zero_grad(candidate, seed):
    """After zero_grad() the next backward starts from zero; nothing else changes
    zero_grad() 之后，下一次反向传播从零开始累加；其他一概不变"""
    params = normal(seed, *SHAPES)
    names = named(params, ".grad")
    optimizer = build(candidate)(params)
    before = snapshot(params)
    give(params, seed)
    optimizer.zero_grad()  # what crashes anyway crashes here
    for p in params:
        p.grad = None
    survives(
        optimizer.zero_grad,
        (AttributeError, TypeError),
        "zero_grad() crashes while there is no gradient yet",
        "还没有梯度时，zero_grad() 会崩溃",
    )
    same(params, before, "params")
    for i in range(3):
        unused = 0 if i == 0 else len(params)  # in the first round one parameter gets no gradient
        factors = normal(seed + i, *SHAPES, grad=False)
        loss = sum((p * c).sum() for j, (p, c) in enumerate(zip(params, factors, strict=True)) if j != unused)
        loss.backward()
        expected = [None if j == unused else c for j, c in enumerate(factors)]
        same([p.grad for p in params], expected, [f"{name} (backward() #{i + 1})" for name in names])
        with unchanged(**{f"params[{j}]": p for j, p in enumerate(params)}):
            optimizer.zero_grad()
        leaves = [p.is_leaf and p.requires_grad for p in params]
        holds(
            all(leaves),
            "After zero_grad() a parameter no longer requires a gradient",
            "zero_grad() 之后，参数不再 requires_grad",
            value=odd(leaves),
            name="requires_grad",
        )
        cleared = [f"{name} (zero_grad() #{i + 1})" for name in names]
        same([p.grad for p in params], [torch.zeros_like(c) for c in factors], cleared)
    give(params, seed)
    zeros = [torch.zeros_like(p) for p in params]
    for value, p in zip((float("inf"), float("nan"), float("-inf")), params, strict=False):
        p.grad.view(-1)[-1:] = value
    optimizer.zero_grad()
    same([p.grad for p in params], zeros, [f"{name} (inf, nan → zero_grad())" for name in names])


def test_zero_grad_invents_nothing(candidate, reference, seed):
    """A .grad that is None stays None through zero_grad(), so that the next step still skips it
    .grad 为 None 的参数在 zero_grad() 之后仍为 None，下一次 step 照样跳过它"""

    def visit(build):
        params = normal(seed, *SHAPES)
        optimizer = build(params)
        visited = []
        for missing in ((4,), (1, 3), (), (0, 4), ()):
            for i in missing:
                params[i].grad = None
            survives(
                optimizer.zero_grad,
                (AttributeError, TypeError),
                "zero_grad() crashes on a parameter whose .grad is None",
                "遇到 .grad 为 None 的参数，zero_grad() 会崩溃",
            )
            left = {i: params[i].grad for i in missing}  # as zero_grad() left it; the others get a new one
            give(params, seed + len(visited))
            for i in missing:
                params[i].grad = left[i]
            steps_without_gradient(optimizer)
            visited.append(snapshot(params))
        return visited

    trajectory(build(candidate), seed, [1.0])  # what crashes anyway crashes here
    same_trajectory(*map(visit, builds(candidate, reference)))


def test_loop(candidate, reference, seed):
    """An ordinary training loop (backward, step, zero_grad) takes the right path
    标准训练循环（backward、step、zero_grad）的轨迹正确"""
    model, batches = network(seed, 4, 3, 4), toy_batches(seed, 6)
    same_trajectory(*(fit(b, deepcopy(model), batches)[1] for b in builds(candidate, reference)))


def test_optimizers_share_nothing(candidate, reference, seed):
    """Two optimizers do not disturb each other, and a new one starts from nothing
    两个优化器互不干扰，新建的优化器从零开始"""
    others = builds(candidate, reference, lr=1.5e-3, betas=(0.625, 0.9375), eps=2e-3)
    side_by_side(builds(candidate, reference), others, seed)


def test_float32(candidate, reference, seed):
    """float32 parameters stay float32 and take the right path
    float32 参数保持 float32，轨迹正确"""
    same_trajectories(builds(candidate, reference, lr=0.1), seed, [1e-2] * 5, dtype=torch.float32)


def test_precision(candidate, reference, seed):
    """float64 parameters are updated in float64, also beside float32 ones
    float64 参数以 float64 精度更新，与 float32 参数混用时也一样"""
    # 1 − βᵗ is exact for the first betas, even in float32: there only the moments can be coarse.
    for betas in ((0.5, 0.75), (0.9, 0.999)):
        full_precision(builds(candidate, reference, lr=0.3, betas=betas, eps=0.03), seed, betas)


@pytest.mark.training
def test_follows(candidate, reference, seed):
    """Fifty steps on a small MLP follow the reference
    在小型 MLP 上训练五十步，与参考实现一致"""
    model, batches = network(seed, 4, 7, 4), toy_batches(seed, 50)
    losses, mine = fit(lambda params: candidate.Adam(params, lr=0.03), deepcopy(model), batches)
    expected, theirs = fit(lambda params: reference.Adam(params, lr=0.03), deepcopy(model), batches)
    follows(losses[:20], expected[:20], within=1e-6 if setting.dtype == torch.float64 else 1e-3)
    same(mine[-1], theirs[-1], named(theirs[-1], " (step() #50)"), tolerance=(1e-6, 1e-6))


@pytest.mark.training
def test_reaches(candidate, seed):
    """A small MLP learns real handwritten digits: at least 90 % right on unseen ones
    小型 MLP 能学会真实手写数字：在未见过的样本上准确率至少 90%"""
    images, labels = digits()
    images = images.flatten(1).to(setting.dtype)
    order = torch.randperm(len(images), generator=torch.Generator().manual_seed(seed)).to(images.device)
    train, test = order[:1500], order[1500:]
    model = network(seed, 64, 16, 10)
    batches = [(images[i], labels[i]) for _ in range(8) for i in train.split(100)]
    losses, _ = fit(lambda params: candidate.Adam(params, lr=0.01), model, batches)
    with torch.no_grad():
        right = (model(images[test]).argmax(-1) == labels[test]).to(setting.dtype).mean().item()
    reaches(right, 0.9, "accuracy", losses=losses)
