"""Experiment, draws and evidence for linear_attention.md."""


def worked():
    import torch

    k, v, q = torch.tensor([[1.0, 2], [2, 1]]), torch.tensor([4.0, 1]), torch.tensor([2.0, 1])
    weights = k @ q
    state, z = v @ k, k.sum(0)
    as_attention, as_rnn = weights @ v / weights.sum(), state @ q / (z @ q)
    assert torch.allclose(as_attention, as_rnn)
    first, second = (f"({a:.0f}, {b:.0f})" for a, b in (state.tolist(), z.tolist()))
    return [f"{as_attention.item():.3f}", first, second, f"{128 * 128 / (2 * 128):.0f} "]


def _found(seed, items, width, softmax=False, orthogonal=False, repeats=4, length=None):
    """Share of the values that are found by their own key; the keys are √width long, if not `length`."""
    import torch
    from torch.nn.functional import normalize

    g = torch.Generator().manual_seed(seed)
    right = 0.0
    for _ in range(repeats):
        keys = normalize(torch.randn(items, width, generator=g), dim=-1)
        if orthogonal:
            keys = torch.linalg.qr(torch.randn(width, width, generator=g))[0][:items]
        values = normalize(torch.randn(items, width, generator=g), dim=-1)
        scores = keys @ keys.T * (length**2 if length else width) / width**0.5
        read = scores.softmax(-1) @ values if softmax else keys @ (keys.T @ values)
        right += ((read @ values.T).argmax(1) == torch.arange(items)).float().mean().item()
    return right / repeats


def experiment(off=False):
    counts = [4, 8, 16, 32] if off else [8, 16, 32, 64, 128, 256, 512, 1024]
    seeds = range(3)

    def curve(width, softmax=False):
        runs = [[_found(s, n, width, softmax, off) for n in counts] for s in seeds]
        return runs, [sum(run[i] for run in runs) / len(runs) for i in range(len(counts))]

    (all_soft, soft), (all_narrow, narrow), (all_wide, wide) = curve(32, True), curve(32), curve(64)
    if off:
        assert min(map(min, all_narrow)) == 1, "with orthogonal keys the state finds everything"
        says = (
            f"With orthogonal keys the linear state of width 32 finds {narrow[-1]:.0%} of {counts[-1]} items: nothing is "
            "disturbed. But there are no more than 32 orthogonal keys of this width.",
            f"key 相互正交时，宽 32 的线性状态能找对 {counts[-1]} 条中的 {narrow[-1]:.0%}：没有任何干扰。但这个宽度下，正交的 key "
            "最多只有 32 个。",
        )
    else:
        at = counts.index
        for run in all_soft:
            assert min(run) > 0.95, "softmax attention finds nearly all"
        for run in all_narrow:
            assert run[at(64)] > 0.6 > 0.3 > run[at(512)], "the state of width 32 is soon full"
        for run, other in zip(all_wide, all_narrow, strict=True):
            assert run[at(256)] > other[at(256)] + 0.2, "a wider state holds more"
        says = (
            f"Found with a linear state of width 32: {narrow[at(64)]:.0%} of 64 items, {narrow[at(512)]:.0%} of 512; of width "
            f"64: {wide[at(64)]:.0%} and {wide[at(512)]:.0%}. Softmax attention of width 32 finds {soft[-1]:.0%} of 1024 "
            "(means of 3 seeds).",
            f"宽 32 的线性状态：64 条找对 {narrow[at(64)]:.0%}，512 条找对 {narrow[at(512)]:.0%}；宽 64 的：{wide[at(64)]:.0%} 和 "
            f"{wide[at(512)]:.0%}。宽 32 的 softmax 注意力，1024 条找对 {soft[-1]:.0%}（3 个随机种子的平均）。",
        )
    return {
        "says": says,
        "off": ("the keys are orthogonal, and at most 32", "key 相互正交，且不超过 32 个"),
        "title": ("Looking up one of n items", "从 n 条里查一条"),
        "chart": "curves",
        "x": counts,
        "log_x": True,
        "x_label": ("items stored", "存了多少条"),
        "y_label": ("share found", "找对的比例"),
        "series": [
            (("softmax attention, d = 32", "softmax 注意力，d = 32"), soft),
            (("linear state, d = 32", "线性状态，d = 32"), narrow),
            (("linear state, d = 64", "线性状态，d = 64"), wide),
        ],
    }


