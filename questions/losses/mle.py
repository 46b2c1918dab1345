"""Experiment, draws and evidence for mle.md."""


def nll_draw(rng):
    import math

    while True:
        rows = []
        for _ in range(3):
            a, b = rng.randint(1, 7), rng.randint(1, 7)
            if a + b < 10:
                rows.append([a / 10, b / 10, (10 - a - b) / 10])
        if len(rows) < 3:
            continue
        y = [rng.randrange(3) for _ in rows]
        p = [row[k] for row, k in zip(rows, y, strict=True)]
        values = {
            "answer": -sum(map(math.log, p)) / 3,
            "every": -sum(math.log(v) for row in rows for v in row) / 3,
            "total": -sum(map(math.log, p)),
            "of_mean": -math.log(sum(p) / 3),
        }
        numbers = list(values.values())
        if min(abs(a / b - 1) for i, a in enumerate(numbers) for b in numbers[:i]) > 0.03:
            shown = {name: f"{v:.3f}" for name, v in values.items()}
            texts = [", ".join(f"{v:.1f}" for v in row) for row in rows]
            return (
                dict(zip("abc", texts, strict=True))
                | {"y": ", ".join(map(str, y))}
                | {name: f"{v:.1f}" for name, v in zip(("pa", "pb", "pc"), p, strict=True)}
                | shown
            )


def nll_evidence(drawn):
    import torch

    p = torch.tensor([[float(v) for v in drawn[k].split(", ")] for k in "abc"], dtype=torch.float64)
    y = torch.tensor([int(v) for v in drawn["y"].split(", ")])
    loss = torch.nn.functional.nll_loss(p.log(), y).item()
    return [abs(float(drawn[k]) / loss - 1) < 0.005 for k in ("answer", "every", "total", "of_mean")]


def _train(every, steps=300):
    """Three seeds of a linear classifier: last losses, p of the true class, accuracies, largest |p − 1/3|."""
    import torch

    found = []
    for seed in range(3):
        g = torch.Generator().manual_seed(seed)
        y = torch.tensor([0] * 30 + [1] * 20 + [2] * 10)
        x = 3 * torch.eye(3)[y] + 0.3 * torch.randn(60, 3, generator=g)
        w = (0.5 * torch.randn(3, 3, generator=g)).requires_grad_()
        curve = []
        for _ in range(steps):
            log_p = (x @ w.T).log_softmax(1)
            picked = log_p if every else log_p[torch.arange(60), y][:, None]
            loss = -picked.sum(1).mean()
            (gradient,) = torch.autograd.grad(loss, w)
            w.data -= 0.1 * gradient
            curve.append(log_p.detach().exp()[torch.arange(60), y].mean().item())
        p = log_p.detach().exp()
        right = (p.argmax(1) == y).float().mean().item()
        found.append((curve, loss.item(), right, (p - 1 / 3).abs().max().item(), p))
    return found


def all_outputs_evidence():
    import math

    runs = _train(True)
    uniform = all(gap < 0.02 and abs(loss - 3 * math.log(3)) < 0.01 for _, loss, _, gap, _ in runs)
    learned = all(curve[-1] > 0.9 for curve, *_ in runs)
    frequent = all(p[:, 0].mean() > 0.45 for *_, p in runs)
    certain = all(p.max(1).values.mean() > 0.9 for *_, p in runs)
    return [learned, frequent, uniform, certain]


def derive_evidence():
    """The Gaussian NLL as torch computes it, against the squared error: same order, same optimum."""
    import torch

    g = torch.Generator().manual_seed(0)
    y = torch.randn(50, generator=g, dtype=torch.float64) + 2
    grid = torch.linspace(0, 4, 401, dtype=torch.float64)
    nll = torch.stack([-torch.distributions.Normal(c, 0.7).log_prob(y).sum() for c in grid])
    squares = torch.stack([(y - c).square().sum() for c in grid])
    constant = 50 * torch.log(torch.tensor(0.7 * (2 * torch.pi) ** 0.5, dtype=torch.float64))
    return [torch.allclose(nll, squares / (2 * 0.49) + constant) and nll.argmin() == squares.argmin()]


def why_log_evidence():
    import math

    grid = [k / 1000 for k in range(1, 1000)]
    data = [1] * 7 + [0] * 3

    def likelihood(p):
        return math.prod(p if y else 1 - p for y in data)

    best = max(grid, key=likelihood)

    def kept(f):
        return max(grid, key=lambda p: f(likelihood(p))) == best

    # Any increasing function keeps the optimum, a convex one as well; a concave one that falls does not.
    increasing = kept(math.log) and kept(math.exp) and kept(lambda v: v**3)
    concave = kept(lambda v: -(v**2))
    return [increasing, None, None, concave]


