"""Grades katas/flash_attention.py."""

import math
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
from dlkata.suite import (
    causal as earlier,
)

GRADIENTS = ["∂L/∂q", "∂L/∂k", "∂L/∂v"]
RESULTS = ["O", "Λ"]
TILES = 1, 2, 3, 7, 50  # of 7 keys
LEADS = (), (2,), (2, 3), (2, 1, 3)
SMALL = (  # lead, Tq, Tk, dₖ, dᵥ
    ((), 1, 1, 1, 1),
    ((2,), 1, 7, 4, 3),
    ((2,), 5, 1, 4, 3),
    ((1,), 6, 6, 3, 3),
    ((3,), 3, 3, 3, 3),
    ((), 8, 3, 2, 1),
    ((2,), 4, 9, 1, 5),
)


def draw(seed, lead=(2,), queries=5, keys=7, d_k=4, d_v=3, **how):
    """q, k, v; all sizes differ."""
    shapes = (*lead, queries, d_k), (*lead, keys, d_k), (*lead, keys, d_v)
    return dict(zip("qkv", normal(seed, *shapes, **how), strict=True))


def plain(q, k, v, causal=False):
    """O and Λ as they are defined; they do not come from the attempt."""
    scores = q @ k.mT / math.sqrt(q.shape[-1])
    if causal:
        (queries, keys) = scores.shape[-2:]
        scores = scores.masked_fill(~earlier(keys)[keys - queries :], -torch.inf)
    peak = scores.amax(-1, keepdim=True)
    exps = (scores - peak).exp()
    total = exps.sum(-1, keepdim=True)
    return exps / total @ v, (peak + total.log()).squeeze(-1)


def upstream(seed, causal=False, spread=1.0, **sizes):
    """All that flash_backward is given."""
    given = draw(seed, grad=False, **sizes)
    given["q"] *= spread
    output, lse = plain(**given, causal=causal)
    (grad,) = normal(seed + 9, tuple(output.shape), grad=False)
    return {"grad_output": grad + 0.4, **given, "output": output, "lse": lse}


def forward(candidate, reference, make, label, **options):
    found, right = (m.flash_forward(**make(), **options) for m in (candidate, reference))
    same(found, right, [f"{name} ({label})" for name in RESULTS])


def backward(candidate, reference, make, label, **options):
    found, right = (m.flash_backward(**make(), **options) for m in (candidate, reference))
    same(found, right, [f"{name} ({label})" for name in GRADIENTS])


def test_forward(candidate, reference, seed):
    """Forward: output and log-sum-exp are right when all keys fit into one tile
    前向：所有 key 在一块里时，输出和 Λ 正确"""
    forward(candidate, reference, partial(draw, seed), "one tile")


def test_forward_in_tiles(candidate, reference, seed):
    """Forward: with tiles of any size, also where the last is shorter
    前向：块的大小任意，最后一块不满也正确"""
    for tile in TILES:
        forward(candidate, reference, partial(draw, seed), f"tile = {tile}", tile=tile)


def test_forward_causal(candidate, reference, seed):
    """Forward: causal, also with fewer queries than keys
    前向：causal，query 比 key 少时也正确"""
    for queries in (7, 5, 1):
        for tile in TILES:
            label = f"causal, Tq = {queries}, tile = {tile}"
            make = partial(draw, seed, queries=queries)
            forward(candidate, reference, make, label, causal=True, tile=tile)


def test_forward_shapes(candidate, reference, seed):
    """Forward: any number of leading dimensions, and sizes of one
    前向：前导维度任意多，大小为 1 的维度"""
    for lead in LEADS:
        forward(candidate, reference, partial(draw, seed, lead), f"leading {lead}", tile=3)
    for lead, *sizes in SMALL:
        for tile in (2, 32):
            make = partial(draw, seed, lead, *sizes)
            forward(candidate, reference, make, f"{lead}, {sizes}, tile = {tile}", tile=tile)


