"""How batch size and reduction change what a learning rate means."""


def regression(examples, width, seed, noise=0.5):
    import torch

    g = torch.Generator().manual_seed(seed)
    x = torch.randn(examples, width, generator=g, dtype=torch.float64)
    clean = x @ torch.arange(1.0, width + 1, dtype=torch.float64)
    return x, clean + noise * torch.randn(examples, generator=g, dtype=torch.float64)


def gradient(x, y, w, reduction="mean"):
    import torch
    from torch.nn import functional as F

    w = w.detach().requires_grad_()
    return torch.autograd.grad(F.mse_loss(x @ w, y, reduction=reduction), w)[0]


def linear_rule_draw(rng):
    k = rng.choice([4, 9, 16])
    b = rng.choice([16, 32, 64])
    lr = rng.choice([0.002, 0.004, 0.01, 0.02])
    return {
        "lr": lr,
        "b": b,
        "big": k * b,
        "k": k,
        "answer": round(lr * k, 6),
        "root": round(lr * k**0.5, 6),
        "down": float(f"{lr / k:.4g}"),
    }


def linear_rule_evidence(drawn):
    """In the limit of small rates: k steps on k batches against one step on all of their examples."""
    import torch

    small = 1e-6
    x, y = regression(drawn["big"], 3, 0)
    start = torch.zeros(3, dtype=torch.float64)
    w = start
    for xs, ys in zip(x.split(drawn["b"]), y.split(drawn["b"]), strict=True):
        w = w - small * gradient(xs, ys, w)
    whole = gradient(x, y, start)
    rates = [drawn[name] * small / drawn["lr"] for name in ("answer", "root", "lr", "down")]
    return [torch.allclose(start - rate * whole, w, rtol=1e-3, atol=0) for rate in rates]


def sum_rate_draw(rng):
    d = rng.choice([2, 4, 5])
    b = rng.choice([10, 20, 25, 40, 50])
    lr = rng.choice([0.1, 0.2, 0.3, 0.6])
    return {
        "d": d,
        "b": b,
        "lr": lr,
        "terms": b * d,
        "answer": float(f"{lr / (b * d):.4g}"),
        "batch_only": float(f"{lr / b:.4g}"),
        "up": round(lr * b * d, 6),
    }


def sum_rate_evidence(drawn):
    import torch
    from torch import nn

    g = torch.Generator().manual_seed(0)
    x, y = torch.randn(drawn["b"], 7, generator=g), torch.randn(drawn["b"], drawn["d"], generator=g)
    start = torch.randn(7, drawn["d"], generator=g)

    def stepped(lr, reduction):
        w = start.clone().requires_grad_()
        nn.MSELoss(reduction=reduction)(x @ w, y).backward()
        return w.detach() - lr * w.grad

    target = stepped(drawn["lr"], "mean")
    return [
        torch.allclose(stepped(drawn[name], "sum"), target, rtol=1e-3, atol=1e-5)
        for name in ("answer", "batch_only", "lr", "up")
    ]


def adam_sum_evidence():
    import torch

    def moved(factor):
        g = torch.Generator().manual_seed(0)
        w = torch.zeros(50, dtype=torch.float64, requires_grad=True)
        optimizer, lengths = torch.optim.Adam([w], lr=0.01), []
        for _ in range(20):
            before = w.detach().clone()
            w.grad = factor * 1e-3 * (0.5 + torch.randn(50, generator=g, dtype=torch.float64))
            optimizer.step()
            lengths.append((w.detach() - before).norm().item())
        return lengths

    ratios = [b / a for a, b in zip(moved(1), moved(64), strict=True)]
    return [all(abs(ratio / claim - 1) < 0.05 for ratio in ratios) for claim in (64, 8, 1, 1 / 64)]


def breaks_evidence():
    import torch

    x, y = regression(4096, 4, 0)
    w = torch.zeros(4, dtype=torch.float64)

    def gap(k, lr=0.02):
        """How far one step with k·lr lands from k steps with lr, relative to the distance covered."""
        parts, short = x[: 8 * k], w
        for xs, ys in zip(parts.split(8), y[: 8 * k].split(8), strict=True):
            short = short - lr * gradient(xs, ys, short)
        long = w - k * lr * gradient(parts, y[: 8 * k], w)
        return ((long - short).norm() / (short - w).norm()).item()

    full = gradient(x, y, w)
    grads = {b: torch.stack([gradient(xs, ys, w) for xs, ys in zip(x.split(b), y.split(b), strict=True)]) for b in (8, 256)}  # fmt: skip
    biased = (grads[256].mean(0) - full).norm() > 0.01 * full.norm()
    longer = grads[256].norm(dim=1).mean() > 16 * grads[8].norm(dim=1).mean()
    noisier = grads[256].std(0).norm() > grads[8].std(0).norm()
    return [bool(biased), bool(longer), bool(noisier), gap(2) < 0.1 and gap(128) > 2]


