"""Experiment, draws and evidence for bce_logits.md."""


def loss_and_slope_draw(rng):
    import math

    def loss(z, y):
        return max(z, 0) - z * y + math.log1p(math.exp(-abs(z)))

    while True:
        z, y = rng.choice([-1, 1]) * rng.randint(2, 9) / 2, rng.choice([0, 1])
        p = 1 / (1 + math.exp(-z))
        values = {
            "answer": loss(z, y),
            "other": loss(z, 1 - y),
            "twice": loss(p, y),
            "slope": abs(p - y),
        }
        numbers = list(values.values())
        if min(abs(a / b - 1) for i, a in enumerate(numbers) for b in numbers[:i]) > 0.05:
            log = f"{math.log1p(math.exp(-abs(z))):.3f}"
            shown = {name: f"{v:.3g}" for name, v in values.items()}
            parts = f"{max(z, 0):g} − ({z * y:g}) + {log}".replace("-", "−")
            return {"z": f"{z:g}".replace("-", "−"), "y": y, "not_y": 1 - y, "parts": parts, **shown}


def loss_and_slope_evidence(drawn):
    import torch

    z = torch.tensor(float(drawn["z"].replace("−", "-")), dtype=torch.float64)
    y = torch.tensor(float(drawn["y"]), dtype=torch.float64)
    loss = torch.nn.functional.binary_cross_entropy_with_logits(z, y).item()
    return [abs(float(drawn[k]) / loss - 1) < 0.01 for k in ("answer", "other", "twice", "slope")]


def derive_evidence():
    import torch

    z = torch.linspace(-30, 30, 121, dtype=torch.float64)
    ok = True
    for y in (0.0, 0.3, 1.0):
        defined = -y * z.sigmoid().log() - (1 - y) * (-z).sigmoid().log()
        steps = [
            (1 + (-z).exp()).log() + (1 - y) * z,
            z.clamp(min=0) - z * y + torch.log1p((-z.abs()).exp()),
        ]
        ok &= all(torch.allclose(defined, s, atol=1e-9) for s in steps)
        low = z[z < 0]
        ok &= torch.allclose((1 + (-low).exp()).log(), -low + torch.log1p(low.exp()))
    return [ok]


def _both(z):
    """(loss, gradient by z) in fp32 at target 1: on the probability, on the logit."""
    import torch
    from torch.nn import functional as F

    y, found = torch.tensor(1.0), []
    for loss in (
        lambda t: F.binary_cross_entropy(t.sigmoid(), y),
        lambda t: F.binary_cross_entropy_with_logits(t, y),
    ):
        t = torch.tensor(float(z), requires_grad=True)
        value = loss(t)
        (slope,) = torch.autograd.grad(value, t)
        found.append((value.item(), slope.item()))
    return found


def far_out_evidence():
    seen = _both(-200)
    inf, nan = float("inf"), float("nan")
    claims = (
        ((inf, nan), (200, -1)),
        ((100, 0), (200, -1)),
        ((inf, nan), (100, 0)),
        ((100, 0), (100, 0)),
    )
    return [
        all(
            abs(a - b) < 1e-3
            for got, want in zip(seen, claim, strict=True)
            for a, b in zip(got, want, strict=True)
        )
        for claim in claims
    ]


def weighted_draw(rng):
    while True:
        percent, w = rng.choice([2, 5, 10, 15, 20]), rng.choice([2, 3, 4, 5, 10])
        pi = percent / 100
        values = {
            "answer": w * pi / (w * pi + 1 - pi),
            "pi": pi,
            "product": w * pi,
            "swapped": pi / (pi + w * (1 - pi)),
        }
        numbers = list(values.values())
        if min(abs(a / b - 1) for i, a in enumerate(numbers) for b in numbers[:i]) > 0.04:
            return {"percent": percent, "w": w} | {name: f"{v:.3f}" for name, v in values.items()}


def weighted_evidence(drawn):
    """The least loss of a fine grid, by torch's own weighting."""
    import torch

    grid = torch.linspace(0.0005, 0.9995, 1999, dtype=torch.float64)
    z, pi = torch.logit(grid), drawn["percent"] / 100
    w = torch.tensor(float(drawn["w"]), dtype=torch.float64)
    loss = torch.nn.functional.binary_cross_entropy_with_logits(
        z, torch.full_like(z, pi), pos_weight=w, reduction="none"
    )
    best = grid[loss.argmin()].item()
    names = ("answer", "pi", "product", "swapped")
    return [abs(float(drawn[k]) - best) < max(0.0011, 0.01 * best) for k in names]


