"""Experiment, draws and evidence for dice_hinge_huber.md."""


def huber_value_draw(rng):
    while True:
        delta = rng.choice([0.5, 1, 2])
        errors = [rng.choice([-1, 1]) * rng.randint(1, 60) / 10 for _ in range(3)]
        sizes = [abs(e) for e in errors]
        if not min(sizes) < delta < max(sizes):
            continue

        def mean(inside, outside, delta=delta, sizes=sizes):
            return sum(inside(e) if e <= delta else outside(e) for e in sizes) / len(sizes)

        def half(e):
            return e * e / 2

        def line(e, delta=delta):
            return delta * (e - delta / 2)

        values = {
            "answer": mean(half, line),
            "squared": mean(half, half),
            "gap": mean(half, lambda e, d=delta: d * e),
            "no_half": mean(lambda e: e * e, line),
        }
        numbers = list(values.values())
        if min(abs(a / b - 1) for i, a in enumerate(numbers) for b in numbers[:i]) > 0.03:
            terms = ", ".join(f"{half(e) if e <= delta else line(e):.4g}" for e in sizes)
            return {
                "delta": delta,
                "errors": ", ".join(f"{e:.1f}".replace("-", "−") for e in errors),
                "terms": terms,
                **{name: f"{v:.3f}" for name, v in values.items()},
            }


def huber_value_evidence(drawn):
    import torch

    e = torch.tensor([float(v.replace("−", "-")) for v in drawn["errors"].split(", ")], dtype=torch.float64)
    loss = torch.nn.functional.huber_loss(e, torch.zeros_like(e), delta=drawn["delta"]).item()
    return [abs(float(drawn[k]) / loss - 1) < 0.005 for k in ("answer", "squared", "gap", "no_half")]


def dice_value_draw(rng):
    while True:
        n, size = rng.choice([400, 1000, 2500]), rng.randint(10, 60)
        hit = rng.randint(5, size - 1)
        marked = hit + rng.randint(1, 40)
        values = {
            "answer": 2 * hit / (marked + size),
            "iou": hit / (marked + size - hit),
            "accuracy": 1 - (marked + size - 2 * hit) / n,
            "recall": hit / size,
        }
        numbers = list(values.values())
        if min(abs(a / b - 1) for i, a in enumerate(numbers) for b in numbers[:i]) > 0.03:
            shown = {name: f"{v:.3f}" for name, v in values.items()}
            return {"n": n, "object": size, "marked": marked, "hit": hit, **shown}


def _dice(p, y, s=0.0):
    return (2 * (p * y).sum() + s) / (p.sum() + y.sum() + s)


def dice_value_evidence(drawn):
    """On masks, pixel by pixel."""
    import torch

    p, y = torch.zeros(drawn["n"]), torch.zeros(drawn["n"])
    y[: drawn["object"]] = 1
    p[: drawn["hit"]] = 1
    p[drawn["object"] : drawn["object"] + drawn["marked"] - drawn["hit"]] = 1
    dice = _dice(p, y).item()
    return [abs(float(drawn[k]) / dice - 1) < 0.005 for k in ("answer", "iou", "accuracy", "recall")]


def _points(seed, broken):
    import torch

    g = torch.Generator().manual_seed(seed)
    x = torch.linspace(0, 1, 100, dtype=torch.float64)
    y = 2 * x + 1 + 0.3 * torch.randn(100, generator=g, dtype=torch.float64)
    if broken:
        y[-10:] = -20
    return x, y


def _line(x, y, delta=None):
    """(slope, intercept) of the best line: least squares, or Huber by re-weighted least squares."""
    import torch

    a = torch.stack([x, torch.ones_like(x)], 1)
    w = torch.ones_like(x)
    for _ in range(1 if delta is None else 500):
        at = a.T * w
        fit = torch.linalg.solve(at @ a, at @ y)
        if delta is not None:
            w = delta / (y - a @ fit).abs().clamp(min=delta)
    if delta is not None:  # the optimum: the pulls balance
        pull = (y - a @ fit).clamp(-delta, delta)
        assert (a.T @ pull).abs().max() < 1e-6
    return fit.tolist()


