"""Grades katas/autograd_engine.py."""

import math
import random
import sys
from contextlib import contextmanager

import pytest
import torch

from dlkata.suite import follows, holds, not_reseeded, reaches, same, survives


def numbers(values):
    return torch.tensor([float(v) for v in values], dtype=torch.float64)


def judge(candidate, reference, points, *expressions):
    """The result of each expression in a, b, … at these points, and its derivative by each; one graph each.

    An expression may have steps before it: "c = a * b; c + a".
    """
    names = "abc"[: len(points)]
    at = ", ".join(f"{name} = {point:.3g}" for name, point in zip(names, points, strict=True))
    for expression in expressions:
        *steps, last = expression.split("; ")
        made = {}
        exec("\n    ".join([f"def function({', '.join(names)}):", *steps, f"return {last}"]), made)
        found = []
        for module in (candidate, reference):
            leaves = [module.Value(p) for p in points]
            y = made["function"](*leaves)
            y.backward()
            found.append([numbers([v])[0] for v in (y.data, *(leaf.grad for leaf in leaves), y.grad)])
        y = "; ".join([*steps, f"y = {last} ({at})"])
        same(*found, [y, *(f"∂y/∂{name}, {y}" for name in names), f"∂y/∂y, {y}"])


def draw(seed, count, low=-2.0, high=2.0):
    generator = random.Random(seed)
    return [generator.uniform(low, high) for _ in range(count)]


def plain(numbers):
    """Whether all are Python numbers; a bool is none."""
    return all(type(x) in (int, float) for x in numbers)


def test_new_value(candidate, seed):
    """A new Value holds its number, and a grad of 0
    新建的 Value 保存着传入的数，grad 为 0"""
    for number in (3, -2.5, 0):
        value = candidate.Value(number)
        holds(
            plain([value.data, value.grad]) and (value.data, value.grad) == (number, 0),
            "data must be the number that was passed, and grad 0",
            "data 应是传入的数，grad 应为 0",
            value=f"{float(value.data)} {float(value.grad)}"
            if plain([value.data, value.grad])
            else "no numbers",
            name=f"Value({number}): data, grad",
        )


def test_sum(candidate, reference, seed):
    """a + b and its gradients are right
    a + b 及其梯度正确"""
    judge(candidate, reference, draw(seed, 2), "a + b", "(a + b) + a")


def test_product(candidate, reference, seed):
    """a * b and its gradients are right, with a factor of 0 too
    a * b 及其梯度正确，因子为 0 时也正确"""
    points = draw(seed, 3)
    judge(candidate, reference, points, "a * b", "(a * b) * c")
    points[seed % 2] = 0.0
    judge(candidate, reference, points, "a * b + c")


def test_difference(candidate, reference, seed):
    """a - b, -a and their gradients are right
    a - b、-a 及其梯度正确"""
    judge(candidate, reference, draw(seed, 2), "a - b", "-a * b", "-(a - b)")


def test_quotient(candidate, reference, seed):
    """a / b and its gradients are right
    a / b 及其梯度正确"""
    points = [*draw(seed, 1), *draw(seed + 1, 1, 0.5, 2.0)]
    judge(candidate, reference, points, "a / b", "a / -b")
    judge(candidate, reference, [0.0, points[1]], "a / b")


def test_power(candidate, reference, seed):
    """a ** n and its gradient are right for whole, negative and fractional n
    a ** n 及其梯度正确：n 为整数、负数、分数"""
    exponents = (3, 2, 1, 0.5, -1, -2.5, 0, 4.0)
    judge(candidate, reference, draw(seed, 1, 0.5, 2.0), *(f"a ** {n}" for n in exponents))
    judge(candidate, reference, [-1.7], *(f"a ** {n}" for n in (3, 2, 1, -1, -2, 3.0)))
    judge(candidate, reference, [0.0], *(f"a ** {n}" for n in (3, 2, 1)))


def test_ints(candidate, reference, seed):
    """Values of ints are numbers like any other: Value(7) / 2 is 3.5
    由 int 构造的 Value 与其他数一样：Value(7) / 2 是 3.5"""
    judge(
        candidate, reference, [7, 2], "a / b", "b / a", "a * b - 0.5", "a ** -1 + b ** 0.5", "a ** 2 / b ** 3"
    )
    judge(candidate, reference, [7], "a / 2", "2 / a", "a ** -2", "(a - 9).relu()", "a * 0.3", "0.1 * a")
    judge(candidate, reference, [-2], "a.exp()", "a.tanh()", "(-a).relu() / 3", "0.5 - a")


