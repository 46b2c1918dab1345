"""Mini-batch gradients: unbiased but noisy, and what the noise does at the end of training."""


def problem(examples, width, seed, noise=1.0):
    """A noisy linear regression and its least-squares solution, in float64."""
    import torch

    g = torch.Generator().manual_seed(seed)
    x = torch.randn(examples, width, generator=g, dtype=torch.float64)
    y = x @ torch.ones(width, dtype=torch.float64)
    y = y + noise * torch.randn(examples, generator=g, dtype=torch.float64)
    return x, y, torch.linalg.lstsq(x, y[:, None]).solution[:, 0]


def run(x, y, weights, lr, batch, steps, seed):
    """SGD on ½(xw − y)² in many independent chains at once. All weights seen: (steps + 1, chains, width)."""
    import torch

    g = torch.Generator().manual_seed(seed)
    path = [weights]
    for _ in range(steps):
        draw = torch.randint(len(x), (len(weights), batch), generator=g)
        xs, ys = x[draw], y[draw]  # (chains, batch, width), (chains, batch)
        error = (xs * path[-1][:, None]).sum(-1) - ys
        path.append(path[-1] - lr * (error[..., None] * xs).mean(1))
    return torch.stack(path)


def excess(x, y, best, weights):
    """How far the full training loss lies above its minimum, averaged over the chains."""

    def loss(w):
        return 0.5 * (w @ x.mT - y).square().mean(-1)

    return (loss(weights) - loss(best)).mean(-1)


def usable_evidence():
    import itertools

    import torch

    x, y, best = problem(12, 3, 0)
    w = (best + 0.1).requires_grad_()

    def gradient(rows):
        loss = 0.5 * (x[rows] @ w - y[rows]).square().mean()
        return torch.autograd.grad(loss, w)[0]

    full = gradient(list(range(12)))
    batches = torch.stack([gradient(list(rows)) for rows in itertools.combinations(range(12), 4)])
    every_step_down = bool(((batches @ full) > 0).all())
    same_length = abs(batches.norm(dim=1).mean() / full.norm() - 1).item() < 0.05
    unbiased = torch.allclose(batches.mean(0), full)
    nearly_equal = ((batches - full).norm(dim=1).max() / full.norm()).item() < 0.2
    return [every_step_down, same_length, unbiased, nearly_equal]


def noise_draw(rng):
    root = rng.choice([2, 3, 4, 5])
    b = rng.choice([4, 8, 16])
    s = rng.choice([0.6, 1.2, 1.8, 2.4, 3.0])
    return {
        "s": s,
        "b": b,
        "big": b * root**2,
        "k": root**2,
        "root": root,
        "answer": round(s / root, 4),
        "linear": round(s / root**2, 4),
        "grown": round(s * root, 4),
    }


def noise_evidence(drawn):
    """Gradients by autograd, of ½(w − x)², for 3,000 batches of each size."""
    import torch

    g = torch.Generator().manual_seed(0)

    def spread(batch):
        w = torch.zeros(3000, requires_grad=True)
        loss = 0.5 * (w[:, None] - torch.randn(3000, batch, generator=g)).square().mean(1)
        loss.sum().backward()
        return w.grad.std().item()

    expected = drawn["s"] * spread(drawn["big"]) / spread(drawn["b"])
    return [abs(drawn[name] / expected - 1) < 0.1 for name in ("answer", "linear", "s", "grown")]


def floor_evidence():

    x, y, best = problem(128, 3, 1)
    chains = 200
    end = run(x, y, best.expand(chains, -1) + 1, 0.2, 4, 150, 0)[-1]
    floor = excess(x, y, best, end)

    def after(weights, lr=0.2, batch=4, steps=100):
        return run(x, y, weights, lr, batch, steps, 1)

    lower = excess(x, y, best, after(end, lr=0.05)[-1])
    longer = excess(x, y, best, after(end, steps=1500)[-1])
    larger = excess(x, y, best, after(end, batch=32)[-1])
    restarted = excess(x, y, best, after(best.expand(chains, -1) + 0.01)[-1])
    averaged = excess(x, y, best, after(end, steps=300).mean(0))
    return [bool(result < 0.6 * floor) for result in (lower, longer, larger, restarted, averaged)]


def floors_evidence():
    linear, root, sinks = [], [], []
    for seed in range(3):
        x, y, best = problem(256, 5, seed)
        start = best.expand(100, -1) + 0.1
        floors = [
            excess(x, y, best, run(x, y, start, 0.1, b, 90, seed))[-30:].mean().item() for b in (2, 8, 32)
        ]
        ratios = [a / b for a, b in zip(floors, floors[1:], strict=False)]  # four times the batch each
        linear.append(all(3 < r < 5.5 for r in ratios))
        root.append(all(1.7 < r < 2.4 for r in ratios))
        w, h = best + 0.1, x.mT @ x / len(x)
        for _ in range(90):
            w = w - 0.1 * (w - best) @ h
        sinks.append(excess(x, y, best, w[None]).item() < 0.01 * floors[-1])
    return [
        all(linear) and all(sinks),
        all(root) and all(sinks),
        all(linear) and not any(sinks),
        all(root) and not any(sinks),
    ]


