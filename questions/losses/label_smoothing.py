"""Experiment, draws and evidence for label_smoothing.md."""


def target_draw(rng):
    K, eps = rng.choice([4, 5, 8, 10, 20]), rng.choice([0.1, 0.2, 0.3])
    values = {
        "answer": 1 - eps + eps / K,
        "others": 1 - eps,
        "share": eps / K,
        "too_much": 1 - eps / K,
    }
    return {"K": K, "eps": eps, "rest": K - 1} | {name: f"{v:.4g}" for name, v in values.items()}


def target_evidence(drawn):
    """Read off the gradient at zero logits, which is 1/K − q."""
    import torch

    o = torch.zeros(1, drawn["K"], dtype=torch.float64, requires_grad=True)
    torch.nn.functional.cross_entropy(o, torch.tensor([0]), label_smoothing=drawn["eps"]).backward()
    q = (1 / drawn["K"] - o.grad)[0, 0].item()
    return [abs(float(drawn[k]) - q) < 5e-4 for k in ("answer", "others", "share", "too_much")]


def loss_draw(rng):
    import math

    while True:
        K, eps = rng.choice([3, 4]), rng.choice([0.1, 0.2])
        o = [rng.randint(1, 5)] + [rng.randint(-2, 1) for _ in range(K - 1)]
        total = math.log(sum(map(math.exp, o)))
        logs = [total - v for v in o]
        plain, mean = logs[0], sum(logs) / K
        values = {
            "answer": (1 - eps) * plain + eps * mean,
            "plain": plain,
            "shrunk": (1 - eps) * plain,
            "sum": (1 - eps) * plain + eps * sum(logs),
        }
        numbers = list(values.values())
        if min(abs(a / b - 1) for i, a in enumerate(numbers) for b in numbers[:i]) > 0.05 and plain > 0.05:
            shown = {name: f"{v:.3f}" for name, v in values.items()}
            logits = ", ".join(str(v).replace("-", "−") for v in o)
            return {"K": K, "eps": eps, "logits": logits, "uniform": f"{mean:.3f}", **shown}


def loss_evidence(drawn):
    import torch

    o = torch.tensor([[float(v.replace("−", "-")) for v in drawn["logits"].split(", ")]], dtype=torch.float64)
    loss = torch.nn.functional.cross_entropy(o, torch.tensor([0]), label_smoothing=drawn["eps"]).item()
    return [abs(float(drawn[k]) / loss - 1) < 0.01 for k in ("answer", "plain", "shrunk", "sum")]


def split_evidence():
    import math

    import torch

    g = torch.Generator().manual_seed(0)
    o, y, eps = torch.randn(20, 5, generator=g, dtype=torch.float64), torch.arange(20) % 5, 0.3
    ce = torch.nn.functional.cross_entropy
    kl = (0.2 * (math.log(0.2) - o.log_softmax(1))).sum(1).mean()
    split = (1 - eps) * ce(o, y) + eps * kl + eps * math.log(5)
    return [torch.allclose(ce(o, y, label_smoothing=eps), split)]


def _norms(eps, spread, seed, steps=1600):
    """Norm of a linear classifier's weights after every step of plain gradient descent."""
    import torch

    g = torch.Generator().manual_seed(seed)
    y = torch.arange(3).repeat(15)
    x = 2 * torch.eye(3)[y] + spread * torch.randn(45, 3, generator=g)
    q = (1 - eps) * torch.eye(3)[y] + eps / 3
    w, norms = torch.zeros(3, 3), []
    for _ in range(steps):
        p = (x @ w.T).softmax(1)
        w -= 0.5 * (p - q).T @ x / 45
        norms.append(w.norm().item())
    return norms, (p.argmax(1) == y).all().item()


