"""Shapes are aligned from the right; (n,) against (n, 1) makes an (n, n) loss."""


def shape_draw(rng):
    a, b, c = rng.sample(range(2, 10), 3)
    return {"a": a, "b": b, "c": c}


def shape_evidence(drawn):
    import torch

    a, b, c = drawn["a"], drawn["b"], drawn["c"]
    try:
        shape = list((torch.zeros(a, 1, c) + torch.zeros(b, 1)).shape)
    except RuntimeError:
        shape = None
    return [shape == [a, b, c], shape == [a, 1, c], shape == [b, 1, c], shape is None]


def which_fit_evidence():
    import torch

    def fit(one, other):
        try:
            torch.zeros(one) + torch.zeros(other)
        except RuntimeError:
            return False
        return True

    return [
        fit([5, 1, 4], [3, 1]),
        fit([2, 7], [2]),
        fit([7], [2, 7]),
        fit([3, 4], [4, 3]),
        fit([], [6]),
        fit([4, 6], [2, 3]),
    ]


def optimum_evidence():
    import torch

    target = torch.tensor([1.0, 2.0, 6.0, 7.0], dtype=torch.float64)
    pred = torch.tensor([[3.0], [-1.0], [0.5], [9.0]], dtype=torch.float64, requires_grad=True)
    for _ in range(60):  # one free number a sample: it could fit anything
        (slope,) = torch.autograd.grad(((pred - target) ** 2).mean(), pred)
        with torch.no_grad():
            pred -= slope
    found = pred.detach().squeeze(1)

    def is_near(wanted):
        return torch.allclose(found, wanted.expand(4))

    return [
        is_near(target),
        is_near(torch.zeros(1, dtype=torch.float64)),
        torch.allclose(found.sort().values, target.sort().values),
        is_near(target.mean()),
    ]


def gradient_draw(rng):
    while True:
        targets = [rng.randint(-5, 9) for _ in range(4)]
        p, mean = rng.randint(-5, 9), sum(targets) / 4
        drawn = {"right": (p - mean) / 2, "aligned": (p - targets[0]) / 2, "per_sample": 2 * (p - mean)}
        if len(set(drawn.values())) == 3 and drawn["right"] != 0:
            return {"targets": str(targets), "p": p, "mean": mean, **drawn}


def gradient_evidence(drawn):
    import json

    import torch

    target = torch.tensor(json.loads(drawn["targets"]), dtype=torch.float64)
    pred = torch.tensor([[drawn["p"]], [1], [2], [3]], dtype=torch.float64, requires_grad=True)
    ((pred - target) ** 2).mean().backward()
    slope = pred.grad[0, 0].item()
    return [abs(slope - drawn[option]) < 1e-9 for option in ("right", "aligned", "per_sample")]


def per_channel_evidence():
    import torch

    g = torch.Generator().manual_seed(0)
    mean = torch.tensor([1.0, 2.0, 3.0])
    large, small = torch.randn(2, 3, 5, 7, generator=g), torch.randn(2, 3, 3, 3, generator=g)

    def by_channel(x):
        return torch.stack([x[:, c] - mean[c] for c in range(3)], 1)

    def right(view):
        try:
            return torch.equal(large - view, by_channel(large))
        except RuntimeError:
            return False

    tested = small - mean
    channels = torch.equal(tested, by_channel(small))
    columns = torch.equal(tested, torch.stack([small[..., c] - mean[c] for c in range(3)], -1))
    rows = torch.equal(tested, torch.stack([small[..., c, :] - mean[c] for c in range(3)], -2))
    return [
        right(mean.view(3)) and channels,
        right(mean.view(3, 1, 1)) and columns,
        right(mean.view(1, 3)) and rows,
        right(mean.view(3, 1, 1)) and channels,
    ]


def worked():
    import torch

    y = torch.tensor([1.0, 2.0, 3.0])
    right, flat = ((p - y).square().mean().item() for p in (y[:, None], torch.full((3, 1), 2.0)))
    assert abs(flat - y.var(correction=0).item()) < 1e-6
    return [f"{right:.3f}", f"{flat:.3f}"]


def experiment(off=False):
    import torch

    n, steps = 64, 60
    generator = torch.Generator().manual_seed(0)
    slopes_of = (
        [0.0, 0.0, 0.0] if off else [1.0, -2.0, 0.5]
    )  # without slopes the best prediction is a constant
    X = torch.randn(n, 3, generator=generator)
    noise = 0.05 * torch.randn(n, generator=generator)
    y = X @ torch.tensor(slopes_of) + 1.0 + noise

    def train(shape_of_target):
        w, b = torch.zeros(3, 1, requires_grad=True), torch.zeros(1, requires_grad=True)
        errors = []
        for _ in range(steps):
            pred = X @ w + b  # (n, 1)
            errors.append(((pred.detach().squeeze(1) - y) ** 2).mean().item())
            loss = ((pred - y.view(shape_of_target)) ** 2).mean()
            slopes = torch.autograd.grad(loss, [w, b])
            with torch.no_grad():
                w -= 0.2 * slopes[0]
                b -= 0.2 * slopes[1]
        return errors, pred.detach().std().item()

    right, spread = train((n, 1))
    wrong, flat = train((n,))
    variance = y.var(unbiased=False).item()
    if off:
        assert abs(wrong[-1] / right[-1] - 1) < 0.2, "where a constant is best, the table does no harm"
        says = (
            f"Targets that do not depend on the input: the best prediction is a constant anyway, and both shapes end alike, at "
            f"{right[-1]:.4f} and {wrong[-1]:.4f}. Such data would never show the bug.",
            f"目标与输入无关：最好的预测本来就是常数，两种形状的结果一样，{right[-1]:.4f} 和 {wrong[-1]:.4f}。这样的数据永远发现不了这个 bug。",
        )
    else:
        assert right[-1] < 0.005 < spread, "with equal shapes the line is found"
        assert abs(wrong[-1] - variance) < 0.02 * variance, (
            "with (n,) the error stays at the variance of the targets"
        )
        assert flat < 0.01 * spread, "with (n,) the model predicts a constant"
        says = (
            f"Same data, same steps: with a target of shape ({n}, 1) the error falls to {right[-1]:.4f}; with ({n},) "
            f"it stays at {wrong[-1]:.2f}, the variance of the targets ({variance:.2f}), and no warning is given.",
            f"数据和步数都一样：目标形状为 ({n}, 1) 时，误差降到 {right[-1]:.4f}；形状为 ({n},) 时停在 {wrong[-1]:.2f}，"
            f"正是目标的方差（{variance:.2f}），而且没有任何警告。",
        )
    return {
        "says": says,
        "off": ("targets that do not depend on the input", "目标与输入无关"),
        "title": ("Mean squared error of each sample's own target", "每个样本与自己目标的均方误差"),
        "chart": "curves",
        "x": list(range(steps)),
        "x_label": ("step", "步"),
        "y_label": ("error", "误差"),
        "log_x": False,
        "log_y": True,
        "series": [
            ((f"target ({n}, 1)", f"目标 ({n}, 1)"), right),
            ((f"target ({n},)", f"目标 ({n},)"), wrong),
        ],
    }
