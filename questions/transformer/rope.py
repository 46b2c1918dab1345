"""Experiment, draws and evidence for rope.md."""


def _turn(x, positions, base=10000.0):
    """x (…, T, D) turned by its positions (T,), neighbours in pairs."""
    import torch

    d = x.shape[-1]
    angles = positions.double()[:, None] * base ** (-torch.arange(0, d, 2, dtype=torch.float64) / d)
    pairs = torch.view_as_complex(x.double().unflatten(-1, (-1, 2)).contiguous())
    return torch.view_as_real(pairs * torch.polar(torch.ones_like(angles), angles)).flatten(-2)


def worked():
    import torch

    one = torch.tensor([[1.0, 0.0]])
    q, k = (_turn(one, torch.tensor([p]))[0] for p in (3, 1))

    def shown(v):
        return "(" + ", ".join(f"{x:.3f}".replace("-", "−") for x in v.tolist()) + ")"

    turns = 4096 * 10000.0 ** (-torch.arange(0, 128, 2) / 128) / (2 * torch.pi)
    slow = (turns < 1).sum().item()
    return [shown(q), shown(k), f"{(q @ k).item():.3f}".replace("-", "−"), f"{slow}"]


def _scores(rotary, seed, places, offset=5, d=32):
    """The score of one query and one key `offset` before it, wherever the pair stands."""
    import torch

    g = torch.Generator().manual_seed(seed)
    x, y = (torch.randn(d, generator=g, dtype=torch.float64) for _ in range(2))  # contents
    w_q, w_k = (torch.randn(d, d, generator=g, dtype=torch.float64) / d**0.5 for _ in range(2))
    if rotary:
        count = len(places)
        q, k = (x @ w_q).expand(count, d), (y @ w_k).expand(count, d)
        q, k = _turn(q, places + offset), _turn(k, places)
    else:
        angles = torch.arange(0, d, 2, dtype=torch.float64) / d

        def sinusoids(p):
            a = p.double()[:, None] / 10000**angles
            return torch.stack([a.sin(), a.cos()], dim=-1).flatten(1)

        q, k = (x + sinusoids(places + offset)) @ w_q, (y + sinusoids(places)) @ w_k
    return (q * k).sum(-1) / d**0.5


def experiment(off=False):
    import torch

    places = torch.arange(0, 4001, 20)
    runs = [_scores(not off, seed, places) for seed in range(3)]
    spread = [(run.max() - run.min()).item() for run in runs]
    size = sum(run.abs().mean().item() for run in runs) / 3
    if off:
        assert min(spread) > 0.5 * size, "with sinusoids the score depends on the place"
        says = (
            f"With sinusoids added to the tokens the same pair's score varies by {min(spread):.2f} to {max(spread):.2f} (largest "
            f"minus smallest) on its way, at a mean size of {size:.2f}. Three seeds.",
            f"给 token 加正弦编码时，同一对的分数一路上变化 {min(spread):.2f} 到 {max(spread):.2f}（最大减最小），"
            f"而分数的平均大小是 {size:.2f}。三个种子。",
        )
    else:
        assert max(spread) < 1e-9, "with RoPE it does not"
        says = (
            f"Moved from position 0 to 4,000, the pair keeps its score up to {max(spread):.0e} (largest minus smallest): "
            f"rounding. Scores are of size {size:.2f}; three seeds.",
            f"从位置 0 移到 4,000，这一对的分数最多相差 {max(spread):.0e}（最大减最小），只是舍入误差。分数的大小约 {size:.2f}；三个种子。",
        )
    n = 24
    g = torch.Generator().manual_seed(1)
    x = torch.randn(32, generator=g, dtype=torch.float64).expand(n, 32)  # one content at 24 places
    p = torch.arange(n)
    if off:
        w_q, w_k = (torch.randn(32, 32, generator=g, dtype=torch.float64) / 32**0.5 for _ in range(2))
        a = p.double()[:, None] / 10000 ** (torch.arange(0, 32, 2, dtype=torch.float64) / 32)
        tokens = x + torch.stack([a.sin(), a.cos()], dim=-1).flatten(1)
        picture = (tokens @ w_q) @ (tokens @ w_k).T
    else:
        picture = _turn(x, p) @ _turn(x, p).T
    return {
        "says": says,
        "off": ("sinusoids added instead of a rotation", "不旋转，改为加正弦编码"),
        "charts": [
            {
                "chart": "curves",
                "title": (
                    "Score of one pair, 5 tokens apart, on its way",
                    "相距 5 个 token 的一对，一路上的分数",
                ),
                "x": places.tolist(),
                "x_label": ("position", "位置"),
                "y_label": ("score", "分数"),
                "series": [((f"seed {s}", f"种子 {s}"), run.tolist()) for s, run in enumerate(runs)],
            },
            {
                "chart": "picture",
                "title": (
                    "Scores of one and the same content at 24 places",
                    "同一内容放在 24 个位置上，两两的分数",
                ),
                "values": picture.tolist(),
                "rows": [str(i) for i in range(n)],
            },
        ],
    }