def forgets_evidence():
    def runs(items, **kind):
        return [_found(seed, items, 32, **kind) for seed in (10, 11, 12)]

    soft, few, more, many = runs(1024, softmax=True), runs(34), runs(64), runs(512)
    assert max(runs(64, softmax=True, length=1)) < 0.1 < 0.5 < min(more), "flat scores: softmax blurs, too"
    return [
        min(soft + many) > 0.9,
        all(abs(a - b) < 0.1 for a, b in zip(soft, many, strict=True)),
        max(few) < 0.2,
        min(soft) > 0.95 and min(more) > 0.5 > max(many),
    ]


def brackets_evidence():
    import torch

    g = torch.Generator().manual_seed(0)
    q, k = torch.randn(2, 8, 3, generator=g, dtype=torch.float64)
    v = torch.randn(8, 3, generator=g, dtype=torch.float64)
    splits = torch.allclose((q @ k.T).exp(), q.exp() @ k.exp().T)
    f = torch.nn.functional.elu
    fq, fk = f(q) + 1, f(k) + 1
    once = torch.allclose((fq @ fk.T) @ v, fq @ (fk.T @ v))
    return [splits, once, None, None]


def crossover_draw(rng):
    while True:
        heads, groups = rng.choice([(32, 8), (32, 4), (64, 8), (40, 8), (16, 4), (32, 16), (64, 16), (28, 4)])
        kind, size = rng.choice([("float32", 4), ("bfloat16", 2)])
        answer = heads * 128 * size / (2 * groups * 2)
        values = {
            "answer": answer,
            "one_of_two": 2 * answer,
            "other_heads": 128 * size / 4,
            "width": 128.0,
        }
        if len(set(values.values())) == 4:
            return {"heads": heads, "groups": groups, "kind": kind, "bytes": size} | values


def crossover_evidence(drawn):
    import torch

    kind = getattr(torch, drawn["kind"])
    state = torch.empty(drawn["heads"], 128, 128, dtype=kind, device="meta").nbytes
    token = 2 * torch.empty(drawn["groups"], 128, dtype=torch.bfloat16, device="meta").nbytes
    return [
        abs(drawn[k] * token / state - 1) < 0.01 for k in ("answer", "one_of_two", "other_heads", "width")
    ]


def half_life_draw(rng):
    from math import log

    a = rng.choice([0.8, 0.9, 0.95, 0.96, 0.97, 0.98, 0.985, 0.99, 0.995])
    half = log(2) / -log(a)
    values = {"answer": half, "e_fold": 1 / (1 - a), "linear": 0.5 / (1 - a), "double": 2 * half}
    return {"a": a} | {k: float(f"{v:.4g}") for k, v in values.items()}


def half_life_evidence(drawn):
    a, left, tokens = drawn["a"], 1.0, 0
    while left * a > 0.5:
        left, tokens = left * a, tokens + 1
    reached = tokens + (left - 0.5) / (left - left * a)  # between two tokens, in a straight line
    return [abs(drawn[k] / reached - 1) < 0.01 for k in ("answer", "e_fold", "linear", "double")]


def directory_evidence():
    """A state finds fewer the more it holds, however often it is read; beside it, an attention over all items."""
    few, many = (_found(0, n, 32) for n in (20, 600))
    twin = _found(0, 600, 32, softmax=True)
    full = few > 0.95 and many < 0.3 < 0.95 < twin
    greedy_helps = many > 0.9  # the nearest value was taken, with no chance in it
    return [None, full, None, greedy_helps]
