"""Training through steps: with no gradient, with the identity in its place, and with rounding afterwards."""

STEP, RATE = 0.25, 0.02


def _data(common, seeds=8, d=24, n=128):
    """Inputs that share a part of size `common`, the true weights, and a start; one set a seed."""
    import torch

    sets = []
    for seed in range(seeds):
        g = torch.Generator().manual_seed(seed)
        shared, own = torch.randn(n, 1, generator=g), torch.randn(n, d, generator=g)
        x = common * shared + (1 - common**2) ** 0.5 * own
        sets.append((x, *(torch.rand(d, 1, generator=g) * 2 - 1 for _ in range(2))))
    return [torch.stack(parts) for parts in zip(*sets, strict=True)]


def _round(w):
    return (w / STEP).round().clamp(-4, 4) * STEP


def _train(kind, common=0.9, steps=1000):
    """Losses of the rounded weights, (step, seed), with a learning rate that falls to zero."""
    import torch

    x, truth, w = _data(common)
    y = x @ truth
    w = w.clone().requires_grad_()
    losses = []
    for step in range(steps):
        q = _round(w)
        used = {"ste": w + (q - w).detach(), "float": w, "round": q}[kind]
        loss = (x @ used - y).square().mean((1, 2))
        with torch.no_grad():
            losses.append((x @ q - y).square().mean((1, 2)))
        (gradient,) = torch.autograd.grad(loss.sum(), w)
        with torch.no_grad():
            w -= RATE * (1 - step / steps) * gradient
    return torch.stack(losses)


def experiment(off=False):
    common = 0.0 if off else 0.9
    runs = {kind: _train(kind, common) for kind in ("ste", "float", "round")}
    assert (runs["round"] == runs["round"][0]).all(), "through round nothing moves"
    ends = {kind: losses[-1].mean().item() for kind, losses in runs.items()}
    if off:
        assert ends["ste"] > 0.9 * ends["float"], "independent inputs: STE is no better"
        says = (
            f"With independent inputs rounding at the end gives a loss of {ends['float']:.3f}, STE {ends['ste']:.3f} (mean of 8 "
            "seeds): nothing to balance, and STE's swinging about thresholds costs.",
            f"输入独立时，最后取整的 loss 是 {ends['float']:.3f}，STE 是 {ends['ste']:.3f}（8 个种子平均）：没有误差可以抵消，"
            "STE 在阈值两边摆动反而有代价。",
        )
    else:
        assert ends["ste"] < 0.7 * ends["float"], "correlated inputs: STE is better by a third at least"
        assert ends["round"] > 10 * ends["float"], "and through round the loss stays where it began"
        says = (
            f"Loss of the rounded weights, mean of 8 seeds: STE {ends['ste']:.3f}, floats rounded at the end {ends['float']:.3f}, "
            f"through round() {ends['round']:.1f} from first to last.",
            f"取整后权重的 loss，8 个种子平均：STE {ends['ste']:.3f}，浮点训练最后取整 {ends['float']:.3f}，穿过 round() 则始终是 "
            f"{ends['round']:.1f}。",
        )
    every = 40
    names = {
        "ste": "STE",
        "float": ("floats, rounded", "浮点，取整"),
        "round": ("through round()", "穿过 round()"),
    }
    return {
        "says": says,
        "off": ("inputs that are independent", "输入相互独立"),
        "title": ("Loss of the rounded weights", "取整后权重的 loss"),
        "chart": "curves",
        "x": list(range(every, 1001, every)),
        "x_label": ("step", "步"),
        "y_label": "loss",
        "log_x": False,
        "log_y": True,
        "series": [
            (label, runs[kind].mean(1).view(-1, every).mean(1).tolist()) for kind, label in names.items()
        ],
    }


def three_ways_evidence():
    ste, late, through = (_train(kind)[-1].mean().item() for kind in ("ste", "float", "round"))
    start = _train("round", steps=1)[0].mean().item()
    moved = abs(through - start) > 1e-9
    return [
        abs(through - ste) < 0.3 * ste,
        late < ste,
        ste < 0.7 * late and not moved,
        abs(late - ste) < 0.1 * late,
    ]


def why_needed_evidence():
    import torch

    w = torch.tensor([0.3, 1.6], requires_grad=True)
    q = w.round()
    ((q - 5) ** 2).sum().backward()
    left_out = w.grad is None
    return [left_out, not q.is_floating_point(), not left_out and w.grad.tolist() == [0, 0], None]