def not_v_evidence():
    import torch

    g = torch.Generator().manual_seed(0)
    n, d = 6, 8
    q, k, v = (torch.randn(n, d, generator=g, dtype=torch.float64) for _ in range(3))
    p = torch.arange(n)

    def out(shift, turn_v):
        weights = (_turn(q, p + shift) @ _turn(k, p + shift).T / d**0.5).softmax(-1)
        return weights @ (_turn(v, p + shift) if turn_v else v)

    lengths_change = not torch.allclose(_turn(v, p).norm(dim=1), v.norm(dim=1))
    absolute = not torch.allclose(out(0, True), out(40, True), atol=1e-3)
    relative = torch.allclose(out(0, False), out(40, False))
    return [lengths_change, absolute and relative, None, None]


def score_draw(rng):
    from math import cos, sin

    while True:
        a, b, c, e = (rng.randint(-3, 3) for _ in range(4))
        theta, m, n = rng.choice([0.1, 0.2, 0.5]), rng.randint(1, 20), rng.randint(1, 20)

        def product(angle, a=a, b=b, c=c, e=e):
            return a * (c * cos(angle) - e * sin(angle)) + b * (c * sin(angle) + e * cos(angle))

        angle = (n - m) * theta
        values = [product(angle), product(0), product(n * theta), product((n + m) * theta)]
        if (
            m == n
            or min(abs(x - y) for i, x in enumerate(values) for y in values[:i]) < 0.3
            or abs(values[0]) < 0.5
        ):
            continue
        shown = dict(
            zip(("answer", "plain", "key_only", "total"), (round(v, 3) for v in values), strict=True)
        )
        return {
            "a": a,
            "b": b,
            "c": c,
            "e": e,
            "theta": theta,
            "m": m,
            "n": n,
            "angle": round(angle, 2),
        } | shown


def score_evidence(drawn):
    import torch

    def turned(x, y, position):
        angle = torch.tensor(position * drawn["theta"], dtype=torch.float64)
        return torch.tensor([x, y], dtype=torch.float64) @ torch.stack(
            [torch.stack([angle.cos(), angle.sin()]), torch.stack([-angle.sin(), angle.cos()])]
        )

    q = turned(drawn["a"], drawn["b"], drawn["m"])
    k = turned(drawn["c"], drawn["e"], drawn["n"])
    product = (q @ k).item()
    return [
        abs(product - drawn[name]) < 0.02 * abs(product) for name in ("answer", "plain", "key_only", "total")
    ]


def slide_evidence():
    import torch

    places = torch.arange(0, 4001, 20)
    fixed, varies, decays = [], [], []
    for seed in range(3):
        rotary, added = _scores(True, seed, places), _scores(False, seed, places)
        fixed.append((rotary.max() - rotary.min()).item() < 1e-9)
        varies.append((added.max() - added.min()).item() > 0.5 * added.abs().mean().item())
        decays.append(rotary[-1].abs().item() < 0.5 * rotary[0].abs().item())
    waves = not all(fixed)
    return [all(fixed) and all(varies), all(fixed) and not any(varies), all(decays), waves]


