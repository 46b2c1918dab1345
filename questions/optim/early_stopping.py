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


def turn_evidence():
    rises, below = [], []
    for seed in (3, 0, 1):
        train, held = _curves(seed)
        best = min(range(len(held)), key=held.__getitem__)
        rises.append(best < 0.1 * len(held) and held[-1] > 1.2 * held[best])
        below.append(train[-1] < 0.3)
    turns, fits = all(rises), all(below)
    return [fits and not turns, turns and not fits, turns and fits, not turns and not fits]


def learned_share_draw(rng):
    while True:
        eta, t, h = (
            rng.choice([0.01, 0.02, 0.05]),
            rng.choice([20, 50, 100, 200]),
            rng.choice([0.2, 0.5, 1, 2]),
        )
        product = eta * h
        values = {
            "answer": 1 - (1 - product) ** t,
            "missing": (1 - product) ** t,
            "penalty": h / (h + 1 / (eta * t)),
            "linear": product * t,
        }
        numbers = list(values.values())
        gaps = [abs(a / b - 1) for k, a in enumerate(numbers) for b in numbers[:k]]
        if min(gaps) > 0.04 and values["answer"] < 0.99:
            drawn = {name: float(f"{value:.3g}") for name, value in values.items()}
            return {"eta": eta, "t": t, "h": h, "product": round(product, 4), **drawn}


def learned_share_evidence(drawn):
    import torch

    w = torch.zeros((), dtype=torch.float64, requires_grad=True)
    for _ in range(drawn["t"]):
        (slope,) = torch.autograd.grad(0.5 * drawn["h"] * (w - 1) ** 2, w)
        w = (w - drawn["eta"] * slope).detach().requires_grad_()
    return [abs(drawn[name] / w.item() - 1) < 0.01 for name in ("answer", "missing", "penalty", "linear")]


def confident_evidence():
    import torch
    from torch.nn import functional as F

    width, steps, cured, shrunk, leaked, rough = 40, 500, [], [], [], []
    for seed in (0, 1, 2):
        g = torch.Generator().manual_seed(seed)
        truth = torch.randn(width, generator=g)

        def data(n, g=g, truth=truth):
            x = torch.randn(n, width, generator=g)
            return x, (2 * x @ truth / width**0.5 + torch.randn(n, generator=g) > 0).float()

        (x, y), (held_x, held_y) = data(60), data(4000)
        w, losses, right = torch.zeros(width), [], []
        for _ in range(steps):
            w = w - 0.5 * x.mT @ (torch.sigmoid(x @ w) - y) / 60
            logits = held_x @ w
            losses.append(F.binary_cross_entropy_with_logits(logits, held_y).item())
            right.append(((logits > 0) == (held_y > 0)).float().mean().item())
        best = min(range(steps), key=losses.__getitem__)
        assert losses[-1] > 1.6 * losses[best] and abs(right[-1] - right[best]) < 0.03
        scaled = min(F.binary_cross_entropy_with_logits(logits / t, held_y).item() for t in range(1, 12))
        cured.append(scaled < 1.1 * losses[best])
        shrunk.append(losses[-1] < losses[best])
        leaked.append(F.binary_cross_entropy_with_logits(x @ w, y).item() > losses[best])
        noisy = held_x * (torch.rand(held_x.shape, generator=g) > 0.5) * 2 @ w
        rough.append(((noisy > 0) == (held_y > 0)).float().mean().item() > right[-1] - 0.02)
    return [all(shrunk), all(leaked), all(cured), all(rough)]


def worked():
    import torch

    out, eta, t = [f"{1 / (0.05 * 100):.1f}"], 0.05, 100
    for h in (2.0, 0.2, 0.02):
        w = torch.zeros((), dtype=torch.float64)
        for _ in range(t):
            w = w - eta * h * (w - 1)
        out += [f"{w.item():.3f}", f"{h / (h + 1 / (eta * t)):.3f}"]
    return out


def _curves(seed, noise=0.7, steps=4000, width=40, rows=60):
    """Training and held-out error of a linear regression by gradient descent from zero, step by step."""
    import torch

    g = torch.Generator().manual_seed(seed)
    truth = torch.randn(width, generator=g, dtype=torch.float64) / width**0.5
    scales = torch.linspace(1.5, 0.1, width, dtype=torch.float64)

    def data(n):
        x = torch.randn(n, width, generator=g, dtype=torch.float64) * scales
        return x, x @ truth + noise * torch.randn(n, generator=g, dtype=torch.float64)

    (x, y), (held_x, held_y) = data(rows), data(500)
    w, train, held = torch.zeros(width, dtype=torch.float64), [], []
    for _ in range(steps):
        train.append((x @ w - y).square().mean())
        held.append((held_x @ w - held_y).square().mean())
        w = w - 0.05 * x.mT @ (x @ w - y) / rows
    return torch.stack(train).tolist(), torch.stack(held).tolist()


def experiment(off=False):
    steps, runs = 4000, [_curves(seed, noise=0.0 if off else 0.7) for seed in (3, 0, 1)]
    for train, held in runs:
        best = min(range(steps), key=held.__getitem__)
        assert all(b <= a + 1e-12 for a, b in zip(train, train[1:], strict=False)), (
            "the training loss falls throughout"
        )
        if off:
            assert best > 0.9 * steps, "without noise the held-out loss does not turn"
        else:
            assert best < 0.1 * steps and held[-1] > 1.2 * held[best], (
                "the held-out loss turns early and rises"
            )
    train, held = runs[0]
    best = min(range(steps), key=held.__getitem__)
    shown = sorted({round(10 ** (i / 14)) for i in range(51)} & set(range(1, steps + 1)) | {steps})
    if off:
        says = (
            f"Labels without noise: after {steps} steps the held-out loss is at its lowest, {held[-1]:.4f}, and still falling. "
            "Stopping early would only have lost.",
            f"标签没有噪声：{steps} 步之后，留出数据的 loss 是最低的 {held[-1]:.4f}，而且还在降。早停只会吃亏。",
        )
    else:
        says = (
            f"The held-out loss is lowest at step {best + 1}, {held[best]:.2f}; after {steps} steps it has risen to {held[-1]:.2f}, "
            f"while the training loss fell all the way to {train[-1]:.2f}. So it was in the two other runs, with turns at steps "
            f"{' and '.join(str(min(range(steps), key=h.__getitem__) + 1) for _, h in runs[1:])}.",
            f"留出数据的 loss 在第 {best + 1} 步最低，为 {held[best]:.2f}；{steps} 步之后升到 {held[-1]:.2f}，而训练 loss 一路降到 "
            f"{train[-1]:.2f}。另外两次运行也是如此，分别在第 {' 和 '.join(str(min(range(steps), key=h.__getitem__) + 1) for _, h in runs[1:])} 步回升。",
        )
    return {
        "says": says,
        "off": ("labels without noise", "标签不带噪声"),
        "title": (
            "Linear regression: 40 weights, 60 examples",
            "线性回归：40 个权重，60 个样本",
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
