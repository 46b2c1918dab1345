"""The steepest direction: where it points, for which steps, and in which norm."""


def to_the_minimum_draw(rng):
    while True:
        k, x, y = rng.choice([2, 3, 4, 5, 9, 16, 25]), rng.randint(1, 6), rng.randint(1, 4)
        cosine = (x * x + k * y * y) / ((x * x + k * k * y * y) * (x * x + y * y)) ** 0.5
        sine = (1 - cosine**2) ** 0.5
        if cosine < 0.97 and abs(cosine - sine) > 0.05:
            values = {"answer": round(cosine, 4), "sine": round(sine, 4)}
            return {"k": k, "x": x, "y": y, "g1": 2 * x, "g2": 2 * k * y} | values


def to_the_minimum_evidence(drawn):
    import torch

    p = torch.tensor([drawn["x"], drawn["y"]], dtype=torch.float64, requires_grad=True)
    (g,) = torch.autograd.grad(p[0] ** 2 + drawn["k"] * p[1] ** 2, p)
    cosine = torch.cosine_similarity(-g, -p.detach(), dim=0).item()
    return [abs(v - cosine) < 0.01 * cosine for v in (drawn["answer"], 1, drawn["sine"], 0)]


def derivation_evidence():
    import torch

    for seed in range(3):
        g = torch.Generator().manual_seed(seed)
        x = torch.randn(5, generator=g, dtype=torch.float64)
        u = torch.randn(4000, 5, generator=g, dtype=torch.float64)
        u /= u.norm(dim=1, keepdim=True)

        def f(x):
            return (x.sin() * x.roll(1, -1)).sum(-1)

        gradient = torch.func.grad(f)(x)
        size = gradient.norm()
        slopes = (f(x + 1e-6 * u) - f(x)) / 1e-6
        assert torch.allclose(slopes, u @ gradient, atol=1e-4)
        assert (u @ gradient >= -size).all() and torch.isclose(-gradient / size @ gradient, -size)
        assert torch.cosine_similarity(u[slopes.argmin()], -gradient, dim=0) > 0.9
    return [True]


def why_orthogonal_evidence():
    import torch

    to_minimum, orthogonal = [], []
    for seed in range(3):
        g = torch.Generator().manual_seed(seed)
        p = torch.randn(2, generator=g, dtype=torch.float64).requires_grad_()
        scale = torch.tensor([1.0, 10.0], dtype=torch.float64)
        (gradient,) = torch.autograd.grad((scale * p.square()).sum(), p)
        with torch.no_grad():
            angle = torch.atan2(p[1] * scale[1].sqrt(), p[0])  # the level curve, an ellipse, by its angle
            radius = (scale * p.square()).sum().sqrt()

            def curve(a, radius=radius, scale=scale):
                return torch.stack([radius * a.cos(), radius * a.sin() / scale[1].sqrt()])

            tangent = (curve(angle + 1e-5) - curve(angle - 1e-5)) / 2e-5
            cosine = torch.cosine_similarity(gradient, tangent, dim=0).abs()
            orthogonal.append(cosine.item() < 1e-6)
            to_minimum.append(torch.cosine_similarity(-gradient, -p, dim=0).item() > 0.999)
    return [all(to_minimum), None, all(orthogonal), None]


def box_evidence():
    import torch

    best = [True] * 4
    for seed in range(3):
        g = torch.randn(20, generator=torch.Generator().manual_seed(seed), dtype=torch.float64)
        eta = 0.1
        one = torch.zeros(20, dtype=torch.float64)
        one[g.abs().argmax()] = -eta * g[g.abs().argmax()].sign()
        steps = [-eta * g / g.norm(), -eta * g / g.abs().max(), -eta * g.sign(), one]
        assert all(step.abs().max() <= eta + 1e-12 for step in steps)
        changes = [(g @ step).item() for step in steps]
        best = [b and c == min(changes) for b, c in zip(best, changes, strict=True)]
        assert abs(min(changes) + eta * g.abs().sum().item()) < 1e-9
    return best


def units_evidence():
    import torch

    slower, larger = [], []
    for seed in range(3):
        g = torch.Generator().manual_seed(seed)
        x = torch.randn(200, 2, generator=g, dtype=torch.float64)
        y = x @ torch.tensor([1.0, -2.0], dtype=torch.float64) + 0.1 * torch.randn(
            200, generator=g, dtype=torch.float64
        )

        def least(x, y=y):
            return (x @ torch.linalg.lstsq(x, y[:, None]).solution - y[:, None]).square().mean().item()

        def run(x, steps, y=y):
            w, losses = torch.zeros(2, dtype=torch.float64), []
            for _ in range(steps):
                r = x @ w - y
                losses.append(r.square().mean().item())
                w = w - 0.1 * 2 / len(y) * (x.T @ r)
            return losses

        km = x / torch.tensor([1.0, 1000.0], dtype=torch.float64)
        metres, kilometres = run(x, 100), run(km, 3000)
        assert metres[-1] < 1.01 * least(x) and kilometres[-1] < 0.95 * kilometres[0]
        assert least(km) < 1.01 * least(x)
        slope = [(z.T @ y / 100)[1].abs().item() for z in (x, km)]
        need = [torch.linalg.lstsq(z, y[:, None]).solution[1].abs().item() for z in (x, km)]
        ratio = abs(slope[0] / slope[1] - 1000) < 1e-6 and abs(need[1] / need[0] - 1000) < 1e-3
        slower.append(ratio and kilometres[-1] > 100 * least(km))
        larger.append(kilometres[-1] > kilometres[0])
    assert (torch.linalg.eigvalsh(km.T @ km) > 0).all()
    return [None, all(slower), any(larger), None]


