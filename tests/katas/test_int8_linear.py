"""Grades katas/int8_linear.py."""

from copy import deepcopy
from functools import partial

import torch
from torch import nn

from dlkata.suite import (
    any_layout,
    calls_apart,
    holds,
    leaves_alone,
    modes_alike,
    normal,
    place,
    same,
    same_names,
    samples_apart,
    setting,
    stir,
    travels,
    unchanged,
)

IN, OUT = 7, 5
INF = float("inf")


def numbers(seed, *shape, scale=1.0):
    return normal(seed, shape or (4, 6, IN), scale=scale, grad=False)[0]


def table(*rows, dtype=None):
    return torch.tensor(rows, dtype=dtype or setting.dtype, device=setting.device)


def bytes_of(seed, *shape, low=-128):
    """Random int8 tensors."""
    generator = torch.Generator().manual_seed(seed)
    return torch.randint(low, 128, shape, generator=generator).to(setting.device, torch.int8)


def float_layer(sizes=(IN, OUT), bias=True):
    return stir(place(nn.Linear(*sizes, bias=bias)))


def layer_of(side, sizes=(IN, OUT), bias=True):
    return side.Int8Linear(float_layer(sizes, bias))


def clear(seed, *shape, dtype=None):
    """Numbers that no rounding error carries over to another code; the scale of every row is 0.0137."""
    steps = numbers(seed, *shape, scale=40.0).clamp(-120, 120).round()
    steps = steps + 0.3 * numbers(seed + 1, *shape).sin()
    largest = torch.where(numbers(seed + 2, *shape[:-1], 1) < 0, -127.0, 127.0)
    steps[..., seed % shape[-1]] = largest.squeeze(-1)
    return (0.0137 * steps).to(dtype or setting.dtype)


# ---------------------------------------------------------------- scales


def test_row_scales(candidate, reference, seed):
    """The scale of each row is its largest absolute value divided by 127
    每一行的 scale 是最大绝对值除以 127"""
    for shape in ((4, 6, IN), (6, IN), (IN,), (3, 1), (1, 1), (1,), (1, IN), (2, 1, 3, 4)):
        found, right = (side.row_scales(numbers(seed, *shape)) for side in (candidate, reference))
        same(found, right, f"scales (x.shape = {shape})")


def test_sign_of_the_largest(candidate, reference, seed):
    """It counts whether the largest is positive or negative alike
    最大的那个是正是负都一样"""
    for sign in (1, -1):
        rows = lambda: sign * table([0.3, 0.2, 5.0], [0.1, 0.4, 2.0], [-0.5, 3.0, 0.7], [1.0, 2.0, 4.0])  # noqa: E731, B023
        found, right = (side.row_scales(rows()) for side in (candidate, reference))
        same(found, right, f"scales (times {sign})")


def test_zero_rows(candidate, reference, seed):
    """A row of zeros has scale 1 and codes 0, the other rows their own scales
    全零的行 scale 为 1、编码为 0，其他行照常"""

    def make():
        x = numbers(seed)
        x[1, 2] = x[3] = 0
        return x

    answers = []
    for side in (candidate, reference):
        scales = side.row_scales(make())
        answers.append((scales, side.quantize(make(), scales)))
    same(*answers, ["scales (some rows 0)", "codes (some rows 0)"])
    same(candidate.row_scales(table(0.0, -0.0)), table(1.0), "scale (one row of 0)")


def test_small_and_large(candidate, reference, seed):
    """Rows of tiny and of huge numbers have scales of that size, and as fine codes
    数值极小或极大的行，scale 也相应地小或大，编码同样精细"""
    for dtype in (setting.dtype, torch.float32):
        for size in (1e-20, 3e-12, 1e-7, 1e9, 1e20):
            rows = lambda: (clear(seed, 4, IN) * (size / (127 * 0.0137))).to(dtype)  # noqa: E731, B023
            unit = 1 / size  # beside 1, tiny scales would all be right
            scales = [side.row_scales(rows()) for side in (candidate, reference)]
            found, right = (s.double() * unit if setting.dtype == torch.float64 else s * unit for s in scales)
            tolerance = (1e-8, 1e-9) if dtype == torch.float64 else (1e-5, 1e-7)
            same(found, right, f"scales / {size:g} ({dtype})", tolerance=tolerance)
            same(candidate.quantize(rows(), scales[1]), reference.quantize(rows(), scales[1]), "codes")


