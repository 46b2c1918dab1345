"""Gradient clipping: one norm over everything, the direction kept, and a cliff survived."""


def global_norm_draw(rng):
    while True:
        x, y, z, norm = rng.choice(
            [(1, 2, 2, 3), (2, 3, 6, 7), (1, 4, 8, 9), (4, 4, 7, 9), (2, 6, 9, 11), (6, 6, 7, 11)]
        )
        a1, a2, b = rng.sample([x, y, z], 3)
        theta = rng.choice([0.5, 1, 2, 3])
        own = (a1**2 + a2**2) ** 0.5
        values = [a1 * theta / norm, a1 * theta / own, a1 * theta / max(a1, a2, b), a1]
        if theta < own and min(abs(p / q - 1) for i, p in enumerate(values) for q in values[:i]) > 0.05:
            answer, own, largest = (float(f"{value:.3g}") for value in values[:3])
            return {"a1": a1, "a2": a2, "b": b, "theta": theta, "norm": norm, "answer": answer, "own": own, "largest": largest}  # fmt: skip


def global_norm_evidence(drawn):
    import torch

    a, b = torch.zeros(2, requires_grad=True), torch.zeros(1, requires_grad=True)
    a.grad, b.grad = torch.tensor([float(drawn["a1"]), float(drawn["a2"])]), torch.tensor([float(drawn["b"])])
    torch.nn.utils.clip_grad_norm_([a, b], max_norm=drawn["theta"])
    return [abs(drawn[name] / a.grad[0].item() - 1) < 0.01 for name in ("answer", "own", "largest", "a1")]


def clipped(gradients, by_value, limit=1.0):
    import torch

    parameters = [torch.zeros_like(g).requires_grad_() for g in gradients]
    for parameter, g in zip(parameters, gradients, strict=True):
        parameter.grad = g.clone()
    (torch.nn.utils.clip_grad_value_ if by_value else torch.nn.utils.clip_grad_norm_)(parameters, limit)
    return torch.cat([parameter.grad for parameter in parameters])


def direction_evidence():
    import torch

    gradients = [torch.tensor([5.0, 0.2]), torch.tensor([0.1, -0.3, 2.0])]
    whole = torch.cat(gradients)
    by_norm, by_value = clipped(gradients, False), clipped(gradients, True)
    fewer = (by_norm != whole).sum() < (by_value != whole).sum()
    short = [0.01 * g for g in gradients]
    lengthens = clipped(short, False).norm() > 1.01 * torch.cat(short).norm()
    each_alone = torch.cat([clipped([g], False) for g in gradients])
    own_norms = torch.allclose(by_norm, each_alone, atol=1e-3)

    def cosine(g):
        return (g @ whole / g.norm() / whole.norm()).item()

    keeps = cosine(by_norm) > 0.99999 and cosine(by_value) < 0.95
    return [bool(fewer), bool(lengthens), own_norms, keeps]


def loop_evidence():
    """Each neighbour depends on the one before: swap any two and the iteration does something else."""
    import itertools
    import warnings

    import torch
    from torch import nn

    def run(order):
        g = torch.Generator().manual_seed(0)
        w = nn.Parameter(torch.randn(3, generator=g))
        x, y = torch.randn(5, 3, generator=g), torch.randn(5, generator=g)
        optimizer = torch.optim.SGD([w], lr=1.0)
        scheduler = torch.optim.lr_scheduler.LambdaLR(optimizer, lambda t: 0.5**t)
        state = {}
        parts = {
            "loss": lambda: state.update(loss=100 * ((x @ w - y) ** 2).mean()),
            "backward": lambda: state["loss"].backward(),
            "clip": lambda: nn.utils.clip_grad_norm_([w], 1.0),
            "step": optimizer.step,
            "scheduler": scheduler.step,
        }
        before = w.detach().clone()
        for name in order:
            try:
                parts[name]()
            except KeyError:
                return None
        return (w.detach() - before).norm().item()

    names = ["loss", "backward", "clip", "step", "scheduler"]
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # torch warns about a scheduler that runs first
        moved = {order: run(order) for order in itertools.permutations(names)}
    right = [order for order, length in moved.items() if length and abs(length - 1) < 1e-4]
    return [right == [tuple(names)]]


def with_adam_evidence():
    import torch

    def path(limit):
        g = torch.Generator().manual_seed(0)
        w = torch.zeros(20, dtype=torch.float64, requires_grad=True)
        optimizer, lengths = torch.optim.Adam([w], lr=0.01), []
        for _ in range(30):
            gradient = torch.randn(20, generator=g, dtype=torch.float64) + 1
            norm = 40 + 20 * torch.rand((), generator=g, dtype=torch.float64)
            w.grad = gradient / gradient.norm() * norm
            if limit:
                torch.nn.utils.clip_grad_norm_([w], limit)
            before = w.detach().clone()
            optimizer.step()
            lengths.append((w.detach() - before).norm())
        return w.detach().clone(), torch.stack(lengths)

    (one, steps_one), (two, steps_two), (_, free) = path(1.0), path(2.0), path(None)
    ratio = steps_two / steps_one
    same = torch.allclose(one, two, rtol=1e-4)
    no_effect = torch.allclose(steps_two, free, rtol=1e-4)
    return [same, bool((ratio > 1.9).all()), bool(((ratio - 2**0.5).abs() < 0.1).all()), no_effect]


def experiment():
    import math

    def run(limit, steps=200, lr=0.001, depth=30):
        """½(w³⁰ − 1)², as when a recurrence multiplies by w thirty times."""
        w, rows = 1.15, []
        for _ in range(steps + 1):
            try:
                slope = (w**depth - 1) * depth * w ** (depth - 1)
            except OverflowError:
                slope = math.inf if w > 0 else -math.inf
            rows.append((w, slope))
            step = slope * min(1, limit / abs(slope)) if limit and slope else slope
            w -= lr * step
        return rows

    free, held = run(None), run(1.0)
    assert abs(free[1][0]) > 100 and not math.isfinite(free[3][0]), "one step off the cliff, then overflow"
    assert abs(held[-1][0] - 1) < 0.01, "clipped, it walks to the minimum"

    def show(value):
        return f"{value:.4g}"

    return {
        "says": (
            f"Loss ½(w³⁰ − 1)², w = 1.15, lr = 0.001: the first gradient is {free[0][1]:.0f}. Without clipping w jumps to "
            f"{free[1][0]:.0f} and overflows a few steps later; clipped to norm 1 it reaches {held[-1][0]:.3f} (the minimum is 1).",
            f"损失 ½(w³⁰ − 1)²，w = 1.15，lr = 0.001：第一个梯度是 {free[0][1]:.0f}。不裁剪时 w 跳到 {free[1][0]:.0f}，"
            f"几步之后就溢出；裁剪到范数 1 则走到 {held[-1][0]:.3f}（最小点是 1）。",
        ),
        "title": ("A cliff, with and without clipping", "遇到悬崖：裁剪与不裁剪"),
        "chart": "table",
        "columns": [
            ("step", "步数"),
            ("w, not clipped", "w（不裁剪）"),
            ("gradient there", "该处梯度"),
            ("w, clipped to 1", "w（裁剪到 1）"),
            ("gradient there", "该处梯度"),
        ],
        "rows": [
            [t, show(free[t][0]), show(free[t][1]), show(held[t][0]), show(held[t][1])]
            for t in (0, 1, 2, 3, 50, 100, 150, 200)
        ],
    }
