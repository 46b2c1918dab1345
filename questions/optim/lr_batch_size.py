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


def same_floor_draw(rng):
    lr, up, b, k = rng.choice([0.01, 0.02]), rng.choice([0.5, 2]), rng.choice([4, 8]), rng.choice([3, 5, 6])
    floor = rng.choice([0.02, 0.03, 0.04, 0.06])
    values = {
        "answer": floor * up / k,
        "rate_only": floor * up,
        "squared": floor * up**2 / k,
        "rooted": floor * up / k**0.5,
    }
    drawn = {"lr": lr, "lr2": lr * up, "b": b, "b2": b * k, "k": k, "floor": floor}
    return drawn | {name: float(f"{value:.3g}") for name, value in values.items()}


def same_floor_evidence(drawn):
    """Many chains at once on ½w² with noise of variance 1/B in the gradient, until they have levelled off."""
    import torch

    names, fits = ("answer", "rate_only", "squared", "rooted"), []
    for seed in range(3):
        g = torch.Generator().manual_seed(seed)

        def level(lr, b, g=g):
            w, total, count = torch.zeros(4000), 0.0, round(6 / lr)
            for step in range(count):
                w = w - lr * (w + torch.randn(4000, generator=g) / b**0.5)
                total += w.square().mean().item() / 2 if step >= count // 2 else 0.0
            return total / (count - count // 2)

        height = drawn["floor"] * level(drawn["lr2"], drawn["b2"]) / level(drawn["lr"], drawn["b"])
        fits.append([abs(drawn[name] / height - 1) < 0.08 for name in names])
    return [all(column) for column in zip(*fits, strict=True)]


def _passes(seed=0, slower=1):
    """The loss above the minimum after one pass over 1024 examples, for batches and rates, in runs of three inputs."""
    import torch

    x, y = regression(2048, 3, seed)
    best = torch.linalg.lstsq(x, y[:, None]).solution[:, 0]
    floor = (x @ best - y).square().mean()

    def train(b, lr):
        w, losses = torch.zeros(3, dtype=torch.float64), []
        for _ in range(slower):  # a lower rate gets as many passes more
            for xs, ys in zip(x[:1024].split(b), y[:1024].split(b), strict=True):
                losses += [((x @ w - y).square().mean() - floor).item()] * (b // 16)
                w = w - lr / slower * gradient(xs, ys, w)
        return [*losses, ((x @ w - y).square().mean() - floor).item()]

    return {(b, lr): train(b, lr) for b, lr in ((16, 0.04), (64, 0.16), (64, 0.04), (512, 1.28))}


def scaled_evidence():
    near = []
    for seed in range(3):
        ends = {key: losses[-1] for key, losses in _passes(seed).items()}
        original = ends.pop((16, 0.04))
        near.append({key for key, end in ends.items() if 1 / 6 < end / original < 6})
    claims = {(64, 0.16), (64, 0.04)}, {(64, 0.16), (512, 1.28)}, {(64, 0.16)}, set()
    return [all(found == claim for found in near) for claim in claims]


def divided_evidence():
    import torch

    g = torch.Generator().manual_seed(0)
    parts = [torch.randn(20, generator=g, dtype=torch.float64) for _ in range(8 * 30)]

    def moved(cls, rate, share):
        w = torch.zeros(20, dtype=torch.float64, requires_grad=True)
        optimizer = cls([w], lr=rate)
        for step in range(30):
            optimizer.zero_grad()
            for part in parts[8 * step : 8 * step + 8]:
                ((w * part).sum() * share).backward()
            optimizer.step()
        return w.detach()

    def same(cls, factor):
        return torch.allclose(moved(cls, 0.01 * factor, 1 / 8), moved(cls, 0.01, 1), rtol=1e-4, atol=1e-8)

    sgd, adam = (
        {factor: same(cls, factor) for factor in (1, 8)} for cls in (torch.optim.SGD, torch.optim.Adam)
    )
    return [sgd[1] and adam[1], sgd[8] and adam[1], sgd[1] and adam[8], sgd[8] and adam[8]]


def worked():
    import torch
    from torch.nn import functional as F

    p = torch.zeros(32, 4, requires_grad=True)
    mean, total = (
        torch.autograd.grad(F.mse_loss(p, torch.ones(32, 4), reduction=r), p)[0] for r in ("mean", "sum")
    )
    terms = round((total / mean)[0, 0].item())
    return [f"{terms}", f"{0.1 / terms:.5f}", f"{0.1 / 32:.4f}", f"{2 / 2:.1f}", f"{1.0 / 0.04:.0f}"]


def experiment(off=False):
    x, y = regression(2048, 3, 0)
    rows = []
    for b in (32, 128, 512, 2048):
        mean, total = (largest_rate(x[:b], y[:b], reduction) for reduction in ("mean", "sum"))
        rows.append([b, round(mean, 2), float(f"{total:.2g}"), round(mean / total)])
        assert abs(mean / total / b - 1) < 0.05, "the sum's limit is B times lower"
    assert rows[-1][1] / rows[0][1] < 3, "the mean's limit does not grow with the batch"

    slower = 16 if off else 1
    for seed in range(3):
        ends = [losses[-1] for losses in _passes(seed, slower).values()]
        assert 1 / 6 < ends[1] / ends[0] < 6, "linear scaling holds for k = 4"
        if off:
            assert 1 / 6 < ends[3] / ends[0] < 6, "and for k = 32, where the rates are low"
        else:
            assert ends[2] > 10 * ends[1], "an unscaled rate falls behind"
            assert ends[3] > 10, "linear scaling breaks at k = 32"
    every = _passes(0, slower)
    ends = [losses[-1] for losses in every.values()]
    runs = [(f"B = {b}, η = {lr / slower:g}", losses[::slower]) for (b, lr), losses in every.items()]
    if off:
        says = (
            f"At a sixteenth of the rates, after 16 passes, k = 32 scaled ends like the original as well ({ends[3]:.1g}, {ends[0]:.1g}): "
            f"η = {1.28 / slower:g} is far below the limit of about {rows[-1][1]:.1f}.",
            f"学习率取十六分之一，过 16 遍之后，k = 32 并缩放的结果也与原来相当（{ends[3]:.1g} 与 {ends[0]:.1g}）："
            f"η = {1.28 / slower:g} 远低于约 {rows[-1][1]:.1f} 的上限。",
        )
    else:
        says = (
            f"The largest stable rate is about {rows[-1][1]:.1f} at every batch with a mean, and a sum divides it "
            f"by {rows[0][3]} to {rows[-1][3]}. After 1024 examples k = 4 scaled ends like the original ({ends[1]:.1g}, {ends[0]:.1g}), "
            f"unscaled it lags ({ends[2]:.1g}), and k = 32 diverges ({ends[3]:.0f}).",
            f"取平均时，各种 batch 下最大的稳定学习率都在 {rows[-1][1]:.1f} 左右；求和时只有它的 1/{rows[0][3]} 到 1/{rows[-1][3]}。"
            f"看过 1024 个样本之后，k = 4 并缩放学习率，结果与原来相当（{ends[1]:.1g} 与 {ends[0]:.1g}）；"
            f"不缩放就落后（{ends[2]:.1g}）；k = 32 则发散（{ends[3]:.0f}）。",
        )
    return {
        "says": says,
        "off": ("a sixteenth of the rates, 16 passes", "学习率取十六分之一，过 16 遍"),
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
                "x": [16 * slower * i for i in range(65)],
                "x_label": ("examples seen", "看过的样本数"),
                "y_label": ("loss above the minimum", "高出最小值的部分"),
                "log_x": False,
                "log_y": True,
                "series": runs,
            },
        ],
    }
