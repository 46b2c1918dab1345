"""Grades katas/cosine_lr.py."""

import pytest
import torch
from torch.nn import functional as F

from dlkata.suite import digits, follows, holds, integers, normal, not_reseeded, reaches, same


def curve(module, steps, *arguments, **settings):
    """The rates of these steps."""
    rates = [module.cosine_lr(step, *arguments, **settings) for step in steps]
    return torch.tensor([float(rate) for rate in rates], dtype=torch.float64)


def compare(candidate, reference, steps, *arguments, name="lr", **settings):
    # Relative to the rate: the absolute part of the tolerance would cover small ones.
    unit = arguments[0]
    mine, theirs = (curve(module, steps, *arguments, **settings) / unit for module in (candidate, reference))
    same(mine, theirs, f"{name} / max_lr")


def test_cosine(candidate, reference, seed):
    """Without warm-up the rate falls along half a wave of cosine
    没有 warm-up 时，学习率沿半个余弦波下降"""
    compare(candidate, reference, range(23), 0.3, 23)


def test_min_lr(candidate, reference, seed):
    """The wave ends at min_lr
    余弦波降到 min_lr"""
    compare(candidate, reference, range(23), 0.3, 23, min_lr=0.07)
    compare(candidate, reference, range(11), 0.3, 11, min_lr=0.3)


def test_warmup(candidate, reference, seed):
    """Warm-up climbs in a straight line to max_lr, and the wave follows
    warm-up 线性上升到 max_lr，然后接上余弦"""
    compare(candidate, reference, range(5), 0.3, 23, 5, name="lr (warm-up)")
    compare(candidate, reference, range(5, 23), 0.3, 23, 5, name="lr (after warm-up)")


def test_warmup_and_min_lr(candidate, reference, seed):
    """Warm-up climbs from near zero also if min_lr is not zero
    min_lr 不为零时，warm-up 仍从接近零开始上升"""
    compare(candidate, reference, range(6), 0.3, 29, 6, 0.07, name="lr (warm-up)")
    compare(candidate, reference, range(6, 29), 0.3, 29, 6, 0.07, name="lr (after warm-up)")


def test_after_the_end(candidate, reference, seed):
    """From total_steps on the rate stays at min_lr
    从 total_steps 起，学习率一直是 min_lr"""
    steps = (12, 13, 14, 15, 20, 25, 26, 27, 39, 1000)
    compare(candidate, reference, steps, 0.3, 13, min_lr=0.07)
    compare(candidate, reference, steps, 0.3, 13, 4, 0.07, name="lr (with warm-up)")
    compare(candidate, reference, steps, 0.3, 13, 4, name="lr (min_lr = 0)")


def test_only_warmup(candidate, reference, seed):
    """warmup_steps may be as large as total_steps
    warmup_steps 可以等于 total_steps"""
    compare(candidate, reference, range(7), 0.3, 7, 7, 0.07, name="lr (warm-up)")
    compare(candidate, reference, range(7, 12), 0.3, 7, 7, 0.07, name="lr (after the end)")
    compare(candidate, reference, range(4), 0.3, 1, 1, 0.07, name="lr (total_steps = 1)")


def test_short(candidate, reference, seed):
    """One step of warm-up, one step of cosine, one step in all
    只有一步 warm-up、只有一步余弦、总共只有一步"""
    compare(candidate, reference, range(9), 0.3, 7, 1, 0.07, name="lr (warmup_steps = 1)")
    compare(candidate, reference, range(9), 0.3, 7, 6, 0.07, name="lr (one step of cosine)")
    compare(candidate, reference, range(4), 0.3, 1, 0, 0.07, name="lr (total_steps = 1)")
    compare(candidate, reference, range(5), 0.3, 2, 0, 0.07, name="lr (total_steps = 2)")