# ---------------------------------------------------------------- codes


def test_codes(candidate, reference, seed):
    """Codes are int8, x divided by the scale and rounded to the nearest
    编码是 int8：x 除以 scale，取最近的整数"""
    for shape in ((4, 6, IN), (IN,), (3, 1), (1,), (1, 1, IN)):
        x = numbers(seed, *shape)
        scales = reference.row_scales(x.clone())
        found, right = (side.quantize(x.clone(), scales.clone()) for side in (candidate, reference))
        same(found, right, f"codes (x.shape = {shape})")


def test_scale_broadcasts(candidate, reference, seed):
    """The scale may have any shape that broadcasts to that of x
    scale 的形状只要能广播到 x 的形状即可"""
    for shape in ((), (1,), (IN,), (6, 1), (4, 1, 1), (6, IN), (4, 6, IN)):
        scale = numbers(seed + 5, *shape).abs() * 0.02 + 0.005 if shape else table(0.02)[0]
        found, right = (side.quantize(numbers(seed), scale.clone()) for side in (candidate, reference))
        same(found, right, f"codes (scale.shape = {shape})")


def test_halves(candidate, reference, seed):
    """Halves go to the even integer, on both sides of 0
    恰在正中时取偶数，正负都一样"""
    halves = lambda: torch.arange(-126, 127, dtype=setting.dtype, device=setting.device) + 0.5  # noqa: E731
    for scale in (1.0, 0.25, 8.0):
        found, right = (side.quantize(halves() * scale, table(scale)[0]) for side in (candidate, reference))
        same(found, right, f"codes of halves (scale = {scale:g})")
    near = lambda: table(2.4999, 2.5001, -2.4999, -2.5001, 0.4999, 0.5001, -0.5001, 126.49, 126.51)  # noqa: E731
    found, right = (side.quantize(near(), table(1.0)[0]) for side in (candidate, reference))
    same(found, right, "codes beside halves")


def test_saturation(candidate, reference, seed):
    """What lies beyond ±127 becomes ±127, and −128 is never used
    超出 ±127 的取 ±127，不用 −128"""
    beyond = [
        126.4,
        126.6,
        127.3,
        127.5,
        127.7,
        128.0,
        128.4,
        128.6,
        129.0,
        200.0,
        255.0,
        256.0,
        257.0,
        300.0,
    ]
    for scale in (1.0, 0.5):
        for sign in (1, -1):
            found, right = (
                side.quantize(sign * scale * table(*beyond), table(scale)[0])
                for side in (candidate, reference)
            )
            same(found, right, f"codes beyond {sign * 127} (scale = {scale:g})")


def test_saturation_far_out(candidate, reference, seed):
    """Far out it saturates as well, at infinity too
    离得很远也会饱和，无穷大也一样"""
    far = (5e4, 7e4, 1e6, 3e9, 6e9, 1e12, 1e19, 1e25, INF)
    for sign in (1, -1):
        found, right = (side.quantize(sign * table(*far), table(0.75)[0]) for side in (candidate, reference))
        same(found, right, f"codes far out (times {sign})")


# ---------------------------------------------------------------- products


def test_matmul(candidate, reference, seed):
    """Sums of products of int8 codes, in int32
    int8 编码的乘积之和，结果为 int32"""
    for shape, n in (
        ((4, 6, IN), 5),
        ((6, IN), 3),
        ((IN,), 5),
        ((1, 1), 1),
        ((3, 1), 4),
        ((1,), 1),
        ((2, 5), 5),
    ):
        made = lambda: (bytes_of(seed, *shape), bytes_of(seed + 1, n, shape[-1]))  # noqa: E731, B023
        found, right = (side.int8_matmul(*made()) for side in (candidate, reference))
        same(found, right, f"sums (a.shape = {shape}, N = {n})")


def test_sums_beyond_8_bits(candidate, reference, seed):
    """Neither products nor sums are cut to 8 or 16 bits
    乘积与和都不会截成 8 位或 16 位"""
    for k in (2, 3, 4, 40):
        for one, other in ((127, 127), (-127, 127), (-128, -128), (-128, 127), (100, 3)):
            a, b = (
                torch.full((2, k), value, dtype=torch.int8, device=setting.device) for value in (one, other)
            )
            found, right = (side.int8_matmul(a.clone(), b.clone()) for side in (candidate, reference))
            same(found, right, f"sums of {k} products {one} · {other}")


