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


def experiment():
    steps, lr = 150, 0.0195
    runs = {mu: ravine_path(lr, mu, steps) for mu in (0, 0.5, 0.8)}
    distance = {mu: points.norm(dim=1) for mu, (points, _, _) in runs.items()}
    assert distance[0.8][-1] < 1e-3 * distance[0][-1], "momentum is far ahead on the ravine"
    gain = (runs[0.8][2] / runs[0.8][1])[4, 0].item()
    assert gain > 2, "along the floor the velocity exceeds the gradient"
    flips = (runs[0][0][1:, 1] * runs[0][0][:-1, 1] < 0).double().mean().item()
    assert flips == 1, "without momentum the walls are hit at every step"
    return {
        "says": (
            f"Floor curvature 1, walls 100, one rate η = {lr}: after {steps} steps the distance to the minimum is "
            f"{distance[0][-1]:.2g} without momentum, {distance[0.5][-1]:.1g} with μ = 0.5 and {distance[0.8][-1]:.1g} with 0.8. "
            "Without it, the weight changed sides of the ravine at every single step.",
            f"谷底曲率 1，两壁曲率 100，学习率同为 η = {lr}：{steps} 步之后离最小点的距离，无动量时为 {distance[0][-1]:.2g}，"
            f"μ = 0.5 时为 {distance[0.5][-1]:.1g}，μ = 0.8 时为 {distance[0.8][-1]:.1g}。没有动量时，权重每一步都从峡谷的一侧跳到另一侧。",
        ),
        "charts": [
            {
                "title": ("A ravine with condition number 100", "条件数为 100 的峡谷"),
                "chart": "curves",
                "x": list(range(0, steps + 1, 3)),
                "x_label": ("step", "步数"),
                "y_label": ("distance to the minimum", "离最小点的距离"),
                "log_x": False,
                "log_y": True,
                "series": [(f"μ = {mu}", values[::3].tolist()) for mu, values in distance.items()],
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
