"""Experiment, draws and evidence for rmsnorm.md."""


def _train(kind, steps=400, he=False):
    """Eight ReLU layers, one net a seed, side by side, with SGD and momentum: losses (step, seed)."""
    import torch
    from torch.nn.functional import cross_entropy, layer_norm, rms_norm

    seeds, d, depth, rate = range(3), 32, 8, 0.01

    def drawn(salt, *shape, bound=None):
        rows = []
        for seed in seeds:
            g = torch.Generator().manual_seed(97 * seed + salt)
            uniform = torch.rand(shape, generator=g) * 2 - 1
            rows.append(bound * uniform if bound else torch.randn(shape, generator=g))
        return torch.stack(rows)

    default = d**-0.5
    weights = [drawn(i, d, d, bound=(6 / d) ** 0.5 if he else default) for i in range(depth)]
    biases = [(not he) * drawn(100 + i, 1, d, bound=default) for i in range(depth)]
    gamma, beta = ([torch.full((len(seeds), 1, d), float(v)) for _ in range(depth)] for v in (1, 0))
    out, teacher = drawn(50, d, 4, bound=default), drawn(51, d, 4)
    learned = [*weights, *biases, out]
    learned += gamma if kind != "none" else []
    learned += beta if kind in ("layer", "centre") else []
    for parameter in learned:
        parameter.requires_grad_()
    velocity = [torch.zeros_like(parameter) for parameter in learned]
    inputs = [torch.Generator().manual_seed(97 * seed + 60) for seed in seeds]
    losses = []
    for _ in range(steps):
        x = torch.stack([torch.randn(48, d, generator=g) for g in inputs])
        h, want = x, (x @ teacher).argmax(-1)
        for w, bias, scale, shift in zip(weights, biases, gamma, beta, strict=True):
            h = h @ w + bias
            if kind == "layer":
                h = layer_norm(h, (d,)) * scale + shift
            elif kind == "rms":
                h = rms_norm(h, (d,), eps=1e-6) * scale
            elif kind == "centre":
                h = (h - h.mean(-1, keepdim=True)) * scale + shift
            h = h.relu()
        loss = cross_entropy((h @ out).mT, want, reduction="none").mean(1)
        losses.append(loss.detach())
        gradients = torch.autograd.grad(loss.sum(), learned)
        with torch.no_grad():
            for parameter, v, gradient in zip(learned, velocity, gradients, strict=True):
                v.mul_(0.9).add_(gradient)
                parameter -= rate * v
    return torch.stack(losses)


def experiment(off=False):
    steps, every = 500, 10
    names = {
        "layer": "LayerNorm",
        "rms": "RMSNorm",
        "centre": ("mean only", "只减均值"),
        "none": ("no norm", "不归一化"),
    }
    runs = {kind: _train(kind, steps, he=off) for kind in names}
    ends = {kind: losses[-20:].mean(0) for kind, losses in runs.items()}
    if off:
        assert max(end.max() for end in ends.values()) < 1.0, "with He's initialisation all of them learn"
    else:
        assert max(ends["layer"].max(), ends["rms"].max()) < 0.8, (
            "with either norm the net learns, with every seed"
        )
        assert (ends["layer"] - ends["rms"]).mean().abs() < 0.25, "and RMSNorm does about as well"
        assert min(ends["centre"].min(), ends["none"].min()) > 1.3, "without re-scaling it stays at guessing"
    layer, rms, centre, none = (ends[kind].mean().item() for kind in names)
    how = (
        ("With He's initialisation", "用 He 初始化") if off else ("With default initialisation", "默认初始化")
    )
    return {
        "says": (
            f"{how[0]} and SGD, the same eight-layer net after {steps} steps (mean of 3 seeds): loss {layer:.2f} with LayerNorm, "
            f"{rms:.2f} with RMSNorm, {centre:.2f} with the mean subtracted only, {none:.2f} without a norm (guessing: 1.39).",
            f"{how[1]}、SGD，同一个八层网络训练 {steps} 步后的 loss（3 个种子平均）：LayerNorm {layer:.2f}，RMSNorm {rms:.2f}，"
            f"只减均值 {centre:.2f}，不归一化 {none:.2f}（随机猜是 1.39）。",
        ),
        "off": ("an initialisation that keeps the scale (He)", "保持尺度的初始化（He）"),
        "title": ("Which half of LayerNorm helps?", "LayerNorm 的哪一半起作用？"),
        "chart": "curves",
        "x": list(range(every, steps + 1, every)),
        "x_label": ("step", "步"),
        "y_label": ("loss", "loss"),
        "log_x": False,
        "log_y": False,
        "series": [
            (label, runs[kind].mean(1).view(-1, every).mean(1).tolist()) for kind, label in names.items()
        ],
    }


def which_half_evidence():
    rms, centre = (_train(kind, 200)[-20:].mean(0) for kind in ("rms", "centre"))
    halves = bool((rms < 1.2).all()), bool((centre < 1.3).all())
    return [halves == pair for pair in ((False, False), (False, True), (True, False), (True, True))]


def zeros_evidence():
    import torch

    g = torch.ones(4, dtype=torch.float16)

    def norm(x):
        return x * torch.rsqrt(x.pow(2).mean(-1, keepdim=True) + 1e-6) * g

    large = torch.tensor([300.0, -290.0, 310.0, 5.0], dtype=torch.float16)
    small = torch.tensor([3.0, -2.9, 3.1, 0.05], dtype=torch.float16)
    zero = torch.zeros(4, dtype=torch.float16)
    erased = (
        bool((norm(large) == 0).all()) and bool(large.pow(2).isinf().any()) and bool((norm(small) != 0).all())
    )
    by_epsilon = bool((norm(zero) == 0).all()) and not erased
    by_gamma = not bool((norm(small) != 0).all())
    return [by_epsilon, erased, by_gamma, not bool(large.pow(2).isinf().any())]


def worked():
    import torch
    from torch.nn.functional import layer_norm, rms_norm

    x = torch.tensor([3.0, -1.0, 1.0, 1.0], dtype=torch.float64)
    shown = [f"{x.square().mean().sqrt().item():.3f}"]
    for y in (rms_norm(x, (4,), eps=0.0), layer_norm(x, (4,), eps=0.0)):
        shown.append("(" + ", ".join(f"{v:.3f}".replace("-", "−") for v in y.tolist()) + ")")
    return shown


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