def test_long_sums(candidate, reference, seed):
    """Long sums are exact: float32 would lose their last digits
    很长的和也是精确的：float32 会丢掉最后几位"""
    for k in (3001, 100_000):
        a = bytes_of(seed, 2, k, low=110)
        b = bytes_of(seed + 1, 3, k, low=110)
        for sign in (1, -1):
            found, right = (side.int8_matmul(sign * a, b.clone()) for side in (candidate, reference))
            same(found, right, f"sums (K = {k}, times {sign})")


def test_matmul_layouts(candidate, reference, seed):
    """a and b may be transposed, strided or expanded
    a、b 可以是转置、带步长的切片或 expand 的结果"""
    a, b = bytes_of(seed, 4, 6, IN), bytes_of(seed + 1, OUT, IN)
    right = reference.int8_matmul(a.clone(), b.clone())
    wide = torch.stack([b, b + 1], -1).flatten(-2)[:, ::2]
    for name, one, other in (
        ("a.mT", a.mT.contiguous().mT, b),
        ("a permuted", a.permute(2, 0, 1).contiguous().permute(1, 2, 0), b),
        ("b.mT", a, b.mT.contiguous().mT),
        ("b, every second column", a, wide),
    ):
        same(candidate.int8_matmul(one, other), right, f"sums ({name})")
    row, expanded = bytes_of(seed, 1, IN), bytes_of(seed, OUT, 1)
    found, right = (
        side.int8_matmul(row.expand(6, IN), expanded.expand(OUT, IN)) for side in (candidate, reference)
    )
    same(found, right, "sums (a and b expanded)")


# ---------------------------------------------------------------- the layer


def test_state(candidate, reference):
    """The layer holds int8 codes, one scale for each output channel, and the bias as it was
    层里存的是 int8 编码、每个输出通道一个 scale，以及原样的 bias"""
    for sizes in ((IN, OUT), (3, 8), (4, 4), (1, 6), (6, 1), (1, 1)):
        for bias in (True, False):
            mine, theirs = (layer_of(side, sizes, bias) for side in (candidate, reference))
            same_names(mine, theirs)
            same(dict(mine.state_dict()), dict(theirs.state_dict()), f"state_dict (d_in, d_out = {sizes})")


def test_nothing_is_learned(candidate):
    """Everything is a buffer that requires no gradient
    全是不需要梯度的 buffer"""
    for bias in (True, False):
        layer = layer_of(candidate, bias=bias)
        learned = ", ".join(sorted(name for name, _ in layer.named_parameters()))
        graph = ", ".join(
            sorted(name for name, value in layer.state_dict(keep_vars=True).items() if value.requires_grad)
        )
        buffers = ", ".join(sorted(name for name, _ in layer.named_buffers()))
        wanted = "bias, scale, weight" if bias else "scale, weight"
        holds(
            (learned, graph, buffers) == ("", "", wanted),
            f"Parameters: {learned or 'none'}; requiring gradients: {graph or 'none'}; buffers: {buffers}.",
            f"参数：{learned or '无'}；需要梯度的：{graph or '无'}；buffer：{buffers}。",
            value=f"{learned}; {graph}; {buffers}",
            name=f"parameters and buffers (bias = {bias})",
        )


def compare(mine, theirs, make, name="output"):
    same(mine(make()), theirs(make()), name)


def test_output(candidate, reference, seed):
    """The output is that of quantised activations and weights
    输出由量化后的激活值和权重算出"""
    compare(*(layer_of(side) for side in (candidate, reference)), partial(numbers, seed))


def test_without_bias(candidate, reference, seed):
    """A layer without a bias works
    没有 bias 的层也可以"""
    compare(*(layer_of(side, bias=False) for side in (candidate, reference)), partial(numbers, seed))


def test_sizes(candidate, reference, seed):
    """Layers that widen, narrow or keep their width, and sizes of 1
    放大、缩小、不变的层，以及尺寸为 1，都正确"""
    for sizes in ((3, 8), (8, 3), (4, 4), (6, 1), (1, 6), (1, 1)):
        for bias in (True, False):
            mine, theirs = (layer_of(side, sizes, bias) for side in (candidate, reference))
            make = partial(numbers, seed, 2, 4, sizes[0])
            compare(mine, theirs, make, f"output (d_in, d_out = {sizes}, bias = {bias})")


