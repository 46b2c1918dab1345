"""Grades katas/softmax.py."""

from functools import partial

import torch

from dlkata.suite import (
    Memory,
    agree,
    any_layout,
    calls_apart,
    gradients,
    holds,
    keeps_dtype,
    leaves_alone,
    normal,
    same,
    samples_apart,
    setting,
)

SHAPES = (5,), (4, 5), (3, 4, 5), (2, 3, 4, 5)
SINGLE = (1,), (1, 1), (1, 5), (5, 1), (4, 4), (3, 3, 3), (2, 1, 3)
FINE = (1e-12, 1e-12)


def numbers(seed, shape=(3, 4, 5), scale=2.0, **how):
    (x,) = normal(seed, shape, scale=scale, **how)
    return x


def weights(seed, shape, dim=-1, scale=1.5):
    """Positive, with sums of 1 along `dim`."""
    exps = numbers(seed, shape, scale, grad=False).exp()
    return exps / exps.sum(dim, keepdim=True)


def upstream(seed, shape=(3, 4, 5), dim=-1, scale=1.5):
    """What arrives from above, and p."""
    g = numbers(seed + 7, shape, grad=False)
    return {"grad_output": g + 0.4, "output": weights(seed, shape, dim, scale)}


def backward_at(module, p, grad_output, dim):
    return module.softmax_backward(grad_output, p, dim)


def steep(seed, levels, spreads, dtype=None):
    """A row near each level; then a row as wide as each spread."""
    near, far = normal(seed, (len(levels), 6), (len(spreads), 6), dtype=dtype, grad=False)
    level, spread = (
        torch.tensor(s, dtype=near.dtype, device=near.device)[:, None] for s in (levels, spreads)
    )
    return torch.cat([near + level, spread * far.clamp(-3, 3) / 3]).requires_grad_()


def dims_of(shapes):
    """Every dim of every shape, counted from both ends."""
    return [(shape, dim) for shape in shapes for dim in range(-len(shape), len(shape))]


def test_output(candidate, reference, seed):
    """The weights are right
    权重正确"""
    x = partial(numbers, seed, (4, 5))
    same(candidate.softmax(x()), reference.softmax(x()), "p")


def test_every_dim(candidate, reference, seed):
    """It runs along the dimension that was asked for, counted from the front or from the end
    沿指定的维度计算，从前数、从后数都可以"""
    for shape, dim in dims_of(SHAPES):
        found, right = (m.softmax(numbers(seed, shape), dim) for m in (candidate, reference))
        same(found, right, f"p (x.shape = {shape}, dim = {dim})")


def test_default_dim(candidate, reference, seed):
    """Without dim it is the last one; arguments go by name
    不传 dim 时是最后一维；参数可按名字传入"""
    for shape in ((4, 5), (3, 4, 5)):
        found, right = (m.softmax(numbers(seed, shape)) for m in (candidate, reference))
        same(found, right, f"p (x.shape = {shape}, no dim)")
        found, right = (m.softmax(dim=0, x=numbers(seed, shape)) for m in (candidate, reference))
        same(found, right, f"p (x.shape = {shape}, dim=0)")


def test_gradient(candidate, reference, seed):
    """Gradients flow through softmax, and are right
    梯度能流过 softmax，且数值正确"""
    for dim in (-1, 1, 0):
        agree(candidate.softmax, reference.softmax, partial(numbers, seed), f"p (dim = {dim})", dim=dim)


def test_sums(candidate, seed):
    """Each slice sums to 1, to twelve digits
    每个切片之和为 1，精确到十二位"""
    for scale in (0.5, 4.0, 30.0):
        x = numbers(seed, scale=scale, grad=False)
        sums = candidate.softmax(x, 1).sum(1)
        same(sums, torch.ones_like(x[:, 0]), f"Σ p (x of size {scale:g})", tolerance=FINE)


def test_sizes_of_one(candidate, reference, seed):
    """Sizes of one, and equal sizes
    大小为 1 的维度，以及各维大小相同"""
    for shape, dim in dims_of(SINGLE):
        name = f"p (x.shape = {shape}, dim = {dim})"
        agree(candidate.softmax, reference.softmax, partial(numbers, seed, shape), name, dim=dim)


