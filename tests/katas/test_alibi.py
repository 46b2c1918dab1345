"""Grades katas/alibi.py."""

from functools import partial

import pytest
import torch

from dlkata.suite import (
    COARSE,
    agree,
    calls_apart,
    descend,
    follows,
    holds,
    integers,
    keeps_dtype,
    leaves_alone,
    normal,
    same,
)

EXACT = (1e-13, 0.0)


def inputs(seed, heads=4, new=5, seen=7, lead=(2,), d=16, d_v=6, **how):
    """q, k and v; √16 is exact even if taken in float32."""
    shapes = (*lead, heads, new, d), (*lead, heads, seen, d), (*lead, heads, seen, d_v)
    return dict(zip("qkv", normal(seed, *shapes, **how), strict=True))


def judge(candidate, reference, make, name, **options):
    agree(candidate.alibi_attention, reference.alibi_attention, make, name, **options)


def slopes(side, heads):
    return torch.tensor(list(side.alibi_slopes(heads)), dtype=torch.float64)


def test_slopes(candidate, reference):
    """For powers of two the slopes are 2^(−8h/H)
    head 数是 2 的幂时，斜率是 2^(−8h/H)"""
    for heads in (8, 4, 1, 2, 16, 32, 64):
        same(slopes(candidate, heads), slopes(reference, heads), f"slopes (H = {heads})", tolerance=EXACT)


def test_slopes_of_any_number(candidate, reference):
    """For any other number those of a power of two come first, then every other one of twice as many
    其他数目：先是 2 的幂的那些，再从两倍数目里隔一个取一个"""
    for heads in (6, 3, 5, 7, 12, 20, 25, 40, 71, 112):
        same(slopes(candidate, heads), slopes(reference, heads), f"slopes (H = {heads})", tolerance=EXACT)


def test_slopes_are_a_list(candidate):
    """They are a list of floats, a new one each time
    返回的是 float 的列表，每次都是新的"""
    for heads in (1, 6):
        found = candidate.alibi_slopes(n_heads=heads)
        kinds = f"{type(found).__name__} of {', '.join(sorted({type(m).__name__ for m in found}))}"
        holds(
            kinds == "list of float",
            f"alibi_slopes returns a {kinds}.",
            f"alibi_slopes 返回的是 {kinds}。",
            value=kinds,
            name=f"returned (H = {heads})",
        )
        before = list(found)
        found.append(-1.0)
        again = candidate.alibi_slopes(heads)
        holds(
            again == before,
            "A second call gives another list.",
            "再次调用得到的列表不同。",
            name=f"again (H = {heads})",
        )


def test_causal(candidate, reference, seed):
    """Causal attention with as many queries as keys is right, with its gradients
    query 和 key 一样多时，因果注意力及其梯度正确"""
    judge(candidate, reference, partial(inputs, seed, new=7), "output (Tq = Tk)")
    judge(candidate, reference, partial(inputs, seed, new=7), "output (Tq = Tk, causal=True)", causal=True)


def test_both_sides(candidate, reference, seed):
    """With causal=False all keys are seen, with the same penalty to both sides
    causal=False 时能看到所有 key，两侧的惩罚相同"""
    judge(candidate, reference, partial(inputs, seed, new=7), "output (Tq = Tk, not causal)", causal=False)


def test_last_queries(candidate, reference, seed):
    """Fewer queries than keys are the last ones
    query 比 key 少时，它们是最后那几个"""
    for new in (5, 1, 2):
        judge(candidate, reference, partial(inputs, seed, new=new), f"output (Tq = {new}, Tk = 7)")


def test_last_queries_on_both_sides(candidate, reference, seed):
    """So they are with causal=False
    causal=False 时也一样"""
    for new in (5, 1):
        name = f"output (Tq = {new}, Tk = 7, not causal)"
        judge(candidate, reference, partial(inputs, seed, new=new), name, causal=False)


def test_any_heads(candidate, reference, seed):
    """Any number of heads works
    head 数任意"""
    for heads in (1, 2, 3, 6, 12):
        for causal in (True, False):
            judge(
                candidate,
                reference,
                partial(inputs, seed, heads),
                f"output (H = {heads}, {causal})",
                causal=causal,
            )


def test_shapes(candidate, reference, seed):
    """Any leading dimensions, none too; sizes of 1; equal sizes
    前面有任意多维都可以，没有也行；大小为 1 或各维相等也行"""
    for lead, heads, new, seen in (
        ((), 4, 5, 7),
        ((3, 2), 4, 2, 3),
        ((1,), 1, 1, 1),
        ((4,), 4, 4, 4),
        ((2,), 3, 1, 9),
    ):
        make = partial(inputs, seed, heads, new, seen, lead, 4, 4)
        judge(candidate, reference, make, f"output ({(*lead, heads, new)}, {seen} keys)")


def test_scale(candidate, reference, seed):
    """Scores are scaled for any d, the penalty is not
    任意 d 下分数都正确缩放，惩罚不缩放"""
    for d in (1, 2, 3, 20):
        coarse = partial(same, tolerance=COARSE)
        judge(candidate, reference, partial(inputs, seed, d=d), f"output (d = {d})", judge=coarse)


