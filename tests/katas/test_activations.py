"""Grades katas/activations.py."""

from functools import partial

import torch

from dlkata.suite import (
    agree,
    any_layout,
    calls_apart,
    gradients,
    keeps_dtype,
    leaves_alone,
    normal,
    not_reseeded,
    same,
    samples_apart,
    setting,
)

ALONE = (  # the functions of single entries: name, settings
    ("relu", {}),
    ("leaky_relu", {"slope": 0.3}),
    ("elu", {"alpha": 0.7}),
    ("gelu", {"approximate": "none"}),
    ("gelu", {"approximate": "tanh"}),
    ("silu", {}),
    ("softplus", {}),
)
ROUND = partial(same, tolerance=(1e-6, 1e-6))  # √2 and √(2/π) may be written out, or be float32
DIGITS = partial(same, tolerance=(1e-8, 1e-40))  # eight digits of a tiny number


def label(name, settings):
    return ", ".join([name, *(f"{key}={value}" for key, value in settings.items())])


def drawn(seed, shape=(4, 3, 7)):
    return normal(seed, shape, scale=1.5)[0]


def points(*values, dtype=None):
    x = torch.tensor(values, dtype=dtype or setting.dtype, device=setting.device)
    return x.requires_grad_()


def compare(candidate, reference, name, make, judge=same, **settings):
    mine, theirs = (getattr(side, name) for side in (candidate, reference))
    agree(mine, theirs, make, label(name, settings), judge=judge, **settings)


def far(candidate, reference, name, **settings):
    """Entries up to ±1000. What is large is exact whatever the constants, unless something is float32."""
    for dtype in (setting.dtype, torch.float32):
        values = -1000.0, 999.123456789, -750.3, 720.1, 100.2, -100.7, -37.9, 50.4, -20.6, 23.3, 11.2, -13.1
        compare(candidate, reference, name, partial(points, *values, dtype=dtype), **settings)


def weights(seed, d=5, h=4, e=3, lead=(6,)):
    x, w_gate, w_up, w_down = normal(seed, (*lead, d), (h, d), (h, d), (e, h))
    return {"x": x, "w_gate": w_gate, "w_up": w_up, "w_down": w_down}


def test_relu(candidate, reference, seed):
    """relu: values and gradients are right
    relu：值和梯度正确"""
    compare(candidate, reference, "relu", partial(drawn, seed))
    far(candidate, reference, "relu")


def test_relu_at_zero(candidate, reference):
    """relu: the gradient at 0 is 0
    relu：0 处的梯度为 0"""
    compare(candidate, reference, "relu", partial(points, 0.0, -1.5, 0.0, 2.5))


def test_leaky_relu(candidate, reference, seed):
    """leaky_relu: any slope, 0, negative and above 1 too
    leaky_relu：slope 可以是任意数，0、负数、大于 1 也行"""
    for slope in (0.3, 0.05, 0, -0.4, 2, 1.7):
        compare(candidate, reference, "leaky_relu", partial(drawn, seed), slope=slope)
    same(candidate.leaky_relu(drawn(seed), -0.2), reference.leaky_relu(drawn(seed), -0.2))
    far(candidate, reference, "leaky_relu", slope=0.3)


def test_leaky_relu_default(candidate, reference, seed):
    """leaky_relu: without slope it is 0.01
    leaky_relu：不传 slope 时为 0.01"""
    compare(candidate, reference, "leaky_relu", partial(drawn, seed))


def test_leaky_relu_at_zero(candidate, reference):
    """leaky_relu: the gradient at 0 is the slope
    leaky_relu：0 处的梯度等于 slope"""
    compare(candidate, reference, "leaky_relu", partial(points, 0.0, -1.5, 0.0, 2.5), slope=0.3)


def test_elu(candidate, reference, seed):
    """elu: values and gradients are right for any alpha
    elu：对任意 alpha，值和梯度都正确"""
    for alpha in (0.7, 1.8, -0.6, 0, 3):
        compare(candidate, reference, "elu", partial(drawn, seed), alpha=alpha)
    same(candidate.elu(drawn(seed), 0.2), reference.elu(drawn(seed), 0.2))


def test_elu_default(candidate, reference, seed):
    """elu: without alpha it is 1
    elu：不传 alpha 时为 1"""
    compare(candidate, reference, "elu", partial(drawn, seed))


def test_elu_at_zero(candidate, reference):
    """elu: the gradient at 0 is alpha
    elu：0 处的梯度等于 alpha"""
    compare(candidate, reference, "elu", partial(points, 0.0, -1.5, 0.0, 2.5), alpha=0.7)