def test_any_leading_dims(candidate, reference, seed):
    """Any number of leading dimensions works, none too
    前面有任意多维都可以，没有也行"""
    mine, theirs = (layer_of(side) for side in (candidate, reference))
    for shape in ((IN,), (1, IN), (OUT, IN), (IN, IN), (2, 1, 3, 4, IN)):
        compare(mine, theirs, partial(numbers, seed, *shape), f"output (x.shape = {shape})")


def test_tokens_of_all_sizes(candidate, reference, seed):
    """Large and small tokens in one batch are quantised each by its own scale
    同一个 batch 里有大有小的 token，各用自己的 scale 量化"""
    mine, theirs = (layer_of(side, bias=False) for side in (candidate, reference))
    sizes = table(1e-6, 300.0, 0.02, 1e5, 4.0, 1e-3)[:, None]
    found, right = (layer(numbers(seed, 4, 6, IN) * sizes) for layer in (mine, theirs))
    same(found / sizes, right / sizes, "output / size of the token")
    x, y = numbers(seed, 2, 3, IN), numbers(seed, 2, 3, IN)
    x[0, 1, 4], y[0, 1, 4] = 1e3, 1e3
    same(mine(x), theirs(y), "output (an outlier)")


def test_channels_of_all_sizes(candidate, reference, seed):
    """Large and small output channels have scales of their own; a channel of zeros gives the bias
    大小悬殊的输出通道各有自己的 scale；全零的通道输出 bias"""
    answers = []
    for side in (candidate, reference):
        linear = float_layer()
        with torch.no_grad():
            linear.weight *= table(1e-6, 300.0, 0.0, 1e5, 4.0)[:, None]
        layer = side.Int8Linear(linear)
        answers.append({"state_dict": dict(layer.state_dict()), "output": layer(numbers(seed))})
    same(*answers, "channels of all sizes")


def test_zero_tokens(candidate, reference, seed):
    """A token of zeros gives the bias, and does not disturb the others
    全零的 token 输出 bias，且不影响其他 token"""

    def make():
        x = numbers(seed)
        x[0, 3] = x[2] = 0
        return x

    compare(*(layer_of(side) for side in (candidate, reference)), make, "output (tokens of 0)")
    compare(*(layer_of(side) for side in (candidate, reference)), lambda: 0 * numbers(seed), "output (all 0)")


def test_tokens_apart(candidate, seed):
    """Each token is treated for itself
    每个 token 各自处理"""
    for dim in (0, 1):
        samples_apart(layer_of(candidate), partial(numbers, seed), dim=dim)


def test_float32(candidate, reference, seed):
    """A float32 layer has float32 scales and gives float32 outputs
    float32 的层，scale 和输出都是 float32"""
    answers = []
    for side in (candidate, reference):
        linear = float_layer().float()
        linear.weight.data = clear(seed + 4, OUT, IN, dtype=torch.float32)
        layer = side.Int8Linear(linear)
        outputs = [layer(clear(seed, *shape, dtype=torch.float32)) for shape in ((4, 6, IN), (IN,))]
        answers.append({"state_dict": dict(layer.state_dict()), "outputs": outputs})
    same(*answers, "float32")
    found, right = (
        side.row_scales(clear(seed, 4, IN, dtype=torch.float32)) for side in (candidate, reference)
    )
    same(found, right, "scales (float32)")


def test_loaded(candidate, reference, seed):
    """What the buffers hold is what counts, in train and in eval mode
    一切以 buffer 里的值为准，train 和 eval 模式都一样"""
    other = {
        "weight": bytes_of(seed, OUT, IN, low=-127),
        "scale": numbers(seed, OUT).abs() + 0.01,
        "bias": numbers(seed + 1, OUT),
    }
    mine, theirs = (layer_of(side) for side in (candidate, reference))
    same_names(mine, theirs)
    for layer in (mine, theirs):
        layer(numbers(seed + 2))
        layer.load_state_dict({name: value.clone() for name, value in other.items()})
    compare(mine, theirs, partial(numbers, seed), "output (state loaded)")
    travels(mine, partial(layer_of, candidate), lambda i: numbers(seed + i))
    modes_alike(partial(layer_of, candidate), lambda i: numbers(seed + i))


