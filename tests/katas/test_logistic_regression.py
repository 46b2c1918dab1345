"""Grades katas/logistic_regression.py."""

from functools import partial

import pytest
import torch

from dlkata.suite import (
    any_layout,
    calls_apart,
    digits,
    follows,
    integers,
    keeps_dtype,
    leaves_alone,
    normal,
    not_reseeded,
    reaches,
    same,
    setting,
)

SIZES = (11, 4), (3, 8), (4, 4), (1, 3), (5, 1), (1, 1)
PENALTIES = 0.0, 0.3, 2
TINY = (1e-8, 1e-290)  # eight digits of a tiny number
BOTH = ["∂L/∂w", "∂L/∂b"]


def draw(seed, n=11, d=4, **how):
    x, w, b = normal(seed, (n, d), (d,), (), grad=False, **how)
    return {"x": x + 0.2, "y": integers(seed, 2, (n,))[0], "w": w, "b": b + 0.4}


def only(given, *names):
    return {name: given[name] for name in names}


def at(logits, dtype=None):
    """x, w and b that give these logits: z = x₁ exactly, whatever the order of summation."""
    z = torch.tensor(logits, dtype=dtype or setting.dtype, device=setting.device)
    x = torch.stack([z, torch.zeros_like(z)], 1)
    return {"x": x, "w": x.new_tensor([1.0, 0.0]), "b": x.new_zeros(())}


def labels(*values):
    return torch.tensor(values, device=setting.device)


def scored(seed, n=24, levels=9):
    """Probabilities with many ties, and labels that go with them now and then."""
    ranks, chance = integers(seed, levels, (n,), (n,))
    p = (ranks.to(setting.dtype) + 0.5) / levels
    return p, ((ranks + chance) >= levels - 1).long()


def test_probabilities(candidate, reference, seed):
    """probabilities: p is right
    probabilities：p 正确"""
    for n, d in SIZES:
        given = only(draw(seed, n, d), "x", "w", "b")
        found, right = candidate.probabilities(**given), reference.probabilities(**given)
        same(found, right, f"p (x.shape = {(n, d)})")


def test_probabilities_of_large_logits(candidate, reference, seed):
    """probabilities: nothing overflows at ±10⁴, nor at ±1000 in float32
    probabilities：z 达到 ±10⁴（float32 为 ±1000）时不上溢"""
    for top, dtype in ((1e4, setting.dtype), (1e3, torch.float32)):
        given = at([top, -top, 0.075 * top, -0.075 * top, 90.0, -90.0, 20.0, -20.0, 0.0], dtype)
        found, right = candidate.probabilities(**given), reference.probabilities(**given)
        same(found, right, f"p (z up to ±{top:g})")


def test_tiny_probabilities(candidate, reference, seed):
    """probabilities: tiny ones keep their digits
    probabilities：极小的 p 也保留有效数字"""
    if setting.dtype == torch.float64:
        given = at([-12.0, -25.0, -40.0, -36.5, -120.0, -570.0])
        same(candidate.probabilities(**given), reference.probabilities(**given), "p", tolerance=TINY)


def test_loss(candidate, reference, seed):
    """loss: the mean cross-entropy is right
    loss：交叉熵的平均正确"""
    for n, d in SIZES:
        found, right = (m.loss(**draw(seed, n, d)) for m in (candidate, reference))
        same(found, right, f"L (x.shape = {(n, d)})")


def test_loss_of_each_label(candidate, reference, seed):
    """loss: it is right for zeros alone and for ones alone
    loss：标签全为 0 或全为 1 时也正确"""
    for label in (0, 1):
        for z in (1.5, -0.7, 0.0):
            given = at([z]) | {"y": labels(label)}
            same(candidate.loss(**given), reference.loss(**given), f"L (y = {label}, z = {z:g})")


def test_penalty(candidate, reference, seed):
    """loss: the penalty is λ/2 times the squares of w, without b
    loss：惩罚项是 λ/2 乘 w 的平方和，不含 b"""
    for l2 in PENALTIES:
        for n, d in ((11, 4), (2, 3)):
            found, right = (m.loss(**draw(seed, n, d), l2=l2) for m in (candidate, reference))
            same(found, right, f"L (l2 = {l2}, n = {n})")