def outliers_evidence():
    found = []
    for seed in range(3):
        x, y = _points(seed, True)
        found.append((_line(x, y)[0], _line(x, y, 0.5)[0]))
        assert abs(_line(x, y, 50.0)[0] - found[-1][0]) < 1e-3

    def is_near(v):
        return 1 < v < 3

    def below(v):
        return v < 0

    cases = ((is_near, is_near), (below, is_near), (is_near, below), (below, below))
    return [all(a(u) and b(v) for u, v in found) for a, b in cases]


def why_dice_evidence():
    import torch
    from torch.nn.functional import binary_cross_entropy as bce

    y = torch.zeros(2000)
    y[:10] = 1
    nothing, found = torch.full((2000,), 1e-4), torch.where(y > 0, 0.9, 0.1)
    # A network that finds the object but is unsure about the background, against "all background".
    dice = [1 - _dice(p, y).item() for p in (nothing, found)]
    entropy = [bce(p, y).item() for p in (nothing, found)]
    prefers = dice[1] < dice[0] and dice[0] > 0.99 and entropy[0] < entropy[1]
    more = torch.cat([nothing, torch.zeros(100000)])  # more background, rightly found
    unchanged = abs(_dice(more, torch.cat([y, torch.zeros(100000)])).item() - _dice(nothing, y).item()) < 1e-6
    metric_suffices = ((found > 0.5) == (y > 0)).float().mean().requires_grad  # accuracy is a metric, too
    return [metric_suffices, None, prefers and unchanged, None]


def empty_masks_evidence():
    import torch

    def empty(total, s):
        p = torch.full((100,), total / 100, dtype=torch.float64, requires_grad=True)
        loss = 1 - _dice(p, torch.zeros(100, dtype=torch.float64), s)
        (slope,) = torch.autograd.grad(loss, p)
        return loss.item(), slope.abs().max().item()

    (tiny, flat), (milder, steep) = empty(0.01, 1e-6), empty(0.01, 1.0)
    constant = tiny > 0.999 and milder < 0.02 and flat < 0.02 and steep > 0.5
    return [None, 1 - 0.2 < 0.5, constant, None]


def which_evidence():
    import torch

    g = torch.Generator().manual_seed(0)
    # prices: the best constant of the log, with two typing errors
    price = torch.exp(12 + 0.3 * torch.randn(101, generator=g, dtype=torch.float64))
    price[:2] *= 1000
    x = torch.zeros(101, dtype=torch.float64)
    grid = torch.linspace(11, 14, 3001, dtype=torch.float64)
    cost = torch.stack([torch.nn.functional.huber_loss(price.log(), x + c, delta=0.5) for c in grid])
    robust = abs(grid[cost.argmin()].item() - 12) < 0.1
    # times: what share exceeds the mean
    times = torch.distributions.Exponential(torch.tensor(1.0)).icdf(torch.linspace(0.005, 0.995, 100))
    keeps = (times <= times.mean()).float().mean().item() > 0.85
    # clicks: hinge's best score for a probability of 0.2 carries no 0.2
    s = torch.linspace(-3, 3, 601)
    best = [
        s[(q * (1 - s).clamp(min=0) + (1 - q) * (1 + s).clamp(min=0)).argmin()].item()
        for q in (0.1, 0.2, 0.4)
    ]
    probability = len({round(v, 2) for v in best}) == 3
    # tags: three of five that hold together
    tags = torch.tensor([1.0, 1, 1, 0, 0])
    o = torch.zeros(5, requires_grad=True)
    for _ in range(300):
        (slope,) = torch.autograd.grad(torch.nn.functional.binary_cross_entropy_with_logits(o, tags), o)
        o.data -= 5 * slope
    all_tags = bool(((o.sigmoid() > 0.9) == (tags > 0)).all())
    # vessels: found, with an unsure background, against nothing found
    y = torch.zeros(2000)
    y[:4] = 1
    nothing, found = torch.full((2000,), 1e-4), torch.where(y > 0, 0.9, 0.02)
    bce = [torch.nn.functional.binary_cross_entropy(p, y).item() for p in (nothing, found)]
    both = [b + 1 - _dice(p, y).item() for b, p in zip(bce, (nothing, found), strict=True)]
    # sales: eight days without any, two with ten; the best constant of the absolute error is no mean
    sales = torch.tensor([0.0] * 8 + [10.0] * 2)
    sizes = torch.linspace(0, 10, 101)
    best = sizes[(sales - sizes[:, None]).abs().sum(1).argmin()]
    mean = abs((best - sales.mean()).item()) < 0.5
    return [robust, keeps, all_tags, probability, both[1] < both[0] and bce[0] < bce[1], mean]


