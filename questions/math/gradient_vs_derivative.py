"""The gradient against the slope in one direction: by hand, by jvp, and in many dimensions."""


def by_hand_draw(rng):
    while True:
        a, b, x, y = (rng.choice([1, 2, 3]) for _ in range(4))
        v1, v2, length = rng.choice(
            [(3, 4, 5), (4, 3, 5), (-3, 4, 5), (5, 12, 13), (8, 6, 10), (12, 5, 13), (4, -3, 5)]
        )
        g1, g2 = 2 * a * x + b * y, b * x
        values = {
            "answer": (g1 * v1 + g2 * v2) / length,
            "unscaled": g1 * v1 + g2 * v2,
            "norm": (g1 * g1 + g2 * g2) ** 0.5,
            "summed": g1 + g2,
        }
        numbers = list(values.values())
        if all(abs(p - q) > 0.02 * max(abs(p), abs(q)) for i, p in enumerate(numbers) for q in numbers[:i]):
            named = {"a": a, "b": b, "x": x, "y": y, "v1": v1, "v2": v2, "length": length, "g1": g1, "g2": g2}
            return named | {name: round(v, 4) for name, v in values.items()}


def by_hand_evidence(drawn):
    import torch

    def f(w):
        return drawn["a"] * w[0] ** 2 + drawn["b"] * w[0] * w[1]

    w, v = (
        torch.tensor(p, dtype=torch.float64) for p in ((drawn["x"], drawn["y"]), (drawn["v1"], drawn["v2"]))
    )
    _, slope = torch.func.jvp(f, (w,), (v / v.norm(),))
    return [
        abs(drawn[n] - slope.item()) < 0.005 * abs(slope.item())
        for n in ("answer", "unscaled", "norm", "summed")
    ]


def difference_evidence():
    import torch

    g = torch.Generator().manual_seed(0)
    w = torch.randn(6, generator=g, dtype=torch.float64)

    def f(w):
        return (w.sin() * w.roll(1)).sum()

    gradient = torch.func.grad(f)(w)
    directions = torch.randn(50, 6, generator=g, dtype=torch.float64)
    directions /= directions.norm(dim=1, keepdim=True)
    eps = 1e-5
    slopes = torch.stack([(f(w + eps * u) - f(w - eps * u)) / (2 * eps) for u in directions])
    along_level = directions[0] - (directions[0] @ gradient) / gradient.square().sum() * gradient
    level_slope = (f(w + eps * along_level) - f(w - eps * along_level)) / (2 * eps)
    return [
        torch.allclose(slopes, directions @ gradient, atol=1e-7),
        gradient.ndim == 0,
        torch.allclose(slopes, gradient.sum().expand(50), atol=1e-2),
        abs(level_slope.item()) > 1e-6,
    ]


def every_direction_evidence():
    import torch

    def f(p):
        x, y = p.unbind(-1)
        return x**2 * y / (x**2 + y**2)

    angle = torch.linspace(0.1, 6.2, 40, dtype=torch.float64)
    u = torch.stack([angle.cos(), angle.sin()], 1)
    slopes = f(1e-6 * u) / 1e-6
    assert torch.allclose(slopes, u[:, 0] ** 2 * u[:, 1])
    axes = f(1e-6 * torch.eye(2, dtype=torch.float64)) / 1e-6
    best = torch.linalg.lstsq(u, slopes[:, None]).solution  # the linear map nearest to the slopes
    linear = torch.allclose(u @ best, slopes[:, None], atol=1e-3)
    by_partials = torch.allclose(u @ axes, slopes, atol=1e-3)
    jumps = (f(1e-6 * u).abs() > 1e-5).any().item()
    return [linear, not linear, jumps, by_partials]


def gradient_check_evidence():
    import torch

    n, eps = 2500, 1e-6
    ratios, right = [], []
    for seed in range(5):
        g = torch.Generator().manual_seed(seed)
        w, d = (torch.randn(n, generator=g, dtype=torch.float64) for _ in range(2))
        d = d / d.norm()

        def f(w):
            return (w.tanh() * w.roll(1)).sum()

        gradient = torch.func.grad(f)(w)
        central = ((f(w + eps * d) - f(w - eps * d)) / (2 * eps)).item()
        onesided = ((f(w + eps * d) - f(w)) / eps).item()
        exact = (gradient @ d).item()
        ratios.append(central / gradient.norm().item())
        right.append(abs(central - exact) < 1e-6 and abs(onesided - central) < 1e-4)
    missing_factor = all(abs(abs(r) * 50 - 1) < 0.05 for r in ratios)
    return [missing_factor, None, all(right) and max(map(abs, ratios)) < 0.1, not all(right)]