def test_far(candidate, reference, seed):
    """Over long texts the penalty keeps growing
    文本很长时，惩罚一直增长"""
    for causal in (True, False):
        make = partial(inputs, seed, 8, 2, 1500, (1,), 4, 3)
        judge(candidate, reference, make, f"output (1500 keys, {causal})", causal=causal)


def large(seed, size, dtype=None):
    """Scores of this size, higher the further ahead a key lies: those must stay hidden all the same."""
    drawn = inputs(seed, new=7, dtype=dtype, grad=False)
    ahead = torch.linspace(-1, 1, 7, dtype=drawn["q"].dtype, device=drawn["q"].device)
    drawn["q"][..., 0], drawn["k"][..., 0] = 4.0, size * ahead
    return {name: x.requires_grad_() for name, x in drawn.items()}


def test_large(candidate, reference, seed):
    """Large scores neither overflow nor uncover hidden keys
    分数很大时既不上溢，也不会露出被挡住的 key"""
    for causal in (True, False):
        make = partial(large, seed, 1e6)
        answers = [side.alibi_attention(*make().values(), causal=causal) for side in (candidate, reference)]
        same(*answers, f"output (scores up to 10⁶, {causal})", tolerance=(1e-6, 1e-6))
        make = partial(large, seed, 1e3, torch.float32)
        answers = [side.alibi_attention(*make().values(), causal=causal) for side in (candidate, reference)]
        same(*answers, f"output (scores up to 1000, float32, {causal})", tolerance=(1e-2, 1e-2))


def test_hidden(candidate, seed):
    """Nothing behind a query's position changes its output
    query 位置之后的内容不影响它的输出"""
    first, second = inputs(seed, new=7, grad=False), inputs(seed, new=7, grad=False)
    other = inputs(seed + 1, new=7, grad=False)
    for name in "kv":
        second[name][..., 4:, :] = other[name][..., 4:, :]
    found, right = (candidate.alibi_attention(**given)[..., :4, :] for given in (second, first))
    same(found, right, "output of the first queries (later keys and values changed)")


def test_float32(candidate, seed):
    """float32 inputs give float32 outputs and gradients
    float32 的输入得到 float32 的输出和梯度"""
    for causal in (True, False):
        keeps_dtype(lambda: candidate.alibi_attention, partial(inputs, seed, 6), causal=causal)


def test_noncontiguous(candidate, reference, seed):
    """Inputs may be transposed or strided
    输入可以是转置或带步长的"""

    def make(seed):
        drawn = inputs(seed, 3, 4, 8, d=4)
        q, k, v = drawn.values()
        return q.transpose(1, 2)[:, ::2].transpose(1, 2), k.mT.contiguous().mT, v.flip(-1)[..., ::2]

    found, right = (side.alibi_attention(*make(seed)) for side in (candidate, reference))
    same(found, right, "output (strided inputs)")


def test_calls_apart(candidate, reference, seed):
    """A call does not depend on the calls before it, nor change what they returned
    每次调用与之前的调用无关，也不改动它们返回的结果"""
    for options in ({}, {"causal": False}):
        calls_apart(
            lambda: candidate.alibi_attention,
            lambda i: inputs(seed + i),
            right=lambda: reference.alibi_attention,
            **options,
        )
    for heads, new, seen, causal in (
        (4, 5, 7, True),
        (4, 5, 7, False),
        (3, 5, 7, True),
        (4, 5, 9, True),
        (4, 9, 9, False),
    ):
        judge(
            candidate,
            reference,
            partial(inputs, seed, heads, new, seen),
            f"output (in turn, {seen})",
            causal=causal,
        )


def test_side_effects(candidate, seed):
    """q, k and v are left alone
    不修改 q、k、v"""
    for causal in (True, False):
        leaves_alone(lambda: candidate.alibi_attention, lambda i: inputs(seed + i), causal=causal)


def test_decoding(candidate, seed):
    """One query after the other gives what all at once give
    逐个 query 计算，与一次全部计算结果相同"""
    q, k, v = inputs(seed, new=7, grad=False).values()
    together = candidate.alibi_attention(q, k, v)
    each = [
        candidate.alibi_attention(q[..., t : t + 1, :], k[..., : t + 1, :], v[..., : t + 1, :])
        for t in range(7)
    ]
    same(torch.cat(each, dim=-2), together, "output (one query at a time)")


def lengths(side, seed, steps):
    """Which key was k steps ago: with learned queries and no positions, only the penalty can tell."""
    (codes,) = integers(seed, 4, (steps, 12, 9))
    tables = normal(7, (4, 8), (8,), grad=True)
    table, query = tables
    losses = []

    def loss_of(step):
        x = table[codes[step]].unflatten(-1, (2, 4)).transpose(1, 2)
        q = query.view(2, 1, 4).expand(12, 2, 9, 4)
        found = side.alibi_attention(q, x, x).transpose(1, 2).flatten(2)
        return torch.nn.functional.cross_entropy(found[:, -1] @ table.T, codes[step][:, -1])

    losses = descend(tables, loss_of, steps, 0.05)
    return losses


@pytest.mark.training
def test_training_follows(candidate, reference, seed):
    """A small model learns as with the reference
    放进小模型训练，loss 与参考实现一致"""
    follows(lengths(candidate, seed, 12), lengths(reference, seed, 12))