def sawtooth_evidence():
    """Softmax regression on four classes: how far the mean loss differs from place to place in the epoch."""
    import torch
    from torch.nn import functional as F

    def wave(seed, shuffled=False, sort=False, lr=0.1, batch=16):
        g = torch.Generator().manual_seed(seed)
        labels = torch.randint(4, (400,), generator=g)
        if sort:
            labels = labels.sort().values
        x = torch.randn(4, 6, generator=g)[labels] + torch.randn(400, 6, generator=g)
        w, losses = torch.zeros(6, 4), []
        for _ in range(12):
            order = torch.randperm(400, generator=g) if shuffled else torch.arange(400)
            for rows in order.split(batch):
                w.requires_grad_()
                loss = F.cross_entropy(x[rows] @ w, labels[rows])
                (slope,) = torch.autograd.grad(loss, w)
                w = (w - lr * slope).detach()
                losses.append(loss.item())
        table = torch.tensor(losses).view(12, -1)[4:]
        slow = table.view(8, 5, -1).mean(2)  # fifths of an epoch: waves, not single points
        return (slow.mean(0).max() - slow.mean(0).min()).item()

    def waves(**options):
        return [wave(seed, **options) for seed in range(3)]

    in_order = min(waves(sort=True))
    return [
        min(waves(shuffled=True, lr=2.0)) > 0.5 * in_order,
        in_order > 3 * max(waves(sort=True, shuffled=True)),
        None,
        min(waves(shuffled=True, batch=4)) > 0.5 * in_order,
    ]


def worked():
    import itertools

    import torch

    single = torch.tensor([1.0, 3.0, -2.0, 6.0], dtype=torch.float64)
    pairs = torch.stack([single[list(rows)].mean() for rows in itertools.combinations(range(4), 2)])
    spread, drawn_again = pairs.std(correction=0).item(), single.std(correction=0).item() / 2**0.5
    assert (pairs < 0).sum() == 1 and pairs.mean() == single.mean() == 2
    return [
        f"{pairs[1]:.1f}".replace("-", "−"),
        f"{pairs[4]:.1f}",
        f"{spread:.2f}",
        f"{drawn_again:.2f}",
        f"{single.std(correction=0):.2f}",
    ]


def experiment(off=False):
    import torch

    x, y, best = problem(256, 5, 0, noise=0.0 if off else 1.0)
    steps, lr, start = 120, 0.1, torch.zeros(60, 5, dtype=torch.float64)
    curves = {b: excess(x, y, best, run(x, y, start, lr, b, steps, 0)) for b in (1, 8, 64)}
    h = x.mT @ x / len(x)
    full = [start[:1]]
    for _ in range(steps):
        full.append(full[-1] - lr * (full[-1] - best) @ h)
    curves["all"] = excess(x, y, best, torch.stack(full))
    floors = {b: curve[-30:].mean().item() for b, curve in curves.items()}
    if off:
        ends = {b: curve[-1].item() for b, curve in curves.items()}
        assert max(ends[1], ends[8], ends[64]) < 1e-6, (
            "where every example is fitted exactly there is no floor"
        )
        says = (
            f"Labels without noise: the model fits every example exactly, all gradients are zero at the minimum, and SGD goes on at a "
            f"constant rate: after {steps} steps to {ends[1]:.0e} with a batch of 1, {ends[8]:.0e} with 8.",
            f"标签没有噪声：模型能把每个样本都精确拟合，在最小点各样本的梯度都为零，学习率恒定的 SGD 也一直往下走：{steps} 步之后，"
            f"batch 为 1 时是 {ends[1]:.0e}，为 8 时是 {ends[8]:.0e}。",
        )
    else:
        assert 4 < floors[1] / floors[8] < 20, "8 times the batch, about an eighth of the floor"
        assert 5 < floors[8] / floors[64] < 13, "8 times the batch, about an eighth of the floor"
        assert floors["all"] < 0.01 * floors[64], "the full batch has no floor"
        says = (
            f"At one learning rate ({lr}) the training loss levels off {floors[1]:.2g} above its minimum with a batch of 1, "
            f"{floors[8]:.2g} with 8 and {floors[64]:.2g} with 64: about as 1/B. The full batch goes on to {curves['all'][-1].item():.1g}.",
            f"学习率同为 {lr}，训练 loss 停在最小值之上：batch 为 1 时高 {floors[1]:.2g}，为 8 时高 {floors[8]:.2g}，"
            f"为 64 时高 {floors[64]:.2g}，大致按 1/B 变化。全量则继续降到 {curves['all'][-1].item():.1g}。",
        )
    return {
        "says": says,
        "off": ("labels without noise", "标签不带噪声"),
        "title": ("SGD at a constant rate, by batch size", "恒定学习率的 SGD：不同的 batch 大小"),
        "chart": "curves",
        "x": list(range(0, steps + 1, 2)),
        "x_label": ("step", "步数"),
        "y_label": ("loss above the minimum", "高出最小值的部分"),
        "log_x": False,
        "log_y": True,
        "series": [
            (("full batch", "全量") if b == "all" else f"B = {b}", curve[::2].tolist())
            for b, curve in curves.items()
        ],
    }