def test_loss_of_large_logits(candidate, reference, seed):
    """loss: confident mistakes cost much, not infinitely much
    loss：“自信的错误”代价很大，但不是无穷大"""
    for top, dtype in ((1e4, setting.dtype), (1e3, torch.float32)):
        for z in (top, -top, 0.072 * top, -0.072 * top, 38.0, -38.0):
            for y in (0, 1):
                given = at([z, 0.5], dtype) | {"y": labels(y, 1)}
                found, right = candidate.loss(**given), reference.loss(**given)
                same(found, right, f"L (z = {z:g}, y = {y}, {str(dtype).removeprefix('torch.')})")


def test_tiny_loss(candidate, reference, seed):
    """loss: a sample that is right by a wide margin keeps its tiny loss
    loss：以很大间隔分对的样本，极小的 loss 不丢失"""
    if setting.dtype == torch.float64:
        for z in (12.0, 30.0, 40.0, 200.0, 500.0):
            for y in (0, 1):
                given = at([z if y else -z]) | {"y": labels(y)}
                found, right = candidate.loss(**given), reference.loss(**given)
                same(found, right, f"L (z = {z if y else -z:g}, y = {y})", tolerance=TINY)


def test_gradients(candidate, reference, seed):
    """gradients: ∂L/∂w and ∂L/∂b are right
    gradients：∂L/∂w 和 ∂L/∂b 正确"""
    for n, d in SIZES:
        found, right = (m.gradients(**draw(seed, n, d)) for m in (candidate, reference))
        same(found, right, [f"{name} (x.shape = {(n, d)})" for name in BOTH])


def test_gradients_of_the_penalty(candidate, reference, seed):
    """gradients: the penalty pulls at w, not at b
    gradients：惩罚项只作用于 w，不作用于 b"""
    for l2 in PENALTIES:
        for n, d in ((11, 4), (2, 3)):
            found, right = (m.gradients(**draw(seed, n, d), l2=l2) for m in (candidate, reference))
            same(found, right, [f"{name} (l2 = {l2}, n = {n})" for name in BOTH])


def test_gradients_of_large_logits(candidate, reference, seed):
    """gradients: they stay right at ±10⁴, and at ±1000 in float32
    gradients：z 达到 ±10⁴（float32 为 ±1000）时仍然正确"""
    for top, dtype in ((1e4, setting.dtype), (1e3, torch.float32)):
        for y in (0, 1):
            given = at([top, -top, 0.3], dtype) | {"y": labels(y, y, y)}
            given["x"][:, 1] = given["x"].new_tensor([1.0, -2.0, 5.0])
            found, right = candidate.gradients(**given), reference.gradients(**given)
            same(found, right, [f"{name} (z up to ±{top:g}, y = {y})" for name in BOTH])


def trained(module, seed, n=11, d=4, **changes):
    return module.fit(**only(draw(seed, n, d), "x", "y"), **({"lr": 0.4, "steps": 5} | changes))


def test_one_step(candidate, reference, seed):
    """fit: the first step from zeros is right
    fit：从 0 出发的第一步正确"""
    for rate in (0.4, 3.0, 0.01):
        found, right = (trained(m, seed, lr=rate, steps=1) for m in (candidate, reference))
        same(found, right, [f"{name} (lr = {rate:g})" for name in "wb"])


def test_steps(candidate, reference, seed):
    """fit: any number of steps, each going on from the last
    fit：步数任意，每步接着上一步"""
    for steps in (0, 2, 3, 40):
        for n, d in SIZES:
            found, right = (trained(m, seed, n, d, steps=steps) for m in (candidate, reference))
            same(found, right, [f"{name} (steps = {steps}, x.shape = {(n, d)})" for name in "wb"])


def test_fit_with_penalty(candidate, reference, seed):
    """fit: the penalty takes part in every step
    fit：每一步都带上惩罚项"""
    for l2 in PENALTIES:
        for steps in (2, 30):
            found, right = (trained(m, seed, l2=l2, steps=steps) for m in (candidate, reference))
            same(found, right, [f"{name} (l2 = {l2}, steps = {steps})" for name in "wb"])


def test_fit_far_out(candidate, reference, seed):
    """fit: huge steps lead to huge logits, and on
    fit：步子很大、z 也很大时，训练照样继续"""
    found, right = (trained(m, seed, lr=600.0, steps=6) for m in (candidate, reference))
    same([part / 600 for part in found], [part / 600 for part in right], ["w / 600", "b / 600"])


