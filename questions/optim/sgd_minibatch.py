"""Mini-batch gradients: unbiased but noisy, and what the noise does at the end of training."""


def problem(examples, width, seed):
    """A noisy linear regression and its least-squares solution, in float64."""
    import torch

    g = torch.Generator().manual_seed(seed)
    x = torch.randn(examples, width, generator=g, dtype=torch.float64)
    y = x @ torch.ones(width, dtype=torch.float64) + torch.randn(examples, generator=g, dtype=torch.float64)
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


def experiment():
    import torch

    x, y, best = problem(256, 5, 0)
    steps, lr, start = 120, 0.1, torch.zeros(60, 5, dtype=torch.float64)
    curves = {b: excess(x, y, best, run(x, y, start, lr, b, steps, 0)) for b in (1, 8, 64)}
    h = x.mT @ x / len(x)
    full = [start[:1]]
    for _ in range(steps):
        full.append(full[-1] - lr * (full[-1] - best) @ h)
    curves["all"] = excess(x, y, best, torch.stack(full))
    floors = {b: curve[-30:].mean().item() for b, curve in curves.items()}
    assert 4 < floors[1] / floors[8] < 20, "8 times the batch, about an eighth of the floor"
    assert 5 < floors[8] / floors[64] < 13, "8 times the batch, about an eighth of the floor"
    assert floors["all"] < 0.01 * floors[64], "the full batch has no floor"
    return {
        "says": (
            f"At one learning rate ({lr}) the training loss levels off {floors[1]:.2g} above its minimum with a batch of 1, "
            f"{floors[8]:.2g} with 8 and {floors[64]:.2g} with 64: about as 1/B. The full batch goes on to {curves['all'][-1].item():.1g}.",
            f"学习率同为 {lr}，训练损失停在最小值之上：batch 为 1 时高 {floors[1]:.2g}，为 8 时高 {floors[8]:.2g}，"
            f"为 64 时高 {floors[64]:.2g}，大致按 1/B 变化。全批量则继续降到 {curves['all'][-1].item():.1g}。",
        ),
        "title": ("SGD at a constant rate, by batch size", "恒定学习率的 SGD：不同的 batch 大小"),
        "chart": "curves",
        "x": list(range(0, steps + 1, 2)),
        "x_label": ("step", "步数"),
        "y_label": ("loss above the minimum", "高出最小值的损失"),
        "log_x": False,
        "log_y": True,
        "series": [
            (("full batch", "全批量") if b == "all" else f"B = {b}", curve[::2].tolist())
            for b, curve in curves.items()
        ],
    }
