"""Gradient descent: one step by autograd, the largest stable rate by running, what four rates do."""


def descend(loss, start, lr, steps):
    """The points of gradient descent in float64, the start included."""
    import torch

    w = torch.tensor(float(start), dtype=torch.float64, requires_grad=True)
    path = [w.item()]
    for _ in range(steps):
        (slope,) = torch.autograd.grad(loss(w), w)
        w = (w - lr * slope).detach().requires_grad_()
        path.append(w.item())
    return path


def limit_draw(rng):
    a = rng.choice([4, 5, 8, 10, 20, 25, 40, 50])
    return {
        "a": a,
        "c": rng.randint(2, 9),
        "answer": round(1 / a, 6),
        "newton": round(1 / (2 * a), 6),
        "forgot": round(2 / a, 6),
    }


def limit_evidence(drawn):
    """A value is the limit if one per cent below it converges and one per cent above it does not."""

    def shrinks(lr):
        path = descend(lambda w: drawn["a"] * (w - drawn["c"]) ** 2, drawn["c"] + 1, lr, 40)
        return abs(path[-1] - drawn["c"]) < 1

    return [
        shrinks(0.99 * limit) and not shrinks(1.01 * limit)
        for limit in (drawn["answer"], drawn["newton"], drawn["forgot"], 1)
    ]


def raised_evidence():
    import math

    def square(w):
        return (w - 3) ** 2

    def bumpy(w):
        return (2 * w).sin()

    before = square(0.0)
    after_long, after_short = (square(descend(square, 0, lr, 1)[-1]) for lr in (1.2, 0.01))
    curvature_wins = after_long > before > after_short

    start = math.pi / 4 - 0.2  # just left of a maximum: the curve is concave there
    down_in_concave = math.sin(2 * descend(bumpy, start, 0.01, 1)[-1]) < math.sin(2 * start)
    path = descend(square, 0, 0.1, 2)
    lengths = [abs(b - a) for a, b in zip(path, path[1:], strict=False)]
    rise = after_long - before
    return [
        not down_in_concave,
        curvature_wins,
        abs(lengths[0] - 0.1) < 1e-6 and abs(lengths[1] - 0.1) < 1e-6,
        0 < rise < 1e-9 * before,
    ]


def flat_direction_draw(rng):
    import math

    flat, kappa = rng.choice([0.5, 1, 2, 4]), rng.choice([20, 40, 50, 80, 100, 200])
    return {
        "steep": round(flat * kappa, 2),
        "flat": flat,
        "kappa": kappa,
        "answer": math.ceil(math.log(0.01) / math.log(1 - 1 / kappa)),
        "root": round(math.log(100) * math.sqrt(kappa)),
    }


def flat_direction_evidence(drawn):
    import torch

    w, steps = torch.tensor([1.0, 1.0], dtype=torch.float64), 0
    curvature = torch.tensor([float(drawn["steep"]), float(drawn["flat"])], dtype=torch.float64)
    while w[1] > 0.01:
        w = w.requires_grad_()
        (slope,) = torch.autograd.grad(0.5 * (curvature * w * w).sum(), w)
        w, steps = (w - slope / drawn["steep"]).detach(), steps + 1
    assert w[0].abs() < 1e-12
    return [abs(value / steps - 1) < 0.01 for value in (drawn["answer"], 1, drawn["kappa"], drawn["root"])]


def four_rates_evidence():
    far = {lr: abs(descend(lambda w: (w - 3) ** 2, 0, lr, 20)[-1] - 3) for lr in (0.05, 0.3, 0.9, 1.05)}
    nearest, lost = min(far, key=far.get), [lr for lr, distance in far.items() if distance > 3]
    claims = (0.3, [0.9, 1.05]), (0.3, [1.05]), (0.9, [1.05]), (0.9, [0.9, 1.05])
    return [(nearest, lost) == claim for claim in claims]


def growing_loss_draw(rng):
    eta, rho = rng.choice([0.1, 0.2, 0.3, 0.5, 0.8]), rng.choice([1.1, 1.2, 1.3, 1.5])
    losses = {f"l{t}": f"{rho ** (2 * t):.3f}" for t in range(4)}
    values = {
        "answer": eta / (1 + rho),
        "unrooted": eta / (1 + rho**2),
        "limit": 2 * eta / (1 + rho),
        "flat": eta / rho,
    }
    return {"eta": eta, "rho": rho, "ratio": round(rho**2, 2), **losses} | {
        n: float(f"{v:.3g}") for n, v in values.items()
    }


def growing_loss_evidence(drawn):
    """A curvature that gives the logged losses, and which rate arrives at once there."""
    low, high = 0.0, 1000.0
    for _ in range(80):
        h = (low + high) / 2
        factor = descend(lambda w, h=h: 0.5 * h * w * w, 1.0, drawn["eta"], 1)[-1]
        low, high = (h, high) if factor > -drawn["rho"] else (low, h)
    ends = [
        abs(descend(lambda w: 0.5 * h * w * w, 1.0, drawn[name], 1)[-1])
        for name in ("answer", "unrooted", "limit", "flat")
    ]
    return [end < 0.01 for end in ends]


def worked():
    path = descend(lambda w: (w - 3) ** 2, 0, 0.1, 1)
    loss = (path[1] - 3) ** 2
    return [f"{path[1]:.1f}", f"{loss:.2f}", f"{(3 - path[1]) / 3:.1f}", f"{loss / 9:.2f}"]


def experiment():
    steps = 20
    rates = [0.05, 0.3, 0.9, 1.05]
    paths = {lr: [abs(w - 3) for w in descend(lambda w: (w - 3) ** 2, 0, lr, steps)] for lr in rates}
    for lr, path in paths.items():
        assert abs(path[8] / (3 * abs(1 - 2 * lr) ** 8) - 1) < 1e-6, (
            f"a factor of |1 − 2η| a step at η = {lr}"
        )
    assert paths[0.9][-1] < 0.1 < 3 < paths[1.05][-1], "η = 0.9 converges, η = 1.05 does not"
    return {
        "says": (
            f"From w = 0 the distance to the minimum is 3. After {steps} steps it is {paths[0.05][-1]:.2g} at η = 0.05, "
            f"{paths[0.3][-1]:.1g} at 0.3, {paths[0.9][-1]:.2g} at 0.9 and {paths[1.05][-1]:.0f} at 1.05: "
            "each step multiplies it by |1 − 2η|.",
            f"从 w = 0 出发，离最小点的距离是 3。走 {steps} 步之后，η = 0.05 时为 {paths[0.05][-1]:.2g}，"
            f"0.3 时为 {paths[0.3][-1]:.1g}，0.9 时为 {paths[0.9][-1]:.2g}，1.05 时为 {paths[1.05][-1]:.0f}："
            "每步都乘以 |1 − 2η|。",
        ),
        "title": ("Gradient descent on (w − 3)² from w = 0", "在 (w − 3)² 上从 w = 0 做梯度下降"),
        "chart": "curves",
        "x": list(range(steps + 1)),
        "x_label": ("step", "步数"),
        "y_label": ("distance to the minimum", "离最小点的距离"),
        "log_x": False,
        "log_y": True,
        "series": [(f"η = {lr}", path) for lr, path in paths.items()],
    }