def test_large(candidate, reference, seed):
    """Entries of ±10⁴ neither overflow nor vanish, whatever the other slices hold
    元素达到 ±10⁴ 时既不上溢也不全部下溢，无论其他切片是什么数"""
    draw = partial(steep, seed, [9.9e3, 0.0, -9.9e3, 800.0, -800.0], [500.0, 1500.0, 1e4])
    agree(candidate.softmax, reference.softmax, draw, "p (large entries)")
    turned = [m.softmax(draw().mT, 0) for m in (candidate, reference)]
    same(*turned, "p (large entries, dim = 0)")


def test_large_in_float32(candidate, reference, seed):
    """Entries of ±1000 work in float32, where exp overflows beyond 88
    float32 下元素达到 ±1000 也可以（exp 在 88 以上就会上溢）"""
    draw = partial(steep, seed, [100.0, 990.0, 0.0, -990.0, -200.0], [300.0, 1e3], torch.float32)
    found, right = (m.softmax(draw()) for m in (candidate, reference))
    same(found, right, "p (large entries, float32)", tolerance=(3e-3, 1e-3))


def masked(seed, dim, shift):
    """Entries near `shift` and −∞ among them, one slice with a single finite entry; and where they are."""
    x = numbers(seed, (4, 5), grad=False) + shift
    rows, columns = torch.arange(4, device=x.device)[:, None], torch.arange(5, device=x.device)
    hidden = (rows + columns) % 3 == 1
    hidden[1, :4] = True
    x, hidden = (x, hidden) if dim == 1 else (x.mT, hidden.mT)
    return x.masked_fill(hidden, -torch.inf).requires_grad_(), hidden


def test_minus_infinity(candidate, reference, seed):
    """Among entries of −∞ the others get the right weights and gradients
    有 −∞ 的元素时，其余元素的权重和梯度正确"""
    for dim in (1, 0):
        for shift in (0.0, 600.0, -900.0):
            name = f"p (some −∞, others near {shift:g}, dim = {dim})"
            agree(
                candidate.softmax,
                reference.softmax,
                lambda dim=dim, shift=shift: masked(seed, dim, shift)[0],
                name,
                dim=dim,
            )


def test_exact_zeros(candidate, seed):
    """An entry of −∞ gets a weight of exactly 0, and a gradient of 0
    −∞ 的元素权重恰好为 0，梯度也为 0"""
    lowest = -9985.0 if setting.dtype == torch.float64 else -985.0
    for dim, shift in ((1, 3.0), (0, 3.0), (1, lowest)):
        x, hidden = masked(seed, dim, shift)
        p = candidate.softmax(x, dim)
        (grown,) = gradients(p, [x])
        found = [p[hidden], torch.zeros_like(x)[hidden] if grown is None else grown[hidden]]
        where = f"where x is −∞ (others near {shift:g}, dim = {dim})"
        names = [f"p {where}", f"∂L/∂x {where}"]
        same(found, [torch.zeros_like(one) for one in found], names, tolerance=(0.0, 0.0))


def test_float32(candidate, seed):
    """float32 stays float32, forward and backward
    float32 的输入得到 float32 的结果，前向、反向都一样"""
    keeps_dtype(lambda: candidate.softmax, partial(numbers, seed), dim=1)
    keeps_dtype(lambda: candidate.softmax_backward, partial(upstream, seed, dim=1), dim=1)


def test_non_contiguous(candidate, seed):
    """Transposed, strided and expanded inputs work
    支持转置、带步长和 expand 得到的输入"""
    for dim in (1, -1):
        any_layout(lambda: candidate.softmax, partial(numbers, seed), (3, 4, 5), dim=dim)
        p = weights(seed, (3, 4, 5), dim)
        any_layout(
            lambda p=p: partial(backward_at, candidate, p),
            partial(numbers, seed, grad=False),
            (3, 4, 5),
            dim=dim,
        )


def test_slices_apart(candidate, seed):
    """A slice does not depend on the others
    各切片互不影响"""
    samples_apart(candidate.softmax, partial(numbers, seed), dim=0)
    samples_apart(partial(candidate.softmax, dim=0), partial(numbers, seed), dim=2)


