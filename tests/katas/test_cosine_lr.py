"""Grades katas/cosine_lr.py."""

import pytest
import torch
from torch.nn import functional as F

from dlkata.suite import digits, follows, holds, integers, normal, not_reseeded, reaches, same


def compare(candidate, reference, steps, *arguments, **settings):
    """The rates of these steps, each judged by itself: what differs is named by its call."""
    given = ", ".join([*map(str, arguments), *(f"{name}={value}" for name, value in settings.items())])
    mine, theirs = (
        [_number(module.cosine_lr(step, *arguments, **settings)) for step in steps]
        for module in (candidate, reference)
    )
    # Relative to the rate: the absolute part of the usual tolerance would cover small ones.
    same(
        mine,
        theirs,
        [f"cosine_lr({step}, {given})" for step in steps],
        tolerance=(1e-8, 1e-9 * (arguments[0] or 1)),
    )


def _number(rate):
    return torch.tensor(float(rate), dtype=torch.float64)


def test_cosine(candidate, reference, seed):
    """Without warm-up the rate falls along half a wave of cosine
    没有 warm-up 时，学习率沿半个余弦波下降"""
    compare(candidate, reference, range(23), 0.3, 23)


def test_min_lr(candidate, reference, seed):
    """The wave ends at min_lr
    余弦波降到 min_lr"""
    compare(candidate, reference, range(23), 0.3, 23, min_lr=0.07)


def test_equal_rates(candidate, reference, seed):
    """min_lr may be as large as max_lr, and both may be 0
    min_lr 可以等于 max_lr，两者也可以都是 0"""
    compare(candidate, reference, range(13), 0.3, 11, 3, min_lr=0.3)
    compare(candidate, reference, range(13), 0.0, 11, 3, min_lr=0.0)
    compare(candidate, reference, range(13), 0, 11, 3)


def test_warmup(candidate, reference, seed):
    """Warm-up climbs in a straight line to max_lr, and the wave follows
    warm-up 线性上升到 max_lr，然后接上余弦"""
    compare(candidate, reference, range(5), 0.3, 23, 5)
    compare(candidate, reference, range(5, 23), 0.3, 23, 5)


def test_warmup_and_min_lr(candidate, reference, seed):
    """Warm-up climbs from near zero also if min_lr is not zero
    min_lr 不为零时，warm-up 仍从接近零开始上升"""
    compare(candidate, reference, range(6), 0.3, 29, 6, 0.07)
    compare(candidate, reference, range(6, 29), 0.3, 29, 6, 0.07)


def test_after_the_end(candidate, reference, seed):
    """From total_steps on the rate stays at min_lr
    从 total_steps 起，学习率一直是 min_lr"""
    steps = (12, 13, 14, 15, 20, 25, 26, 27, 39, 1000)
    compare(candidate, reference, steps, 0.3, 13, min_lr=0.07)
    compare(candidate, reference, steps, 0.3, 13, 4, 0.07)
    compare(candidate, reference, steps, 0.3, 13, 4)


def test_only_warmup(candidate, reference, seed):
    """warmup_steps may be as large as total_steps
    warmup_steps 可以等于 total_steps"""
    compare(candidate, reference, range(7), 0.3, 7, 7, 0.07)
    compare(candidate, reference, range(7, 12), 0.3, 7, 7, 0.07)
    compare(candidate, reference, range(4), 0.3, 1, 1, 0.07)


def test_short(candidate, reference, seed):
    """One step of warm-up, one step of cosine, one step in all
    只有一步 warm-up、只有一步余弦、总共只有一步"""
    compare(candidate, reference, range(9), 0.3, 7, 1, 0.07)
    compare(candidate, reference, range(9), 0.3, 7, 6, 0.07)
    compare(candidate, reference, range(4), 0.3, 1, 0, 0.07)
    compare(candidate, reference, range(5), 0.3, 2, 0, 0.07)


def test_long(candidate, reference, seed):
    """A long training with a small rate
    步数很多、学习率很小的训练"""
    steps = [0, 1, 7, 1998, 1999, 2000, 2001, 2345, 250_000, 500_001, 777_777]
    steps += [999_998, 999_999, 1_000_000, 1_000_001]
    compare(candidate, reference, steps, 6e-4, 1_000_000, 2000, 6e-5)
    compare(candidate, reference, steps, 6e-4, 1_000_000, 2000)


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
    for step in range(14):
        settings = {"step": step, "min_lr": 0.02, "warmup_steps": 3, "total_steps": 11, "max_lr": 0.5}
        mine, theirs = (_number(m.cosine_lr(**settings)) for m in (candidate, reference))
        same(mine, theirs, f"cosine_lr({', '.join(f'{name}={value}' for name, value in settings.items())})")


def test_any_order(candidate, reference, seed):
    """Steps may be asked for in any order, and for several schedules in turn
    可以按任意顺序询问各步，也可以交替询问不同的调度"""
    steps = torch.randperm(40, generator=torch.Generator().manual_seed(seed)).tolist()
    schedules = ((0.3, 31, 4, 0.07), (2.0, 17, 0, 0.0), (0.01, 37, 9, 0.002))

    for _time in range(2):
        for step in steps:
            for schedule in schedules:
                compare(candidate, reference, [step], *schedule)
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
