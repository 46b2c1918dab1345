"""Adam with L2 in the gradient against AdamW's decoupled decay."""


def decayed(decoupled, scale, steps=400, lr=0.01, decay=0.1, seed=0):
    """The mean of 500 weights that start at 1 and receive pure noise of this scale as their gradients."""
    import torch

    g = torch.Generator().manual_seed(seed)
    w = torch.ones(500, dtype=torch.float64)
    m, v, means = torch.zeros_like(w), torch.zeros_like(w), [1.0]
    for t in range(1, steps + 1):
        gradient = scale * torch.randn(500, generator=g, dtype=torch.float64)
        if decoupled:
            w = w * (1 - lr * decay)
        else:
            gradient = gradient + decay * w
        m, v = 0.9 * m + 0.1 * gradient, 0.999 * v + 0.001 * gradient**2
        w = w - lr * (m / (1 - 0.9**t)) / ((v / (1 - 0.999**t)).sqrt() + 1e-8)
        means.append(w.mean().item())
    return means


def not_l2_evidence():
    import torch

    def ends(cls, scale, decay):
        """Where torch's own optimizer takes weights of 1 under noise of this scale."""
        g = torch.Generator().manual_seed(0)
        w = torch.ones(300, dtype=torch.float64, requires_grad=True)
        optimizer = cls([w], lr=0.01, weight_decay=decay)
        for _ in range(200):
            w.grad = scale * torch.randn(300, generator=g, dtype=torch.float64)
            optimizer.step()
        return w.mean().item()

    adam, adamw = torch.optim.Adam, torch.optim.AdamW
    decoupled = [ends(adamw, scale, 0.1) for scale in (0.01, 10)]
    coupled = {
        decay: [ends(adam, scale, decay) for scale in (0.01, 10)] for decay in (0.001, 0.01, 0.1, 1, 10)
    }
    even = abs(decoupled[0] - decoupled[1]) < 0.02
    rescaled = any(
        max(abs(a - b) for a, b in zip(pair, decoupled, strict=True)) < 0.05 for pair in coupled.values()
    )
    lost = [1 - value for value in coupled[0.1]]
    doubled = all(abs(x / (1 - y) - 2) < 0.2 for x, y in zip(lost, decoupled, strict=True))
    uneven = even and lost[0] > 0.9 and lost[1] < 0.1
    only_later = all(abs(x / (1 - y) - 1) < 0.2 for x, y in zip(lost, decoupled, strict=True))
    return [rescaled, doubled, only_later, uneven]


def shrink_draw(rng):
    lr, decay, n = rng.choice(
        [(0.01, 0.1, 200), (0.01, 0.2, 200), (0.02, 0.1, 200), (0.05, 0.1, 100), (0.01, 0.5, 100)]
    )
    w = rng.choice([2, 3, 4, 5])
    factor = 1 - lr * decay
    return {
        "w": w,
        "n": n,
        "lr": lr,
        "decay": decay,
        "factor": round(factor, 6),
        "answer": float(f"{w * factor**n:.3g}"),
        "linear": round(w * (1 - n * lr * decay), 4),
        "without_lr": float(f"{w * (1 - decay) ** n:.3g}"),
    }


def shrink_evidence(drawn):
    import torch

    w = torch.full((1,), float(drawn["w"]), dtype=torch.float64, requires_grad=True)
    optimizer = torch.optim.AdamW([w], lr=drawn["lr"], weight_decay=drawn["decay"])
    w.grad = torch.zeros_like(w)
    for _ in range(drawn["n"]):
        optimizer.step()
    return [abs(drawn[name] / w.item() - 1) < 0.004 for name in ("answer", "w", "linear", "without_lr")]


def experiment():
    small, large = 0.01, 10
    runs = {
        (decoupled, scale): decayed(decoupled, scale)
        for decoupled in (True, False)
        for scale in (small, large)
    }
    ends = {key: means[-1] for key, means in runs.items()}
    assert abs(ends[True, small] - ends[True, large]) < 0.05, "AdamW decays all weights alike"
    assert ends[False, large] > 0.9 and abs(ends[False, small]) < 0.05, "L2 in Adam depends on the gradients"
    return {
        "says": (
            f"Pure noise as gradients, weights start at 1, λ = 0.1. After 400 steps AdamW leaves {ends[True, small]:.2f} (small "
            f"gradients) and {ends[True, large]:.2f} (large); Adam with L2 leaves {abs(ends[False, small]):.2f} and {ends[False, large]:.2f}.",
            f"梯度是纯噪声，权重从 1 开始，λ = 0.1。400 步之后，AdamW 剩下 {ends[True, small]:.2f}（小梯度）和 "
            f"{ends[True, large]:.2f}（大梯度）；Adam 加 L2 则剩下 {abs(ends[False, small]):.2f} 和 {ends[False, large]:.2f}。",
        ),
        "title": ("Mean weight under decay alone", "只受衰减作用的权重均值"),
        "chart": "curves",
        "x": list(range(0, 401, 10)),
        "x_label": ("step", "步数"),
        "y_label": ("mean weight", "权重均值"),
        "log_x": False,
        "log_y": False,
        "series": [
            (("AdamW, gradients 0.01", "AdamW，梯度 0.01"), runs[True, small][::10]),
            (("AdamW, gradients 10", "AdamW，梯度 10"), runs[True, large][::10]),
            (("Adam + L2, gradients 0.01", "Adam + L2，梯度 0.01"), runs[False, small][::10]),
            (("Adam + L2, gradients 10", "Adam + L2，梯度 10"), runs[False, large][::10]),
        ],
    }
