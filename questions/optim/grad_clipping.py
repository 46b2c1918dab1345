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


def _adam_path(limit, seed=0, spread=None, steps=60):
    """Adam's updates under random gradients whose norms lie between 40 and 60, or spread by a factor e^±spread."""
    import torch

    g = torch.Generator().manual_seed(seed)
    w = torch.zeros(50, dtype=torch.float64, requires_grad=True)
    optimizer, moves = torch.optim.Adam([w], lr=0.01), []
    for _ in range(steps):
        gradient = torch.randn(50, generator=g, dtype=torch.float64) + 0.3
        draw = torch.randn((), generator=g, dtype=torch.float64)
        norm = 50 + 10 * draw.clamp(-1, 1) if spread is None else 50 * (spread * draw).exp()
        w.grad = gradient / gradient.norm() * norm
        if limit:
            torch.nn.utils.clip_grad_norm_([w], limit)
        before = w.detach().clone()
        optimizer.step()
        moves.append(w.detach() - before)
    return torch.stack(moves)


def with_adam_evidence():
    same, doubled, root, nothing = [], [], [], []
    for seed in range(3):
        one, two, free = (_adam_path(limit, seed) for limit in (1.0, 2.0, None))
        ratio = two.norm(dim=1) / one.norm(dim=1)
        same.append(((two - one).norm() / one.norm()).item() < 1e-4)
        doubled.append(bool((ratio > 1.9).all()))
        root.append(bool(((ratio - 2**0.5).abs() < 0.1).all()))
        nothing.append(((two - free).norm() / free.norm()).item() < 1e-3)
        # What the page says about norms that spread more, and less.
        for spread, low, high in ((0.1, 0.04, 0.09), (1.0, 0.5, 0.9)):
            clipped, unclipped = (_adam_path(limit, seed, spread, 400) for limit in (1.0, None))
            assert low < ((clipped - unclipped).norm() / unclipped.norm()).item() < high
    return [all(same), all(doubled), all(root), all(nothing)]


def cliff_evidence():
    free, held = _descend(None), _descend(1.0)
    lost, back = free[-1][0] != free[-1][0], abs(free[-1][0] - 1) < 0.01
    there, stuck = abs(held[-1][0] - 1) < 0.01, held[-1][0] > 1.1
    return [back and there, lost and there, back and stuck, lost and stuck]


def outlier_evidence():
    import torch

    w = torch.zeros(1, dtype=torch.float64, requires_grad=True)
    optimizer, lengths = torch.optim.Adam([w], lr=1.0), []
    for t in range(4001):
        w.grad = torch.full((1,), 1000.0 if t == 3000 else 1.0, dtype=torch.float64)
        before = w.item()
        optimizer.step()
        lengths.append(before - w.item())
    state = optimizer.state[w]
    assert abs(lengths[2999] - 1) < 0.01 and 2.5 < lengths[3001] < 3.5
    in_m = state["exp_avg"].item() > 1.01
    in_v = (
        1 / 35 < lengths[3100] < 1 / 25
        and 1 / 22 < lengths[4000] < 1 / 18
        and state["exp_avg_sq"].item() > 300
    )
    return [in_m, None, in_v, None]


def worked():
    import torch

    gradients = [torch.tensor([3.0, 4.0]), torch.tensor([12.0])]
    whole = torch.cat(gradients)
    by_norm, by_value = clipped(gradients, False), clipped(gradients, True)
    angle = torch.rad2deg(torch.arccos(torch.cosine_similarity(whole, by_value, dim=0))).item()
    return [
        f"{whole.norm().item():.0f}",
        f"{1 / whole.norm().item():.4f}",
        f"({by_norm[0]:.3f}, {by_norm[1]:.3f})",
        f"{by_norm[2]:.3f}",
        f"{angle:.1f}°",
    ]


def _descend(limit, start=1.15, steps=200, lr=0.001, depth=30):
    """½(w³⁰ − 1)², as when a recurrence multiplies by w thirty times."""
    import math

    w, rows = start, []
    for _ in range(steps + 1):
        try:
            slope = (w**depth - 1) * depth * w ** (depth - 1)
        except OverflowError:
            slope = math.inf if w > 0 else -math.inf
        rows.append((w, slope))
        step = slope * min(1, limit / abs(slope)) if limit and slope else slope
        w -= lr * step
    return rows


def accumulation_evidence():
    import torch

    g = torch.Generator().manual_seed(0)
    x, y = torch.randn(32, 5, generator=g), 10 * torch.randn(32, generator=g)

    def update(parts, every, limit):
        w = torch.zeros(5, requires_grad=True)
        for a, b in zip(x.chunk(parts), y.chunk(parts), strict=True):
            (((a @ w - b) ** 2).mean() / parts).backward()
            if every:
                torch.nn.utils.clip_grad_norm_([w], limit)
        if not every:
            torch.nn.utils.clip_grad_norm_([w], limit)
        return w.grad

    wanted = update(1, False, 1.0)
    ways = (True, 1.0), (True, 0.25), (False, 1.0), (False, 4.0)
    return [torch.allclose(update(4, *way), wanted, atol=1e-3) for way in ways]


def experiment(off=False):
    import math

    start = 1.001 if off else 1.15
    free, held = _descend(None, start), _descend(1.0, start)
    if off:
        assert free == held and abs(free[-1][0] - 1) < 0.01, "on gentle ground the clip never bites"
        says = (
            f"From w = 1.001 the first gradient is {free[0][1]:.2f}, below the threshold: both runs take the same steps, to {free[-1][0]:.3f}.",
            f"从 w = 1.001 出发，第一个梯度是 {free[0][1]:.2f}，不到阈值：两者步步相同，都走到 {free[-1][0]:.3f}。",
        )
    else:
        assert abs(free[1][0]) > 100 and not math.isfinite(free[3][0]), (
            "one step off the cliff, then overflow"
        )
        assert abs(held[-1][0] - 1) < 0.01, "clipped, it walks to the minimum"
        says = (
            f"Loss ½(w³⁰ − 1)², w = 1.15, lr = 0.001: the first gradient is {free[0][1]:.0f}. Without clipping w jumps to "
            f"{free[1][0]:.0f} and overflows a few steps later; clipped to norm 1 it reaches {held[-1][0]:.3f} (the minimum is 1).",
            f"loss 为 ½(w³⁰ − 1)²，w = 1.15，lr = 0.001：第一个梯度是 {free[0][1]:.0f}。不裁剪时 w 跳到 {free[1][0]:.0f}，"
            f"几步之后就溢出；裁剪到范数 1 则走到 {held[-1][0]:.3f}（最小点是 1）。",
        )

    def show(value):
        return f"{value:.4g}"

    return {
        "says": says,
        "off": ("start at w = 1.001, on gentle ground", "从平缓的 w = 1.001 出发"),
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