def test_calls_apart(candidate, reference, seed):
    """A call does not depend on the calls before it, nor change what they returned
    每次调用与之前的调用无关，也不改动它们返回的结果"""
    calls_apart(
        lambda: candidate.softmax, lambda i: numbers(seed + i), right=lambda: reference.softmax, dim=1
    )
    backward = {"right": lambda: reference.softmax_backward, "dim": 1}
    calls_apart(lambda: candidate.softmax_backward, lambda i: upstream(seed + i, dim=1), **backward)


def test_inputs_unchanged(candidate, seed):
    """No input is modified, whether gradients are recorded or not
    不修改任何输入，无论是否记录梯度"""
    leaves_alone(lambda: candidate.softmax, lambda i: numbers(seed + i), dim=1)
    leaves_alone(lambda: candidate.softmax_backward, lambda i: upstream(seed + i, dim=1), dim=1)


def test_backward(candidate, reference, seed):
    """softmax_backward gives ∂L/∂x
    softmax_backward 给出 ∂L/∂x"""
    found, right = (m.softmax_backward(**upstream(seed, (4, 5))) for m in (candidate, reference))
    same(found, right, "∂L/∂x")


def test_backward_every_dim(candidate, reference, seed):
    """The backward runs along the dimension that was asked for, too
    反向也沿指定的维度计算"""
    for shape, dim in dims_of((*SHAPES, *SINGLE)):
        given = partial(upstream, seed, shape, dim)
        found, right = (m.softmax_backward(*given().values(), dim) for m in (candidate, reference))
        same(found, right, f"∂L/∂x (x.shape = {shape}, dim = {dim})")


def test_backward_default_dim(candidate, reference, seed):
    """Without dim the backward, too, takes the last one
    不传 dim 时，反向也取最后一维"""
    for shape in ((4, 5), (3, 4, 5)):
        found, right = (m.softmax_backward(*upstream(seed, shape).values()) for m in (candidate, reference))
        same(found, right, f"∂L/∂x (x.shape = {shape}, no dim)")


def test_backward_of_certainty(candidate, reference, seed):
    """Where p holds zeros and ones the gradient is right, too
    p 里有 0 和 1 时，梯度也正确"""

    def given():
        drawn = upstream(seed, (6, 5), scale=1.0)
        p = drawn["output"]
        p[0], p[1], p[2] = 0.0, 0.0, 0.0
        p[0, 3] = p[1, 0] = 1.0
        p[2, 1], p[2, 4] = 0.3, 0.7
        p[3] = torch.tensor([1e-300 if setting.dtype == torch.float64 else 1e-30, 0.0, 0.0, 1.0, 0.0])
        return drawn

    found, right = (m.softmax_backward(**given()) for m in (candidate, reference))
    same(found, right, "∂L/∂x (p with zeros and ones)")


def test_backward_of_scaled_gradients(candidate, reference, seed):
    """Small and large upstream gradients scale the result, and a constant one gives 0
    上游梯度放大或缩小，结果同比变化；常数的上游梯度得到 0"""
    for factor in (1e-6, 1e3):
        found, right = (
            m.softmax_backward(factor * drawn["grad_output"], drawn["output"], 1) / factor
            for m in (candidate, reference)
            for drawn in [upstream(seed, dim=1)]
        )
        same(found, right, f"∂L/∂x (∂L/∂p scaled by {factor:g})")
    p = weights(seed, (4, 5))
    same(
        candidate.softmax_backward(torch.full_like(p, 1.7), p), torch.zeros_like(p), "∂L/∂x (constant ∂L/∂p)"
    )


def test_no_jacobian(candidate, seed):
    """The backward makes no tensor that is much larger than p
    反向不生成比 p 大得多的张量"""
    for shape, dim in (((3, 200), 1), ((400,), 0)):
        g, p = upstream(seed, shape, dim).values()
        with Memory() as seen:
            candidate.softmax_backward(g, p, dim)
        small = seen.largest <= 8 * p.nbytes
        holds(
            small,
            f"For p of shape {shape} a tensor was made with more than eight times as many entries: "
            "the Jacobian, or a part of it.",
            f"p 的形状是 {shape}，却生成了元素多出八倍以上的张量：Jacobian 或它的一部分。",
            value="small" if small else "large",
            name=f"largest tensor (p.shape = {shape})",
        )
