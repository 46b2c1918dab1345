"""Grades katas/sampling.py.

Draws are counted and held against the right probabilities by χ², turned into a normal deviate (Wilson and Hilferty).
All bounds lie at least 5.3 deviations out: a right attempt is turned away less than once in 10⁶ runs, and as most
draws come from generators with seeds of their own, it is so by its own stream and not by the day.
"""

from functools import partial

import torch

from dlkata.suite import (
    any_layout,
    calls_apart,
    holds,
    integers,
    keeps_dtype,
    leaves_alone,
    near,
    normal,
    not_reseeded,
    same,
    samples_apart,
    setting,
)

V = 9
INF = float("inf")


def logits_of(seed, *shape, scale=2.0, shift=0.0):
    return normal(seed, shape or (3, 4, V), scale=scale, grad=False)[0] + shift


def spaced(seed, *leading):
    """Logits whose probabilities lie far from every threshold that is asked for here."""
    order = normal(seed, (*leading, 7), grad=False)[0].argsort(-1)
    noise = normal(seed + 1, (*leading, 7), scale=0.01, grad=False)[0]
    return 2.0 - order.to(setting.dtype) + noise


def seen_of(seed, *shape, size=V):
    return integers(seed + 3, size, shape)[0]


def table(*rows, dtype=None):
    return torch.tensor(rows, dtype=dtype or setting.dtype, device=setting.device)


def agree(candidate, reference, make, name="p", **options):
    """The probabilities are the reference's. `make` draws logits, and maybe previous tokens, for each side."""
    answers = []
    for side in (candidate, reference):
        drawn = make()
        logits, more = drawn if isinstance(drawn, tuple) else (drawn, None)
        given = options if more is None else options | {"previous": more}
        answers.append(side.next_token_probs(logits, **given))
    same(*answers, name)


def test_plain(candidate, reference, seed):
    """Without settings it is the softmax of each row
    不传设置时，就是每行的 softmax"""
    for shape in ((V,), (4, V), (2, 3, V), (1, 1), (5, 1), (1, 1, 6), (V, V)):
        agree(candidate, reference, partial(logits_of, seed, *shape), f"p (logits.shape = {shape})")


def test_temperature(candidate, reference, seed):
    """The temperature divides the logits
    logits 除以温度"""
    for t in (0.5, 2.0, 1, 1.7, 0.01):
        agree(candidate, reference, partial(logits_of, seed), f"p (T = {t})", temperature=t)


def test_greedy(candidate, reference, seed):
    """Temperature 0 gives the most probable token probability 1, with any other settings
    温度为 0 时，概率最大的 token 得到概率 1，与其他设置无关"""
    for options in (
        {},
        {"top_k": 3},
        {"top_p": 0.5},
        {"min_p": 0.3},
        {"top_k": 50, "top_p": 0.99, "min_p": 0.9},
    ):
        make = partial(logits_of, seed, scale=0.3)
        agree(candidate, reference, make, f"p (T = 0, {options})", temperature=0, **options)
    make = lambda: (logits_of(seed, 4, V, scale=0.3), seen_of(seed, 4, 6))  # noqa: E731
    agree(candidate, reference, make, "p (T = 0, θ = 1.8)", temperature=0.0, repetition_penalty=1.8)


def test_greedy_ties(candidate, reference):
    """Greedy among equal logits gives the smallest id
    贪心遇到相等的 logit 时取最小的 id"""
    make = lambda: table([1.0, 3.0, 3.0, 2.0, 3.0], [0.0] * 5, [-1.0, -2.0, -2.0, -1.0, -1.0])  # noqa: E731
    agree(candidate, reference, make, "p (T = 0, ties)", temperature=0)
    agree(candidate, reference, make, "p (T = 0, m = 0.5, ties)", temperature=0, min_p=0.5)


def test_top_k(candidate, reference, seed):
    """top_k keeps the k most probable tokens of each row
    top_k 保留每行概率最大的 k 个 token"""
    for k in (1, 2, 4, 8):
        agree(candidate, reference, partial(logits_of, seed), f"p (k = {k})", top_k=k)
        agree(candidate, reference, partial(logits_of, seed), f"p (k = {k}, T = 3)", top_k=k, temperature=3.0)