def random_share(n, seed, directions=120):
    """Mean of |D_u f|/‖∇f‖ over random unit directions u, by difference quotients of f(w) = Σ tanh(w)·(next w) + w₀."""
    import torch

    g = torch.Generator().manual_seed(seed)
    w = torch.randn(n, generator=g, dtype=torch.float64)
    eps, total = 1e-5, 0.0

    def f(w):
        return (w.tanh() * w.roll(1, -1)).sum(-1) + w[..., 0]

    for _ in range(directions // 40):
        u = torch.randn(40, n, generator=g, dtype=torch.float64)
        u *= eps / u.norm(dim=1, keepdim=True)
        total += ((f(w + u) - f(w - u)) / (2 * eps)).abs().sum().item()
    return total / directions / torch.func.grad(f)(w).norm().item()


def why_random_evidence():
    shares = {n: [random_share(n, seed) for seed in range(3)] for n in (2, 200, 20000)}
    means = {n: sum(s) / 3 for n, s in shares.items()}
    drops = [means[2] / means[200], means[200] / means[20000]]
    stays = abs(means[20000] - 0.64) < 0.1
    root = all(7 < d < 14 for d in drops)
    linear = all(70 < d < 140 for d in drops)
    return [stays, root, linear, means[20000] > 0.9]


def worked():
    g, u = (2.0, 3.0), (0.6, 0.8)
    length = (g[0] ** 2 + g[1] ** 2) ** 0.5
    return [
        f"2·0.6 + 3·0.8 = {g[0] * u[0] + g[1] * u[1]:.1f}",
        f"{g[0] * 3 + g[1] * 4:.0f}",
        f"√13 = {length:.3f}",
        f"−{length:.3f}",
    ]


def experiment(off=False):
    import math

    sizes = [1, 2] if off else [2, 20, 200, 2000, 20000]
    runs = {n: [random_share(n, seed) for seed in range(3)] for n in sizes}
    means = [sum(runs[n]) / 3 for n in sizes]
    if off:
        assert all(abs(share - 1) < 1e-6 for share in runs[1]) and means[1] > 0.55, (
            "few weights: no direction is lost"
        )
        says = (
            f"With a single weight every direction is the gradient's: the share is {means[0]:.2f}. With two it is {means[1]:.2f} on average "
            "(2/π = 0.64). Here a random direction is nearly as good as the gradient.",
            f"只有一个权重时，任何方向都在梯度所在的直线上，比例为 {means[0]:.2f}；两个权重时平均为 {means[1]:.2f}（2/π = 0.64）。"
            "这时随机方向不比梯度差多少。",
        )
    else:
        for n in sizes[1:]:
            for share in runs[n]:
                assert abs(share / math.sqrt(2 / (math.pi * n)) - 1) < 0.3, "the share falls like 1/√n"
        says = (
            f"Mean share of the steepest slope along a random direction (120 directions, 3 seeds): {means[0]:.2f} for 2 weights, "
            f"{means[2]:.3f} for 200, {means[4]:.4f} for 20,000. A hundred times the weights, a tenth of the share.",
            f"随机方向上的斜率占最陡斜率的平均比例（120 个方向，3 个种子）：2 个权重为 {means[0]:.2f}，200 个为 {means[2]:.3f}，20000 个为 "
            f"{means[4]:.4f}。权重多一百倍，比例降到十分之一。",
        )
    return {
        "says": says,
        "off": ("one or two weights only", "只有一两个权重"),
        "title": ("Slope along a random direction, over the steepest", "随机方向的斜率与最陡斜率之比"),
        "chart": "curves",
        "x": sizes,
        "x_label": ("weights n", "权重个数 n"),
        "y_label": ("mean |D_u f| / ‖∇f‖", "|D_u f| / ‖∇f‖ 的均值"),
        "log_x": True,
        "log_y": True,
        "series": [
            (("measured", "实测"), means),
            ("√(2/πn)", [math.sqrt(2 / (math.pi * n)) for n in sizes]),
        ],
    }
