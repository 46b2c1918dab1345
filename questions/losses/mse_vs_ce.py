"""Experiment, draws and evidence for mse_vs_ce.md."""


def ratio_draw(rng):
    import math

    z = rng.choice([-3.5, -3.25, -3, -2.75, -2.5, -2.25, -2, -1.75, -1.5])
    p = 1 / (1 + math.exp(-z))
    values = {
        "answer": 1 / (2 * p * (1 - p)),
        "no_two": 1 / (p * (1 - p)),
        "by_p": 1 / p,
        "values": -math.log(p) / (1 - p) ** 2,
    }
    shown = {name: f"{v:.3g}" if v < 1000 else f"{v:.0f}" for name, v in values.items()}
    return {"z": f"{z:g}".replace("-", "−"), "p": f"{p:.3g}", **shown}


def ratio_evidence(drawn):
    import torch
    from torch.nn.functional import logsigmoid

    z = torch.tensor(float(drawn["z"].replace("−", "-")), dtype=torch.float64, requires_grad=True)
    (squared,) = torch.autograd.grad((z.sigmoid() - 1) ** 2, z)
    (entropy,) = torch.autograd.grad(-logsigmoid(z), z)
    true = (entropy / squared).item()
    return [abs(float(drawn[k]) / true - 1) < 0.01 for k in ("answer", "no_two", "by_p", "values")]


def reason_evidence():
    import torch

    p = torch.linspace(0.001, 0.999, 999, dtype=torch.float64)
    at = {
        q: (
            p[(q * (p - 1) ** 2 + (1 - q) * p**2).argmin()].item(),
            p[(-q * p.log() - (1 - q) * (1 - p).log()).argmin()].item(),
        )
        for q in (0.2, 0.5, 0.9)
    }
    proper = [all(abs(v[i] - q) < 1e-6 for q, v in at.items()) for i in (0, 1)]
    only_one = proper[1] and not proper[0]
    z = torch.tensor(-12.0, dtype=torch.float64, requires_grad=True)
    (squared,) = torch.autograd.grad((z.sigmoid() - 1) ** 2, z)
    (entropy,) = torch.autograd.grad(-torch.nn.functional.logsigmoid(z), z)
    # Three classes: the others' shares change the squared error's value, but both gradients by the logits.
    rows = torch.tensor([[0.4, 0.3, 0.3], [0.4, 0.5, 0.1]], dtype=torch.float64).log()
    y = torch.eye(3, dtype=torch.float64)[[0, 0]]
    for loss, same in (
        (lambda o: -o.log_softmax(1)[:, 0], True),
        (lambda o: (o.softmax(1) - y).square().sum(1), False),
    ):
        o = rows.clone().requires_grad_()
        value = loss(o)
        (slope,) = torch.autograd.grad(value.sum(), o)
        assert torch.allclose(value[0], value[1]) == same and not torch.allclose(slope[0], slope[1])
    return [only_one, abs(squared) < 1e-4 and abs(entropy) > 0.99, None, None]


def _unit(loss, start, steps=200, rate=0.5):
    """The outputs of σ(w + b) on its way to 1."""
    import math

    w = b = start
    outputs = []
    for _ in range(steps):
        p = 1 / (1 + math.exp(-w - b))
        outputs.append(p)
        slope = p - 1 if loss == "entropy" else 2 * (p - 1) * p * (1 - p)
        w, b = w - rate * slope, b - rate * slope
    return outputs


def stuck_evidence():
    import math

    squared, entropy = (_unit(loss, -4.0)[-1] for loss in ("squared", "entropy"))
    assert 0.13 < math.log(squared / (1 - squared)) + 8 < 0.15  # how far z has come
    seen = squared > 0.9, entropy > 0.9
    assert all(v > 0.9 or v < 0.1 for v in (squared, entropy))
    return [seen == pair for pair in ((True, True), (True, False), (False, True), (False, False))]


def wrong_step_evidence():
    """True for the step that fails."""
    import torch

    z = torch.linspace(-8, 8, 1601, dtype=torch.float64, requires_grad=True)
    p = z.sigmoid()
    (slope,) = torch.autograd.grad(((p - 1) ** 2).sum(), z)
    chain = torch.allclose(slope, 2 * (p - 1) * p * (1 - p))
    together = torch.allclose(slope, -2 * p * (1 - p) ** 2) and bool((slope < 0).all())
    falls = bool(((p * (1 - p) ** 2).diff() < 0).all())
    peak = p[(p * (1 - p) ** 2).argmax()].item()
    assert abs(peak - 1 / 3) < 0.01
    return [not chain, not together, not falls, None]


def bad_labels_evidence():
    import math

    p = math.exp(-5)
    vanishes = abs(p - 1) < 0.1
    share = 0.08 * 5 / (0.08 * 5 + 0.92 * 0.05)  # the others at a loss of 0.05
    unbounded = share > 0.85 and abs(p - 1) > 0.99 and abs(2 * (p - 1) * p * (1 - p)) < 0.02
    return [vanishes, None, unbounded, None]


def worked():
    import torch

    z = torch.tensor([-6.0, 0.0], dtype=torch.float64, requires_grad=True)
    (squared,) = torch.autograd.grad(((z.sigmoid() - 1) ** 2).sum(), z)
    (entropy,) = torch.autograd.grad(-torch.nn.functional.logsigmoid(z).sum(), z)
    return [
        f"{z[0].sigmoid().item():.5f}",
        f"{squared[0].item():.5f}".replace("-", "−"),
        f"{entropy[0].item():.3f}".replace("-", "−"),
        f" {(entropy / squared)[0].item():.0f} ",
        f"{squared[1].item():.2f}".replace("-", "−"),
        f"{entropy[1].item():.1f}".replace("-", "−"),
    ]


def experiment(off=False):
    start = 0.0 if off else -4.0
    squared, entropy = (_unit(loss, start) for loss in ("squared", "entropy"))
    arrived = [next((i for i, p in enumerate(run) if p > 0.9), None) for run in (squared, entropy)]
    if off:
        assert None not in arrived and max(arrived) < 50, "from z = 0 both arrive"
        says = (
            f"From z = 0 both pass 0.9: the squared error after {arrived[0]} steps, cross-entropy after {arrived[1]}.",
            f"从 z = 0 出发，两者都超过了 0.9：平方误差用了 {arrived[0]} 步，交叉熵 {arrived[1]} 步。",
        )
    else:
        later = next(i for i, p in enumerate(_unit("squared", start, 20000)) if p > 0.9)
        assert squared[-1] < 0.1 and arrived[1] < 50, "from z = −8 the squared error stands still"
        says = (
            f"From z = −8: after 200 steps the squared error has brought the output to {squared[-1]:.4f}; with cross-entropy it passed 0.9 "
            f"after {arrived[1]}. It is slow, not stuck for ever: after {later} steps the squared error arrives, too.",
            f"从 z = −8 出发：200 步之后，平方误差只把输出带到 {squared[-1]:.4f}；用交叉熵，{arrived[1]} 步就超过了 0.9。"
            f"它只是慢，并非永远卡住：{later} 步之后，平方误差也到了。",
        )
    return {
        "says": says,
        "off": ("the unit starts at z = 0", "从 z = 0 出发"),
        "title": ("Output of one sigmoid unit, target 1", "一个 sigmoid 单元的输出，目标为 1"),
        "chart": "curves",
        "x": list(range(0, 200, 2)),
        "x_label": ("step", "步"),
        "y_label": "p",
        "series": [
            (("squared error", "平方误差"), squared[::2]),
            (("cross-entropy", "交叉熵"), entropy[::2]),
        ],
    }