def test_exp(candidate, reference, seed):
    """exp and its gradient are right
    exp 及其梯度正确"""
    for x in (*draw(seed, 2), 0.0, -30.0, 20.0):
        judge(candidate, reference, [x], "a.exp()", "(a * 0.5).exp() * 3")


def test_tanh(candidate, reference, seed):
    """tanh and its gradient are right
    tanh 及其梯度正确"""
    for x in (*draw(seed, 2), 0.0, 4.0):
        judge(candidate, reference, [x], "a.tanh()", "(a * 0.5).tanh() * 3")


def test_tanh_far_out(candidate, reference, seed):
    """tanh is right for ±1000 as well
    tanh 在 ±1000 处同样正确"""

    def far_out(module):
        leaves = [module.Value(x) for x in (1000.0, -1000.0, 40.0, -40.0, 9.0, -9.0)]
        results = [leaf.tanh() for leaf in leaves]
        for result in results:
            result.backward()
        return numbers([r.data for r in results]), grads(leaves)

    found = survives(
        lambda: far_out(candidate),
        (OverflowError, ZeroDivisionError),
        "tanh or its derivative overflows for a large |x|",
        "|x| 很大时 tanh 或其导数溢出",
    )
    same(found, far_out(reference), ["tanh of ±1000, ±40, ±9", "their derivatives"])


def test_relu(candidate, reference, seed):
    """relu and its gradient are right, at 0 too
    relu 及其梯度正确，在 0 处也正确"""
    for x in (1.3, -0.7, 0.0, 0, 1e-9, -250.0, 250.0):
        judge(candidate, reference, [x], "a.relu()", "a.relu() * 3 + a")


def test_numbers(candidate, reference, seed):
    """Numbers may stand on either side of an operator
    运算符的任意一边都可以是普通的数"""
    points = draw(seed, 1, 0.5, 2.0)
    for numbers in (("2", "3", "2.5", "4"), ("0.7", "-0.3", "5", "0.4"), ("0", "0", "0", "-0.9")):
        plus, times, minus, over = numbers
        judge(candidate, reference, points, f"a + {plus}", f"a * {times}", f"a - {minus}", f"a / {over}")
        judge(candidate, reference, points, f"{plus} + a", f"{times} * a", f"{minus} - a", f"{over} / a")
    judge(candidate, reference, points, "0 / a", "sum([a, a * 2, a * a])")


def test_used_twice(candidate, reference, seed):
    """A Value that is used more than once gets the sum of its derivatives
    被多次使用的 Value，得到各路导数之和"""
    judge(
        candidate, reference, draw(seed, 2),
        "a + a", "a * a", "a - a * b", "a * b + a", "a * a * a + b * b", "a - a", "a / a + b",
        "(-a) * (-a) - b.exp() * b.exp()",
    )  # fmt: skip


# Values met again at different depths: only a topological order serves.
DIAMONDS = (
    "c = a * b; d = c + a; e = d * c; f = (e + d) * c.tanh();"
    " f * a + c * (d + e).tanh() - (f * 0.1).exp() / (c * c + 1)",
    "c = a + b; ((c * a).tanh() + c * 3) * c + (b * c).relu() * c - c",
)


def test_diamonds(candidate, reference, seed):
    """Paths of different lengths that meet again are added up in the right order
    长短不同又汇合的路径，按正确的顺序累加"""
    for points in (draw(seed, 2), [0.8, -1.1], [0.9, 0.9]):  # equal numbers are two values still
        judge(candidate, reference, points, *DIAMONDS)


def graph(module, seed):
    a, b = (module.Value(x) for x in draw(seed, 2))
    c = a * b
    d = c.tanh() + a
    y = d * d + c
    return [a, b, c, d, y]


def grads(values):
    return numbers([v.grad for v in values])


def test_results_in_between(candidate, reference, seed):
    """Results in between get their gradients as well
    中间结果也得到各自的梯度"""
    found = []
    for module in (candidate, reference):
        values = graph(module, seed)
        values[-1].backward()
        leaf = module.Value(0.3)
        leaf.backward()
        found.append((grads(values), grads([leaf])))
    same(*found, ["grads of a, b, c, d, y", "grad of a leaf after its own backward"])