def test_top_k_beyond(candidate, reference, seed):
    """A top_k of V or more cuts nothing, nor does None
    top_k 等于或超过 V 时什么都不截，None 也一样"""
    for k in (V, V + 1, 50, None):
        agree(candidate, reference, partial(logits_of, seed), f"p (k = {k}, V = {V})", top_k=k)


def many_ties(seed, rows=6, size=60):
    return integers(seed, 3, (rows, size))[0].to(setting.dtype)


def test_top_k_ties(candidate, reference, seed):
    """Among equal logits top_k keeps the smaller ids, exactly k tokens
    logit 相等时 top_k 保留 id 较小的，恰好 k 个"""
    make = lambda: table([1.0, 2.0, 1.0, 2.0, 1.0], [0.0] * 5, [3.0, 1.0, 2.0, 2.0, 2.0])  # noqa: E731
    for k in (1, 2, 3, 4):
        agree(candidate, reference, make, f"p (k = {k}, ties)", top_k=k)
    for k in (5, 20, 33):
        agree(candidate, reference, partial(many_ties, seed), f"p (k = {k}, many ties)", top_k=k)


def test_top_p(candidate, reference, seed):
    """top_p keeps the fewest tokens whose sum reaches p, the one that crosses it too
    top_p 保留和达到 p 的最少几个 token，跨过 p 的那个也留下"""
    for p in (0.2, 0.55, 0.8, 0.95, 0.999):
        agree(candidate, reference, partial(logits_of, seed), f"p (p = {p})", top_p=p)
        agree(candidate, reference, partial(logits_of, seed, 5, 40), f"p (p = {p}, V = 40)", top_p=p)


def test_top_p_equality(candidate, reference):
    """A sum that is exactly p reaches it
    和恰好等于 p 就算达到"""
    for row, p in (([0.0, 0.0], 0.5), ([0.0, 0.0, 0.0, 0.0], 0.5), ([0.0] * 4, 0.25), ([0.0] * 4, 0.75)):
        agree(candidate, reference, lambda row=row: table(row), f"p (z = {row}, p = {p})", top_p=p)


def test_top_p_ends(candidate, reference, seed):
    """With p = 0 the most probable token stays, with p = 1 nothing is cut
    p = 0 时概率最大的 token 保留，p = 1 时什么都不截"""
    for p in (0, 0.0, 1e-9, 1, 1.0):
        agree(candidate, reference, partial(logits_of, seed), f"p (p = {p})", top_p=p)
    tail = lambda: table([0.0, -30.0, -40.0, -45.0, -60.0])  # noqa: E731
    for p in (0, 1.0):
        answers = [side.next_token_probs(tail(), top_p=p) for side in (candidate, reference)]
        same(answers[0] > 0, answers[1] > 0, f"p > 0 (a thin tail, p = {p})")


def test_top_p_ties(candidate, reference, seed):
    """Among equal logits top_p takes the smaller ids first
    logit 相等时 top_p 先取 id 较小的"""
    make = lambda: table([0.0] * 5, [1.0, 2.0, 1.0, 1.0, 2.0])  # noqa: E731
    for p in (0.1, 0.5, 0.7):
        agree(candidate, reference, make, f"p (p = {p}, ties)", top_p=p)
        agree(candidate, reference, partial(many_ties, seed), f"p (p = {p}, many ties)", top_p=p)


def test_min_p(candidate, reference, seed):
    """min_p keeps what has at least m times the largest probability
    min_p 保留概率不低于最大概率 m 倍的 token"""
    for m in (0.05, 0.3, 0.8, 1.0, 0.0, 1, 0):
        agree(candidate, reference, partial(logits_of, seed), f"p (m = {m})", min_p=m)
    agree(
        candidate, reference, partial(logits_of, seed, 3, V, shift=20.0), "p (m = 0.2, z near 20)", min_p=0.2
    )


