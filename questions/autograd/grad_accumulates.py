"""Gradients that add up: on purpose, and by mistake."""


def _descend(steps, lr=0.1, zero=False, curvature=1.0):
    """Losses of ½·curvature·w² from w = 1, with or without zeroing."""
    import torch

    w = torch.tensor(1.0, dtype=torch.float64, requires_grad=True)
    losses = []
    for _ in range(steps):
        if zero:
            w.grad = None
        loss = 0.5 * curvature * w * w
        losses.append(loss.item())
        loss.backward()
        with torch.no_grad():
            w -= lr * w.grad
    return losses


def swing_evidence():
    right, wrong = _descend(300, zero=True), _descend(300)
    late = wrong[200:]
    swings = max(late) > 0.45 and min(late) < 0.01
    first_steps = wrong[3] < right[3]
    assert first_steps
    assert _descend(100, lr=1.0, curvature=3.9)[-1] < 1e3 < _descend(100, lr=1.0, curvature=4.1)[-1]
    return [late[-1] < right[200], max(late) < 0.01, swings, max(wrong) > 10]


def why_add_evidence():
    import torch

    w = torch.tensor(2.0, requires_grad=True)
    (w * w).backward()
    (3 * w).backward()
    together = torch.autograd.grad(w * w + 3 * w, w)[0]
    sums = torch.equal(w.grad, together)
    p = torch.nn.Parameter(torch.tensor(2.0))
    optimizer = torch.optim.SGD([p], lr=0.1, momentum=0.9)
    for _ in range(2):
        optimizer.zero_grad()
        (p * p).backward()
        optimizer.step()
    own_buffer = not torch.equal(optimizer.state[p]["momentum_buffer"], p.grad)
    smoother = max(_descend(300)[200:]) < 0.01
    return [not own_buffer, smoother, sums, None]


def constant_gradient_draw(rng):
    while True:
        g, lr, t = rng.randint(2, 9), rng.choice([0.1, 0.2, 0.5]), rng.randint(4, 9)
        unit = lr * g
        values = {
            "answer": unit * t * (t + 1) / 2,
            "zeroed": unit * t,
            "square": unit * t * t,
            "doubling": unit * (2**t - 1),
        }
        return {"g": g, "lr": lr, "t": t} | {name: round(value, 3) for name, value in values.items()}


def constant_gradient_evidence(drawn):
    import torch

    w = torch.nn.Parameter(torch.zeros((), dtype=torch.float64))
    optimizer = torch.optim.SGD([w], lr=drawn["lr"])
    for _ in range(drawn["t"]):
        (drawn["g"] * w).backward()
        optimizer.step()
    return [abs(-w.item() - drawn[k]) < 1e-6 for k in ("answer", "zeroed", "square", "doubling")]


def uneven_draw(rng):
    while True:
        n, m = rng.randrange(900, 3000, 100), rng.randrange(100, 800, 100)
        a, b = rng.randint(15, 40) / 10, rng.randint(15, 40) / 10
        if abs(a - b) < 0.5:
            continue
        values = {
            "answer": (n * a + m * b) / (n + m),
            "means": (a + b) / 2,
            "sum": a + b,
            "swapped": (m * a + n * b) / (n + m),
        }
        if min(abs(values["answer"] - v) for k, v in values.items() if k != "answer") > 0.05:
            if abs(values["means"] - values["swapped"]) > 0.05:
                return {"n": n, "m": m, "a": a, "b": b} | {k: round(v, 3) for k, v in values.items()}


def uneven_evidence(drawn):
    import torch

    g = torch.Generator().manual_seed(0)
    n, m = drawn["n"], drawn["m"]
    w = torch.ones(3, dtype=torch.float64, requires_grad=True)
    x = torch.randn(n + m, 3, generator=g, dtype=torch.float64)
    losses = (x @ w) ** 2
    whole = torch.autograd.grad(losses.mean(), w, retain_graph=True)[0]
    first, second = losses[:n].mean(), losses[n:].mean()
    ways = (
        losses[:n].sum() / (n + m) + losses[n:].sum() / (n + m),
        (first + second) / 2,
        first + second,
        (m * first + n * second) / (n + m),
    )
    same = [torch.allclose(torch.autograd.grad(way, w, retain_graph=True)[0], whole) for way in ways]
    a, b = drawn["a"], drawn["b"]
    assert abs((a * n + b * m) / (n + m) - drawn["answer"]) < 1e-3
    return same


