"""Grades katas/norm_backward.py."""

from functools import partial

import pytest
import torch

from dlkata.suite import (
    Memory,
    any_layout,
    calls_apart,
    differentiate,
    digits,
    follows,
    holds,
    integers,
    keeps_dtype,
    leaves_alone,
    normal,
    reaches,
    same,
    samples_apart,
    setting,
)

SHAPES = (4, 3, 7), (5, 7), (7,), (2, 5, 3, 6), (2, 1, 4, 3, 5)
SMALL = (1, 7), (7, 1), (1, 1), (1,), (1, 3, 1), (4, 4), (3, 3, 3), (4, 1, 7), (5, 2), (1, 1, 6)
NAMES = ["∂L/∂x", "∂L/∂γ", "∂L/∂β"]
EPS = 1e-5, 1e-12, 1e-6, 0.004, 0.3, 2


def draw(seed, shape=(4, 3, 7), scale=1.0):
    """x whose rows have means and spreads of their own, γ, β, and a ∂L/∂y that is far from centred."""
    noise, shift, stretch, weight, bias, grad = normal(
        seed, shape, (*shape[:-1], 1), (*shape[:-1], 1), shape[-1:], shape[-1:], shape, grad=False
    )
    x = scale * (noise * stretch.exp() + 2 * shift)
    return {"x": x, "weight": weight + 0.5, "bias": bias - 0.3, "grad_output": grad + 0.7}


def statistics(x, eps=1e-5):
    """μ and r, as the contract defines them."""
    mean = x.sum(-1, keepdim=True) / x.shape[-1]
    return mean, ((x - mean).pow(2).sum(-1, keepdim=True) / x.shape[-1] + eps) ** -0.5


def forward(module, x, weight, bias, grad_output, **eps):
    return module.norm_forward(x, weight, bias, **eps)


def backward(module, x, weight, bias, grad_output, eps=1e-5):
    """The backward alone: what it goes by does not come from the attempt."""
    mean, rstd = statistics(x, eps)
    return module.norm_backward(grad_output, x, weight, mean, rstd)


def compare(call, names, candidate, reference, make, label, **options):
    found, right = (call(m, **make(), **options) for m in (candidate, reference))
    same(found, right, [name + label for name in names])


forwards = partial(compare, forward, ["y", "mean", "rstd"])
backwards = partial(compare, backward, NAMES)


def test_forward(candidate, reference, seed):
    """Forward: y, mean and rstd are right
    前向：y、mean、rstd 正确"""
    for shape in SHAPES:
        forwards(candidate, reference, partial(draw, seed, shape), f" (x.shape = {shape})")


def test_forward_of_small_sizes(candidate, reference, seed):
    """Forward: sizes of one, and equal sizes
    前向：大小为 1 的维度，以及各维大小相同"""
    for shape in SMALL:
        forwards(candidate, reference, partial(draw, seed, shape), f" (x.shape = {shape})")


def test_forward_eps(candidate, reference, seed):
    """Forward: eps is the one that was passed, and stands inside the root
    前向：eps 用的是传入的值，并且在根号内"""
    for eps in EPS:
        make = partial(draw, seed, scale=eps**0.5)
        forwards(candidate, reference, make, f" (eps = {eps:g})", eps=eps)


def test_default_eps(candidate, reference, seed):
    """Forward: without eps it is 1e-5
    前向：不传 eps 时默认为 1e-5"""
    forwards(candidate, reference, partial(draw, seed, scale=1e-3), " (default eps)")


def constant(seed, shape=(4, 3, 7)):
    """Rows whose entries are all equal, and to numbers that round to themselves."""
    levels = torch.tensor([0.0, 0.5, -3.0], dtype=setting.dtype, device=setting.device)
    return draw(seed, shape) | {"x": levels[:, None].expand(shape).contiguous()}


def test_forward_of_constant_rows(candidate, reference, seed):
    """Forward: a row whose entries are all equal gives β
    前向：元素全相等的行得到 β"""
    forwards(candidate, reference, partial(constant, seed), " (constant rows)")


def test_gradients(candidate, reference, seed):
    """Backward: the gradients of x, γ and β are right
    反向：x、γ、β 的梯度正确"""
    backwards(candidate, reference, partial(draw, seed, (5, 7)), "")


def test_gradient_of_x(candidate, reference, seed):
    """Backward: ∂L/∂x is right for any number of leading dimensions
    反向：前导维度任意多时，∂L/∂x 都正确"""
    for shape in SHAPES:
        found, right = (backward(m, **draw(seed, shape))[0] for m in (candidate, reference))
        same(found, right, f"∂L/∂x (x.shape = {shape})")