def test_predict(candidate, reference, seed):
    """predict: 1 where p reaches the threshold, else 0
    predict：p 达到阈值处为 1，否则为 0"""
    for threshold in (0.5, 0.1, 0.35, 0.8, 0.99):
        for n, d in ((40, 4), (1, 3), (5, 1)):
            given = only(draw(seed, n, d), "x", "w", "b")
            found, right = (
                candidate.predict(**given, threshold=threshold),
                reference.predict(**given, threshold=threshold),
            )
            same(found, right, f"classes (threshold = {threshold:g}, x.shape = {(n, d)})")


def test_default_threshold(candidate, reference, seed):
    """predict: without a threshold it is 0.5, and p = 0.5 is a 1
    predict：不传阈值时为 0.5，p = 0.5 判为 1"""
    given = at([0.0, 2.0, -2.0, 1e-3, -1e-3, 1e4, -1e4, 0.3, -0.3])
    same(candidate.predict(**given), reference.predict(**given), "classes")


def test_predict_large_logits(candidate, reference, seed):
    """predict: classes of large logits are right for any threshold
    predict：z 很大时，任何阈值下类别都正确"""
    for threshold in (0.001, 0.5, 0.999):
        given = at([1e4, -1e4, 720.0, -720.0, 5.0, -5.0, 0.0])
        found, right = (
            candidate.predict(**given, threshold=threshold),
            reference.predict(**given, threshold=threshold),
        )
        same(found, right, f"classes (threshold = {threshold:g})")


def test_threshold(candidate, reference, seed):
    """best_threshold: it makes the fewest mistakes, equal p being decided alike
    best_threshold：错误最少；相等的 p 一起判"""
    for turn in range(6):
        for levels in (9, 3, 1000):
            found, right = (
                m.best_threshold(*scored(seed + 10 * turn, levels=levels)) for m in (candidate, reference)
            )
            same(found, right, f"threshold (draw {turn + 1}, {levels} levels)")


def test_threshold_by_cost(candidate, reference, seed):
    """best_threshold: the costs of both mistakes count
    best_threshold：两种错误的代价都起作用"""
    for costs in ((1, 4), (4.0, 1.0), (0.5, 0.25), (1.0, 20.0), (20.0, 1.0), (0, 1), (1, 0), (0.0, 0.0)):
        for turn in range(3):
            found, right = (
                m.best_threshold(*scored(seed + 10 * turn), *costs) for m in (candidate, reference)
            )
            same(found, right, f"threshold (cost_fp = {costs[0]}, cost_fn = {costs[1]})", nonfinite=True)


def test_equal_costs(candidate, reference, seed):
    """best_threshold: without costs both mistakes cost the same
    best_threshold：不传代价时，两种错误代价相同"""
    for zeros, ones in ((20, 21), (21, 20), (20, 20)):
        found = []
        for module in (candidate, reference):
            p = torch.full((41,), 0.3, dtype=setting.dtype, device=setting.device)[: zeros + ones]
            found.append(
                module.best_threshold(p, (torch.arange(zeros + ones, device=p.device) < ones).long())
            )
        same(*found, f"threshold ({zeros} zeros and {ones} ones, all of p = 0.3)", nonfinite=True)


def test_threshold_of_few(candidate, reference, seed):
    """best_threshold: one class alone, one sample alone, nothing worth a 1, p of 0 and 1
    best_threshold：只有一类、只有一个样本、一个 1 也不值得判、p 为 0 和 1"""
    for p, y in (
        ([0.3, 0.7, 0.2], [0, 0, 0]),
        ([0.3, 0.7, 0.2], [1, 1, 1]),
        ([0.4], [1]),
        ([0.4], [0]),
        ([0.9, 0.1], [0, 1]),
        ([0.9, 0.1, 0.9], [1, 0, 0]),
        ([0.0, 1.0, 0.0, 1.0], [1, 1, 0, 1]),
        ([1.0, 0.0], [0, 0]),
        ([0.0, 0.0], [1, 1]),
        ([0.5, 0.5, 0.5], [1, 0, 1]),
    ):
        for costs in ({}, {"cost_fn": 3.0}, {"cost_fp": 3.0}):
            found, right = (
                m.best_threshold(
                    torch.tensor(p, dtype=setting.dtype, device=setting.device), labels(*y), **costs
                )
                for m in (candidate, reference)
            )
            same(found, right, f"threshold (p = {p}, y = {y}, {costs})", nonfinite=True)