def test_the_linear_layer(candidate, reference, seed):
    """The float layer is left as it is, and later changes of it have no effect
    浮点层保持原样，之后再改动它也没有影响"""
    linear = float_layer()
    kept = {name: value.detach() for name, value in linear.named_parameters()}
    with unchanged(**{f"linear.{name}": value for name, value in kept.items()}):
        mine = candidate.Int8Linear(linear)
        mine(numbers(seed))
    trained = ", ".join(name for name, p in linear.named_parameters() if p.requires_grad)
    holds(
        trained == "weight, bias",
        f"Afterwards {trained or 'nothing'} of `linear` requires gradients; it should be as before.",
        f"之后 `linear` 里需要梯度的是 {trained or '（无）'}；应当与之前相同。",
        value=trained,
        name="linear requires gradients",
    )
    with torch.no_grad():
        for value in linear.parameters():
            value.mul_(-3)
    compare(mine, layer_of(reference), partial(numbers, seed), "output (linear changed afterwards)")


def test_copies(candidate, reference, seed):
    """A copy by copy.deepcopy is a layer of its own
    copy.deepcopy 得到独立的一层"""
    layer = layer_of(candidate)
    copy = deepcopy(layer)
    with torch.no_grad():
        for value in layer.state_dict().values():
            value.zero_()
    compare(copy, layer_of(reference), partial(numbers, seed), "output of a copy")


def test_layouts(candidate, reference, seed):
    """Transposed, strided and expanded inputs and weights work
    输入和权重是转置、带步长的切片或 expand 的结果时也正确"""
    fill = lambda shape: numbers(seed, *shape)  # noqa: E731
    any_layout(partial(layer_of, candidate), fill, (4, 3, IN))
    any_layout(lambda: candidate.row_scales, fill, (4, 3, IN))
    any_layout(lambda: lambda x: candidate.quantize(x, table(0.02)[0]).to(x.dtype), fill, (4, 3, IN))
    answers = []
    for side in (candidate, reference):
        linear = float_layer((IN, OUT))
        linear.weight = nn.Parameter(numbers(seed, IN, OUT).mT)
        answers.append(side.Int8Linear(linear)(numbers(seed + 1)))
    same(*answers, "output (weight.mT)")


def test_many_calls(candidate, reference, seed):
    """A call neither depends on earlier calls nor changes their outputs
    每次调用都不依赖之前的调用，也不改动之前的输出"""
    calls_apart(partial(layer_of, candidate), lambda i: numbers(seed + i, scale=3.0 ** (i - 1)))
    mine, theirs = (layer_of(side) for side in (candidate, reference))
    x, y = numbers(seed), numbers(seed)
    for call in range(3):
        same(mine(x), theirs(y), f"output (one tensor, with new values in call {call + 1})")
        x.mul_(-2).add_(0.7)
        y.mul_(-2).add_(0.7)


def test_side_effects(candidate, seed):
    """Inputs and buffers are left alone
    输入和 buffer 保持不变"""
    leaves_alone(partial(layer_of, candidate), lambda i: numbers(seed + i))
    x, scale = numbers(seed), numbers(seed + 1, 6, 1).abs() + 0.01
    a, b = bytes_of(seed, 6, IN), bytes_of(seed + 1, OUT, IN)
    layer = layer_of(candidate)
    buffers = {f"layer.{name}": value for name, value in sorted(layer.state_dict().items())}
    with unchanged(x=x, scale=scale, a=a, b=b, **buffers):
        candidate.row_scales(x)
        candidate.quantize(x, scale)
        candidate.int8_matmul(a, b)
        layer(x)


def test_where_gradients_are_asked(candidate, reference, seed):
    """It works where x requires gradients, and under inference_mode
    x 需要梯度时能用，在 inference_mode 下也能用"""
    right = layer_of(reference)(numbers(seed))
    same(layer_of(candidate)(numbers(seed).requires_grad_()).detach(), right, "output (x requires gradients)")
    scales = reference.row_scales(numbers(seed))
    same(
        candidate.row_scales(numbers(seed).requires_grad_()).detach(), scales, "scales (x requires gradients)"
    )
    found = candidate.quantize(numbers(seed).requires_grad_(), scales.clone().requires_grad_())
    same(found, reference.quantize(numbers(seed), scales), "codes (x and scale require gradients)")
    with torch.inference_mode():
        same(layer_of(candidate)(numbers(seed)).clone(), right, "output (inference_mode)")
