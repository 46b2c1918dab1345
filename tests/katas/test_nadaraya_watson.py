"""Grades katas/nadaraya_watson.py."""

from functools import partial

import pytest
import torch

from dlkata.suite import (
    adopted,
    agree,
    any_layout,
    calls_apart,
    descend,
    follows,
    keeps_dtype,
    leaves_alone,
    normal,
    not_reseeded,
    place,
    reaches,
    same,
    samples_apart,
    setting,
    share_nothing,
    starts_like,
    travels,
)

SIZES = (
    (4, 6, 1, 1),
    (1, 1, 1, 1),
    (1, 6, 3, 2),
    (5, 1, 3, 2),
    (3, 3, 3, 3),
    (5, 7, 1, 4),
    (7, 2, 4, 1),
)  # n, m, D, C


def points(seed, n=4, m=6, d=2, c=3, **how):
    drawn = normal(seed, (n, d), (m, d), (m, c), (d,), **how)
    return dict(zip(("queries", "keys", "values", "w"), drawn, strict=True))


def pairs(seed, m=6, d=2, c=3, **how):
    given = points(seed, 1, m, d, c, **how)
    given.pop("queries")
    return given


def models(candidate, reference, seed, dims=2):
    mine, theirs = (place(m.KernelRegression(dims)) for m in (candidate, reference))
    (w,) = normal(seed + 50, (dims,), grad=False)
    theirs.load_state_dict({"w": w + 0.4})
    return adopted(mine, theirs), theirs


class Loss(torch.nn.Module):
    """Called, it gives the loss of its model, whose `forward` stays what it is."""

    def __init__(self, model):
        super().__init__()
        self.model = model

    def forward(self, keys, values):
        return self.model.loss(keys, values)


def test_predictions(candidate, reference, seed):
    """kernel_regression: predictions and weights are right in one dimension
    kernel_regression：一维时预测值和权重正确"""
    found, right = (m.kernel_regression(**points(seed, d=1, c=1)) for m in (candidate, reference))
    same(found, right, ["predictions", "weights"])


def test_gradients(candidate, reference, seed):
    """kernel_regression: several dimensions, several values, all gradients
    kernel_regression：多维、多个值，以及所有梯度"""
    make = partial(points, seed)
    agree(candidate.kernel_regression, reference.kernel_regression, make, "predictions, weights")


def test_sizes(candidate, reference, seed):
    """Sizes of one, and equal sizes
    大小为 1 的维度，以及相等的大小"""
    for sizes in SIZES:
        make = partial(points, seed, *sizes)
        label = f"predictions, weights (n, m, D, C = {sizes})"
        agree(candidate.kernel_regression, reference.kernel_regression, make, label)


def test_widths(candidate, reference, seed):
    """w multiplies distances: one factor a dimension, of any size and sign
    w 乘在距离上：每一维一个因子，大小和正负任意"""
    for w in ([0.0, 0.0], [0.1, -3.0], [2.0, 0.0], [-0.5, 4.0]):
        found, right = (
            m.kernel_regression(
                **points(seed, grad=False) | {"w": torch.tensor(w).to(setting.device, setting.dtype)}
            )
            for m in (candidate, reference)
        )
        same(found, right, [f"predictions (w = {w})", f"weights (w = {w})"])


def test_far_from_all_keys(candidate, reference, seed):
    """Far from all keys the nearest takes all; nothing is 0/0
    离所有 key 都很远时，最近的独占权重；不会出现 0/0"""

    def far(reach):
        given = points(seed, grad=False)
        given["queries"] += reach
        given["w"] = given["w"].abs() + 0.5
        return {name: x.requires_grad_() for name, x in given.items()}

    for reach in (50.0, -3000.0) if setting.dtype == torch.float64 else (20.0, -50.0):
        found, right = (m.kernel_regression(**far(reach)) for m in (candidate, reference))
        same(
            found,
            right,
            [f"predictions (queries near {reach:g})", f"weights (queries near {reach:g})"],
            tolerance=(1e-6, 1e-6),
        )


def test_far_from_zero(candidate, reference, seed):
    """Only differences matter: points near 10⁶, few or many
    只有差值重要：各点都在 10⁶ 附近，或多或少"""
    if setting.dtype != torch.float64:
        return  # mps has none

    def moved(m):
        given = points(seed, m=m, grad=False)
        for name in ("queries", "keys"):
            given[name] = (64 * given[name]).round() / 64 + 1e6
        return given

    for many in (6, 40):  # cdist expands the square beyond 25
        near = f"near 10⁶, m = {many}"
        found, right = (m.kernel_regression(**moved(many)) for m in (candidate, reference))
        same(found, right, [f"predictions ({near})", f"weights ({near})"], tolerance=(1e-6, 1e-6))
        given = moved(many)
        given.pop("queries")
        found, right = (m.leave_one_out(**given) for m in (candidate, reference))
        same(found, right, f"leave-one-out predictions ({near})", tolerance=(1e-6, 1e-6))


def test_leave_one_out(candidate, reference, seed):
    """leave_one_out: each value is predicted from all others; gradients too
    leave_one_out：每个 value 由其他所有数据对预测；梯度也正确"""
    for sizes in ((6, 2, 3), (2, 1, 1), (3, 3, 3), (7, 1, 2)):
        make = partial(pairs, seed, *sizes)
        agree(candidate.leave_one_out, reference.leave_one_out, make, f"leave-one-out (m, D, C = {sizes})")


def test_same_point_twice(candidate, reference, seed):
    """leave_one_out: another pair at the very same point counts
    leave_one_out：恰好在同一点的另一对数据仍然算数"""

    def twice():
        given = pairs(seed, grad=False)
        given["keys"][3] = given["keys"][1]
        return {name: x.requires_grad_() for name, x in given.items()}

    agree(candidate.leave_one_out, reference.leave_one_out, twice, "leave-one-out (one point twice)")