def together(module, x, y, w, b):
    """All that is computed from one x."""
    w_fit, b_fit = module.fit(x, y, 0.4, 3, 0.1)
    grad_w, grad_b = module.gradients(x, y, w, b, 0.1)
    return module.probabilities(x, w, b), module.loss(x, y, w, b, 0.1), grad_w, grad_b, w_fit, b_fit


def classes(module, x, y, w, b):
    return module.predict(x, w, b, 0.4)


def dear(module, p, y):
    return module.best_threshold(p, y, 1.0, 2.0)


def scores(seed):
    return dict(zip("py", scored(seed), strict=True))


def test_float32(candidate, seed):
    """float32 stays float32
    float32 的输入得到 float32 的结果"""
    keeps_dtype(lambda: partial(together, candidate), lambda: draw(seed))
    p, y = scored(seed, levels=8)  # sixteenths: exact in every dtype
    same(
        candidate.best_threshold(p.float(), y),
        candidate.best_threshold(p, y).float(),
        "threshold (float32)",
        nonfinite=True,
    )


def test_non_contiguous(candidate, seed):
    """Transposed, strided and expanded inputs work
    输入是转置、带步长的切片或 expand 的结果时也正确"""
    y, w, b = list(draw(seed, 5, 3).values())[1:]
    for function in (together, classes):
        any_layout(
            lambda function=function: lambda x: function(candidate, x, y, w, b),
            lambda shape: normal(seed + 3, shape, grad=False)[0],
            (5, 3),
        )
    targets = scored(seed, 12)[1]
    any_layout(
        lambda: lambda x: dear(candidate, x, targets), lambda shape: scored(seed + 3, *shape)[0], (12,)
    )


def test_calls_apart(candidate, reference, seed):
    """A call does not depend on the calls before it, nor change what they returned
    每次调用与之前的调用无关，也不改动它们返回的结果"""
    for function, make in ((together, draw), (classes, draw), (dear, scores)):
        calls_apart(
            lambda function=function: partial(function, candidate),
            lambda i, make=make: make(seed + i),
            right=lambda function=function: partial(function, reference),
        )


def test_side_effects(candidate, seed):
    """No input is modified, and nothing is reseeded
    不修改任何输入，不重新设种子"""
    for function, make in ((together, draw), (classes, draw), (dear, scores)):
        leaves_alone(
            lambda function=function: partial(function, candidate), lambda i, make=make: make(seed + i)
        )
    not_reseeded(lambda: (torch.rand(()), trained(candidate, seed)))


# Real handwritten digits: is it an 8 or a 3?


def threes_and_eights():
    """Images of the two (357, 64), shuffled by writer as they come; 1 for an 8."""
    images, labels = digits()
    rows = (labels == 3) | (labels == 8)
    return images[rows].flatten(1).to(setting.dtype), (labels[rows] == 8).long()


def losses(module, steps):
    """The loss after each number of steps, each time trained from the beginning."""
    x, y = (part[:200] for part in threes_and_eights())
    return [module.loss(x, y, *module.fit(x, y, 0.5, step, 1e-3), 1e-3).item() for step in range(steps)]


@pytest.mark.training
def test_training_follows(candidate, reference, seed):
    """3 against 8: the losses follow the reference
    区分 3 和 8：loss 与参考实现一致"""
    within = 1e-6 if setting.dtype == torch.float64 else 1e-4
    follows(losses(candidate, 12), losses(reference, 12), within)


@pytest.mark.training
def test_training_reaches(candidate, seed):
    """3 against 8: 88 % of unseen digits are told apart
    区分 3 和 8：没见过的数字准确率达到 88 %"""
    x, y = threes_and_eights()
    w, b = candidate.fit(x[:200], y[:200], 0.5, 200, 1e-3)
    right = candidate.predict(x[200:], w, b) == y[200:]
    reaches(right.double().mean().item(), 0.88, "accuracy")


@pytest.mark.training
def test_few_eights_missed(candidate, seed):
    """With a threshold for missed eights that cost ten times as much, 97 % of them are found
    漏判 8 的代价为十倍时，选出的阈值能找到 97 % 的 8"""
    x, y = threes_and_eights()
    w, b = candidate.fit(x[:200], y[:200], 0.5, 12, 1e-3)
    threshold = candidate.best_threshold(candidate.probabilities(x[:200], w, b), y[:200], 1.0, 10.0).item()
    found = candidate.predict(x, w, b, threshold)
    reaches(found[y == 1].double().mean().item(), 0.97, "share of eights found")
    reaches((found == y).double().mean().item(), 0.75, "accuracy")
