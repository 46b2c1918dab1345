"""k-means and kNN: rounds by hand, local minima, units, and distances that become alike."""


def _ratio(seed, dimensions, plane=False, points=500, queries=20):
    """Farthest over nearest distance, mean over queries; `plane`: the points lie on a plane in that space."""
    import torch

    g = torch.Generator().manual_seed(seed)
    inner = 2 if plane else dimensions
    x, q = torch.rand(points, inner, generator=g), torch.rand(queries, inner, generator=g)
    if plane:
        axes, _r = torch.linalg.qr(torch.randn(dimensions, 2, generator=g))
        x, q = x @ axes.mT, q @ axes.mT
    distances = torch.cdist(q, x, compute_mode="donot_use_mm_for_euclid_dist")
    return (distances.amax(1) / distances.amin(1)).median().item()


def concentrate_evidence():
    flat = [_ratio(seed, 2) for seed in range(3)]
    assert min(flat) > 24
    deep = [_ratio(seed, 1000) for seed in range(3)]
    return [min(deep) > 1000, min(deep) > 24, max(deep) < 1.3, max(deep) < 1]


def one_round_draw(rng):
    while True:
        points = sorted(rng.sample(range(1, 30), 5))
        c1, c2 = sorted(rng.sample(points, 2))
        left = [x for x in points if abs(x - c1) < abs(x - c2)]
        right = [x for x in points if abs(x - c1) > abs(x - c2)]
        if len(left) + len(right) < 5 or min(len(left), len(right)) < 2:
            continue
        m1, m2, m = sum(left) / len(left), sum(right) / len(right), sum(points) / 5
        values = {
            "answer": sum((x - m1) ** 2 for x in left) + sum((x - m2) ** 2 for x in right),
            "before": sum(min((x - c1) ** 2, (x - c2) ** 2) for x in points),
            "absolute": sum(abs(x - m1) for x in left) + sum(abs(x - m2) for x in right),
            "single": sum((x - m) ** 2 for x in points),
        }
        numbers = list(values.values())
        if all(abs(a / b - 1) > 0.05 for i, a in enumerate(numbers) for b in numbers[:i]):
            shown = {name: f"{value:.2f}" for name, value in values.items()}
            groups = {
                "left": "{" + ", ".join(map(str, left)) + "}",
                "right": "{" + ", ".join(map(str, right)) + "}",
            }
            centres = {"c1": c1, "c2": c2, "m1": f"{m1:.3g}", "m2": f"{m2:.3g}"}
            return shown | groups | centres | {"points": ", ".join(map(str, points))}


def one_round_evidence(drawn):
    import torch

    x = torch.tensor([float(v) for v in drawn["points"].split(", ")], dtype=torch.float64)
    centres = torch.tensor([drawn["c1"], drawn["c2"]], dtype=torch.float64)
    group = (x[:, None] - centres).abs().argmin(1)
    total = sum(((x[group == c] - x[group == c].mean()) ** 2).sum().item() for c in (0, 1))
    return [abs(float(drawn[name]) - total) < 0.006 for name in ("answer", "before", "absolute", "single")]


def query_cost_draw(rng):
    millions, d = rng.choice([1, 2, 5, 10, 20]), rng.choice([384, 512, 768, 1024, 1536])
    dtype, size = rng.choice([("float32", 4), ("float16", 2)])
    gigabytes = millions * d * size / 1000
    return {
        "millions": millions,
        "d": d,
        "dtype": dtype,
        "bytes": size,
        "answer": float(f"{gigabytes:.4g}"),
        "elements": float(f"{millions * d / 1000:.4g}"),
        "per_thousand": float(f"{gigabytes / 1000:.4g}"),
        "bits": float(f"{8 * gigabytes:.4g}"),
    }


def query_cost_evidence(drawn):
    import torch

    one = torch.empty(drawn["d"], dtype=getattr(torch, drawn["dtype"]))
    gigabytes = one.untyped_storage().nbytes() * drawn["millions"] * 1e6 / 1e9
    return [
        abs(drawn[name] / gigabytes - 1) < 0.01 for name in ("answer", "elements", "per_thousand", "bits")
    ]


def _kmeans(x, centres, rounds=30):
    import torch

    values = []
    for _ in range(rounds):
        distances = torch.cdist(x, centres)
        near, group = distances.min(1)
        values.append(near.square().sum().item())
        centres = torch.stack(
            [x[group == c].mean(0) if (group == c).any() else centres[c] for c in range(len(centres))]
        )
    return values


def starts_evidence():
    import torch

    rises, different = False, []
    for seed in range(3):
        g = torch.Generator().manual_seed(seed)
        middles = 6 * torch.randn(8, 2, generator=g, dtype=torch.float64)
        x = (middles[:, None] + 0.5 * torch.randn(8, 25, 2, generator=g, dtype=torch.float64)).flatten(0, 1)
        ends = []
        for _ in range(20):
            values = _kmeans(x, x[torch.randperm(200, generator=g)[:8]])
            rises = rises or any(b > a + 1e-9 for a, b in zip(values, values[1:], strict=False))
            assert values[-1] == values[-2]  # at rest: a local minimum
            ends.append(values[-1])
        different.append(max(ends) > 1.5 * min(ends))
        at_mean = (x - x.mean(0)).square().sum().item()
        assert (x - x.median(0).values).square().sum().item() > at_mean  # the mean is the minimiser
    return [rises, all(different), None, None]