def worked():
    import torch
    from torch.nn.functional import huber_loss

    zero = torch.tensor(0.0, dtype=torch.float64)
    e = [huber_loss(torch.tensor(v, dtype=torch.float64), zero).item() for v in (0.5, 6.0)]
    hinge = [max(0.0, 1 - s) for s in (2, 0.3, -1)]
    return [
        f"{e[0]:.3f}",
        f"{e[1]:.1f}",
        f"{6 * 6 / 2:.0f}",
        f"{hinge[1]:.1f}",
        f"{2 * 8 / (12 + 10):.3f}",
        f"{100 * (1 - (2 + 4) / 1000):.1f} %",
    ]


def experiment(off=False):
    runs = []
    for seed in range(3):
        x, y = _points(seed, not off)
        runs.append((_line(x, y), _line(x, y, 0.5), _line(x, y, 0.05)))
    slopes = [[run[i][0] for run in runs] for i in range(3)]
    squared, huber, near_l1 = (sum(v) / 3 for v in slopes)
    if off:
        assert all(abs(a - 2) < 0.4 for v in slopes for a in v), "without broken readings all find the slope"
        says = (
            f"Without the broken readings all agree: slopes {squared:.2f} (squared error), {huber:.2f} (δ = 0.5) and {near_l1:.2f} (δ = 0.05), "
            f"mean of 3 seeds. Robustness costs little here.",
            f"没有坏读数时三者一致：斜率 {squared:.2f}（平方误差）、{huber:.2f}（δ = 0.5）、{near_l1:.2f}（δ = 0.05），3 个种子平均。"
            f"稳健在这里几乎没有代价。",
        )
    else:
        assert all(v < 0 for v in slopes[0]), "the squared error follows the broken readings"
        assert all(1 < v < 3 for v in slopes[1] + slopes[2]), "Huber does not"
        says = (
            f"Ten broken readings in a hundred turn the slope from 2 to {squared:.1f} with the squared error; Huber finds {huber:.2f} with "
            f"δ = 0.5 and {near_l1:.2f} with δ = 0.05 (mean of 3 seeds).",
            f"一百个读数里坏了十个，平方误差的斜率就从 2 变成 {squared:.1f}；Huber 得到 {huber:.2f}（δ = 0.5）和 {near_l1:.2f}"
            f"（δ = 0.05），3 个种子平均。",
        )
    grid = [i / 20 for i in range(21)]
    lines = [
        (label, [fit[0] * v + fit[1] for v in grid])
        for label, fit in (
            (("squared error", "平方误差"), runs[0][0]),
            (("Huber, δ = 0.5", "Huber，δ = 0.5"), runs[0][1]),
            (("truth", "真实"), (2, 1)),
        )
    ]
    return {
        "says": says,
        "off": ("no reading is broken", "没有坏读数"),
        "title": ("The fitted lines", "拟合的直线"),
        "chart": "curves",
        "x": grid,
        "x_label": "x",
        "y_label": "y",
        "series": lines,
    }