def test_elu_far(candidate, reference):
    """elu: entries of ±1000 give finite, right values and gradients
    elu：元素为 ±1000 时，值和梯度有限且正确"""
    far(candidate, reference, "elu", alpha=0.7)


def test_elu_tiny(candidate, reference):
    """elu: just below 0 all digits are right
    elu：略小于 0 时，有效数字不丢失"""
    if setting.dtype == torch.float64:
        make = partial(points, -1e-12, -3.7e-10, -2.3e-7, -1.1e-4)
        compare(candidate, reference, "elu", make, DIGITS, alpha=0.7)


def test_gelu(candidate, reference, seed):
    """gelu: with 'none' it is the one with erf
    gelu：传 'none' 时，用 erf 的公式"""
    compare(candidate, reference, "gelu", partial(drawn, seed), ROUND, approximate="none")


def test_gelu_default(candidate, reference, seed):
    """gelu: without approximate it is the one with erf
    gelu：不传 approximate 时，用 erf 的公式"""
    compare(candidate, reference, "gelu", partial(drawn, seed), ROUND)


def test_gelu_tanh(candidate, reference, seed):
    """gelu: with 'tanh' it is the one with tanh
    gelu：传 'tanh' 时，用 tanh 的公式"""
    compare(candidate, reference, "gelu", partial(drawn, seed), ROUND, approximate="tanh")
    same(candidate.gelu(drawn(seed), "tanh"), reference.gelu(drawn(seed), "tanh"), tolerance=(1e-6, 1e-6))


def test_gelu_at_zero(candidate, reference):
    """gelu: value and gradient at 0 are right
    gelu：0 处的值和梯度正确"""
    for approximate in ("none", "tanh"):
        make = partial(points, 0.0, -1.5, 0.0, 2.5)
        compare(candidate, reference, "gelu", make, ROUND, approximate=approximate)


def test_gelu_far(candidate, reference):
    """gelu: entries of ±1000 give finite, right values and gradients
    gelu：元素为 ±1000 时，值和梯度有限且正确"""
    for approximate in ("none", "tanh"):
        far(candidate, reference, "gelu", approximate=approximate)


def test_silu(candidate, reference, seed):
    """silu: values and gradients are right
    silu：值和梯度正确"""
    compare(candidate, reference, "silu", partial(drawn, seed))


def test_silu_at_zero(candidate, reference):
    """silu: value and gradient at 0 are right
    silu：0 处的值和梯度正确"""
    compare(candidate, reference, "silu", partial(points, 0.0, -1.5, 0.0, 2.5))


def test_silu_far(candidate, reference):
    """silu: entries of ±1000 give finite, right values and gradients
    silu：元素为 ±1000 时，值和梯度有限且正确"""
    far(candidate, reference, "silu")


def test_silu_tiny(candidate, reference):
    """silu: for negative entries, where it is tiny, all digits are right
    silu：元素为负、结果极小时，有效数字不丢失"""
    if setting.dtype == torch.float64:
        compare(candidate, reference, "silu", partial(points, -30.0, -44.4, -20.3, -12.1), DIGITS)


def test_softplus(candidate, reference, seed):
    """softplus: values and gradients are right
    softplus：值和梯度正确"""
    compare(candidate, reference, "softplus", partial(drawn, seed))


def test_softplus_at_zero(candidate, reference):
    """softplus: value and gradient at 0 are right
    softplus：0 处的值和梯度正确"""
    compare(candidate, reference, "softplus", partial(points, 0.0, -1.5, 0.0, 2.5))


def test_softplus_far(candidate, reference):
    """softplus: entries of ±1000 give finite, right values and gradients
    softplus：元素为 ±1000 时，值和梯度有限且正确"""
    far(candidate, reference, "softplus")


def test_softplus_tiny(candidate, reference):
    """softplus: for negative entries, where it is tiny, all digits are right
    softplus：元素为负、结果极小时，有效数字不丢失"""
    if setting.dtype == torch.float64:
        compare(candidate, reference, "softplus", partial(points, -30.0, -44.4, -20.3, -12.1), DIGITS)


def test_swiglu(candidate, reference, seed):
    """swiglu: the output is right
    swiglu：输出正确"""
    sides = (side.swiglu(*weights(seed).values()) for side in (candidate, reference))
    same(*sides, "swiglu")


def test_swiglu_gradients(candidate, reference, seed):
    """swiglu: gradients of x and of all three weights are right
    swiglu：x 和三个权重的梯度正确"""
    compare(candidate, reference, "swiglu", partial(weights, seed))
    mine, theirs = list(weights(seed).values()), list(weights(seed).values())
    for i, name in enumerate(weights(seed)):  # and of each alone, the others being frozen
        pair = []
        for side, given in ((candidate, mine), (reference, theirs)):
            frozen = [w.detach().requires_grad_(i == j) for j, w in enumerate(given)]
            pair.append(gradients(side.swiglu(*frozen), [frozen[i]]))
        same(*pair, [f"∂L/∂{name}"])