def why_sigmoids_evidence():
    import torch

    big = torch.tensor([500.0, -500.0, 500.0])
    both = (
        torch.nn.functional.binary_cross_entropy_with_logits(big, torch.tensor([0.0, 1.0, 1.0])),
        torch.nn.functional.cross_entropy(big, torch.tensor([0.5, 0.5, 0.0])),
    )
    assert all(loss.isfinite() for loss in both)  # so that this decides nothing
    o = torch.zeros(1, 20, requires_grad=True)
    y = torch.zeros(1, 20)
    y[0, :3] = 1
    competes = []
    for loss, outputs in (
        (lambda t: torch.nn.functional.cross_entropy(t, y / 3), lambda t: t.softmax(1)),
        (lambda t: torch.nn.functional.binary_cross_entropy_with_logits(t, y), lambda t: t.sigmoid()),
    ):
        t = o.detach().clone().requires_grad_()
        adam = torch.optim.Adam([t], 0.2)
        for _ in range(200):
            adam.zero_grad()
            loss(t).backward()
            adam.step()
        competes.append(outputs(t)[0, :3].min().item())
    needs_integers = not torch.nn.functional.cross_entropy(o, y / 3).isfinite().item()
    return [None, competes[0] < 0.34 and competes[1] > 0.9, needs_integers, None]


def never_below_half_evidence():
    import math

    import torch

    inner = torch.linspace(-20, 20, 401, dtype=torch.float64)
    negative = torch.nn.functional.softplus(inner.sigmoid())  # the loss of a negative, sigmoid twice
    constant = -0.01 * math.log(0.01) - 0.99 * math.log(0.99)
    floor = 0.99 * negative.min().item()
    twice = floor > 0.68 and abs(negative.min().item() - math.log(2)) < 1e-6
    return [twice, None, constant > 0.6, constant > 0.6]


def worked():
    import torch
    from torch.nn.functional import binary_cross_entropy_with_logits

    z = torch.tensor(2.0, dtype=torch.float64)
    (lost, slope), (loss, true) = _both(-200)
    return [
        f"{binary_cross_entropy_with_logits(z, torch.zeros_like(z)).item():.3f}",
        f"{z.sigmoid().item():.3f}",
        f" = {loss:.0f}",
        f"{true:.0f}".replace("-", "−"),
        f" {lost:.0f}",
        f" {abs(slope):.0f}",
        f"{9 * 0.1 / (9 * 0.1 + 0.9):.1f}",
    ]


def experiment(off=False):
    zs = (-1, -3, -6, -10, -15) if off else (-10, -20, -28, -30, -40, -80, -90, -200)
    rows, cells = [], {}
    for z in zs:
        (lost, slope), (loss, true) = cells[z] = _both(z)
        rows.append([str(z), f"{lost:.4g}", f"{slope + 0.0:.1e}", f"{loss:.4g}", f"{true:.1e}"])
    if off:
        assert all(abs(a[0] / b[0] - 1) < 1e-4 and abs(a[1] / b[1] - 1) < 1e-4 for a, b in cells.values())
        says = (
            "For logits of moderate size both versions agree, in loss and gradient: σ(z) is still a number that fp32 holds well.",
            "logits 大小适中时，两个版本的 loss 和梯度都一致：σ(z) 还在 fp32 能好好表示的范围里。",
        )
    else:
        assert abs(cells[-200][0][0] - 100) < 1e-3 and cells[-200][0][1] == 0, (
            "cut off at 100, without a gradient"
        )
        assert cells[-20][0][1] < -0.99 and -0.1 < cells[-30][0][1] < 0, (
            "the gradient fades before the loss is cut off"
        )
        assert all(abs(b[0] + z) < 0.01 and abs(b[1] + 1) < 0.01 for z, (_, b) in cells.items()), (
            "logits: −z and −1"
        )
        says = (
            f"On probabilities the gradient fades from z = −28 on ({cells[-30][0][1]:.2f} at −30), and at −90 the loss jumps to "
            f"{cells[-90][0][0]:.0f} and stays there, with gradient 0. On logits the loss is −z and the gradient −1 throughout.",
            f"用概率算，从 z = −28 起梯度逐渐消失（−30 处是 {cells[-30][0][1]:.2f}），到 −90 时 loss 跳到 {cells[-90][0][0]:.0f} 就不再变，"
            f"梯度为 0。用 logits 算，loss 一直是 −z，梯度一直是 −1。",
        )
    return {
        "says": says,
        "off": ("logits of moderate size", "logits 大小适中"),
        "title": ("fp32, target 1: loss and gradient by z", "fp32，目标 1：loss 和对 z 的梯度"),
        "chart": "table",
        "columns": [
            "z",
            ("BCE on p", "用概率"),
            ("slope", "斜率"),
            ("on logits", "用 logits"),
            ("slope", "斜率"),
        ],
        "rows": rows,
    }