def test_backward_twice(candidate, reference, seed):
    """A second backward exactly doubles every grad
    再做一次 backward，每个 grad 恰好翻倍"""

    def twice(module):
        values = graph(module, seed)
        values[-1].backward()
        first = grads(values)
        values[-1].backward()
        return first, grads(values)

    same(twice(candidate), twice(reference), ["grads after the first", "grads after the second"])


def test_shared_graph(candidate, reference, seed):
    """Two results that share a part of the graph add up their gradients there
    两个结果共用一部分计算图时，共用部分的梯度相加"""

    def both(module):
        *values, y = graph(module, seed)
        c, d = values[2:]
        z = c * 3 + d.exp()
        y.backward()
        after_one = grads([*values, y, z])
        z.backward()
        after_two = grads([*values, y, z])
        d.backward()
        return after_one, after_two, grads([*values, y, z])

    same(both(candidate), both(reference), ["grads after y", "grads after y, z", "grads after y, z, d"])


def test_fresh_graphs(candidate, reference, seed):
    """Leaves keep adding up over several expressions, until grad is set to 0
    叶子在多个表达式之间持续累加，直到 grad 被置 0"""

    def path(module):
        a, b = (module.Value(x) for x in draw(seed, 2))
        seen = []
        for step in range(5):
            y = (a * b + step).tanh() * b
            y.backward()
            seen += [y.data, a.grad, b.grad]
            if step == 2:
                a.grad = 0.0
            a.data -= 0.3 * b.grad
        return numbers(seen)

    same(path(candidate), path(reference), "y, ∂a, ∂b")


def test_operands_are_kept(candidate, reference, seed):
    """Operations leave their operands as they are, += too
    运算不改动操作数，+= 也不例外"""

    def path(module):
        a, b = (module.Value(x) for x in draw(seed, 2, 0.5, 2.0))
        kept = a
        results = [a + b, a * b, a - b, a / b, a**3, a.exp(), a.tanh(), (-a).relu(), 1 - a, 2 / a]
        before = numbers([a.data, b.data, a.grad, b.grad])
        a += b
        a *= 2
        a -= 0.5
        a /= b
        a **= 2
        a.backward()
        after = numbers([kept.data, b.data, kept.grad, b.grad, a.data])
        return before, after, numbers([r.data for r in results]), grads(results)

    names = ["a, b before", "a, b after +=", "results", "grads of results that took no part"]
    same(path(candidate), path(reference), names)


def test_new_values(candidate, seed):
    """Every operation returns a new Value, x + 0 and x ** 1 too
    每个运算都返回新的 Value，x + 0 和 x ** 1 也不例外"""
    a, b = (candidate.Value(x) for x in (0.7, 1.3))
    made = {
        "a + b": a + b, "a + 0": a + 0, "0 + a": 0 + a, "a - 0": a - 0, "a * b": a * b, "a * 1": a * 1,
        "1 * a": 1 * a, "a / 1": a / 1, "a ** 1": a**1, "-a": -a, "a.exp()": a.exp(), "a.tanh()": a.tanh(),
        "a.relu()": a.relu(), "sum([a])": sum([a]), "a + b again": a + b, "a ** 1 again": a**1,
    }  # fmt: skip
    taken, old = {id(a), id(b)}, []
    for name, value in made.items():
        if not isinstance(value, candidate.Value) or id(value) in taken:
            old.append(name)
        taken.add(id(value))
    holds(
        not old,
        f"No new Value: {', '.join(old)}",
        f"没有返回新的 Value：{'、'.join(old)}",
        value=", ".join(old) or "none",
        name="what returns no new Value",
    )


def test_plain_numbers(candidate, seed):
    """data and grad stay plain Python numbers; nothing is reseeded
    data 和 grad 始终是普通的 Python 数；不重新设种子"""
    a = candidate.Value(2)
    y = (a * 3 + 1) ** 2 / 4 - a.relu() + a.tanh() * (-0.5 * a).exp()
    y.backward()
    found = [a.data, a.grad, y.data, y.grad]
    holds(
        plain(found),
        "data and grad must be Python numbers, int or float",
        "data 和 grad 应是 Python 的数（int 或 float）",
        value=", ".join("number" if plain([x]) else type(x).__name__ for x in found),
        name="types of data, grad, data, grad",
    )
    not_reseeded(lambda: (candidate.Value(1.0).exp().backward(), torch.rand(1)))