def largest_rate(x, y, reduction):
    """The largest learning rate, to 1 %, at which gradient descent on this one batch does not blow up."""
    import torch

    count = len(x) if reduction == "mean" else 1
    hessian, pull = 2 * x.mT @ x / count, 2 * x.mT @ y / count
    start = torch.zeros(x.shape[1], dtype=torch.float64)
    assert torch.allclose(-pull, gradient(x, y, start, reduction)), "the gradient torch computes"

    def converges(lr):
        w = start
        for _ in range(80):
            w = w - lr * (hessian @ w - pull)
        return bool(w.norm() < 1e3)

    low, high = 1e-6, 10.0
    while high / low > 1.01:
        middle = (low * high) ** 0.5
        low, high = (middle, high) if converges(middle) else (low, middle)
    return low


def experiment():
    import torch

    x, y = regression(2048, 3, 0)
    rows = []
    for b in (32, 128, 512, 2048):
        mean, total = (largest_rate(x[:b], y[:b], reduction) for reduction in ("mean", "sum"))
        rows.append([b, round(mean, 2), float(f"{total:.2g}"), round(mean / total)])
        assert abs(mean / total / b - 1) < 0.05, "the sum's limit is B times lower"
    assert rows[-1][1] / rows[0][1] < 3, "the mean's limit does not grow with the batch"

    def train(b, lr):
        w, best, losses = (
            torch.zeros(3, dtype=torch.float64),
            torch.linalg.lstsq(x, y[:, None]).solution[:, 0],
            [],
        )
        floor = (x @ best - y).square().mean()
        for xs, ys in zip(x[:1024].split(b), y[:1024].split(b), strict=True):
            losses += [((x @ w - y).square().mean() - floor).item()] * (b // 16)
            w = w - lr * gradient(xs, ys, w)
        return [*losses, ((x @ w - y).square().mean() - floor).item()]

    runs = [
        ("B = 16, η = 0.04", train(16, 0.04)),
        ("B = 64, η = 0.16", train(64, 0.16)),
        ("B = 64, η = 0.04", train(64, 0.04)),
        ("B = 512, η = 1.28", train(512, 1.28)),
    ]
    ends = [losses[-1] for _, losses in runs]
    assert 0.2 < ends[1] / ends[0] < 5, "linear scaling holds for k = 4"
    assert ends[2] > 10 * ends[1], "an unscaled rate falls behind"
    assert ends[3] > runs[3][1][0], "linear scaling breaks at k = 32"
    return {
        "says": (
            f"The largest stable rate is about {rows[-1][1]:.1f} at every batch with a mean, and a sum divides it "
            f"by {rows[0][3]} to {rows[-1][3]}. After 1024 examples k = 4 scaled ends like the original ({ends[1]:.1g}, {ends[0]:.1g}), "
            f"unscaled it lags ({ends[2]:.1g}), and k = 32 diverges ({ends[3]:.0f}).",
            f"取平均时，各种 batch 下最大的稳定学习率都在 {rows[-1][1]:.1f} 左右；求和时只有它的 1/{rows[0][3]} 到 1/{rows[-1][3]}。"
            f"看过 1024 个样本之后，k = 4 并缩放学习率，结果与原来相当（{ends[1]:.1g} 与 {ends[0]:.1g}）；"
            f"不缩放就落后（{ends[2]:.1g}）；k = 32 则发散（{ends[3]:.0f}）。",
        ),
        "charts": [
            {
                "title": ("Largest stable learning rate on one batch", "单个 batch 上最大的稳定学习率"),
                "chart": "table",
                "columns": [
                    ("batch", "batch 大小"),
                    ("mean", "取平均"),
                    ("sum", "求和"),
                    ("mean / sum", "平均 / 求和"),
                ],
                "rows": rows,
            },
            {
                "title": ("The linear scaling rule, by examples seen", "线性缩放规则：按看过的样本数比较"),
                "chart": "curves",
                "x": list(range(0, 1025, 16)),
                "x_label": ("examples seen", "看过的样本数"),
                "y_label": ("loss above the minimum", "高出最小值的损失"),
                "log_x": False,
                "log_y": True,
                "series": runs,
            },
        ],
    }