def test_defaults(candidate, reference, seed):
    """Without `causal` nothing is hidden; arguments go by position or by name
    不传 causal 时什么也不挡；参数可以按位置传，也可以按名字传"""
    for arguments, options in (((), {}), ((True,), {}), ((True, 3), {}), ((), {"tile": 3, "causal": True})):
        found, right = (
            m.flash_attention(*draw(seed, keys=40, queries=35).values(), *arguments, **options)
            for m in (candidate, reference)
        )
        same(found, right, f"O ({arguments}, {options})")
    given = upstream(seed)
    found, right = (m.flash_backward(*given.values()) for m in (candidate, reference))
    same(found, right, [f"{name} (no options)" for name in GRADIENTS])
    given = upstream(seed, True)
    found, right = (m.flash_backward(*given.values(), True, 3) for m in (candidate, reference))
    same(found, right, [f"{name} (True, 3)" for name in GRADIENTS])


def steps(seed, reach, order, dtype=None):
    """Scores near ±reach: each query sees three levels, in the order in which its keys come."""
    given = draw(seed, grad=False, dtype=dtype)
    levels = torch.tensor(order, dtype=given["k"].dtype, device=setting.device)
    given["q"][..., -1] = torch.tensor([2.0, -2.0, 2.0, 1.0, 0.0], dtype=levels.dtype)  # √4 = 2
    given["k"][..., -1] = reach * levels
    return {name: x.requires_grad_() for name, x in given.items()}


ORDERS = {
    "rising": [-1.0, -1.0, 0.0, 0.0, 0.0, 1.0, 1.0],
    "falling": [1.0, 1.0, 0.0, 0.0, 0.0, -1.0, -1.0],
    "low": [-1.0] * 7,
    "high": [1.0] * 7,
}


def test_large_scores(candidate, reference, seed):
    """Scores of ±10⁴ neither overflow nor vanish, whichever tile holds the largest
    分数达到 ±10⁴ 时既不上溢也不下溢，最大的在哪一块都一样"""
    reach = 1e4 if setting.dtype == torch.float64 else 900.0
    for order, levels in ORDERS.items():
        for tile in (1, 2, 7):
            for causal in (False, True):
                found, right = (
                    m.flash_forward(**steps(seed, reach, levels), causal=causal, tile=tile)
                    for m in (candidate, reference)
                )
                same(
                    found, right, [f"{name} ({order}, tile = {tile}, causal = {causal})" for name in RESULTS]
                )


def test_large_scores_in_float32(candidate, reference, seed):
    """Scores of ±1000 work in float32
    float32 下分数达到 ±1000 也可以"""
    for order, levels in ORDERS.items():
        given = {n: x.detach() for n, x in steps(seed, 990.0, levels, torch.float32).items()}
        right = reference.flash_forward(**{name: x.to(setting.dtype) for name, x in given.items()})
        found = candidate.flash_forward(**given, tile=2)
        found = [one.to(setting.dtype) for one in found]
        same(found, right, [f"{name} ({order}, float32)" for name in RESULTS], tolerance=(1e-2, 1e-2))


def test_backward(candidate, reference, seed):
    """Backward: the gradients are right when all keys fit into one tile
    反向：所有 key 在一块里时，梯度正确"""
    backward(candidate, reference, partial(upstream, seed), "one tile")


def test_backward_in_tiles(candidate, reference, seed):
    """Backward: with tiles of any size
    反向：块的大小任意"""
    for tile in TILES:
        backward(candidate, reference, partial(upstream, seed), f"tile = {tile}", tile=tile)


def test_backward_causal(candidate, reference, seed):
    """Backward: causal, also with fewer queries than keys
    反向：causal，query 比 key 少时也正确"""
    for queries in (7, 5, 1):
        for tile in TILES:
            label = f"causal, Tq = {queries}, tile = {tile}"
            make = partial(upstream, seed, True, queries=queries)
            backward(candidate, reference, make, label, causal=True, tile=tile)