def best_direction(k, start, length, directions=3600):
    """Angles in degrees, of the best of many directions for one step length, to −∇f and to the minimum."""
    import torch

    p = torch.tensor(start, dtype=torch.float64)
    scale = torch.tensor([1.0, float(k)], dtype=torch.float64)
    angle = torch.arange(directions, dtype=torch.float64) * (2 * torch.pi / directions)
    u = torch.stack([angle.cos(), angle.sin()], 1)
    best = u[(scale * (p + length * p.norm() * u).square()).sum(1).argmin()]

    def degrees(other):
        return torch.rad2deg(torch.cosine_similarity(best, other, dim=0).clamp(-1, 1).acos()).item()

    return degrees(-scale * p), degrees(-p)


def _starts():
    import torch

    starts = []
    for seed in range(3):
        g = torch.Generator().manual_seed(seed)
        p = torch.rand(2, generator=g, dtype=torch.float64) + 0.5
        starts.append((2 * p[0].item(), p[1].item()))
    return starts


def long_steps_evidence():
    along, to_minimum = {}, {}
    for length in (0.001, 1.0):
        angles = [best_direction(10, start, length) for start in _starts()]
        along[length] = all(a < 1 for a, _ in angles)
        to_minimum[length] = all(b < 1 for _, b in angles)
    return [
        along[0.001] and along[1.0],
        along[0.001] and to_minimum[1.0],
        to_minimum[0.001] and along[1.0],
        to_minimum[0.001] and to_minimum[1.0],
    ]


def worked():
    import torch

    def angle(k):
        p = torch.tensor([2.0, 1.0], dtype=torch.float64)
        cosine = torch.cosine_similarity(torch.tensor([1.0, k], dtype=torch.float64) * p, p, dim=0)
        return cosine.item(), torch.rad2deg(cosine.acos()).item()

    cosine, degrees = angle(4.0)
    return ["∇f = (4, 8)", f"16/20 = {cosine:.3f}", f"{degrees:.1f}°", f"{angle(100.0)[1]:.1f}°"]


def experiment(off=False):
    k = 1 if off else 10
    lengths = [0.001, 0.01, 0.03, 0.1, 0.2, 0.3, 0.4, 0.5, 0.6, 0.8, 1.0]
    starts = _starts()
    runs = [[best_direction(k, start, length) for length in lengths] for start in starts]
    for run in runs:
        assert run[0][0] < 1, "for a short step the best direction is −∇f"
        assert run[-1][1] < 1, "for a step as long as the way, it is towards the minimum"
        if off:
            assert all(a < 1 and b < 1 for a, b in run), "in a round bowl the two are one direction"
        else:
            assert run[-1][0] > 10, "and these are two directions"
    first, last = runs[0][0], runs[0][-1]
    if off:
        says = (
            f"f = x² + y²: from {len(starts)} starts and for every step length, the best of 3,600 directions is −∇f, and it is the way to the "
            "minimum. In a round bowl there is nothing to tell apart.",
            f"f = x² + y²：{len(starts)} 个起点、各种步长下，3600 个方向中最好的都是 −∇f，同时也指向最小点。在圆碗里，两者没有分别。",
        )
    else:
        away = [run[-1][0] for run in runs]
        says = (
            f"f = x² + 10y²: for a step of a thousandth of the way, the best direction is {first[0]:.1f}° off −∇f and {first[1]:.0f}° off the "
            f"minimum; for a step of the whole way {last[0]:.0f}° and {last[1]:.1f}°. From three starts −∇f misses the minimum by "
            f"{min(away):.0f}° to {max(away):.0f}°.",
            f"f = x² + 10y²：步长为全程的千分之一时，最好的方向与 −∇f 相差 {first[0]:.1f}°，与最小点方向相差 {first[1]:.0f}°；步长为全程时，"
            f"分别相差 {last[0]:.0f}° 和 {last[1]:.1f}°。三个起点中，−∇f 偏离最小点 {min(away):.0f}° 到 {max(away):.0f}°。",
        )
    return {
        "says": says,
        "off": ("a round bowl, f = x² + y²", "圆碗 f = x² + y²"),
        "title": ("Best direction by step length", "不同步长下最好的方向"),
        "chart": "curves",
        "x": lengths,
        "x_label": ("step length over the distance to the minimum", "步长与到最小点距离之比"),
        "y_label": ("angle in degrees", "夹角（度）"),
        "series": [
            (("to −∇f", "与 −∇f"), [a for a, _ in runs[0]]),
            (("to the minimum", "与最小点方向"), [b for _, b in runs[0]]),
        ],
    }
