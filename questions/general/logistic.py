"""Logistic regression: where it has no end, what its gradient is, and what a line can't do."""


def _norms(seed, steps, apart=True, rate=0.5):
    """‖w‖ after the given numbers of steps of gradient descent; two clouds of 30 points, apart or overlapping."""
    import torch

    g = torch.Generator().manual_seed(seed)
    y = (torch.arange(60) % 2).double()
    noise = torch.randn(60, 2, generator=g, dtype=torch.float64).clamp(-1.5, 1.5)
    x = noise + (2 * y[:, None] - 1) * (2.0 if apart else 0.7) * torch.tensor([1.0, 0.5])
    x = torch.cat([x, torch.ones(60, 1, dtype=torch.float64)], 1)
    w, norms, losses = torch.zeros(3, dtype=torch.float64), [], []
    for step in range(1, max(steps) + 1):
        p = (x @ w).sigmoid()
        w = w - rate * (x.mT @ (p - y)) / 60
        if step in steps:
            norms.append(w.norm().item())
            margins = (x @ w) * (2 * y - 1)
            losses.append((torch.nn.functional.softplus(-margins).mean().item(), margins.min().item()))
    return norms, losses


def separable_evidence():
    settles, by_log, tenfold, falls = [], [], [], []
    for seed in range(3):
        (a, b, c), (_one, _two, (_loss, margin)) = _norms(seed, [100, 1000, 10000])
        assert margin > 0  # separated indeed
        settles.append(c - b < 0.05 * b)
        by_log.append(0.6 < (c - b) / (b - a) < 1.7 and b - a > 0.5)
        tenfold.append(c > 5 * b)
        falls.append(c < b)
    return [all(settles), all(by_log), all(tenfold), all(falls)]


def slope_draw(rng):
    import math

    while True:
        w1, w2, b = (rng.randint(-10, 10) / 10 for _ in range(3))
        x1, x2, y = rng.choice([-3, -2, 2, 3]), rng.choice([-2, -1, 1, 2]), rng.randint(0, 1)
        z = w1 * x1 + w2 * x2 + b
        p = 1 / (1 + math.exp(-z))
        values = {
            "answer": (p - y) * x1,
            "squared": (p - y) * x1 * p * (1 - p),
            "opposite": (y - p) * x1,
            "bias": p - y,
        }
        if w1 and w2 and 0.1 < abs(z) < 2:
            shown = {name: float(f"{value:.3g}") for name, value in values.items()}
            return shown | {
                "w1": w1,
                "w2": w2,
                "b": b,
                "x1": x1,
                "x2": x2,
                "y": y,
                "z": round(z, 3),
                "p": round(p, 4),
            }


def slope_evidence(drawn):
    import torch

    w = torch.tensor([drawn["w1"], drawn["w2"]], dtype=torch.float64, requires_grad=True)
    z = w @ torch.tensor([drawn["x1"], drawn["x2"]], dtype=torch.float64) + drawn["b"]
    loss = torch.nn.functional.binary_cross_entropy_with_logits(z, torch.tensor(float(drawn["y"])).double())
    (gradient,) = torch.autograd.grad(loss, w)
    return [
        abs(drawn[name] / gradient[0].item() - 1) < 0.01 for name in ("answer", "squared", "opposite", "bias")
    ]


def odds_draw(rng):
    import math

    while True:
        p, w, k = (
            rng.choice([0.05, 0.1, 0.2, 0.3]),
            rng.choice([0.05, 0.08, 0.1]),
            rng.choice([5, 10, 12, 15]),
        )
        odds = p / (1 - p) * math.exp(k * w)
        values = {
            "answer": odds / (1 + odds),
            "added": p + k * w,
            "multiplied": p * math.exp(k * w),
            "linear": p + p * (1 - p) * k * w,
        }
        numbers = list(values.values())
        if all(abs(a / b - 1) > 0.03 for i, a in enumerate(numbers) for b in numbers[:i]):
            shown = {name: round(value, 3) for name, value in values.items()}
            return shown | {"p": p, "w": w, "k": k, "factor": round(math.exp(k * w), 3)}


def odds_evidence(drawn):
    import torch

    z = torch.logit(torch.tensor(drawn["p"], dtype=torch.float64)) + drawn["k"] * drawn["w"]
    return [
        abs(drawn[name] / z.sigmoid().item() - 1) < 0.01
        for name in ("answer", "added", "multiplied", "linear")
    ]