def test_min_p_ties(candidate, reference, seed):
    """min_p of 1 keeps all tokens that share the largest probability
    min_p 为 1 时，保留所有并列最大的 token"""
    make = lambda: table([1.0, 3.0, 3.0, 2.0, 3.0], [0.0] * 5)  # noqa: E731
    agree(candidate, reference, make, "p (m = 1, ties)", min_p=1.0)
    agree(candidate, reference, partial(many_ties, seed), "p (m = 1, many ties)", min_p=1.0)


def penalised(seed, *shape, n=6, **options):
    def make():
        logits = logits_of(seed, *shape)
        return logits, seen_of(seed, *shape[:-1], n, size=shape[-1])

    return make


def test_repetition_penalty(candidate, reference, seed):
    """The penalty divides positive logits of tokens seen before, and multiplies negative ones
    重复惩罚：出现过的 token，正的 logit 相除，负的相乘"""
    for penalty in (1.3, 2.5, 0.6):
        for shape in ((V,), (4, V), (2, 3, V), (5, 1)):
            name = f"p (θ = {penalty}, logits.shape = {shape})"
            agree(candidate, reference, penalised(seed, *shape, n=3), name, repetition_penalty=penalty)
    one = lambda: (table([2.0, -2.0, 1.0, 0.0, -1.0])[0], torch.tensor([0, 1, 3], device=setting.device))  # noqa: E731
    agree(candidate, reference, one, "p (θ = 2, one row)", repetition_penalty=2.0)


