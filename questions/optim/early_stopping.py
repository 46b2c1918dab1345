"""Early stopping: patience, its likeness to L2, and the luck in the best of many."""


def patience_draw(rng):
    p = rng.choice([2, 3])
    down, rest = rng.randint(2, 3), rng.randint(1, 2)
    value, losses = rng.randint(80, 95), []
    for _ in range(down):
        losses.append(value)
        value -= rng.randint(6, 10)
    losses.append(losses[-1] + rng.randint(1, 4))  # the bump
    bump = len(losses)
    for _ in range(rest):
        losses.append(value)
        value -= rng.randint(3, 6)
    best, low = len(losses), losses[-1]
    losses += [low + rng.randint(1, 5) for _ in range(p)]
    losses += [low + 1, low - rng.randint(2, 5)]  # what an early stop never sees
    return {
        "losses": ", ".join(f"{loss / 100:.2f}" for loss in losses),
        "p": p,
        "low": f"{low / 100:.2f}",
        "best": best,
        "first": best + 1,
        "stop": best + p,
        "bump": bump,
        "last": len(losses),
    }


def patience_evidence(drawn):
    lowest, waited, stopped = float("inf"), 0, 0
    for epoch, loss in enumerate(map(float, drawn["losses"].split(", ")), 1):
        lowest, waited = (loss, 0) if loss < lowest else (lowest, waited + 1)
        if waited == drawn["p"]:
            stopped = epoch
            break
    return [drawn[name] == stopped for name in ("stop", "best", "bump", "last")]


def like_l2_evidence():
    import torch

    g = torch.Generator().manual_seed(0)
    scales = torch.tensor([3.0, 1.0, 0.3, 0.1, 0.03], dtype=torch.float64)
    q, _ = torch.linalg.qr(torch.randn(5, 5, generator=g, dtype=torch.float64))
    x = torch.randn(400, 5, generator=g, dtype=torch.float64) * scales @ q
    y = x @ torch.randn(5, generator=g, dtype=torch.float64) + 0.1 * torch.randn(
        400, generator=g, dtype=torch.float64
    )
    hessian, slope = x.mT @ x / 400, x.mT @ y / 400
    _curvature, directions = torch.linalg.eigh(hessian)
    full = torch.linalg.solve(hessian, slope)

    def share(w):
        return (w @ directions) / (full @ directions)

    w, eta, losses = torch.zeros(5, dtype=torch.float64), 0.05, []
    one_step = eta * slope
    for _ in range(100):
        losses.append(((x @ w - y) ** 2).mean().item())
        w = w - eta * (hessian @ w - slope)
    stopped = share(w)
    penalised = share(torch.linalg.solve(hessian + torch.eye(5, dtype=torch.float64) / (eta * 100), slope))
    same_factor = (stopped.max() - stopped.min()).item() < 0.1
    sparse = (one_step.abs() < 1e-12).double().mean().item() > 0.5
    alike = (stopped - penalised).abs().max().item() < 0.25 and stopped[0] < 0.05 and stopped[-1] > 0.95
    only_noise = losses[50] <= losses[-1]
    return [same_factor, sparse, bool(alike), only_noise]


def optimistic_evidence():
    """100 checkpoints on a shallow curve; losses of single examples spread by 0.5; 300 repetitions."""
    import torch

    g = torch.Generator().manual_seed(0)
    epochs = torch.linspace(-1, 1, 100, dtype=torch.float64)
    true = 0.5 + 0.05 * epochs**2
    seen = true + 0.5 / 500**0.5 * torch.randn(300, 100, generator=g, dtype=torch.float64)
    lowest, chosen = seen.min(dim=1)
    gap = (true[chosen] - lowest).mean().item()
    unchosen_gap = (true[50] - seen[:, 50]).mean().item()  # one fixed epoch: unbiased
    w = torch.ones(3, requires_grad=True)
    with torch.no_grad():
        (w * 2).sum()
    entered = w.grad is not None
    last_better = true[-1].item() < true[chosen].mean().item()
    return [gap > 0.02, entered, abs(unchosen_gap) > 0.5 * gap, last_better]


def experiment():
    import torch

    g = torch.Generator().manual_seed(3)
    width, rows = 40, 60
    truth = torch.randn(width, generator=g, dtype=torch.float64) / width**0.5

    def data(n):
        x = torch.randn(n, width, generator=g, dtype=torch.float64) * torch.linspace(
            1.5, 0.1, width, dtype=torch.float64
        )
        return x, x @ truth + 0.7 * torch.randn(n, generator=g, dtype=torch.float64)

    x, y = data(rows)
    held_x, held_y = data(2000)
    w, steps, train, held = torch.zeros(width, dtype=torch.float64), 4000, [], []
    for _ in range(steps):
        train.append(((x @ w - y) ** 2).mean().item())
        held.append(((held_x @ w - held_y) ** 2).mean().item())
        w = w - 0.05 * x.mT @ (x @ w - y) / rows
    best = min(range(steps), key=held.__getitem__)
    assert all(b <= a for a, b in zip(train, train[1:], strict=False)), "the training loss falls throughout"
    assert best < 0.2 * steps and held[-1] > 1.2 * held[best], "the held-out loss turns early and rises"
    shown = sorted({round(10 ** (i / 14)) for i in range(51)} & set(range(1, steps + 1)))
    return {
        "says": (
            f"The held-out loss is lowest at step {best + 1}, {held[best]:.2f}; after {steps} steps it has risen to {held[-1]:.2f}, "
            f"while the training loss fell all the way to {train[-1]:.2f}.",
            f"留出数据的损失在第 {best + 1} 步最低，为 {held[best]:.2f}；{steps} 步之后升到 {held[-1]:.2f}，而训练损失一路降到 {train[-1]:.2f}。",
        ),
        "title": (
            "Linear regression: 40 weights, 60 noisy examples",
            "线性回归：40 个权重，60 个带噪声的样本",
        ),
        "chart": "curves",
        "x": shown,
        "x_label": ("step", "步数"),
        "y_label": ("mean squared error", "均方误差"),
        "log_x": True,
        "log_y": False,
        "series": [
            (("training", "训练集"), [train[t - 1] for t in shown]),
            (("held out", "留出数据"), [held[t - 1] for t in shown]),
        ],
    }