def test_backward_shapes(candidate, reference, seed):
    """Backward: any number of leading dimensions, and sizes of one
    反向：前导维度任意多，大小为 1 的维度"""
    for lead in LEADS:
        make = partial(upstream, seed, lead=lead)
        backward(candidate, reference, make, f"leading {lead}", tile=3)
    for lead, *sizes in SMALL:
        sizes = dict(zip(("queries", "keys", "d_k", "d_v"), sizes, strict=True))
        for tile in (2, 32):
            make = partial(upstream, seed, lead=lead, **sizes)
            backward(candidate, reference, make, f"{lead}, {list(sizes.values())}, tile = {tile}", tile=tile)


def test_backward_of_large_scores(candidate, reference, seed):
    """Backward: with large scores
    反向：分数很大时"""
    for spread in (30.0, 1000.0):
        make = partial(upstream, seed, spread=spread)
        backward(candidate, reference, make, f"q × {spread:g}", tile=2)


def test_attention(candidate, reference, seed):
    """flash_attention: output and gradients by autograd are right
    flash_attention：输出正确，autograd 得到的梯度也正确"""
    for causal in (False, True):
        for tile in (3, 32):
            label = f"O (causal = {causal}, tile = {tile})"
            make, options = partial(draw, seed), {"causal": causal, "tile": tile}
            agree(candidate.flash_attention, reference.flash_attention, make, label, **options)


def test_attention_between_layers(candidate, reference, seed):
    """flash_attention: in the middle of a graph, with frozen inputs, and one input in several roles
    flash_attention：在计算图中间、部分输入冻结、同一个输入兼任几个角色时也正确"""

    def middle(module):
        (x, w) = normal(seed, (2, 6, 3, 4), (2, 3, 4, 4))
        q = (x.transpose(1, 2) @ w).tanh()
        output = module.flash_attention(q, x.transpose(1, 2), q, True, 4)
        return gradients(output.transpose(1, 2).square(), [x, w])

    same(middle(candidate), middle(reference), ["∂L/∂x (q = v, k turned)", "∂L/∂w (q = v, k turned)"])
    for i, name in enumerate("qkv"):
        found = []
        for module in (candidate, reference):
            given = draw(seed, grad=False)
            given[name].requires_grad_()
            found += gradients(module.flash_attention(**given, tile=2), [given[name]])
        same([found[0]], [found[1]], [f"{GRADIENTS[i]} (the others frozen)"])
    one = draw(seed)
    two = draw(seed)
    expanded = [
        (m.flash_attention(**given, tile=2).sum(), given) for m, given in ((candidate, one), (reference, two))
    ]
    same(*(gradients(loss, list(given.values())) for loss, given in expanded), GRADIENTS)


def test_float32(candidate, seed):
    """float32 stays float32
    float32 的输入得到 float32 的结果"""
    for causal in (False, True):
        make = partial(draw, seed)
        keeps_dtype(lambda: candidate.flash_attention, make, causal=causal, tile=3)
        keeps_dtype(lambda: candidate.flash_forward, partial(draw, seed, grad=False), causal=causal, tile=3)
        make = partial(upstream, seed, causal)
        keeps_dtype(lambda: candidate.flash_backward, make, causal=causal, tile=3)


def test_non_contiguous(candidate, seed):
    """Transposed, strided and expanded inputs work
    支持转置、带步长和 expand 得到的输入"""
    others = draw(seed, (3,), queries=4, keys=4, d_k=5, d_v=5, grad=False)
    for name in "qkv":

        def attend(x, name=name):
            return candidate.flash_attention(**(others | {name: x}), tile=3)

        any_layout(lambda attend=attend: attend, lambda shape: normal(seed, shape)[0], (3, 4, 5))
    given = upstream(seed, lead=(3,), queries=4, keys=4, d_k=5, d_v=5)

    def back(grad):
        return candidate.flash_backward(**(given | {"grad_output": grad}), tile=3)

    any_layout(lambda: back, lambda shape: normal(seed, shape, grad=False)[0], (3, 4, 5))


