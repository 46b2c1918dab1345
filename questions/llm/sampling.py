"""Experiment, draws and evidence for sampling.md."""

TOKENS, LENGTH = 100, 60


def _cut(p, k=None, top_p=None, min_p=None):
    """Rows of probabilities after a filter, renormalised."""
    ordered, order = p.sort(-1, descending=True)
    keep = p.new_ones(p.shape, dtype=bool)
    if k is not None:
        keep[..., k:] = False
    if top_p is not None:
        keep &= ordered.cumsum(-1) - ordered < top_p
    if min_p is not None:
        keep &= ordered >= min_p * ordered[..., :1]
    kept = keep.new_zeros(p.shape).scatter(-1, order, keep) * p
    return kept / kept.sum(-1, keepdim=True)


def worked():
    from math import exp

    shown = []
    for temperature in (1, 2):
        weights = [exp(z / temperature) for z in (2, 1, 0)]
        p = [w / sum(weights) for w in weights]
        shown += [f"{x:.3f}" for x in p] + [f"{p[0] + p[1]:.3f}"]
        if temperature == 1:
            shown += [f"{x / (p[0] + p[1]):.3f}" for x in p[:2]]
    return [*shown, f"{100 * (1 - 0.99**100):.0f}"]


def experiment(off=False):
    import torch

    tail = 0.0 if off else 0.04

    def language(g):
        """Half of the contexts allow 2 successors, half 30; the model puts `tail` on what is impossible."""
        legal = torch.zeros(TOKENS, TOKENS, dtype=torch.float64)
        for token in range(TOKENS):
            count = 2 if token % 2 else 30
            legal[token, torch.randperm(TOKENS, generator=g)[:count]] = 1 / torch.arange(
                1.0, count + 1, dtype=torch.float64
            )
        truth = legal / legal.sum(1, keepdim=True)
        impossible = (legal == 0).double()
        return truth > 0, (1 - tail) * truth + tail * impossible / impossible.sum(1, keepdim=True)

    def clean(model, allowed, g):
        token = torch.randint(TOKENS, (700,), generator=g)
        fine = torch.ones(700, dtype=torch.bool)
        for _ in range(LENGTH):
            after = torch.multinomial(model[token], 1, generator=g)[:, 0]
            fine &= allowed[token, after]
            token = after
        return fine.double().mean().item()

    methods = {
        ("plain, T = 1", "不截断，T = 1"): lambda p: p,
        ("T = 0.7", "T = 0.7"): lambda p: p ** (1 / 0.7) / (p ** (1 / 0.7)).sum(1, keepdim=True),
        ("top-k, k = 10", "top-k，k = 10"): lambda p: _cut(p, k=10),
        ("top-p, p = 0.9", "top-p，p = 0.9"): lambda p: _cut(p, top_p=0.9),
        ("min-p, m = 0.05", "min-p，m = 0.05"): lambda p: _cut(p, min_p=0.05),
    }
    rates, narrow, wide = {}, {}, {}
    for seed in range(3):
        g = torch.Generator().manual_seed(seed)
        allowed, model = language(g)
        for name, method in methods.items():
            filtered = method(model)
            rates.setdefault(name, []).append(clean(filtered, allowed, g))
            left = ((filtered > 0) & allowed).sum(1) / allowed.sum(1)
            narrow[name], wide[name] = left[1::2].mean().item(), left[::2].mean().item()
    plain, _cold, top_k, top_p, _min_p = rates.values()
    if off:
        assert all(min(rate) == 1 for rate in rates.values()), "without a tail nothing goes wrong"
    else:
        assert all(abs(rate - 0.96**LENGTH) < 0.04 for rate in plain), "plain sampling compounds the tail"
        assert min(top_p) > 0.99, "top-p cuts the tail off"
        assert 0.7 < min(top_k) <= max(top_k) < 0.98, "top-k lets some of it in where 2 tokens are possible"
    mean = {name: 100 * sum(rate) / len(rate) for name, rate in rates.items()}
    shown = [round(value) for value in mean.values()]
    says = (
        (
            f"Without a tail all {shown[0]} % of the texts are clean, however they are drawn: there is nothing to cut, "
            "and filters only remove possible tokens.",
            f"没有尾部，无论怎么抽，{shown[0]} % 的文本都没有错：无可截，截断只会去掉合理的 token。",
        )
        if off
        else (
            f"{LENGTH} tokens without one impossible token: {shown[0]} % of the texts when drawn plainly, {shown[1]} % at "
            f"T = 0.7, {shown[2]} % with top-k, {shown[3]} % with top-p, {shown[4]} % with min-p. Top-k keeps 8 impossible "
            "tokens where 2 are possible, and loses 20 possible ones where there are 30.",
            f"{LENGTH} 个 token 中没有一个不可能的：不截断时占 {shown[0]} %，T = 0.7 时 {shown[1]} %，top-k {shown[2]} %，"
            f"top-p {shown[3]} %，min-p {shown[4]} %。top-k 在只有 2 个合理 token 的地方放进 8 个不可能的，在有 30 个的"
            "地方丢掉 20 个合理的。",
        )
    )
    return {
        "says": says,
        "off": (
            "the model gives nothing to impossible tokens",
            "模型不给不可能的 token 任何概率",
        ),
        "title": (
            "Clean texts, and the possible tokens that are left",
            "无错文本的比例，以及还剩多少合理的 token",
        ),
        "chart": "table",
        "columns": [
            ("sampler", "采样方式"),
            ("clean texts", "无错文本"),
            ("left of 2", "2 个里剩"),
            ("left of 30", "30 个里剩"),
        ],
        "rows": [
            [name, f"{mean[name]:.0f} %", f"{100 * narrow[name]:.0f} %", f"{100 * wide[name]:.0f} %"]
            for name in methods
        ],
    }