def one_step_draw(rng):
    while True:
        x, lr = rng.randint(2, 38) / 10, rng.choice([0.05, 0.1, 0.2])
        t, q = rng.randint(-3, 7), round(x)
        if abs(x - q) > 0.45 or t == q or x == q:
            continue
        values = {
            "answer": x - lr * 2 * (q - t),
            "at_x": x - lr * 2 * (x - t),
            "x": x,
            "from_q": q - lr * 2 * (q - t),
        }
        numbers = list(values.values())
        if (
            min(abs(a - b) for i, a in enumerate(numbers) for b in numbers[:i]) > 0.015
            and min(map(abs, numbers)) > 0.05
        ):
            shown = {name: round(value, 3) for name, value in values.items()}
            return shown | {"lr": lr, "t": t, "q": q, "slope": 2 * (q - t)}


def one_step_evidence(drawn):
    import torch

    x = torch.tensor(float(drawn["x"]), dtype=torch.float64, requires_grad=True)
    q = x + (x.round() - x).detach()
    ((q - drawn["t"]) ** 2).backward()
    new = (x - drawn["lr"] * x.grad).item()
    return [abs(new - drawn[k]) < 0.0011 for k in ("answer", "at_x", "x", "from_q")]


def which_steps_evidence():
    import torch
    import torch.nn.functional as F

    x = torch.randn(4, 6, generator=torch.Generator().manual_seed(0), requires_grad=True)
    weights = torch.randn(6, generator=torch.Generator().manual_seed(1))
    ways = [
        lambda v: torch.sign(v) * weights,
        lambda v: torch.abs(v - 0.5) * weights,
        lambda v: (v > 0).float() * weights,
        lambda v: v.amax(dim=-1),
        lambda v: F.one_hot(v.argmax(-1), 6) * weights,
    ]
    out = []
    for way in ways:
        y = way(x)
        out.append(not y.requires_grad or not torch.autograd.grad(y.sum(), x)[0].any())
    return out


def stuck_signs_evidence():
    def flips_after(clip, step=0.01):
        w = 0.0
        for _ in range(3000):  # pushed one way
            w = min(w + step, 1.0) if clip else w + step
        count = 0
        while w > 0:  # and then the other way
            w, count = w - step, count + 1
        return count

    free, clipped = flips_after(False), flips_after(True)
    slower = flips_after(True, 0.005)  # half the learning rate from the same bound takes twice as long
    return [None, None, slower < clipped, free > 2900 and 95 < clipped < 105]


def aloud_evidence():
    import torch

    def field(x, together):  # what STE hands to two weights whose loss depends on both, or on each by itself
        x = torch.tensor(x, dtype=torch.float64, requires_grad=True)
        q = x + (x.round() - x).detach()
        loss = (q[0] + q[1] - 0.3) ** 2 if together else ((q - 0.3) ** 2).sum()
        return torch.autograd.grad(loss, x)[0].tolist()

    def work(corners, together, n=50):
        total = 0.0
        for a, b in zip(corners, corners[1:], strict=False):
            for k in range(n):
                at = [u + (k + 0.5) / n * (v - u) for u, v in zip(a, b, strict=True)]
                total += sum(g * (v - u) / n for g, u, v in zip(field(at, together), a, b, strict=True))
        return total

    ways = [(0.4, 0.0), (0.6, 0.0), (0.6, 0.2)], [(0.4, 0.0), (0.4, 0.2), (0.6, 0.2)]
    differ = (
        abs(work(ways[0], True) - work(ways[1], True)) > 0.3
    )  # a gradient's work depends on the ends alone
    assert abs(work(ways[0], False) - work(ways[1], False)) < 1e-9
    x = torch.tensor([0.3, 1.6], requires_grad=True)
    dead = not any(torch.autograd.grad(f(x).sum(), x)[0].any() for f in (torch.round, torch.sign))
    q = x + (x.round() - x).detach()
    through = torch.equal(q.detach(), x.detach().round())
    at_q = torch.equal(torch.autograd.grad((q**2).sum(), x)[0], 2 * q.detach())
    return [dead, through, at_q, None, differ]


def worked():
    import torch

    x = torch.tensor(1.3, requires_grad=True)
    q = x + (x.round() - x).detach()
    ((q - 3) ** 2).backward()
    new = (x - 0.1 * x.grad).item()
    at_x = 2 * (1.3 - 3)
    return [
        f"q = {q.item():.0f}",
        f"2(1 − 3) = −{-x.grad.item():.0f}",
        f"{new:.1f}",
        f"−{-at_x:.1f}",
    ]