def test_gradients_of_parameters(candidate, reference, seed):
    """Backward: ∂L/∂γ and ∂L/∂β sum over all rows
    反向：∂L/∂γ 和 ∂L/∂β 对所有行求和"""
    for shape in SHAPES:
        found, right = (backward(m, **draw(seed, shape))[1:] for m in (candidate, reference))
        same(found, right, [f"{name} (x.shape = {shape})" for name in NAMES[1:]])


def test_backward_of_small_sizes(candidate, reference, seed):
    """Backward: sizes of one, and equal sizes
    反向：大小为 1 的维度，以及各维大小相同"""
    for shape in SMALL:
        backwards(candidate, reference, partial(draw, seed, shape), f" (x.shape = {shape})")


def test_backward_of_any_eps(candidate, reference, seed):
    """Backward: it goes by the mean and rstd it is given, whatever eps they were made with
    反向：以传入的 mean 和 rstd 为准，无论它们是用哪个 eps 算的"""
    for eps in EPS:
        for scale in (1.0, eps**0.5):
            make = partial(draw, seed, scale=scale)
            backwards(candidate, reference, make, f" (eps = {eps:g}, x of size {scale:.2g})", eps=eps)


def test_backward_of_constant_rows(candidate, reference, seed):
    """Backward: rows whose entries are all equal get finite gradients
    反向：元素全相等的行梯度有限"""
    backwards(candidate, reference, partial(constant, seed), " (constant rows)")


def test_signs_and_zeros(candidate, reference, seed):
    """Backward: γ may be 0 or negative, ∂L/∂y constant or 0
    反向：γ 可以为 0 或负数，∂L/∂y 可以是常数或 0"""
    for factor, level in ((0.0, 1.0), (-1.0, 1.0), (1.0, 0.0)):

        def special(factor=factor, level=level):
            given = draw(seed)
            given["weight"][::2] *= factor
            given["grad_output"][1:] = level
            return given

        backwards(candidate, reference, special, f" (γ × {factor:g}, ∂L/∂y = {level:g} in most rows)")


def test_scaled_gradients(candidate, reference, seed):
    """Backward: small and large ∂L/∂y scale the results
    反向：∂L/∂y 放大或缩小，结果同比变化"""
    for scale in (1e-6, 1e6):
        found = []
        for module in (candidate, reference):
            given = draw(seed)
            given["grad_output"] *= scale
            found.append([part / scale for part in backward(module, **given)])
        same(*found, [f"{name} / {scale:g}" for name in NAMES])


def test_there_and_back(candidate, reference, seed):
    """Backward takes what your forward returns
    反向接得上你自己的前向"""
    for eps in (1e-5, 0.3):
        found = []
        for module in (candidate, reference):
            x, weight, bias, grad_output = draw(seed).values()
            _, mean, rstd = module.norm_forward(x, weight, bias, eps)
            found.append(module.norm_backward(grad_output, x, weight, mean, rstd))
        same(*found, [f"{name} (eps = {eps:g})" for name in NAMES])


def far(seed):
    """float32 rows of eight small integers around 2¹³: their means are exact, their squares are not."""
    offsets = torch.tensor([-1.0, -1.0, 0.0, 0.0, 1.0, 1.0, 1.0, 1.0], device=setting.device)
    ranks, weight, bias, grad = normal(
        seed, (3, 5, 8), (8,), (8,), (3, 5, 8), dtype=torch.float32, grad=False
    )
    return {"x": 8192 + offsets[ranks.argsort(-1)], "weight": weight, "bias": bias, "grad_output": grad}


def test_far_from_zero_in_float32(candidate, reference, seed):
    """float32 held against float64: rows far from 0 lose no more than they must
    float32 与 float64 对照：离 0 很远的行，精度不会额外损失"""
    found, right = [], []
    given = far(seed)
    wide = {name: value.to(setting.dtype) for name, value in given.items()}
    y, mean, rstd = reference.norm_forward(wide["x"], wide["weight"], wide["bias"])
    right = [y, *reference.norm_backward(wide["grad_output"], wide["x"], wide["weight"], mean, rstd)]
    y, *_ = candidate.norm_forward(given["x"], given["weight"], given["bias"])
    narrow = (given["grad_output"], given["x"], given["weight"], mean.float(), rstd.float())
    found = [y, *candidate.norm_backward(*narrow)]
    names = [f"{name} (x ≈ 8192, float32)" for name in ("y", *NAMES)]
    same([part.to(setting.dtype) for part in found], right, names, tolerance=(0.0, 0.05))


def test_float32(candidate, seed):
    """float32 stays float32
    float32 的输入得到 float32 的结果"""
    for call in (forward, backward):
        keeps_dtype(lambda call=call: partial(call, candidate), lambda: draw(seed))