def test_swiglu_shapes(candidate, reference, seed):
    """swiglu: any leading dimensions, square weights, sizes of 1
    swiglu：任意前导维度、方阵权重、大小为 1 的维都可以"""
    for lead, d, h, e in (
        ((), 5, 4, 3),
        ((2, 6), 5, 4, 3),
        ((2, 1, 6), 5, 7, 5),
        ((1,), 4, 4, 4),
        ((4, 4), 4, 4, 4),
        ((3,), 1, 4, 2),
        ((3,), 5, 1, 2),
        ((3,), 5, 4, 1),
        ((1,), 1, 1, 1),
    ):
        compare(candidate, reference, "swiglu", partial(weights, seed, d, h, e, lead))


def test_swiglu_far(candidate, reference, seed):
    """swiglu: gates of ±1000 give finite, right values and gradients
    swiglu：门控值为 ±1000 时，值和梯度有限且正确"""
    signs = torch.tensor([[1.0], [-1.0], [0.9], [-0.8]], device=setting.device)

    def make(dtype):
        given = weights(seed, d=1)
        given |= {"x": points(1.0, -1.0, 0.7)[:, None], "w_gate": 1000 * signs}
        return {name: w.detach().to(dtype).requires_grad_() for name, w in given.items()}

    for dtype in (setting.dtype, torch.float32):
        compare(candidate, reference, "swiglu", partial(make, dtype))


def test_any_shape(candidate, reference, seed):
    """Entries of tensors of any shape, a single number too
    任意形状的张量都可以，单个数也行"""
    for name, settings in ALONE:
        for shape in ((), (1,), (5,), (1, 1), (3, 1, 4), (2, 3, 1, 4, 2)):
            compare(candidate, reference, name, partial(drawn, seed, shape), ROUND, **settings)


def test_entries_apart(candidate, seed):
    """What comes out depends on the same entry alone, in swiglu on the same row
    每个输出只取决于对应的那个元素；swiglu 则只取决于对应的那一行"""
    for name, settings in ALONE:
        for dim in (0, 1):
            call = partial(getattr(candidate, name), **settings)
            samples_apart(call, partial(drawn, seed, (4, 3)), dim=dim)
    given = weights(seed, lead=(2, 3))
    for dim in (0, 1):
        samples_apart(
            lambda x: candidate.swiglu(x, given["w_gate"], given["w_up"], given["w_down"]),
            lambda: given["x"],
            dim=dim,
        )


def test_float32(candidate, seed):
    """float32 gives float32, in values and gradients
    输入为 float32 时，值和梯度都是 float32"""
    for name, settings in ALONE:
        keeps_dtype(partial(getattr, candidate, name), partial(drawn, seed), **settings)
    keeps_dtype(lambda: candidate.swiglu, partial(weights, seed))


def test_noncontiguous(candidate, reference, seed):
    """Transposed, strided and expanded inputs work
    输入是转置、带步长的切片或 expand 的结果时也正确"""
    for name, settings in ALONE:
        any_layout(
            partial(getattr, candidate, name), partial(drawn, seed), (4, 3, 7), judge=ROUND, **settings
        )

    def make():
        x, w_gate, w_up, w_down = normal(seed, (5, 6), (5, 4), (8, 10), (3, 1))
        return {"x": x.mT, "w_gate": w_gate.mT, "w_up": w_up[::2, ::2], "w_down": w_down.expand(3, 4)}

    compare(candidate, reference, "swiglu", make)


def test_many_calls(candidate, reference, seed):
    """A call neither depends on earlier calls nor changes their outputs
    每次调用都不依赖之前的调用，也不改动之前的输出"""
    for name, settings in ALONE:
        calls_apart(
            partial(getattr, candidate, name), lambda i: drawn(seed + i, (3, 4)),
            right=partial(getattr, reference, name), judge=ROUND, **settings,
        )  # fmt: skip
    calls_apart(lambda: candidate.swiglu, lambda i: weights(seed + i), right=lambda: reference.swiglu)


def test_side_effects(candidate, seed):
    """Inputs are left alone, also by later calls; nothing is reseeded
    输入保持不变，之后的调用也不会改动它们；不重新设种子"""
    for name, settings in ALONE:
        leaves_alone(partial(getattr, candidate, name), lambda i: drawn(seed + i, (3, 4)), **settings)
    leaves_alone(lambda: candidate.swiglu, lambda i: weights(seed + i))
    not_reseeded(lambda: [getattr(candidate, name)(torch.rand(3)) for name, _ in ALONE])