def test_penalty_counts_once(candidate, reference, seed):
    """A token that was seen several times is penalised once
    出现多次的 token 只惩罚一次"""
    rows = lambda: (logits_of(seed, 3, 4), seen_of(seed, 3, 15, size=4) // 2)  # noqa: E731
    agree(candidate, reference, rows, "p (θ = 1.5, repeated tokens)", repetition_penalty=1.5)


def test_penalty_off(candidate, reference, seed):
    """Without previous tokens, or with none, there is no penalty; with θ = 1 neither
    没有 previous、或其中没有 token 时不惩罚；θ = 1 时也不惩罚"""
    agree(candidate, reference, partial(logits_of, seed), "p (θ = 2, no previous)", repetition_penalty=2.0)
    agree(candidate, reference, penalised(seed, 4, V, n=0), "p (θ = 2, n = 0)", repetition_penalty=2.0)
    agree(candidate, reference, penalised(seed, 4, V), "p (θ not given)")


def test_padding(candidate, reference, seed):
    """Entries of −1 in previous are padding
    previous 里的 −1 是填充"""

    def ragged():
        logits, previous = penalised(seed, 4, V, n=5)()
        for row, real in enumerate((5, 3, 1, 0)):
            previous[row, real:] = -1
        return logits, previous

    agree(candidate, reference, ragged, "p (θ = 2, padded)", repetition_penalty=2.0)
    first = lambda: (logits_of(seed, V), torch.tensor([-1, -1, 2], device=setting.device))  # noqa: E731
    agree(candidate, reference, first, "p (θ = 2, padded in front)", repetition_penalty=2.0)


def test_order(candidate, reference, seed):
    """The steps come in the order of the contract, and each goes by what the one before has left
    各步按约定的次序进行，每步以上一步留下的为准"""
    for options in (
        {"temperature": 2.5, "top_p": 0.7},
        {"temperature": 0.4, "top_p": 0.7},
        {"temperature": 2.5, "min_p": 0.4},
        {"top_k": 3, "top_p": 0.8},
        {"top_k": 5, "top_p": 0.6},
        {"top_p": 0.85, "min_p": 0.25},
        {"top_p": 0.6, "min_p": 0.05},
        {"temperature": 1.8, "top_k": 6, "top_p": 0.75, "min_p": 0.2},
    ):
        agree(candidate, reference, partial(logits_of, seed), f"p ({options})", **options)
        agree(
            candidate,
            reference,
            partial(logits_of, seed, 30, 12, scale=1.0),
            f"p (V = 12, {options})",
            **options,
        )


def test_penalty_before_filters(candidate, reference, seed):
    """The filters see penalised logits
    各个过滤步骤看到的是惩罚之后的 logits"""
    for options in (
        {"top_k": 3},
        {"top_p": 0.7},
        {"min_p": 0.4},
        {"temperature": 1.6, "top_k": 5, "top_p": 0.8},
    ):
        make = penalised(seed, 20, V, n=4)
        agree(candidate, reference, make, f"p (θ = 1.9, {options})", repetition_penalty=1.9, **options)


def test_positions(candidate, reference, seed):
    """Settings go by position in the order of the contract
    设置可以按约定的次序以位置传入"""
    settings = (1.8, 6, 0.75, 0.1, 1.4)
    found, right = (
        side.next_token_probs(logits_of(seed), *settings, seen_of(seed, 3, 4, 5))
        for side in (candidate, reference)
    )
    same(found, right, "p (settings by position)")


def holes(seed, *shape):
    """Logits with −∞ among them, at least one finite in each row."""
    logits = logits_of(seed, *shape)
    hidden = logits_of(seed + 9, *shape) > 0.3
    hidden.scatter_(-1, logits.argmin(-1, keepdim=True), False)
    return logits.masked_fill(hidden, -INF)


def test_minus_infinity(candidate, reference, seed):
    """Tokens of −∞ have probability 0, whatever the settings
    logit 为 −∞ 的 token 概率为 0，无论什么设置"""
    for options in (
        {},
        {"temperature": 0},
        {"temperature": 3.0},
        {"top_k": 7},
        {"top_p": 0.8},
        {"min_p": 0.2},
        {"top_k": 2, "top_p": 0.9},
    ):
        agree(candidate, reference, partial(holes, seed, 6, V), f"p (some −∞, {options})", **options)
    both = lambda: (holes(seed, 6, V), seen_of(seed, 6, 4))  # noqa: E731
    agree(candidate, reference, both, "p (some −∞, θ = 2)", repetition_penalty=2.0)


def test_nothing_left(candidate, reference, seed):
    """A row of nothing but −∞ has probabilities of 0, and does not disturb the others
    整行都是 −∞ 时概率全为 0，且不影响其他行"""
    for options in (
        {},
        {"temperature": 0},
        {"temperature": 0.5},
        {"top_k": 2},
        {"top_p": 0.7},
        {"top_p": 0.0},
        {"min_p": 0.2},
        {"min_p": 1.0, "top_k": 3},
    ):

        def make():
            logits = logits_of(seed, 4, V)
            logits[1], logits[3] = -INF, -INF
            return logits, seen_of(seed, 4, 3)

        agree(candidate, reference, make, f"p (rows of −∞, {options})", repetition_penalty=1.5, **options)
    agree(candidate, reference, lambda: table(-INF), "p (V = 1, −∞)")


def test_large(candidate, reference, seed):
    """Logits of ±10⁴ neither overflow nor vanish
    logits 为 ±10⁴ 时既不上溢也不全部下溢"""
    for shift in (9.9e3, -9.9e3):
        for options in ({}, {"temperature": 0.01}, {"top_k": 3}, {"top_p": 0.8}, {"min_p": 0.1}):
            make = partial(logits_of, seed, 4, V, shift=shift)
            answers = [side.next_token_probs(make(), **options) for side in (candidate, reference)]
            same(*answers, f"p (z near {shift:g}, {options})", tolerance=(1e-6, 1e-7))


def test_float32(candidate, seed):
    """float32 logits give float32 probabilities
    float32 的 logits 得到 float32 的概率"""
    for options in ({}, {"temperature": 2.0, "top_k": 4}, {"top_p": 0.9, "min_p": 0.05}, {"temperature": 0}):
        keeps_dtype(lambda: candidate.next_token_probs, partial(spaced, seed, 3, 4), **options)


def test_rows_apart(candidate, seed):
    """Each row is treated for itself
    每一行各自处理"""
    for options in ({"top_k": 3}, {"top_p": 0.7}, {"min_p": 0.3}, {"temperature": 0}):
        for dim in (0, 1):
            samples_apart(partial(candidate.next_token_probs, **options), partial(logits_of, seed), dim=dim)


def test_layouts(candidate, seed):
    """Transposed, strided and expanded logits work
    logits 是转置、带步长的切片或 expand 的结果时也正确"""
    options = {"temperature": 1.5, "top_k": 6, "top_p": 0.9, "min_p": 0.05}
    any_layout(
        lambda: candidate.next_token_probs, lambda shape: logits_of(seed, *shape), (3, 4, V), **options
    )
    any_layout(lambda: greedy(candidate), lambda shape: logits_of(seed, *shape), (3, 4, V))


def greedy(candidate):
    return lambda x: candidate.sample(x, temperature=0).to(x.dtype)


def test_calls_apart(candidate, reference, seed):
    """A call does not depend on the calls before it, nor change what they returned
    每次调用与之前的调用无关，也不改动它们返回的结果"""
    options = {"temperature": 1.5, "top_k": 6, "top_p": 0.9, "repetition_penalty": 1.3}
    make = lambda i: {"logits": logits_of(seed + i), "previous": seen_of(seed + i, 3, 4, 5)}  # noqa: E731
    calls_apart(lambda: with_previous(candidate), make, right=lambda: with_previous(reference), **options)


def with_previous(side):
    return lambda logits, previous, **options: side.next_token_probs(logits, previous=previous, **options)


def test_inputs_unchanged(candidate, seed):
    """logits and previous are left as they are
    不修改 logits 和 previous"""
    make = lambda i: {"logits": logits_of(seed + i), "previous": seen_of(seed + i, 3, 4, 5) - 1}  # noqa: E731
    for options in (
        {"temperature": 2.0},
        {"temperature": 0},
        {"top_k": 3, "repetition_penalty": 2.0},
        {"top_p": 0.6, "min_p": 0.2},
    ):
        leaves_alone(lambda: with_previous(candidate), make, **options)
        call = lambda layer, logits, previous, **given: candidate.sample(logits, previous=previous, **given)  # noqa: E731
        leaves_alone(lambda: None, make, call=call, **options)


# ---------------------------------------------------------------- the draw


def test_sample_greedy(candidate, reference, seed):
    """At temperature 0 sample returns the most probable token, int64, in any shape
    温度为 0 时，sample 返回概率最大的 token，int64，形状任意"""
    for shape in ((V,), (4, V), (2, 3, V), (1, 1), (5, 1), (1, V)):
        found, right = (
            side.sample(logits_of(seed, *shape), temperature=0) for side in (candidate, reference)
        )
        same(found, right, f"token (T = 0, logits.shape = {shape})")


def test_sample_of_one(candidate, reference, seed):
    """Where the settings leave one token, that one is drawn
    设置只留下一个 token 时，抽到的就是它"""
    for options in ({"top_k": 1}, {"top_p": 0.0}, {"min_p": 1.0}, {"temperature": 0}):
        name = f"token ({options}"
        found, right = (side.sample(logits_of(seed, 20, V), **options) for side in (candidate, reference))
        same(found, right, f"{name})")
        given = {"repetition_penalty": 4.0} | options
        found, right = (
            side.sample(logits_of(seed, 20, V), previous=seen_of(seed, 20, 5), **given)
            for side in (candidate, reference)
        )
        same(found, right, f"{name}, θ = 4)")
    sharp = lambda: table([0.0, 2.0, 1.0], [5.0, 1.0, 2.0])  # noqa: E731
    found, right = (side.sample(sharp(), temperature=0.01) for side in (candidate, reference))
    same(found, right, "token (T = 0.01)")


def test_sample_from_nothing(candidate, reference, seed):
    """A row of nothing but −∞ gives −1, the other rows their tokens
    整行都是 −∞ 时返回 −1，其他行照常"""
    for options in ({}, {"top_k": 2}, {"top_p": 0.5}, {"min_p": 0.5}, {"temperature": 0}):

        def make():
            logits = torch.full((5, V), -INF, dtype=setting.dtype, device=setting.device)
            logits[1, 3] = logits[2, 0] = logits[4, 8] = -2.0
            return logits

        found, right = (side.sample(make(), **options) for side in (candidate, reference))
        same(found, right, f"token (rows of −∞, {options})")
    found, right = (side.sample(make()[0]) for side in (candidate, reference))
    same(found, right, "token (one row of −∞)")


def made(seed):
    return torch.Generator(device=setting.device).manual_seed(seed)


def deviate(drawn, p):
    """How far counts are from what p lets expect: χ², as a normal deviate."""
    likely = p > 0
    counts = torch.bincount(drawn.flatten().cpu(), minlength=len(p))[likely].double()
    expected = p[likely].double() * drawn.numel()
    freedom = len(expected) - 1
    chi = ((counts - expected) ** 2 / expected).sum().item()
    return ((chi / freedom) ** (1 / 3) - (1 - 2 / (9 * freedom))) / (2 / (9 * freedom)) ** 0.5


def judge(drawn, p, name):
    """drawn: many tokens that were drawn with probabilities p."""
    size = len(p)
    inside = bool(((drawn >= 0) & (drawn < size)).all())
    cut = inside and not bool((p[drawn.cpu()] == 0).any())
    holds(
        cut,
        f"{name}: a token was drawn that has probability 0, or that does not exist.",
        f"{name}：抽到了概率为 0 或不存在的 token。",
        value=str(cut),
        name=f"drawn with probability 0 ({name})",
    )
    near(
        deviate(drawn, p), 0.0, 5.5, f"χ² of the tokens drawn, as a normal deviate ({name})",
        "The tokens are not drawn with the probabilities of next_token_probs.",
        "抽取的 token 不符合 next_token_probs 给出的概率。",
    )  # fmt: skip


SETTINGS = {
    "plain": {},
    "T = 2, k = 4": {"temperature": 2.0, "top_k": 4},
    "p = 0.9": {"top_p": 0.9},
    "m = 0.05": {"min_p": 0.05, "temperature": 1.5},
}


def levels(*order):
    """One row whose softmax has no small entries to count, cut ones aside."""
    return table([1.2, 0.4, 0.0, -0.5, -0.9, -1.1])[0][list(order)]


def test_distribution(candidate, reference):
    """Over many rows the tokens are drawn with these probabilities
    抽取许多行，token 的分布与概率一致"""
    rows = torch.stack([levels(0, 1, 2, 3, 4, 5), levels(4, 2, 0, 5, 1, 3)])
    for name, options in SETTINGS.items():
        p = reference.next_token_probs(rows.clone(), **options).cpu()
        drawn = candidate.sample(rows.repeat(2500, 1, 1), generator=made(len(name)), **options)
        same(drawn.shape, torch.Size([2500, 2]), "shape")
        for row in range(2):
            judge(drawn[:, row], p[row], f"{name}, row {row}")


def test_global_generator(candidate, reference):
    """Without a generator it is torch's global one
    不传 generator 时用 torch 的全局生成器"""
    row = levels(2, 0, 1, 5, 3, 4)
    p = reference.next_token_probs(row.clone(), 1.3).cpu()
    judge(candidate.sample(row.repeat(5000, 1), 1.3), p, "global generator")
    draws = []
    for number in (5, 5, 6):
        torch.manual_seed(number)
        draws.append(candidate.sample(row.repeat(60, 1)))
    apart = bool((draws[1] != draws[2]).any())
    holds(
        bool((draws[0] == draws[1]).all()) and apart,
        "torch.manual_seed must decide what is drawn: the same seed the same tokens, another seed others.",
        "抽到什么应由 torch.manual_seed 决定：种子相同则 token 相同，种子不同则不同。",
        value=f"{bool((draws[0] == draws[1]).all())} {apart}",
        name="same seed, same tokens",
    )
    not_reseeded(lambda: candidate.sample(torch.rand(3, 5)))
    not_reseeded(lambda: (torch.rand(1), candidate.next_token_probs(torch.rand(3, 5), 0.7, 2)))


def test_given_generator(candidate):
    """A generator that is given decides alone, goes on, and the global one stays as it is
    传入的 generator 独自决定抽取结果并向前推进，全局生成器保持不变"""
    rows = levels(0, 1, 2, 3, 4, 5).repeat(60, 1)
    before = torch.get_rng_state()
    generator = made(8)
    first, second = (candidate.sample(rows, 1.5, generator=generator) for _ in range(2))
    untouched = torch.equal(before, torch.get_rng_state())
    torch.rand(3)
    repeated, other = (
        candidate.sample(rows, 1.5, generator=made(8)),
        candidate.sample(rows, 1.5, generator=made(9)),
    )
    for right, what, en, zh in (
        (
            torch.equal(first, repeated),
            "repeats",
            "the same seed gives other tokens",
            "种子相同，token 却不同",
        ),
        (
            not torch.equal(first, other),
            "varies",
            "another seed gives the same tokens",
            "种子不同，token 却相同",
        ),
        (
            not torch.equal(first, second),
            "goes on",
            "two calls give the same tokens",
            "两次调用得到相同的 token",
        ),
        (untouched, "alone", "the global generator was used as well", "全局生成器也被用到了"),
    ):
        holds(
            right,
            f"With a generator given, {en}.",
            f"传入 generator 时，{zh}。",
            value=str(right),
            name=f"generator: {what}",
        )


def test_defaults_of_sample(candidate, seed):
    """Without settings sample draws what it draws with the defaults written out
    sample 不传设置时，与写明默认值时抽到的相同"""
    rows = logits_of(seed, 3000, V, scale=1.5)
    previous = seen_of(seed, 3000, 3)
    plain = candidate.sample(rows.clone(), previous=previous, generator=made(55))
    spelt = candidate.sample(rows.clone(), 1.0, None, 1.0, 0.0, 1.0, previous, made(55))
    alike = torch.equal(plain, spelt)
    holds(
        alike,
        "With one seed, other tokens are drawn when the defaults are left away: one of them is another.",
        "种子相同，省略默认值与写明默认值抽到的 token 却不同：有的默认值不对。",
        value=str(alike),
        name="sample without settings",
    )


def test_independent(candidate, reference):
    """Rows are drawn independently of each other, and so are calls
    各行相互独立，各次调用也相互独立"""
    row = levels(3, 0, 2, 1, 4, 5)
    p = reference.next_token_probs(row.clone()).cpu()
    alike = (p**2).sum().item()
    generator = made(21)
    calls = [candidate.sample(row.repeat(700, 1), generator=generator) for _ in range(2)]
    within = 5.5 * (alike * (1 - alike) / 700) ** 0.5
    pairs = {
        "neighbouring rows": (torch.cat(calls)[0::2], torch.cat(calls)[1::2]),
        "rows half a batch apart": (calls[0][:350], calls[0][350:]),
        "calls": calls,
    }
    for name, (one, other) in pairs.items():
        wide = within * (2**0.5 if "half" in name else 1)
        near(
            (one == other).double().mean().item(), alike, wide, f"share of equal tokens ({name})",
            "What is drawn for one row or call must not depend on another.",
            "一行或一次调用抽到什么，不应与另一行、另一次有关。",
        )  # fmt: skip


def test_single_rows(candidate, reference):
    """One row at a time, call after call, the tokens are drawn with these probabilities too
    逐行调用许多次，token 的分布也与概率一致"""
    row = levels(5, 3, 1, 0, 2, 4)
    options = {"temperature": 1.4, "top_k": 5, "top_p": 0.97, "repetition_penalty": 1.5}
    previous = torch.tensor([3, 3, 0, -1], device=setting.device)
    p = reference.next_token_probs(row.clone(), previous=previous.clone(), **options).cpu()
    generator = made(34)
    drawn = [
        candidate.sample(row.clone(), previous=previous.clone(), generator=generator, **options)
        for _ in range(400)
    ]
    same([one.shape for one in drawn[:1]], [torch.Size([])], "shape")
    judge(torch.stack(drawn), p, "one row, 400 calls")


def test_works_without_autograd(candidate, reference, seed):
    """It works under inference_mode, and for logits that require gradients
    在 inference_mode 下能用，logits 需要梯度时也能用"""
    given = (1.5, 4, 0.9, 0.05)
    right = reference.next_token_probs(logits_of(seed, 4, V), *given)
    with torch.inference_mode():
        same(candidate.next_token_probs(logits_of(seed, 4, V), *given).clone(), right, "p (inference_mode)")
    grown = logits_of(seed, 4, V).requires_grad_()
    same(candidate.next_token_probs(grown, *given).detach(), right, "p (logits require gradients)")
    found, token = (side.sample(logits_of(seed, 4, V).requires_grad_(), 0) for side in (candidate, reference))
    same(found, token, "token (logits require gradients)")
