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


def one_step_draw(rng):
    c = rng.randint(-4, 4)
    gap = rng.choice([-6, -5, -4, -3, 3, 4, 5, 6])
    lr = rng.choice([0.05, 0.1, 0.15, 0.2])
    w = c + gap
    return {
        "c": c,
        "w": w,
        "lr": lr,
        "grad": 2 * gap,
        "answer": round(w - lr * 2 * gap, 4),
        "half": round(w - lr * gap, 4),
        "up": round(w + lr * 2 * gap, 4),
        "loss": round(w - lr * gap**2, 4),
    }


def one_step_evidence(drawn):
    reached = descend(lambda w: (w - drawn["c"]) ** 2, drawn["w"], drawn["lr"], 1)[-1]
    return [abs(reached - drawn[name]) < 1e-6 for name in ("answer", "half", "up", "loss")]


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