def sgd_diverges_evidence():
    import torch
    from torch import nn

    g = torch.Generator().manual_seed(0)
    x = torch.randn(64, 3, generator=g)
    start = torch.randn(1, 3, generator=g)

    def step(optimizer, pieces, divide):
        layer = nn.Linear(3, 1, bias=False)
        with torch.no_grad():
            layer.weight.copy_(start)
        update = optimizer(layer.parameters())
        for part in x.chunk(pieces):
            loss = layer(part).square().mean()
            (loss / pieces if divide else loss).backward()
        gradient = layer.weight.grad.clone()
        update.step()
        return gradient, layer.weight.detach() - start

    def sgd(p):
        return torch.optim.SGD(p, lr=0.1)

    def adam(p):
        return torch.optim.AdamW(p, lr=0.1, weight_decay=0.0)

    one, with_8 = step(sgd, 1, True), step(sgd, 8, False)
    eightfold = torch.allclose(with_8[0], 8 * one[0], rtol=1e-4) and torch.allclose(
        with_8[1], 8 * one[1], rtol=1e-3
    )
    unmoved = torch.allclose(step(adam, 8, False)[1], step(adam, 1, True)[1], rtol=1e-4)
    same = torch.allclose(step(sgd, 8, True)[0], one[0], rtol=1e-4)  # divided: exactly the large batch
    return [not same, eightfold and unmoved and same, None, not unmoved]


def aloud_evidence():
    import torch

    w = torch.tensor(2.0, requires_grad=True)
    (w * w).backward()
    (3 * w).backward()
    p = torch.nn.Parameter(torch.ones(2))
    p.grad = torch.ones(2)
    torch.optim.SGD([p], lr=0.1).zero_grad()
    return [w.grad.item() == 7, None, None, max(_descend(300)[200:]) > 0.45, p.grad is None]


def worked():
    import torch

    w = torch.tensor(2.0, requires_grad=True)
    (w * w).backward()
    first = w.grad.item()
    (3 * w).backward()
    v = torch.zeros((), requires_grad=True)
    way = 0.0
    for _ in range(3):
        v.sum().backward()
        way += v.grad.item()
    assert way == 6
    return [f"{first:.0f} + {w.grad.item() - first:.0f} = {w.grad.item():.0f}"]


def experiment(off=False):
    steps = 300
    right, wrong = _descend(steps, zero=True), _descend(steps, zero=off)
    if off:
        assert right == wrong and wrong[-1] < 1e-6, "with zeroing it settles"
        says = (
            f"Zeroed before each backward, the loss falls steadily, to {wrong[60]:.0e} after 60 steps. No swinging.",
            f"每次反向之前都清零，loss 稳步下降，60 步后为 {wrong[60]:.0e}，不再摆动。",
        )
    else:
        late = max(wrong[200:])
        assert late > 0.45 and min(wrong[200:]) < 0.01, "without zeroing it swings at full height"
        assert right[60] < 1e-4, "with zeroing it settles"
        says = (
            f"Never zeroed, the loss still reaches {late:.2f} after step 200, its first value being 0.50. With zeroing it is "
            f"at {right[60]:.0e} after 60 steps.",
            f"从不清零，200 步之后 loss 仍会回到 {late:.2f}，而初始值是 0.50。清零的话，60 步后就是 {right[60]:.0e}。",
        )
    return {
        "says": says,
        "off": ("the gradient is zeroed in each step", "每步都清零梯度"),
        "title": ("½w² by gradient descent", "用梯度下降最小化 ½w²"),
        "chart": "curves",
        "x": list(range(100)),
        "x_label": ("step", "步"),
        "y_label": "loss",
        "log_x": False,
        "log_y": False,
        "series": [(("zeroed", "清零"), right[:100])]
        + ([] if off else [(("never zeroed", "从不清零"), wrong[:100])]),
    }