def test_non_contiguous(candidate, seed):
    """Transposed, strided and expanded inputs work
    输入是转置、带步长的切片或 expand 的结果时也正确"""
    for call in (forward, backward):
        for name in ("x", "grad_output"):
            others = {key: value for key, value in draw(seed).items() if key != name}
            any_layout(
                lambda call=call, name=name, others=others: lambda x: call(candidate, **(others | {name: x})),
                lambda shape: draw(seed + 3, shape)["x"],
                (4, 3, 7),
            )


def test_rows_apart(candidate, seed):
    """A row of y and of ∂L/∂x depends on that row alone
    y 和 ∂L/∂x 的每一行只取决于同一行"""
    x, weight, bias, grad = draw(seed).values()
    for dim in (0, 1):
        samples_apart(lambda x: candidate.norm_forward(x, weight, bias)[0], lambda: x, dim=dim)
        samples_apart(
            lambda g: candidate.norm_backward(g, x, weight, *statistics(x))[0],
            lambda: grad,
            dim=dim,
            name="∂L/∂y",
        )


def test_calls_apart(candidate, reference, seed):
    """A call does not depend on the calls before it, nor change what they returned; no autograd is needed
    每次调用与之前的调用无关，也不改动它们返回的结果；不依赖 autograd"""
    for call in (forward, backward):
        calls_apart(
            lambda call=call: partial(call, candidate),
            lambda i: draw(seed + i),
            right=lambda call=call: partial(call, reference),
        )


def test_inputs_unchanged(candidate, seed):
    """No input is modified, mean and rstd among them
    不修改任何输入，包括 mean 和 rstd"""

    def given(i, shape):
        x, weight, _, grad_output = draw(seed + i, shape).values()
        return dict(
            zip(
                ("grad_output", "x", "weight", "mean", "rstd"),
                (grad_output, x, weight, *statistics(x)),
                strict=True,
            )
        )

    for shape in ((4, 3, 7), (7,), (1, 1)):
        leaves_alone(lambda: partial(forward, candidate), lambda i, shape=shape: draw(seed + i, shape))
        leaves_alone(lambda: candidate.norm_backward, partial(given, shape=shape))


def test_no_jacobian(candidate, seed):
    """The backward makes no tensor that is much larger than x
    反向不生成比 x 大得多的张量"""
    for shape in ((3, 200), (400,), (2, 2, 100)):
        given = draw(seed, shape)
        with Memory() as seen:
            backward(candidate, **given)
        small = seen.largest <= 8 * given["x"].nbytes
        holds(
            small,
            f"For x of shape {shape} a tensor of more than eight times its memory was made: a Jacobian, or a part of one.",
            f"x 的形状是 {shape}，却生成了占用超过它八倍的张量：Jacobian 或它的一部分。",
            value="small" if small else "large",
            name=f"largest tensor (x.shape = {shape})",
        )


# A small classifier of digits: linear, the norm to be graded, ReLU, linear.


class Normed(torch.autograd.Function):
    @staticmethod
    def forward(ctx, module, x, weight, bias):
        y, mean, rstd = module.norm_forward(x, weight, bias)
        ctx.module = module
        ctx.save_for_backward(x, weight, mean, rstd)
        return y

    @staticmethod
    def backward(ctx, grad_output):
        return None, *ctx.module.norm_backward(grad_output, *ctx.saved_tensors)


def trained(module, seed, steps, batch=20, rate=0.2):
    """The losses, and the accuracy on 597 unseen digits."""
    images, labels = digits()
    x = images.flatten(1).to(setting.dtype)
    first, second, shift = normal(seed, (64, 16), (16, 10), (16,), scale=0.3)
    gamma = (1 + shift.detach() / 3).requires_grad_()
    parameters = [first, gamma, shift, second]
    losses = []
    for rows in integers(seed, 1200, (steps, batch))[0]:
        logits = Normed.apply(module, x[rows] @ first, gamma, shift).clamp(min=0) @ second
        loss = -logits.log_softmax(1)[torch.arange(batch), labels[rows]].mean()
        for parameter, grown in zip(parameters, differentiate(loss, parameters), strict=True):
            parameter.data -= rate * grown
        losses.append(loss.item())
    y = module.norm_forward(x[1200:] @ first, gamma, shift)[0]
    right = (y.clamp(min=0) @ second).argmax(1) == labels[1200:]
    return losses, right.double().mean().item()


@pytest.mark.training
def test_training_follows(candidate, reference, seed):
    """In a small network that learns handwritten digits, the losses follow the reference
    放进小网络训练手写数字，loss 与参考实现一致"""
    within = 1e-6 if setting.dtype == torch.float64 else 1e-4
    follows(trained(candidate, seed, 15)[0], trained(reference, seed, 15)[0], within)


@pytest.mark.training
def test_training_reaches(candidate, seed):
    """That network gets 60 % of unseen digits right
    该网络在没见过的数字上准确率达到 60 %"""
    losses, accuracy = trained(candidate, seed, 100)
    reaches(accuracy, 0.6, "accuracy", losses=losses)