def statements_evidence():
    import torch

    own, smaller, majority, bend = [], [], [], []
    for seed in range(3):
        g = torch.Generator().manual_seed(seed)
        x = torch.randn(60, 2, generator=g, dtype=torch.float64)
        y = (torch.rand(60, generator=g) < 0.4).long()
        own.append(bool((y[torch.cdist(x, x).argmin(1)] == y).all()))
        best = [
            min(_kmeans(x, x[torch.randperm(60, generator=g)[:k]])[-1] for _ in range(4))
            for k in (1, 4, 12, 60)
        ]
        smaller.append(best[0] > best[1] > best[2] > best[3] and best[3] < 1e-12)
        bend.append(best.index(min(best)) != 3)
        everyone = torch.cdist(x, x).argsort(1)[:, :60]
        majority.append(len(y[everyone].double().mean(1).round(decimals=9).unique()) == 1)
    return [all(own), None, all(smaller), any(bend), not all(majority)]


def units_evidence():
    import torch

    def accuracy(seed, n=400, k=5, scaled=False):
        g = torch.Generator().manual_seed(seed)
        total = n + 400
        age, income = (
            20 + 50 * torch.rand(total, generator=g),
            30_000 + 270_000 * torch.rand(total, generator=g),
        )
        flipped = torch.rand(total, generator=g) < 0.15
        y = ((age > 45) ^ flipped).double()
        x = torch.stack([age, income], 1)
        x = (x - x[:n].mean(0)) / x[:n].std(0) if scaled else x
        near = torch.cdist(x[n:], x[:n], compute_mode="donot_use_mm_for_euclid_dist").topk(k, largest=False)
        return ((y[:n][near.indices].mean(1) > 0.5).double() == y[n:]).double().mean().item()

    plain = [accuracy(seed) for seed in range(3)]
    larger = [accuracy(seed, k=25) for seed in range(3)]
    more = [accuracy(seed, n=2000) for seed in range(3)]
    scaled = [accuracy(seed, scaled=True) for seed in range(3)]
    assert max(plain) < 0.65
    return [min(larger) > 0.7, min(more) > 0.7, None, min(scaled) > 0.75]


def worked():
    import torch

    x, centres = torch.tensor([[1.0], [2.0], [6.0], [9.0]], dtype=torch.float64), [1.0, 2.0]
    shown = []
    for _ in range(2):
        group = (x - torch.tensor(centres, dtype=torch.float64)).abs().argmin(1)
        centres = [x[group == c].mean().item() for c in (0, 1)]
        shown.append(centres)
    j = _kmeans(x, torch.tensor(shown[1], dtype=torch.float64)[:, None], rounds=1)[0]
    return [f"{shown[0][1]:.3f}", f"{shown[1][0]:.1f}", f"{shown[1][1]:.1f}", f"J = {j:.0f}"]


def experiment(off=False):
    dimensions = [2, 5, 10, 30, 100, 300, 1000]
    runs = [[_ratio(seed, d, plane=off) for seed in range(3)] for d in dimensions]
    means = [sum(values) / 3 for values in runs]
    if off:
        assert min(map(min, runs)) > 24, "on a plane the ratio stays, in whatever space"
        says = (
            f"Points on a plane that lies in a space of 2 to 1,000 dimensions: the ratio is {means[0]:.0f} to {means[-1]:.0f}. "
            "What counts is in how many directions the data vary.",
            f"点在一个平面上，平面放在 2 到 1,000 维的空间里：比值是 {means[0]:.0f} 到 {means[-1]:.0f}。"
            "起作用的是数据在多少个方向上变化。",
        )
    else:
        assert min(runs[0]) > 24 and max(runs[-1]) < 1.3, "the ratio tends to one"
        says = (
            f"Among 500 random points the farthest is {means[0]:.0f} times as far as the nearest in 2 dimensions, {means[2]:.1f} times "
            f"in 10, {means[4]:.2f} in 100, {means[-1]:.2f} in 1,000.",
            f"500 个随机点里，最远的距离是最近的多少倍：2 维 {means[0]:.0f}，10 维 {means[2]:.1f}，100 维 {means[4]:.2f}，"
            f"1,000 维 {means[-1]:.2f}。",
        )
    return {
        "says": says,
        "off": ("points on a plane within that space", "点都在该空间的一个平面上"),
        "title": ("Farthest over nearest distance", "最远距离除以最近距离"),
        "chart": "curves",
        "x": dimensions,
        "x_label": ("dimensions", "维数"),
        "log_x": True,
        "log_y": True,
        "series": [(("ratio", "比值"), means)],
    }