def test_samples_apart(candidate, seed):
    """What one position of the leading dimensions gives does not depend on the others
    前导维度的各个位置互不影响"""
    given = draw(seed, (3,), grad=False)
    samples_apart(
        lambda q: candidate.flash_attention(q, given["k"], given["v"], tile=2), lambda: given["q"], name="q"
    )
    samples_apart(
        lambda q: candidate.flash_forward(q, given["k"], given["v"], tile=2)[0],
        lambda: given["q"],
        dim=1,
        name="q",
    )


def test_calls_apart(candidate, reference, seed):
    """A call does not depend on the calls before it, nor change what they returned; no autograd is needed
    每次调用与之前的调用无关，也不改动它们返回的结果；不依赖 autograd"""
    calls_apart(
        lambda: candidate.flash_attention,
        lambda i: draw(seed + i),
        right=lambda: reference.flash_attention,
        tile=3,
        causal=True,
    )
    calls_apart(
        lambda: candidate.flash_backward,
        lambda i: upstream(seed + i),
        right=lambda: reference.flash_backward,
        tile=3,
    )


def test_inputs_unchanged(candidate, seed):
    """No input is modified, whether gradients are recorded or not
    不修改任何输入，无论是否记录梯度"""
    for causal in (False, True):
        leaves_alone(lambda: candidate.flash_attention, lambda i: draw(seed + i), causal=causal, tile=3)
        leaves_alone(lambda: candidate.flash_forward, lambda i: draw(seed + i), causal=causal, tile=3)
        make = partial(upstream, causal=causal)
        leaves_alone(
            lambda: candidate.flash_backward, lambda i, make=make: make(seed + i), causal=causal, tile=3
        )


LARGE = (  # sizes, tile: many keys; and a tile far below the default
    ({"queries": 72, "keys": 1024, "d_k": 2, "d_v": 2}, 28),
    ({"queries": 40, "keys": 40, "d_k": 1, "d_v": 1}, 4),
)


def frugal(run, make):
    """Says which of the two limits is exceeded, if any."""
    for sizes, tile in LARGE:
        for causal in (False, True):
            given = make(sizes, causal)
            n = max(sizes["queries"] * tile, sizes["keys"] * sizes["d_v"]) * given["q"].element_size()
            with Memory() as seen:
                run(**given, causal=causal, tile=tile)
            label = f"Tq = {sizes['queries']}, Tk = {sizes['keys']}, tile = {tile}, causal = {causal}"
            holds(
                seen.largest <= 4 * n,
                f"A tensor was made that is larger than the contract allows ({label}).",
                f"生成了超出约定大小的张量（{label}）。",
                value="small" if seen.largest <= 4 * n else "large",
                name=f"largest tensor ({label})",
            )
            holds(
                seen.most <= 24 * n,
                f"Too much was alive at one time: tiles are kept ({label}).",
                f"同时存在的张量太多：各块被留了下来（{label}）。",
                value="little" if seen.most <= 24 * n else "much",
                name=f"alive at one time ({label})",
            )


def test_memory_forward(candidate, seed):
    """Memory: flash_forward makes no Tq × Tk tensor, nor keeps its parts side by side
    显存：flash_forward 没有 Tq × Tk 的张量，也没有同时留着它的各个部分"""
    frugal(candidate.flash_forward, lambda sizes, causal: draw(seed, (), **sizes, grad=False))


def test_memory_backward(candidate, seed):
    """Memory: nor does flash_backward
    显存：flash_backward 也一样"""
    frugal(candidate.flash_backward, lambda sizes, causal: upstream(seed, causal, lead=(), **sizes))


def test_memory_between(candidate, seed):
    """Memory: nor is anything of that size kept from flash_attention to its backward pass
    显存：flash_attention 也没有把这么大的东西留到反向传播"""

    def both(q, k, v, **options):
        gradients(candidate.flash_attention(q, k, v, **options), [q, k, v])

    frugal(both, lambda sizes, causal: draw(seed, (), **sizes))