def test_outlier(candidate, reference, seed):
    """leave_one_out: a point far from all others, too, is predicted from them
    leave_one_out：离其他点都很远的点，也由其他点来预测"""

    def outlier():
        given = pairs(seed, grad=False)
        given["keys"][2] += 5000.0 if setting.dtype == torch.float64 else 50.0
        given["w"] = given["w"].abs() + 0.5
        return given

    found, right = (m.leave_one_out(**outlier()) for m in (candidate, reference))
    same(found, right, "leave-one-out (an outlier)", tolerance=(1e-6, 1e-6))


def test_new_model(candidate, reference):
    """A new model holds w, ones, learned, and nothing else
    新建的模型只有 w：全为 1，要学习"""
    for dims in (1, 3):
        starts_like(candidate.KernelRegression(dims), reference.KernelRegression(dims))


def test_model(candidate, reference, seed):
    """forward predicts with the model's w; gradients are right
    forward 用模型的 w 来预测；梯度正确"""

    def make():
        given = points(seed)
        given.pop("w")
        return given

    agree(*models(candidate, reference, seed), make, "predictions")


def test_loss(candidate, reference, seed):
    """loss is the mean squared leave-one-out error; gradients are right
    loss 是留一预测的均方误差；梯度正确"""

    def make(m, d, c):
        given = pairs(seed, m, d, c)
        given.pop("w")
        return given

    for sizes in ((6, 2, 3), (2, 1, 1), (5, 3, 1)):
        losses = [Loss(model) for model in models(candidate, reference, seed, sizes[1])]
        agree(*losses, partial(make, *sizes), f"loss (m, D, C = {sizes})")


def test_float32(candidate, reference, seed):
    """float32 stays float32
    float32 的输入得到 float32 的结果"""
    keeps_dtype(lambda: candidate.kernel_regression, partial(points, seed))
    keeps_dtype(lambda: candidate.leave_one_out, partial(pairs, seed))


def test_non_contiguous(candidate, seed):
    """Transposed, strided and expanded inputs work
    支持转置、带步长和 expand 得到的输入"""
    others = points(seed, 5, 5, 3, 3, grad=False)
    for name in ("queries", "keys", "values"):

        def predict(x, name=name):
            return candidate.kernel_regression(**(others | {name: x}))

        any_layout(lambda predict=predict: predict, lambda shape: normal(seed, shape)[0], (5, 3))


def test_queries_apart(candidate, seed):
    """A prediction depends on its own query alone
    每个预测值只取决于自己的 query"""
    given = points(seed, grad=False)
    queries = given.pop("queries")
    samples_apart(lambda q: candidate.kernel_regression(q, **given)[0], lambda: queries, name="queries")


def test_calls_apart(candidate, reference, seed):
    """A call does not depend on the calls before it, nor change what they returned
    每次调用与之前的调用无关，也不改动它们返回的结果"""
    for name, make in (("kernel_regression", points), ("leave_one_out", pairs)):
        calls_apart(
            lambda name=name: getattr(candidate, name),
            lambda i, make=make: make(seed + i),
            right=lambda name=name: getattr(reference, name),
        )

    def data(i):
        given = points(seed + i)
        given.pop("w")
        return given

    calls_apart(lambda: models(candidate, reference, seed)[0], data)
    found, right = (
        [model.loss(*list(data(i).values())[1:]) for i in range(2)]
        for model in models(candidate, reference, seed)
    )
    same(found, right, ["loss (first call)", "loss (second call)"])


def test_side_effects(candidate, seed):
    """Inputs are left alone, models share nothing, a loaded w counts, nothing is reseeded
    输入保持不变，模型互不共享，加载的 w 立即生效，不重新设种子"""
    leaves_alone(lambda: candidate.kernel_regression, lambda i: points(seed + i))
    leaves_alone(lambda: candidate.leave_one_out, lambda i: pairs(seed + i))

    def build():
        model = place(candidate.KernelRegression(2))
        bare = model.forward
        model.forward = lambda given: bare(given["queries"], given["keys"], given["values"])
        return model

    share_nothing(build, lambda: points(seed, grad=False))
    travels(build(), build, lambda i: points(seed + i, grad=False))
    not_reseeded(lambda: candidate.KernelRegression(1)(*torch.rand(3, 4, 1)))


# Noisy samples of a wave in the first dimension; the second one has nothing to do with it.


def wave(seed, m=60):
    x, noise = normal(seed, (m, 2), (m, 1), grad=False)
    return x, (3 * x[:, :1]).sin() + 0.1 * noise


def trained(module, seed, steps):
    model = place(module.KernelRegression(2))
    keys, values = wave(seed)
    losses = descend(model.parameters(), lambda step: model.loss(keys, values), steps, 0.3)
    return model, losses


@pytest.mark.training
def test_training_follows(candidate, reference, seed):
    """Learning w, the losses follow the reference
    学习 w 时，loss 与参考实现一致"""
    follows(trained(candidate, seed, 12)[1], trained(reference, seed, 12)[1])


@pytest.mark.training
def test_training_learns(candidate, seed):
    """The learned w explains 70 % of the variance at new points
    学到的 w 在新的点上解释 70 % 的方差"""
    model, losses = trained(candidate, seed, 40)
    x, y = wave(seed + 1000)
    with torch.no_grad():
        errors = model(x, *wave(seed)) - y
    reaches(1 - (errors.square().mean() / y.var()).item(), 0.7, "explained variance", losses=losses)