def interpolated_draw(rng):
    trained = rng.choice([2048, 4096, 8192])
    stretch = rng.choice([2, 4, 8, 16])
    p = rng.randint(trained + 1, trained * stretch - 2)
    return {
        "trained": trained,
        "longer": trained * stretch,
        "stretch": stretch,
        "p": p,
        "next": p + 1,
        "answer": 1 / stretch,
        "absolute": round(p / stretch, 1),
    }


def interpolated_evidence(drawn):
    import torch

    places = torch.linspace(
        0, drawn["trained"], drawn["longer"] + 1, dtype=torch.float64
    )  # squeezed into the old range
    step = (places[drawn["next"]] - places[drawn["p"]]).item()
    return [
        abs(step / value - 1) < 0.01 for value in (drawn["answer"], 1, drawn["stretch"], drawn["absolute"])
    ]


def larger_base_evidence():
    import torch

    def angles(base):
        x = torch.zeros(1, 128, dtype=torch.float64)
        x[0, 0::2] = 1
        turned = _turn(x, torch.tensor([1]), base)[0].unflatten(0, (-1, 2))
        return torch.atan2(turned[:, 1], turned[:, 0])

    ratio = angles(10_000.0) / angles(500_000.0)
    fast, slow = ratio[0].item(), ratio[63].item()

    def near(value, wanted):
        return abs(value / wanted - 1) < 0.03

    return [
        near(fast, 50) and near(slow, 50),
        near(fast, 50) and near(slow, 1),
        near(fast, 1) and near(slow, 47),
        near(fast, 1) and near(slow, 7),
    ]


def past_4096_evidence():
    import torch

    theta = 10000.0 ** (-torch.arange(0, 128, 2, dtype=torch.float64) / 128)
    trained, longer = torch.arange(4096), torch.arange(8192)
    exact = longer.double()[:, None] * theta
    noise = ((longer.float()[:, None] * theta.float()).double() - exact).abs().max().item()

    def new_angles(pairs):  # share of the later angles that are not within 0.02 radian of one met in training
        found = 0
        for i in pairs:
            old = (trained.double() * theta[i]).remainder(2 * torch.pi).sort().values
            late = (longer[4096:].double() * theta[i]).remainder(2 * torch.pi)
            at = torch.searchsorted(old, late).clamp(1, len(old) - 1)
            gap = torch.minimum((old[at] - late).abs(), (old[at - 1] - late).abs())
            found += (gap > 0.02).double().mean().item()
        return found / len(pairs)

    slow = [i for i in range(64) if 4096 * theta[i] < 2 * torch.pi]
    fast = [i for i in range(64) if 4096 * theta[i] > 200 * torch.pi]
    return [
        None,
        noise > 0.05,
        len(slow) == 18 and new_angles(slow) > 0.5,
        new_angles(fast) > 0.1,
    ]


def renumbered_evidence():
    import torch

    g = torch.Generator().manual_seed(0)
    d = 64
    q, k = (torch.randn(1, d, generator=g, dtype=torch.float64) for _ in range(2))
    v, at = torch.randn(8, d, generator=g, dtype=torch.float64), torch.tensor
    meant = (_turn(q, at([4000])) @ _turn(k, at([3999])).T).item()  # the key right before
    seen = (_turn(q, at([3000])) @ _turn(k, at([3999])).T).item()
    future = (_turn(q, at([0])) @ _turn(k, at([999])).T).item()
    mended = (_turn(q, at([3000])) @ _turn(_turn(k, at([3999])), at([-1000])).T).item()
    wrong_offset = abs(seen - meant) > 0.1 and abs(seen - future) < 1e-9 and abs(mended - meant) < 1e-9
    keys = torch.randn(8, d, generator=g, dtype=torch.float64)
    old, mine = torch.arange(3992, 4000), at([4000])
    right = (_turn(q, mine) @ _turn(keys, old).T).softmax(-1) @ v
    back = (_turn(q, mine - 1000) @ _turn(_turn(keys, old), at([-1000])).T).softmax(-1) @ v
    values_turned = not torch.allclose(right, back)  # keys turned back are enough, values stay as they are
    two = _turn(torch.cat([k, k]), at([3000, 3000]))
    cancel = (_turn(q, at([3000])) @ two.T).softmax(-1).sum().item() < 0.5
    return [None, values_turned, wrong_offset, cancel]
