"""Momentum: what the velocity adds up, and how a ravine is crossed with it."""


def terminal_draw(rng):
    mu = rng.choice([0.6, 0.8, 0.9, 0.95])
    lr = rng.choice([0.01, 0.02, 0.05, 0.1])
    g = rng.choice([2, 3, 4, 5])
    return {
        "lr": lr,
        "mu": mu,
        "g": g,
        "velocity": round(g / (1 - mu), 4),
        "answer": round(lr * g / (1 - mu), 4),
        "plain": round(lr * g, 4),
        "second": round(lr * g * (1 + mu), 4),
        "shrunk": round(lr * g * (1 - mu), 4),
    }


def terminal_evidence(drawn):
    import torch

    w = torch.zeros(1, dtype=torch.float64, requires_grad=True)
    optimizer = torch.optim.SGD([w], lr=drawn["lr"], momentum=drawn["mu"])
    for _ in range(400):
        before = w.item()
        w.grad = torch.full((1,), float(drawn["g"]), dtype=torch.float64)
        optimizer.step()
    moved = abs(w.item() - before)
    return [abs(drawn[name] / moved - 1) < 1e-3 for name in ("answer", "plain", "second", "shrunk")]


def ravine_path(lr, momentum, steps, floor=1.0, walls=100.0):
    """Points, gradients and velocities on ½(floor·x² + walls·y²) from (1, 1), with exact gradients."""
    import torch

    curvature = torch.tensor([floor, walls], dtype=torch.float64)
    w, v = torch.ones(2, dtype=torch.float64), torch.zeros(2, dtype=torch.float64)
    points, gradients, velocities = [w], [], []
    for _ in range(steps):
        gradients.append(curvature * w)
        v = momentum * v + gradients[-1]
        w = w - lr * v
        velocities.append(v)
        points.append(w)
    return torch.stack(points), torch.stack(gradients), torch.stack(velocities)


def ravine_evidence():
    import torch

    def last_step(gradients):
        w = torch.zeros(2, dtype=torch.float64, requires_grad=True)
        optimizer = torch.optim.SGD([w], lr=0.01, momentum=0.9)
        for gradient in gradients:
            before = w.detach().clone()
            w.grad = torch.tensor(gradient, dtype=torch.float64)
            optimizer.step()
        return (before - w.detach()) / 0.01, optimizer.param_groups[0]["lr"]

    # A large constant gradient beside a small one: are both coordinates brought to one pace?
    (large, small), _ = last_step([[10.0, 0.1]] * 50)
    same_pace = (large / small).item() < 2
    # The first coordinate alternates, the second is constant.
    (alternating, constant), lr = last_step([[(-1.0) ** t, 1.0] for t in range(200)])
    cancels = abs(alternating.item()) < 0.6 and constant.item() > 9
    plain = ravine_path(0.0195, 0, 150)[0][-1].norm().item()
    with_velocity = ravine_path(0.0195, 0.8, 150)[0][-1].norm().item()
    only_against_noise = with_velocity > 0.5 * plain  # there is no noise here
    return [same_pace, lr < 0.01, only_against_noise, cancels]


def ahead_evidence():
    plain, fast = (ravine_path(0.0195, mu, 150)[0][-1] for mu in (0, 0.8))
    flat = abs(plain[0]) > abs(plain[1])
    nearer = (plain.norm() / fast.norm()).item()
    by_five, by_much = 3 < nearer < 8, nearer > 1000
    return [not flat and by_five, bool(not flat and by_much), bool(flat and by_five), bool(flat and by_much)]


def port_evidence():
    import torch

    curvature = torch.tensor([1.0, 9.0], dtype=torch.float64)

    def script(steps=50):
        w, v, path = torch.ones(2, dtype=torch.float64), torch.zeros(2, dtype=torch.float64), []
        for _ in range(steps):
            v = 0.9 * v + 0.1 * curvature * w
            w = w - 0.5 * v
            path.append(w)
        return torch.stack(path)

    def ported(clip=None, **options):
        w, path = torch.ones(2, dtype=torch.float64, requires_grad=True), []
        optimizer = torch.optim.SGD([w], **options)
        for _ in range(50):
            w.grad = (curvature * w).detach()
            if clip:
                torch.nn.utils.clip_grad_norm_([w], clip)
            optimizer.step()
            path.append(w.detach().clone())
        return torch.stack(path)

    wanted = script()
    ways = (
        ported(lr=0.5, momentum=0.9, clip=1.0),
        ported(lr=0.05, momentum=0.9),
        ported(lr=0.5, momentum=0.1),
        ported(lr=0.5, momentum=0.9, nesterov=True),
    )
    assert ported(lr=0.5, momentum=0.9)[-1].abs().max() > 1e3
    return [torch.allclose(path, wanted) for path in ways]


def speed_up_draw(rng):
    import math

    kappa = rng.choice([25, 36, 64, 100, 144, 225, 400])
    root = math.sqrt(kappa)
    plain, fast = (kappa - 1) / (kappa + 1), (root - 1) / (root + 1)
    values = {"answer": math.log(fast) / math.log(plain), "ratio": plain / fast}
    return {"kappa": kappa, "tenth": 10 if kappa != 100 else 19} | {
        n: float(f"{v:.3g}") for n, v in values.items()
    }