def _grows(norms):
    return norms[-1] > 1.1 * norms[len(norms) // 4]


def _settles(norms):
    return norms[-1] < 1.01 * norms[len(norms) // 4]


def growth_evidence():
    runs = {eps: [_norms(eps, 0.3, seed)[0] for seed in range(3)] for eps in (0.0, 0.1)}
    grows = {eps: all(map(_grows, found)) for eps, found in runs.items()}
    assert all(grows[eps] or all(map(_settles, found)) for eps, found in runs.items())
    seen = grows[0.0], grows[0.1]
    return [seen == pair for pair in ((False, False), (False, True), (True, False), (True, True))]


def why_finite_evidence():
    import torch
    from torch.nn.functional import cross_entropy

    def loss(top, eps=0.1):
        return cross_entropy(
            torch.tensor([[top, 0.0, 0.0]], dtype=torch.float64), torch.tensor([0]), label_smoothing=eps
        ).item()

    random = len({loss(2.0) for _ in range(5)}) > 1
    reproduced = loss(3.33) < loss(2.5) and loss(3.33) < loss(20.0) and loss(20.0, 0.0) < loss(3.33, 0.0)
    scaled = not 0.9 * loss(20.0, 0.0) < 0.9 * loss(
        3.33, 0.0
    )  # the factor alone leaves the minimum at infinity
    o = torch.tensor([[5.0, 0.0, 0.0]], requires_grad=True)
    sums = [
        torch.autograd.grad(cross_entropy(o, torch.tensor([0]), label_smoothing=e), o)[0].sum().abs().item()
        for e in (0.0, 0.1)
    ]
    distinguishes = (sums[0] < 1e-6) != (sums[1] < 1e-6)
    return [random, reproduced, distinguishes, scaled]


def threshold_evidence():
    import math

    eps, K = 0.1, 50
    top, rest = 1 - eps + eps / K, eps / K
    floor = -top * math.log(top) - (K - 1) * rest * math.log(rest)

    gap = math.log(top / rest)
    from_logits = gap > math.log(0.95 / (0.05 / 49))  # would the logits' gap still allow p > 0.95?
    assert f"{floor:.2f}" == "0.70"  # true of the training loss, but no answer
    return [None, None, from_logits, abs(top - 0.902) < 1e-9]


def worked():
    import math

    import torch
    from torch.nn.functional import cross_entropy

    o, y = torch.tensor([[2.0, 0.0, 0.0, 0.0]], dtype=torch.float64, requires_grad=True), torch.tensor([0])
    loss = cross_entropy(o, y, label_smoothing=0.1)
    loss.backward()
    logs = -o.detach().log_softmax(1)[0]
    return [
        f"{logs[0].neg().exp().item():.3f}",
        f"{logs[0].item():.3f}",
        f"{logs.mean().item():.3f}",
        f"{loss.item():.3f}",
        f"{o.grad[0, 0].item():.3f}".replace("-", "−"),
        f"{o.grad[0, 1].item():.3f}",
        f"{math.log(0.925 / 0.025):.1f}",
    ]


def experiment(off=False):
    spread = 1.5 if off else 0.3
    runs = {eps: [_norms(eps, spread, seed, 3000) for seed in range(3)] for eps in (0.0, 0.1)}
    norms = {eps: [run[0] for run in found] for eps, found in runs.items()}
    means = {eps: [sum(values) / 3 for values in zip(*found, strict=True)] for eps, found in norms.items()}
    ends = {eps: (run[749], run[-1]) for eps, run in means.items()}
    assert all(map(_settles, norms[0.1])), "with smoothing the weights settle"
    if off:
        assert not any(right for _, right in runs[0.0]), "these classes overlap"
        assert all(map(_settles, norms[0.0])), "so the plain loss has a minimum, too"
        says = (
            f"Where the classes overlap both settle: without smoothing the norm is {ends[0.0][0]:.2f} after 750 steps and "
            f"{ends[0.0][1]:.2f} after 3,000, with smoothing {ends[0.1][0]:.2f} and {ends[0.1][1]:.2f} (mean of 3 seeds).",
            f"各类重叠时，两者都趋于稳定：不平滑，750 步时范数为 {ends[0.0][0]:.2f}，3,000 步时 {ends[0.0][1]:.2f}；平滑则是 "
            f"{ends[0.1][0]:.2f} 和 {ends[0.1][1]:.2f}（3 个种子平均）。",
        )
    else:
        assert all(right for _, right in runs[0.0]) and all(map(_grows, norms[0.0])), (
            "without it they grow on"
        )
        says = (
            f"Without smoothing the norm is {ends[0.0][0]:.2f} after 750 steps and {ends[0.0][1]:.2f} after 3,000, still growing; with "
            f"ε = 0.1 it is {ends[0.1][0]:.2f} and {ends[0.1][1]:.2f} (mean of 3 seeds).",
            f"不平滑，750 步时范数为 {ends[0.0][0]:.2f}，3,000 步时 {ends[0.0][1]:.2f}，还在增长；ε = 0.1 时是 {ends[0.1][0]:.2f} 和 "
            f"{ends[0.1][1]:.2f}（3 个种子平均）。",
        )
    points = sorted({round(3000 ** (i / 40)) for i in range(41)})
    return {
        "says": says,
        "off": ("the classes overlap", "各类有重叠"),
        "title": ("Norm of the weights", "权重的范数"),
        "chart": "curves",
        "x": points,
        "x_label": ("step", "步"),
        "log_x": True,
        "y_label": "‖W‖",
        "series": [
            (("one-hot", "one-hot"), [means[0.0][i - 1] for i in points]),
            ("ε = 0.1", [means[0.1][i - 1] for i in points]),
        ],
    }