@contextmanager
def limit_set(module):
    """Holds something once the recursion limit is set, be it set back or not."""
    calls, original = [], sys.setrecursionlimit

    def hear(limit):
        calls.append(limit)
        original(limit)

    homes = [(sys, "setrecursionlimit")]
    homes += [(module, name) for name, value in vars(module).items() if value is original]
    for home, name in homes:
        setattr(home, name, hear)
    try:
        yield calls
    finally:
        for home, name in homes:
            setattr(home, name, original)


def test_deep_graph(candidate, reference, seed):
    """A graph of 3,000 operations in a row works, without a change of the recursion limit
    连续 3,000 次运算的计算图也能处理，且不改递归上限"""

    def deep(module):
        a, b = module.Value(0.5), module.Value(0.999)
        y = a * b
        for i in range(1_500):  # the long way is now the left operand, now the right one
            y = y * b + a if i % 2 else a + b * y
        y.backward()
        return numbers([y.data, a.grad, b.grad])

    before = sys.getrecursionlimit()
    sys.setrecursionlimit(1_000)  # whatever an earlier test left
    try:
        with limit_set(candidate) as calls:
            found = survives(
                lambda: deep(candidate),
                RecursionError,
                "A deep graph exceeds Python's recursion limit: walk it with a stack of your own",
                "计算图很深时超出 Python 的递归上限：请用自己的栈来遍历",
            )
    finally:
        sys.setrecursionlimit(before)
    same(found, deep(reference), "data, ∂y/∂a, ∂y/∂b")
    holds(
        not calls,
        "Python's recursion limit was changed",
        "Python 的递归上限被改了",
        value="changed" if calls else "left alone",
        name="recursion limit",
    )


def test_many_paths(candidate, reference, seed):
    """Sixty doublings, 2⁶⁰ paths, are done at once
    翻倍六十次、共 2⁶⁰ 条路径，也能立刻算完"""

    def doubled(module):
        a = module.Value(0.5)
        y = a
        for _ in range(60):
            y = y + y
        y.backward()
        return numbers([y.data / 2**60, a.grad / 2**60])

    same(doubled(candidate), doubled(reference), "data, ∂y/∂a (both / 2⁶⁰)")


def perceptron(module, seed, hidden):
    generator = random.Random(seed)
    return [module.Value(generator.gauss(0, 0.7)) for _ in range(4 * hidden + 1)]


def score(params, x, hidden):
    h = [(params[4 * j] * x[0] + params[4 * j + 1] * x[1] + params[4 * j + 2]).tanh() for j in range(hidden)]
    return sum(params[4 * j + 3] * h[j] for j in range(hidden)) + params[-1]


def rings(seed, count=16):
    """Points inside a circle (−1) and around it (1)."""
    generator = random.Random(seed)
    for i in range(count):
        angle, radius = (
            generator.uniform(0, 2 * math.pi),
            generator.uniform(0, 0.7) if i % 2 else generator.uniform(1.3, 2),
        )
        yield (radius * math.cos(angle), radius * math.sin(angle)), -1.0 if i % 2 else 1.0


def train(module, seed, steps, hidden=4):
    data, params, losses = list(rings(seed)), perceptron(module, seed, hidden), []
    for _ in range(steps):
        # (1 − margin)² where the margin is below 1, and a little decay
        loss = sum(((1 - score(params, x, hidden) * label).relu()) ** 2 for x, label in data) / len(data)
        loss = loss + 1e-4 * sum(p * p for p in params)
        for p in params:
            p.grad = 0.0
        loss.backward()
        for p in params:
            p.data -= 0.5 * p.grad
        losses.append(loss.data)
    right = sum((score(params, x, hidden).data > 0) == (label > 0) for x, label in data)
    return losses, right / len(data)


@pytest.mark.training
def test_training_follows(candidate, reference, seed):
    """A small network trains as it does with the reference
    用它训练小网络，loss 曲线与参考实现一致"""
    follows(train(candidate, seed, 5)[0], train(reference, seed, 5)[0])


@pytest.mark.training
def test_training_reaches(candidate, seed):
    """It learns to tell points inside a circle from those around it: accuracy ≥ 0.8
    学会区分圆内和圆外的点：准确率 ≥ 0.8"""
    losses, accuracy = train(candidate, seed, 40)
    reaches(accuracy, 0.8, "accuracy", losses=losses)
