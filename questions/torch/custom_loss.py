"""A loss is any scalar that differentiable operations connect with the parameters."""


def outside_forward_evidence():
    import torch
    from torch import nn
    from torch.nn import functional as F

    class Plain(nn.Module):
        def __init__(self):
            super().__init__()
            self.fc = nn.Linear(3, 1)

        def forward(self, x):
            return self.fc(x)

    class WithLoss(Plain):
        def forward(self, x, y):
            return F.mse_loss(self.fc(x), y)

    plain, inside = Plain(), WithLoss()
    inside.load_state_dict(plain.state_dict())
    x, y = torch.ones(4, 3), torch.zeros(4, 1)

    def gradient(model, loss):
        model.zero_grad()
        loss.backward()
        return model.fc.weight.grad.clone()

    outer = gradient(plain, F.mse_loss(plain(x), y))
    inner = gradient(inside, inside(x, y))
    doubled = torch.allclose(inner, 2 * outer)
    another = gradient(plain, F.l1_loss(plain(x), y))
    try:
        inside(x)
    except TypeError:
        needs_target = True
    else:
        needs_target = False
    free = plain(x).shape == (4, 1) and not torch.equal(another, outer) and needs_target
    mode_matters = F.mse_loss(plain.train()(x), y) != F.mse_loss(plain.eval()(x), y)
    return [not torch.equal(inner, outer), doubled, free, bool(mode_matters)]


def error_rate_evidence():
    import torch
    from torch.nn import functional as F

    logits = torch.tensor([[2.0, 1.0], [0.0, 3.0], [1.0, 0.5]], dtype=torch.float64, requires_grad=True)
    y = torch.tensor([0, 0, 1])

    def rate(z):
        return (z.argmax(1) != y).double().mean()

    def has_gradient(loss):
        try:
            (slope,) = torch.autograd.grad(loss, logits)
        except RuntimeError:
            return False
        return bool(slope.abs().sum() > 0)

    not_convex = torch.sin(logits).sum()  # a graph, but no convexity
    bounded = torch.sigmoid(100 * (logits - 1)).mean()  # never above one
    steps = [abs(rate(logits + d) - rate(logits)) for d in 1e-4 * torch.eye(6).double().view(6, 3, 2)]
    flat = max(steps) == 0 and not has_gradient(rate(logits))
    integers = has_gradient(F.cross_entropy(logits, y))
    return [not has_gradient(not_convex), flat, not has_gradient(bounded), not integers]


def pinball_draw(rng):
    q = rng.choice([0.1, 0.2, 0.25, 0.3, 0.7, 0.75, 0.8, 0.9])
    n = rng.choice([2, 4, 5, 8, 10])
    below = rng.random() < 0.5
    here, there = (-q, 1 - q) if below else (1 - q, -q)
    return {
        "q": q,
        "n": n,
        "side": "below" if below else "above",
        "zh_side": "低于" if below else "高于",
        "sign": "positive" if below else "negative",
        "zh_sign": "正" if below else "负",
        "branch": "q" if below else "(q − 1)",
        "right": round(here / n, 6),
        "flipped": round(-here / n, 6),
        "other": round(there / n, 6),
        "no_mean": round(here, 6),
    }


def pinball_evidence(drawn):
    import torch

    n, q = drawn["n"], drawn["q"]
    pred = torch.zeros(n, dtype=torch.float64, requires_grad=True)
    target = torch.linspace(-3, 5, n, dtype=torch.float64)
    target[0] = 2.0 if drawn["side"] == "below" else -2.0
    e = target - pred
    torch.maximum(q * e, (q - 1) * e).mean().backward()
    slope = pred.grad[0].item()
    return [abs(slope - drawn[name]) < 1e-6 for name in ("right", "flipped", "other", "no_mean")]


def leads_to_evidence():
    import torch

    seen = []
    for seed in range(3):
        y = torch.empty(2000).exponential_(generator=torch.Generator().manual_seed(seed))
        best = {}
        grid = torch.linspace(0, 5, 2001)
        errors = y - grid[:, None]
        for name, loss in (
            ("squared", errors.square()),
            ("half", torch.maximum(0.5 * errors, -0.5 * errors)),
            ("high", torch.maximum(0.9 * errors, -0.1 * errors)),
        ):
            best[name] = grid[loss.mean(1).argmin()].item()
        mean, median = y.mean().item(), y.median().item()
        above = (y > best["high"]).float().mean().item()

        def kind(x, mean=mean, median=median):
            return "mean" if abs(x - mean) < 0.02 else "median" if abs(x - median) < 0.02 else "neither"

        seen.append((kind(best["squared"]), kind(best["half"]), round(above, 1)))
    claims = ("mean", "mean", 0.9), ("mean", "median", 0.1), ("median", "mean", 0.1), ("mean", "median", 0.9)
    return [all(found == claim for found in seen) for claim in claims]