def squared_error_evidence():
    import torch

    z = torch.linspace(-30, 30, 601, dtype=torch.float64, requires_grad=True)
    (slope,) = torch.autograd.grad(((z.sigmoid() - 1) ** 2).sum(), z)
    not_smooth = not bool(slope.isfinite().all())
    p, truth = torch.linspace(0.01, 0.99, 99, dtype=torch.float64), 0.3
    squares = truth * (p - 1) ** 2 + (1 - truth) * p**2
    entropy = -truth * p.log() - (1 - truth) * (1 - p).log()
    for expected in (squares, entropy):  # both are lowest at the truth, so that is not the difference
        assert abs(p[expected.argmin()].item() - truth) < 0.011
    far = torch.tensor(-8.0, dtype=torch.float64, requires_grad=True)  # sure and wrong: y = 1
    (squared,) = torch.autograd.grad((far.sigmoid() - 1) ** 2, far)
    (crossed,) = torch.autograd.grad(torch.nn.functional.softplus(-far), far)
    weak = abs(squared.item()) < 0.001 and abs(crossed.item()) > 0.99
    return [not_smooth, None, weak, ((p - 1) ** 2).max().item() > 1]


def border_evidence():
    import torch

    x = torch.tensor([[0, 0], [0, 1], [1, 0], [1, 1]], dtype=torch.float64)
    y = torch.tensor([False, True, True, False])
    g = torch.Generator().manual_seed(0)
    w, b = torch.randn(20000, 2, generator=g, dtype=torch.float64), torch.randn(20000, 1, generator=g)
    best = ((w @ x.mT + b > 0) == y).sum(1).max().item()
    more = torch.tensor([1.0, 1.0, -2.0], dtype=torch.float64)
    assert bool(((torch.cat([x, x[:, :1] * x[:, 1:]], 1) @ more - 0.5 > 0) == y).all())
    return [best == count for count in (4, 3, 2, 2)]


def certain_evidence():
    import torch
    from torch.nn.functional import softplus

    cured, more, rate = [], [], []
    for seed in range(3):
        g = torch.Generator().manual_seed(seed)
        truth = torch.randn(300, generator=g) / 300**0.5

        def data(n, g=g, truth=truth):
            x = torch.randn(n, 300, generator=g)
            return x, ((3 * x @ truth + torch.randn(n, generator=g)) > 0).float() * 2 - 1

        (x, y), (held_x, held_y) = data(200), data(1000)

        def held(penalty=0.0, step=0.2, count=1500, kept=300, x=x, y=y, held_x=held_x, held_y=held_y):
            w = torch.zeros(kept)
            for _ in range(count):
                pull = -((-(x[:, :kept] @ w) * y).sigmoid() * y)
                w = w - step * (x[:, :kept].mT @ pull / len(y) + penalty * w)
            return softplus(-(held_x[:, :kept] @ w) * held_y).mean().item(), w.norm().item()

        (early, short), (late, long) = held(count=100), held()
        assert late > early and long > short
        cured.append(held(penalty=0.05)[0] < late)
        rate.append(held(step=0.1, count=3000)[0] < 0.95 * late)
        more.append(late < 0.9 * held(kept=250)[0])
    return [all(rate), None, all(cured), all(more)]


def worked():
    import torch

    z = torch.tensor(0.5, dtype=torch.float64)
    p = z.sigmoid()
    gradient = (p - 1) * torch.tensor([2.0, -1.0])
    return [
        f"p = {p:.3f}",
        f"{-p.log():.3f}",
        "(" + ", ".join(f"{v:.3f}".replace("-", "−") for v in gradient.tolist()) + ")",
    ]


def experiment(off=False):
    steps = [10, 30, 100, 300, 1000, 3000, 10000]
    runs = [_norms(seed, steps, apart=not off) for seed in range(3)]
    means = [sum(norms[i] for norms, _l in runs) / 3 for i in range(len(steps))]
    for norms, losses in runs:
        if off:
            assert losses[-1][1] < 0, "overlapping clouds can't be separated"
            assert abs(norms[-1] / norms[-3] - 1) < 0.01, "and the weights settle"
        else:
            assert losses[-1][1] > 0 and norms[-1] - norms[-3] > 0.5, "separated, the weights grow on"
    at = dict(zip(steps, means, strict=True))
    if off:
        says = (
            f"Overlapping classes: ‖w‖ is {at[1000]:.2f} after 1,000 steps and {at[10000]:.2f} after 10,000. There is a minimum.",
            f"两类有重叠：1,000 步后 ‖w‖ 是 {at[1000]:.2f}，10,000 步后是 {at[10000]:.2f}。有最小点。",
        )
    else:
        says = (
            f"Separable classes: ‖w‖ is {at[100]:.2f} after 100 steps, {at[1000]:.2f} after 1,000, {at[10000]:.2f} after 10,000 "
            "(3 seeds). Each tenfold adds a similar amount.",
            f"两类可分：100 步后 ‖w‖ 是 {at[100]:.2f}，1,000 步后 {at[1000]:.2f}，10,000 步后 {at[10000]:.2f}（3 个种子）。"
            "步数每增至十倍，增加的量相近。",
        )
    return {
        "says": says,
        "off": ("classes that overlap", "两类有重叠"),
        "title": ("Length of the weights, gradient descent", "权重的长度，梯度下降"),
        "chart": "curves",
        "x": steps,
        "x_label": ("step", "步"),
        "y_label": "‖w‖",
        "log_x": True,
        "series": [("‖w‖", means)],
    }