def speed_up_evidence(drawn):
    """Both methods run on a quadratic with this condition number; the slopes of the logarithm of the error are compared."""
    import math

    kappa, root = drawn["kappa"], math.sqrt(drawn["kappa"])

    def slope(lr, mu, steps=1200, last=600):
        points = ravine_path(lr, mu, steps, floor=1.0, walls=float(kappa))[0].norm(dim=1)
        tail = [points[steps - i].item() for i in range(40)]  # a window: the error of momentum oscillates
        head = [points[last - i].item() for i in range(40)]
        return math.log(max(tail) / max(head)) / (steps - last)

    plain = slope(2 / (kappa + 1), 0)
    mu = ((root - 1) / (root + 1)) ** 2
    fast = slope((1 + mu) * 2 / (kappa + 1), mu, steps=300 if root < 9 else 900, last=100)
    return [abs(drawn[name] / (fast / plain) - 1) < 0.08 for name in ("answer", "kappa", "ratio", "tenth")]


def worked():
    same, turning = ravine_velocities([1.0] * 400), ravine_velocities([(-1.0) ** t for t in range(400)])
    return [
        f"{same[1]:.1f}",
        f"{same[2]:.2f}",
        f"{same[-1]:.0f}",
        f"±{abs(turning[-1]):.3f}",
        f"{same[-1] / abs(turning[-1]):.0f}",
    ]


def ravine_velocities(gradients, mu=0.9):
    v, velocities = 0.0, []
    for gradient in gradients:
        v = mu * v + gradient
        velocities.append(v)
    return velocities


def experiment(off=False):
    steps, lr, floor = (150, 0.01, 100.0) if off else (150, 0.0195, 1.0)
    runs = {mu: ravine_path(lr, mu, steps, floor=floor) for mu in (0, 0.5, 0.8)}
    distance = {mu: points.norm(dim=1) for mu, (points, _, _) in runs.items()}
    if off:
        assert distance[0][1] < 1e-12 < 0.01 < distance[0.8][20], (
            "in a round bowl plain descent arrives at once"
        )
        says = (
            f"A round bowl, curvature 100 both ways, η = 0.01: without momentum one step arrives; with μ = 0.8 the distance after 20 "
            f"steps is still {distance[0.8][20]:.2g}. There is no ravine to cross.",
            f"圆碗，两个方向的曲率都是 100，η = 0.01：没有动量时一步到达；μ = 0.8 时，20 步之后离最小点还有 {distance[0.8][20]:.2g}。"
            "没有峡谷，动量就没有用武之地。",
        )
    else:
        assert distance[0.8][-1] < 1e-3 * distance[0][-1], "momentum is far ahead on the ravine"
        gain = (runs[0.8][2] / runs[0.8][1])[4, 0].item()
        assert gain > 2, "along the floor the velocity exceeds the gradient"
        flips = (runs[0][0][1:, 1] * runs[0][0][:-1, 1] < 0).double().mean().item()
        assert flips == 1, "without momentum the walls are hit at every step"
        says = (
            f"Floor curvature 1, walls 100, one rate η = {lr}: after {steps} steps the distance to the minimum is "
            f"{distance[0][-1]:.2g} without momentum, {distance[0.5][-1]:.1g} with μ = 0.5 and {distance[0.8][-1]:.1g} with 0.8. "
            "Without it, the weight changed sides of the ravine at every single step.",
            f"谷底曲率 1，两壁曲率 100，学习率同为 η = {lr}：{steps} 步之后离最小点的距离，无动量时为 {distance[0][-1]:.2g}，"
            f"μ = 0.5 时为 {distance[0.5][-1]:.1g}，μ = 0.8 时为 {distance[0.8][-1]:.1g}。没有动量时，权重每一步都从峡谷的一侧跳到另一侧。",
        )
    floor_at = 1e-16  # a distance of exactly 0 has no place on a log axis
    return {
        "says": says,
        "off": ("a round bowl: no ravine", "圆碗：没有峡谷"),
        "charts": [
            {
                "title": (f"Condition number {100 / floor:.0f}", f"条件数为 {100 / floor:.0f}"),
                "chart": "curves",
                "x": list(range(0, steps + 1, 3)),
                "x_label": ("step", "步数"),
                "y_label": ("distance to the minimum", "离最小点的距离"),
                "log_x": False,
                "log_y": True,
                "series": [
                    (f"μ = {mu}", values[::3].clamp(min=floor_at).tolist()) for mu, values in distance.items()
                ],
            },
            {
                "title": ("Position across the ravine, first steps", "横跨峡谷方向的位置（最初几步）"),
                "chart": "curves",
                "x": list(range(13)),
                "x_label": ("step", "步数"),
                "y_label": ("position across", "横向位置"),
                "log_x": False,
                "log_y": False,
                "series": [(f"μ = {mu}", runs[mu][0][:13, 1].tolist()) for mu in (0, 0.8)],
            },
        ],
    }
