"""Experiment, draws and evidence for rmsnorm.md."""


def experiment():
    import torch
    from torch import nn

    width, classes, steps, lr = 32, 4, 160, 0.01

    def losses(norm):
        torch.manual_seed(0)
        blocks = [layer for _ in range(8) for layer in (nn.Linear(width, width), norm(width), nn.ReLU())]
        net = nn.Sequential(*blocks, nn.Linear(width, classes))
        weights = list(net.parameters())
        velocity = [torch.zeros_like(w) for w in weights]
        g = torch.Generator().manual_seed(1)
        teacher = torch.randn(width, classes, generator=g)
        curve = []
        for _ in range(steps):
            x = torch.randn(48, width, generator=g)
            loss = nn.functional.cross_entropy(net(x), (x @ teacher).argmax(1))
            gradients = torch.autograd.grad(loss, weights)
            with torch.no_grad():
                for w, v, gradient in zip(weights, velocity, gradients, strict=True):
                    v.mul_(0.9).add_(gradient)
                    w.sub_(lr * v)
            curve.append(loss.item())
        return [sum(curve[i : i + 10]) / 10 for i in range(0, steps, 10)]

    with torch.random.fork_rng():
        layer, rms, none = losses(nn.LayerNorm), losses(nn.RMSNorm), losses(lambda _: nn.Identity())
    assert none[-1] > 1.2, "eight plain layers hardly learn (ln 4 = 1.39)"
    assert max(layer[-1], rms[-1]) < 0.6, "with either norm they learn"
    assert abs(layer[-1] - rms[-1]) < 0.25, "and RMSNorm does about as well as LayerNorm"
    return {
        "says": (
            f"The same eight-layer net after {steps} steps: loss {layer[-1]:.2f} with LayerNorm, {rms[-1]:.2f} with "
            f"RMSNorm, {none[-1]:.2f} without a norm (guessing gives 1.39).",
            f"同一个八层网络训练 {steps} 步：用 LayerNorm，loss 为 {layer[-1]:.2f}；用 RMSNorm，为 {rms[-1]:.2f}；"
            f"不加归一化，为 {none[-1]:.2f}（随机猜是 1.39）。",
        ),
        "title": ("Training with and without the mean", "减不减均值，训练效果如何"),
        "chart": "curves",
        "x": list(range(10, steps + 1, 10)),
        "x_label": ("step", "步数"),
        "y_label": ("loss", "loss"),
        "log_x": False,
        "log_y": False,
        "series": [("LayerNorm", layer), ("RMSNorm", rms), (("no norm", "不归一化"), none)],
    }


def value_draw(rng):
    while True:
        x = [rng.randint(-9, 9) for _ in range(4)]
        mean, squares = sum(x) / 4, sum(v * v for v in x) / 4
        spread = (squares - mean * mean) ** 0.5
        if not x[0] or not spread or len(set(x)) < 4:
            continue
        values = [x[0] / squares**0.5, (x[0] - mean) / spread, x[0] / (4 * squares) ** 0.5, x[0] / squares]
        if (
            min(abs(v - w) for i, v in enumerate(values) for w in values[:i]) > 0.03
            and min(map(abs, values)) > 0.02
        ):
            shown = [float(f"{v:.3g}") for v in values]
            names = ("answer", "layernorm", "unit", "squares")
            return (
                dict(zip("abcd", x, strict=True))
                | dict(zip(names, shown, strict=True))
                | {"rms": round(squares**0.5, 3)}
            )


def value_evidence(drawn):
    import torch

    x = torch.tensor([float(drawn[name]) for name in "abcd"])
    first = torch.nn.functional.rms_norm(x, (4,), eps=1e-12)[0].item()
    return [
        abs(first - drawn[name]) < 0.006 * abs(first) for name in ("answer", "layernorm", "unit", "squares")
    ]


def when_equal_evidence():
    import torch
    from torch.nn.functional import layer_norm, rms_norm

    x = torch.randn(50, 6, generator=torch.Generator().manual_seed(0), dtype=torch.float64) + 1
    std = x.var(1, correction=0, keepdim=True).sqrt()
    rms = x.square().mean(1, keepdim=True).sqrt()
    groups = [x / std, x.abs(), x / rms, x - x.mean(1, keepdim=True)]
    return [torch.allclose(layer_norm(v, (6,), eps=1e-5), rms_norm(v, (6,), eps=1e-5)) for v in groups]


def why_enough_evidence():
    import torch
    from torch import nn
    from torch.nn.functional import layer_norm, rms_norm

    d = 8
    x = torch.randn(d, generator=torch.Generator().manual_seed(0), dtype=torch.float64)

    def lost(norm):  # directions of x in which the output does not move
        slopes = torch.autograd.functional.jacobian(lambda v: norm(v, (d,), eps=0.0), x)
        return d - int(torch.linalg.matrix_rank(slopes, atol=1e-8))

    one_more = lost(rms_norm) == 1 and lost(layer_norm) == 2
    same_scale = torch.allclose(
        rms_norm(1000 * x, (d,), eps=0.0).norm(), torch.tensor(d**0.5, dtype=torch.float64)
    )
    centres = rms_norm(x.abs(), (d,)).mean().abs().item() < 1e-6
    about_same = torch.allclose(rms_norm(x, (d,)), layer_norm(x, (d,)), atol=0.01)
    has_beta = "bias" in dict(nn.RMSNorm(d).named_parameters())
    return [centres, about_same, one_more and same_scale, has_beta]


def gradient_evidence():
    import torch

    g = torch.Generator().manual_seed(0)
    x = torch.randn(7, generator=g, dtype=torch.float64) + 0.5
    weights = torch.randn(7, generator=g, dtype=torch.float64)

    def gradient(v):
        v = v.clone().requires_grad_()
        y = torch.nn.functional.rms_norm(v, (7,), eps=0.0)
        return torch.autograd.grad((y.exp() * weights).sum(), v)[0]

    here, far = gradient(x), gradient(10 * x)
    along = (here @ x / here.norm() / x.norm()).item()
    return [abs(here.sum().item()) < 1e-9, abs(along) < 1e-9, abs(along) > 0.999, torch.allclose(here, far)]