def sigma_draw(rng):
    while True:
        e = [rng.choice([-1, 1]) * rng.randint(1, 40) / 10 for _ in range(4)]
        squares, n = sum(v * v for v in e), len(e)
        values = {
            "answer": (squares / n) ** 0.5,
            "variance": squares / n,
            "unbiased": (squares / (n - 1)) ** 0.5,
            "absolute": sum(map(abs, e)) / n,
        }
        numbers = list(values.values())
        if min(abs(a / b - 1) for i, a in enumerate(numbers) for b in numbers[:i]) > 0.05:
            shown = {name: f"{v:.3g}" for name, v in values.items()}
            return {"errors": ", ".join(f"{v:.1f}".replace("-", "−") for v in e), **shown}


def sigma_evidence(drawn):
    """The best of a fine grid, by torch's Gaussian density."""
    import torch

    e = torch.tensor([float(v.replace("−", "-")) for v in drawn["errors"].split(", ")], dtype=torch.float64)
    grid = torch.logspace(-2, 2, 20001, dtype=torch.float64)
    nll = -torch.distributions.Normal(0.0, grid[:, None]).log_prob(e).sum(1)
    best = grid[nll.argmin()].item()
    return [abs(float(drawn[k]) / best - 1) < 0.01 for k in ("answer", "variance", "unbiased", "absolute")]


def collapse_evidence():
    import torch

    def nll(error, sigma):
        normal = torch.distributions.Normal(torch.zeros((), dtype=torch.float64), sigma)
        return -normal.log_prob(torch.tensor(error, dtype=torch.float64)).item()

    impossible = nll(0.0, 0.01) >= 0
    shrinks = nll(0.0, 1e-4) < -8 and nll(0.0, 1e-6) < nll(0.0, 1e-4) and nll(0.005, 1e-4) > 900
    # With outliers among the training errors the best σ is large, and the NLL far above −8.
    errors = torch.tensor([0.0] * 19 + [5.0], dtype=torch.float64)
    grid = torch.logspace(-4, 2, 2001, dtype=torch.float64)
    mean = -torch.distributions.Normal(0.0, grid[:, None]).log_prob(errors).mean(1)
    outliers = bool(grid[mean.argmin()] < 0.1)
    return [impossible, shrinks, outliers, None]


def worked():
    import torch

    p = torch.tensor([[0.7, 0.2, 0.1], [0.1, 0.6, 0.3], [0.3, 0.3, 0.4]], dtype=torch.float64)
    true = p.diagonal()
    nll = -true.log().sum().item()
    return [f"{true.prod().item():.3f}", f"{nll:.3f}", f"{nll / 3:.3f}"]


def experiment(off=False):
    wrong, proper = _train(True), _train(False)
    for curve, _, right, _, _ in proper:
        assert curve[-1] > 0.9 and right == 1, "the likelihood of what was observed learns the classes"
    shown = [(("true class alone", "只取真实类别"), proper)]
    if not off:
        shown.append((("all outputs", "所有输出"), wrong))
    mean = sum(run[0][-1] for run in proper) / 3
    gap = max(run[3] for run in wrong)
    if off:
        says = (
            f"With the true class's probability alone, it reaches {mean:.2f} on average and every sample is right (3 seeds).",
            f"只取真实类别的概率，它平均达到 {mean:.2f}，样本全部分对（3 个种子）。",
        )
    else:
        assert gap < 0.001, "with all outputs in the product, the optimum is uniform"
        says = (
            "With all outputs in the product, every prediction of every sample ends within 0.001 of 1/3 (3 seeds), though the three "
            "classes are easy to tell apart.",
            "把所有输出都乘进去，每个样本的每个预测最后与 1/3 相差都不到 0.001（3 个种子），尽管这三类很容易分开。",
        )
    return {
        "says": says,
        "off": ("only the true class enters the likelihood", "似然里只取真实类别"),
        "title": ("Mean probability of the true class", "真实类别的平均概率"),
        "chart": "curves",
        "x": list(range(1, 301, 5)),
        "x_label": ("step", "步"),
        "y_label": "p",
        "series": [
            (label, [sum(run[0][i] for run in runs) / 3 for i in range(0, 300, 5)]) for label, runs in shown
        ],
    }