def kept_draw(rng):
    def count(weights, p):
        total, so_far = sum(weights), 0
        for number, weight in enumerate(weights, 1):
            so_far += weight
            if abs(so_far / total - p) < 0.01:
                return -99  # too near the edge for a calculation by hand
            if so_far / total > p:
                return number
        return len(weights)

    while True:
        n = rng.choice([7, 8, 9])
        roots = sorted((rng.choice([1, 1, 2, 2, 3, 4, 5, 6]) for _ in range(n - 1)), reverse=True)
        roots = [max(roots) + rng.randint(1, 3), *roots]
        p = rng.choice([0.75, 0.8, 0.85, 0.9])
        answer = count(roots, p)
        before = count([r**2 for r in roots], p)
        sharper = count([r**4 for r in roots], p)
        values = [answer, before, answer - 1, sharper]
        if min(values) > 0 and len(set(values)) == 4:
            return {
                "n": n,
                "weights": " : ".join(str(r * r) for r in roots),
                "roots": " : ".join(map(str, roots)),
                "total": sum(roots),
                "p": p,
                "answer": answer,
                "before": before,
                "below": answer - 1,
                "sharper": sharper,
            }


def kept_evidence(drawn):
    import torch

    z = torch.tensor([float(w) for w in drawn["weights"].split(" : ")], dtype=torch.float64).log()
    left = int((_cut((z / 2).softmax(-1), top_p=drawn["p"]) > 0).sum())
    return [left == drawn[name] for name in ("answer", "before", "below", "sharper")]


def swap_evidence():
    import torch

    g = torch.Generator().manual_seed(0)
    z = 2 * torch.randn(200, 12, generator=g, dtype=torch.float64)
    seen = torch.rand(200, 12, generator=g) < 0.4
    t = 1.7

    def temperature(z):
        return z / t

    def penalty(z):
        return torch.where(seen, torch.where(z > 0, z / 1.3, z * 1.3), z)

    steps = [
        lambda z: _cut(z.softmax(-1), k=4).log(),
        lambda z: _cut(z.softmax(-1), top_p=0.8).log(),
        penalty,
        lambda z: z - 0.8 * seen,
        lambda z: _cut(z.softmax(-1), min_p=0.2).log(),
    ]
    return [
        torch.allclose(step(temperature(z)).softmax(-1), temperature(step(z)).softmax(-1)) for step in steps
    ]


