"""Grades katas/sliding_window.py."""

from functools import partial

import torch

from dlkata.suite import (
    COARSE,
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

WINDOWS = 1, 2, 5, 9, 10, 30  # of 9 keys
SHAPES = (  # lead, Tq, Tk, dₖ, dᵥ, window
    ((), 6, 9, 4, 3, 4),
    ((2, 3), 6, 7, 4, 5, 3),
    ((2, 1, 3), 2, 5, 1, 2, 2),
    ((), 1, 1, 1, 1, 1),
    ((1,), 1, 1, 3, 2, 4),
    ((4,), 4, 4, 4, 4, 4),
    ((3,), 1, 8, 2, 1, 3),
    ((1, 1), 13, 13, 2, 4, 5),
)


def inputs(seed, new=9, seen=9, lead=(2,), d_k=4, d_v=3, **how):
    """q, k and v; k and v have a mean, so that a key of zeros is not just any key."""
    drawn = normal(seed, (*lead, new, d_k), (*lead, seen, d_k), (*lead, seen, d_v), **how)
    with torch.no_grad():
        for x in drawn:
            x += 0.6
    return dict(zip("qkv", drawn, strict=True))


def judge(candidate, reference, make, name, window, judge=same, **options):
    mine, theirs = candidate.sliding_window_attention, reference.sliding_window_attention
    agree(mine, theirs, make, f"output ({name})", judge=judge, window=window, **options)


def test_window(candidate, reference, seed):
    """Each query sees itself and the window − 1 keys before it, with the right gradients
    每个 query 看自己和前面 window − 1 个 key，梯度也正确"""
    judge(candidate, reference, partial(inputs, seed), "window = 3", 3)


def test_windows(candidate, reference, seed):
    """So it is for a window of any size, also one larger than the sequence
    任意大小的窗口都正确，比序列还长也可以"""
    for window in WINDOWS:
        judge(candidate, reference, partial(inputs, seed), f"window = {window}, Tk = 9", window)


def test_last_queries(candidate, reference, seed):
    """Fewer queries than keys are the last ones
    query 比 key 少时，它们是最后那几个"""
    for new in (6, 1, 2):
        for window in (3, 8, 30):
            make = partial(inputs, seed, new)
            judge(candidate, reference, make, f"Tq = {new}, Tk = 9, window = {window}", window)


def test_both_sides(candidate, reference, seed):
    """With causal=False the window reaches as far ahead as behind
    causal=False 时，窗口向后看和向前看一样远"""
    for window in (3, *WINDOWS):
        make = partial(inputs, seed)
        judge(candidate, reference, make, f"not causal, window = {window}, Tk = 9", window, causal=False)


def test_both_sides_of_last_queries(candidate, reference, seed):
    """So it does when there are fewer queries than keys
    query 比 key 少时也一样"""
    for new in (6, 1, 2):
        for window in (3, 8, 30):
            make, name = partial(inputs, seed, new), f"not causal, Tq = {new}, Tk = 9, window = {window}"
            judge(candidate, reference, make, name, window, causal=False)


def test_arguments(candidate, reference, seed):
    """`causal` is True if not given; arguments go by position or by name
    不传 causal 时为 True；参数可以按位置传，也可以按名字传"""
    for arguments, options in (((3,), {}), ((3, False), {}), ((), {"causal": True, "window": 4})):
        found, right = (
            side.sliding_window_attention(*inputs(seed).values(), *arguments, **options)
            for side in (candidate, reference)
        )
        same(found, right, f"output ({arguments}, {options})")
    given = inputs(seed)
    found = candidate.sliding_window_attention(window=3, v=given["v"], k=given["k"], q=given["q"])
    same(found, reference.sliding_window_attention(**given, window=3), "output (all by name)")


def test_shapes(candidate, reference, seed):
    """Any leading dimensions, none too; sizes of 1; equal sizes
    前面有任意多维都可以，没有也行；大小为 1 或各维相等也行"""
    for lead, new, seen, d_k, d_v, window in SHAPES:
        for causal in (True, False):
            make = partial(inputs, seed, new, seen, lead, d_k, d_v)
            name = f"{(*lead, new, d_k)}, {seen} keys, window = {window}, {causal}"
            judge(candidate, reference, make, name, window, causal=causal)


def test_scale(candidate, reference, seed):
    """Scores are divided by √dₖ, whatever it is
    无论 dₖ 是多少，分数都除以 √dₖ"""
    coarse = partial(same, tolerance=COARSE)
    for d_k in (1, 2, 3, 20):
        judge(candidate, reference, partial(inputs, seed, d_k=d_k), f"dₖ = {d_k}", 3, coarse)


def test_long(candidate, reference, seed):
    """Long sequences work, whether the window divides their length or not
    长序列也正确，窗口能否整除长度都行"""
    for seen, window in ((96, 16), (150, 40), (131, 7)):
        for causal in (True, False):
            make = partial(inputs, seed, seen, seen, (1,), 3, 2)
            judge(
                candidate, reference, make, f"Tk = {seen}, window = {window}, {causal}", window, causal=causal
            )


def large(seed, reach, levels, dtype=None):
    """Scores near reach × the level of the key, for every query."""
    drawn = inputs(seed, d_v=2, dtype=dtype, grad=False)
    drawn["q"][..., 0] = 2.0  # √4 = 2
    drawn["k"][..., 0] = reach * torch.tensor(levels, dtype=drawn["k"].dtype, device=setting.device)
    return drawn


LEVELS = {
    "high": [1.0] * 9,
    "low": [-1.0] * 9,
    "rising": [-1.0, -1.0, -0.5, 0.0, 0.0, 0.5, 0.5, 1.0, 1.0],
    "falling": [1.0, 1.0, 0.5, 0.0, 0.0, -0.5, -0.5, -1.0, -1.0],
}


def test_large_scores(candidate, reference, seed):
    """Large scores neither overflow nor show what lies outside the window
    分数很大时既不上溢，也不会露出窗口之外的 key"""
    for name, levels in LEVELS.items():
        for causal in (True, False):
            for reach, dtype, within in ((1e5, None, 1e-6), (1e3, torch.float32, 1e-2)):
                found, right = (
                    side.sliding_window_attention(
                        **large(seed, reach, levels, dtype), window=4, causal=causal
                    )
                    for side in (candidate, reference)
                )
                label = f"output (scores {name}, up to {reach:g}, {causal})"
                same(found, right, label, tolerance=(within, within))


def test_outside(candidate, seed):
    """What lies outside the window changes nothing
    窗口之外的内容不影响输出"""
    for causal in (True, False):
        first, second = inputs(seed, grad=False), inputs(seed, grad=False)
        far = [0, 1, 2, 7, 8] if causal else [0, 1, 7, 8]  # of the queries at 4 … 6 (causal), 4 (not)
        for name in "kv":
            second[name][..., far, :] = 5 - 3 * second[name][..., far, :]
        queries = slice(5, 7) if causal else slice(4, 5)
        found, right = (
            candidate.sliding_window_attention(**given, window=3, causal=causal)[..., queries, :]
            for given in (second, first)
        )
        same(found, right, f"output (others changed, causal = {causal})")


def test_decoding(candidate, seed):
    """One query at a time, with only the last `window` keys kept, gives what all at once give
    逐个 query 计算、只保留最近 window 个 key，与一次全部计算结果相同"""
    for window in (1, 4):
        q, k, v = inputs(seed, grad=False).values()
        together = candidate.sliding_window_attention(q, k, v, window)
        each = []
        for t in range(9):
            kept = slice(max(t + 1 - window, 0), t + 1)
            step = q[..., t : t + 1, :], k[..., kept, :], v[..., kept, :]
            each.append(candidate.sliding_window_attention(*step, window))
        same(torch.cat(each, dim=-2), together, f"output (one query at a time, window = {window})")


def test_float32(candidate, seed):
    """float32 inputs give float32 outputs and gradients
    float32 的输入得到 float32 的输出和梯度"""
    for causal in (True, False):
        make = partial(inputs, seed, 6)
        keeps_dtype(lambda: candidate.sliding_window_attention, make, window=3, causal=causal)


def test_non_contiguous(candidate, seed):
    """Transposed, strided and expanded inputs work
    支持转置、带步长和 expand 得到的输入"""
    others = inputs(seed, 5, 5, (3,), 4, 4, grad=False)
    for name, window in (("q", 3), ("k", 3), ("v", 3), ("k", 1), ("v", 1)):

        def attend(x, name=name, window=window):
            return candidate.sliding_window_attention(**(others | {name: x}), window=window)

        any_layout(lambda attend=attend: attend, lambda shape: normal(seed, shape)[0], (3, 5, 4))


def test_samples_apart(candidate, seed):
    """What one position of the leading dimensions gives does not depend on the others
    前导维度的各个位置互不影响"""
    for name in "qkv":
        given = inputs(seed, lead=(3,), grad=False)

        def attend(x, name=name, given=given):
            return candidate.sliding_window_attention(**(given | {name: x}), window=3)

        samples_apart(attend, lambda name=name, given=given: given[name], name=name)


def test_calls_apart(candidate, reference, seed):
    """A call does not depend on the calls before it, nor change what they returned
    每次调用与之前的调用无关，也不改动它们返回的结果"""
    for causal in (True, False):
        calls_apart(
            lambda: candidate.sliding_window_attention,
            lambda i: inputs(seed + i, 8, 8),
            right=lambda: reference.sliding_window_attention,
            window=3,
            causal=causal,
        )
    for new, seen, window, causal in (
        (8, 8, 3, True),
        (8, 8, 4, True),
        (5, 8, 4, True),
        (8, 8, 4, False),
        (8, 11, 4, True),
        (8, 8, 3, True),
    ):
        name = f"in turn, Tq = {new}, Tk = {seen}, window = {window}, {causal}"
        judge(candidate, reference, partial(inputs, seed, new, seen), name, window, causal=causal)


def test_inputs_unchanged(candidate, seed):
    """q, k and v are left alone
    不修改 q、k、v"""
    for causal in (True, False):
        leaves_alone(
            lambda: candidate.sliding_window_attention,
            lambda i: inputs(seed + i, 7, 10),
            window=3,
            causal=causal,
        )


def test_memory(candidate, seed):
    """No Tq × Tk matrix is made, forward or backward, nor is it computed piece by piece
    前向、反向都不生成 Tq × Tk 的矩阵，也不逐块把它算出来"""
    length, window, width = 2048, 16, 4
    for causal in (True, False):
        given = inputs(seed, length, length, (), width, width)
        n = length * window * width * given["q"].element_size()
        with Memory(*given.values()) as both:
            output = candidate.sliding_window_attention(**given, window=window, causal=causal)
            gradients(output, list(given.values()))
        where = f"Tq = Tk = {length}, window = {window}, causal = {causal}"
        holds(
            both.largest <= 4 * n,
            f"A tensor was made that is larger than the contract allows ({where}).",
            f"生成了超出约定大小的张量（{where}）。",
            value="small" if both.largest <= 4 * n else "large",
            name=f"largest tensor (causal = {causal})",
        )
        with torch.no_grad(), Memory(*given.values()) as forward:
            candidate.sliding_window_attention(**given, window=window, causal=causal)
        holds(
            forward.total <= 32 * n,
            f"More is computed than the window holds ({where}).",
            f"计算的内容超出了窗口（{where}）。",
            value="little" if forward.total <= 32 * n else "much",
            name=f"all that is made (causal = {causal})",
        )