def falls_but_evidence():
    import torch

    def missing(loss, pairs=5):
        w = torch.ones(1, requires_grad=True)
        x, target = torch.arange(5.0), torch.arange(pairs, dtype=torch.float32) + 1
        loss(x * w, target).backward()
        return w.grad is None

    def copied(pred, target):
        return torch.tensor(
            [(p - t) ** 2 for p, t in zip(pred, target, strict=False)], requires_grad=True
        ).mean()

    def kept(pred, target):
        return torch.stack([(p - t) ** 2 for p, t in zip(pred, target, strict=False)]).mean()

    assert not missing(kept)
    return [None, missing(kept, pairs=3), missing(copied), missing(lambda p, t: (p - t).square().mean())]


def worked():
    import torch

    def pinball(pred, target, q):
        e = torch.tensor(target - pred, dtype=torch.float64)
        return torch.maximum(q * e, (q - 1) * e).item()

    return [f"{pinball(3, 5, 0.9):.1f}", f"{pinball(7, 5, 0.9):.1f}"]


def experiment(off=False):
    import torch

    generator = torch.Generator().manual_seed(0)
    if off:
        y = 1 + 0.5 * torch.randn(2000, generator=generator)
    else:
        y = torch.empty(2000).exponential_(generator=generator)  # skewed: mean 1, median 0.69
    steps = 60

    def pinball(pred, q):
        e = y - pred
        return torch.maximum(q * e, (q - 1) * e).mean()

    def fit(loss, lr=2.0):
        pred, path = torch.zeros((), requires_grad=True), []
        for step in range(steps):
            path.append(pred.item())
            (slope,) = torch.autograd.grad(loss(pred), pred)
            with torch.no_grad():
                pred -= lr * 0.95**step * slope
        return path

    squared = fit(lambda pred: ((y - pred) ** 2).mean(), lr=0.2)
    median, high = fit(lambda pred: pinball(pred, 0.5)), fit(lambda pred: pinball(pred, 0.9))
    mean, middle, ninety = y.mean().item(), y.quantile(0.5).item(), y.quantile(0.9).item()
    for path, wanted, name in (
        (squared, mean, "mean"),
        (median, middle, "median"),
        (high, ninety, "0.9 quantile"),
    ):
        assert abs(path[-1] - wanted) < 0.03 * wanted, f"the loss should lead to the {name}"
    if off:
        assert abs(squared[-1] / median[-1] - 1) < 0.05, "of symmetric targets mean and median agree"
        says = (
            f"Symmetric targets: the squared error leads to {squared[-1]:.2f}, pinball with q = 0.5 to {median[-1]:.2f}. Mean and median "
            f"agree, so the choice between the two hardly matters (q = 0.9: {high[-1]:.2f}).",
            f"目标对称分布：平方误差收敛到 {squared[-1]:.2f}，q = 0.5 的 pinball 收敛到 {median[-1]:.2f}。均值与中位数一致，两种 loss "
            f"选哪个差别不大（q = 0.9：{high[-1]:.2f}）。",
        )
    else:
        says = (
            f"One number is fitted to 2000 skewed targets. The squared error leads to {squared[-1]:.2f} (mean {mean:.2f}), "
            f"pinball with q = 0.5 to {median[-1]:.2f} (median {middle:.2f}), with q = 0.9 to {high[-1]:.2f} "
            f"(0.9 quantile {ninety:.2f}).",
            f"用一个数去拟合 2000 个偏态的目标。平方误差收敛到 {squared[-1]:.2f}（均值 {mean:.2f}），q = 0.5 的 pinball 收敛到 "
            f"{median[-1]:.2f}（中位数 {middle:.2f}），q = 0.9 收敛到 {high[-1]:.2f}（0.9 分位数 {ninety:.2f}）。",
        )
    return {
        "says": says,
        "off": ("targets distributed symmetrically", "目标对称分布"),
        "title": ("The loss decides what is predicted", "loss 决定预测的是什么"),
        "chart": "curves",
        "x": list(range(steps)),
        "x_label": ("step", "步"),
        "y_label": ("prediction", "预测值"),
        "log_x": False,
        "log_y": False,
        "series": [
            (("squared error", "平方误差"), squared),
            ("pinball 0.5", median),
            ("pinball 0.9", high),
        ],
    }