def adaptive_evidence():
    import torch

    narrow = torch.tensor([0.6, 0.37] + [0.03 / 98] * 98, dtype=torch.float64)
    wide = torch.tensor([0.97 / 50] * 50 + [0.03 / 50] * 50, dtype=torch.float64)

    def left(p, **how):
        return int((_cut(p, **how) > 0).sum())

    by_share, by_count = [[left(p, **how) for p in (narrow, wide)] for how in ({"top_p": 0.95}, {"k": 10})]
    follows = by_share[0] == 2 and 45 <= by_share[1] <= 50 and by_count == [10, 10]
    renormalised = [_cut(narrow, **how)[0].item() > 0.6 for how in ({"k": 10}, {"top_p": 0.95})]
    only_top_k_renormalises = renormalised == [True, False]
    equal = len(set(_cut(narrow, k=2)[:2].tolist())) == 1
    return [None, only_top_k_renormalises, follows, equal]


def shift_evidence():
    import torch

    g = torch.Generator().manual_seed(0)
    z = torch.randn(100, 12, generator=g, dtype=torch.float64)
    seen = torch.rand(100, 12, generator=g) < 0.4

    def penalty(z):
        return torch.where(seen, torch.where(z > 0, z / 1.3, z * 1.3), z).softmax(-1)

    steps = [
        lambda z: (z / 1.7).softmax(-1),
        lambda z: _cut(z.softmax(-1), top_p=0.8),
        lambda z: _cut(z.softmax(-1), min_p=0.2),
        penalty,
    ]
    return [not torch.allclose(step(z), step(z + 3)) for step in steps]


def clean_evidence():
    import torch

    p = torch.tensor([0.96 / 2] * 2 + [0.04 / 98] * 98, dtype=torch.float64)
    plain = (1 - p[2:].sum().item()) ** LENGTH
    cut = (1 - _cut(p, top_p=0.9)[2:].sum().item()) ** LENGTH
    few, many = abs(plain - 0.09) < 0.01, abs(plain - 0.96) < 0.01
    helps, same = cut > 0.99, abs(cut - plain) < 0.01
    return [many and helps, many and same, few and helps, few and same]


def moved_evidence():
    import torch

    g = torch.Generator().manual_seed(0)
    ranks = torch.arange(1.0, 5001, dtype=torch.float64)
    z = -1.6 * ranks.log() + 0.3 * torch.randn(5000, generator=g, dtype=torch.float64)
    good = 200  # what lies behind the first 200 tokens is odd

    def odd(p):
        return p.sort(descending=True)[0][good:].sum().item()

    after = _cut(z.softmax(-1), top_p=0.9)  # cut at T = 1, then flattened
    after = after ** (1 / 1.5) / (after ** (1 / 1.5)).sum()
    before = _cut((z / 1.5).softmax(-1), top_p=0.9)
    rounded = _cut((z.bfloat16().double() / 1.5).softmax(-1), top_p=0.9)
    by_order = odd(before) > 10 * odd(after) + 0.01
    by_rounding = abs(odd(rounded) - odd(before)) > 0.05
    samples = [
        torch.multinomial(before, 20000, replacement=True, generator=torch.Generator().manual_seed(s))
        for s in (1, 2)
    ]
    kept = before.sort(descending=True)[1][good:]
    rates = [torch.isin(sample, kept).double().mean().item() for sample in samples]
    by_generator = abs(rates[0] - rates[1]) > 0.05
    return [by_generator, by_order, by_rounding, None]


def aloud_evidence():
    import torch

    g = torch.Generator().manual_seed(0)
    z = 2 * torch.randn(50, 30, generator=g, dtype=torch.float64)
    cold, hot = ((z / t).softmax(-1) for t in (0.5, 2))
    sharper = bool((cold.amax(-1) > hot.amax(-1)).all()) and torch.equal(cold.argsort(-1), hot.argsort(-1))
    sums = [_cut(z.softmax(-1), **how).sum(-1) for how in ({"k": 5}, {"top_p": 0.8}, {"min_p": 0.1})]
    renormalised = all(torch.allclose(s, torch.ones(50, dtype=torch.float64)) for s in sums)
    compounds = 1 - 0.99**300 > 0.9
    kept = [int((_cut((z / t).softmax(-1), top_p=0.9) > 0).sum()) for t in (1.0, 2.0)]
    return [sharper, renormalised, compounds, kept[1] > kept[0], None]
