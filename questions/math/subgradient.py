"""Slopes at kinks: what torch picks, what the chain rule makes of it, and how descent behaves there."""


def largest_draw(rng):
    while True:
        a, b, c, sign = rng.randint(2, 6), rng.randint(1, 7), rng.randint(1, 5), rng.choice("+−")
        slope = b if sign == "+" else -b
        values = {"answer": slope + a, "left": slope - a, "torch": slope}
        if len({*values.values(), a}) == 4 and 0 not in values.values():
            return {"a": a, "b": b, "c": c, "sign": sign} | values


def largest_evidence(drawn):
    import torch

    a, c = drawn["a"], float(drawn["c"])
    b = drawn["b"] if drawn["sign"] == "+" else -drawn["b"]
    y = torch.linspace(c - 5, c + 5, 2001, dtype=torch.float64)

    def f(x):
        return a * (x - c).abs() + b * x

    slopes = torch.arange(-30, 31, dtype=torch.float64)
    at = torch.tensor(c, dtype=torch.float64)
    below = [g.item() for g in slopes if bool((f(y) >= f(at) + g * (y - c) - 1e-9).all())]
    return [
        drawn[n] == max(below) if isinstance(n, str) else n == max(below)
        for n in ("answer", "left", "torch", a)
    ]


def why_it_works_evidence():
    import torch
    from torch import nn

    rare, convex = [], []
    for seed in range(3):
        torch.manual_seed(seed)
        g = torch.Generator().manual_seed(seed)
        x, y = (torch.randn(256, n, generator=g) for n in (8, 1))
        first, last = nn.Linear(8, 32), nn.Linear(32, 1)
        optimizer = torch.optim.SGD([*first.parameters(), *last.parameters()], lr=0.05)
        exact = 0
        for _ in range(50):
            h = first(x)
            exact += (h == 0).sum().item()
            optimizer.zero_grad()
            (last(h.relu()) - y).square().mean().backward()
            optimizer.step()
        rare.append(exact / (50 * h.numel()) < 1e-5)
        convex.append(_midpoint_convex(seed))
    return [None, all(rare), None, all(convex)]


def _midpoint_convex(seed):
    """Whether the loss of a two-layer net lies below its chords between weights and their mirrored twins."""
    import torch

    g = torch.Generator().manual_seed(seed)
    x = torch.randn(64, 3, generator=g)
    w, v = torch.randn(2, 3, generator=g), torch.randn(2, generator=g)
    y = (x @ w.T).relu() @ v

    def loss(w, v):
        return ((x @ w.T).relu() @ v - y).square().mean().item()

    twin = (w.flip(0), v.flip(0))  # the two units change places: the same function
    return loss((w + twin[0]) / 2, (v + twin[1]) / 2) <= (loss(w, v) + loss(*twin)) / 2 + 1e-9


def nan_distance_evidence():
    import torch

    def finite(distance, clip=False, dtype=torch.float32):
        a = torch.tensor([[1.0, 2.0], [0.0, 1.0]], dtype=dtype, requires_grad=True)
        b = torch.tensor([[1.0, 2.0], [3.0, 1.0]], dtype=dtype)
        loss = distance(a - b).sum()
        assert loss.isfinite()
        loss.backward()
        if clip:
            torch.nn.utils.clip_grad_norm_([a], 1.0)
        return a.grad.isfinite().all().item()

    def root(d):
        return (d**2).sum(-1).sqrt()

    def masked(d):
        d = root(d)
        return torch.where(d > 0, d, 0)

    assert not finite(root) and finite(lambda d: (d**2).sum(-1).add(1e-12).sqrt())
    return [
        finite(root, clip=True),
        finite(lambda d: torch.linalg.vector_norm(d, dim=-1)),
        finite(masked),
        finite(root, dtype=torch.float64),
    ]


def descent(smooth, start, falling=False, lr=0.1, steps=200):
    import torch

    x = torch.tensor(start, dtype=torch.float64, requires_grad=True)
    path = [x.item()]
    for t in range(steps):
        (slope,) = torch.autograd.grad(0.5 * x.square() if smooth else x.abs(), x)
        with torch.no_grad():
            x -= lr / (t + 1) ** 0.5 * slope if falling else lr * slope
        path.append(x.item())
    return path


STARTS = 1.0371, 0.9618, 1.1234


def hops_evidence():
    rests, hops = {}, {}
    for smooth in (False, True):
        runs = [descent(smooth, start) for start in STARTS]
        rests[smooth] = all(max(map(abs, run[-10:])) < 1e-6 for run in runs)
        hops[smooth] = all(
            0.04 < max(map(abs, run[-10:])) <= 0.1 and min(run[-10:]) < 0 < max(run[-10:]) for run in runs
        )
    return [
        rests[False] and rests[True],
        rests[False] and hops[True],
        hops[False] and rests[True],
        hops[False] and hops[True],
    ]


def worked():
    def one_sided(f, h):
        return round((f(h) - f(0)) / h)

    def first(x):
        return 2 * abs(x) + x

    def second(x):
        return abs(x) + 2 * x

    left, right = one_sided(first, -1.0), one_sided(first, 1.0)
    return [
        f"−2 + 1 = −{-left}",
        f"2 + 1 = {right}",
        f"[−{-left}, {right}]",
        f"[{one_sided(second, -1.0)}, {one_sided(second, 1.0)}]",
    ]


def experiment(off=False):
    kink = [descent(False, start, falling=off) for start in STARTS]
    bowl = [descent(True, start, falling=off) for start in STARTS]
    last = [max(map(abs, run[-10:])) for run in kink]
    if off:
        assert max(last) < 0.012, "with a falling rate it comes to rest"
        says = (
            f"η = 0.1/√t: in the last ten of 200 steps |x| stays within {max(last):.3f} of the kink, and on it shrinks. "
            "Its steps are as long as the rate, so they get short if the rate does.",
            f"η = 0.1/√t：200 步中的最后十步，|x| 离尖点不超过 {max(last):.3f}，而且还在变小。步长等于学习率，学习率变小，步子就变小。",
        )
    else:
        assert all(0.04 < distance <= 0.1 for distance in last), "on |x| a constant rate hops for ever"
        assert all(abs(run[-1]) < 1e-6 for run in bowl), "on ½x² it settles"
        says = (
            f"η = 0.1, three starts: on |x| the last ten of 200 steps still reach {min(last):.2f} to {max(last):.2f} from 0; on ½x² the "
            f"distance is {max(abs(run[-1]) for run in bowl):.0e}. At a kink the slope does not fade, so the step does not either.",
            f"η = 0.1，三个起点：在 |x| 上，200 步中的最后十步离 0 仍有 {min(last):.2f} 到 {max(last):.2f}；在 ½x² 上只有 "
            f"{max(abs(run[-1]) for run in bowl):.0e}。尖点处斜率不减，步子也不减。",
        )
    return {
        "says": says,
        "off": ("a rate that falls like 1/√t", "学习率按 1/√t 下降"),
        "title": ("Distance to the minimum", "离最小点的距离"),
        "chart": "curves",
        "x": list(range(201)),
        "x_label": ("step", "步数"),
        "y_label": ("distance", "距离"),
        "log_y": True,
        "series": [
            ("|x|", [max(abs(v), 1e-10) for v in kink[0]]),
            ("½x²", [max(abs(v), 1e-10) for v in bowl[0]]),
        ],
    }