def test_long(candidate, reference, seed):
    """A long training with a small rate
    步数很多、学习率很小的训练"""
    steps = [
        0,
        1,
        7,
        1998,
        1999,
        2000,
        2001,
        2345,
        250_000,
        500_001,
        777_777,
        999_998,
        999_999,
        1_000_000,
        1_000_001,
    ]
    compare(candidate, reference, steps, 6e-4, 1_000_000, 2000, 6e-5)
    compare(candidate, reference, steps, 6e-4, 1_000_000, 2000, name="lr (min_lr = 0)")


def test_integer_rates(candidate, reference, seed):
    """Rates may be ints, and the result is a float all the same
    学习率可以是 int，结果仍是 float"""
    compare(candidate, reference, range(16), 3, 13, 4, 1)
    compare(candidate, reference, range(16), 1, 13, 5, 0)


def test_floats(candidate, seed):
    """The result is a Python float, in each of the three parts
    三段的返回值都是 Python 的 float"""
    for max_lr, min_lr in ((0.3, 0.07), (3, 1)):
        kinds = [
            type(candidate.cosine_lr(step, max_lr, 13, 4, min_lr)).__name__ for step in (0, 3, 4, 8, 13, 20)
        ]
        holds(
            all(kind in ("float", "float64") for kind in kinds),
            "Some results are not Python floats (in warm-up, in the wave, or after the end)",
            "有的返回值不是 Python 的 float（warm-up、余弦或结束之后）",
            value=str(kinds),
            name=f"types (max_lr = {max_lr})",
        )


def test_keywords(candidate, reference, seed):
    """All arguments may be given by name
    所有参数都可以按名字传入"""
    settings = {"min_lr": 0.02, "warmup_steps": 3, "total_steps": 11, "max_lr": 0.5}
    mine, theirs = (
        torch.tensor([float(m.cosine_lr(step=s, **settings)) for s in range(14)], dtype=torch.float64)
        for m in (candidate, reference)
    )
    same(mine, theirs, "lr")


def test_any_order(candidate, reference, seed):
    """Steps may be asked for in any order, and for several schedules in turn
    可以按任意顺序询问各步，也可以交替询问不同的调度"""
    steps = torch.randperm(40, generator=torch.Generator().manual_seed(seed)).tolist()
    schedules = ((0.3, 31, 4, 0.07), (2.0, 17, 0, 0.0), (0.01, 37, 9, 0.002))

    def rates(module):
        found = [module.cosine_lr(step, *schedule) / schedule[0] for step in steps for schedule in schedules]
        return torch.tensor(found, dtype=torch.float64)

    for name in ("first", "second"):
        same(rates(candidate), rates(reference), f"lr / max_lr ({name} time)")
    not_reseeded(lambda: (candidate.cosine_lr(3, 0.1, 9), torch.rand(1)))


def train(module, seed, steps):
    """Logistic regression on the digits, with steps too large to take from the start to the end."""
    images, labels = digits()
    (w,) = normal(seed, (64, 10), scale=0.1)
    images = images.flatten(1).to(w.dtype)
    (batches,) = integers(seed, len(images), (steps, 32))
    losses = []
    for step, batch in enumerate(batches):
        loss = F.cross_entropy(images[batch] @ w, labels[batch])
        loss.backward()
        with torch.no_grad():
            w -= module.cosine_lr(step, 3.0, steps, steps // 10, 0.01) * w.grad
            w.grad = None
        losses.append(loss.item())
    return losses, (images @ w).argmax(-1).eq(labels).double().mean().item()


@pytest.mark.training
def test_training_follows(candidate, reference, seed):
    """Training with it follows the reference
    用它训练，loss 曲线与参考实现一致"""
    follows(train(candidate, seed, 20)[0], train(reference, seed, 20)[0])


@pytest.mark.training
def test_training_reaches(candidate, seed):
    """With large steps first and small ones last, digits are learned: accuracy ≥ 0.9
    先大步、后小步，学会认手写数字：准确率 ≥ 0.9"""
    losses, accuracy = train(candidate, seed, 200)
    reaches(accuracy, 0.9, "accuracy", losses=losses)
