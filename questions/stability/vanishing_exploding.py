"""Gradients that vanish or explode with depth, and what keeps them alive."""

GAIN = {"sigmoid": 1.0, "tanh": 1.0, "relu": 2**0.5}


def network(depth, activation, norm=False, residual=False, width=64, std=None, seed=0):
    """Gradient norms of a random loss at every hidden layer, and at every layer's weights, first layer first."""
    import torch
    from torch.nn import functional as F

    g = torch.Generator().manual_seed(seed)
    std = GAIN[activation] * width**-0.5 if std is None else std
    h = torch.randn(64, width, generator=g).requires_grad_()
    hidden, weights = [h], []
    for _ in range(depth):
        weights.append((torch.randn(width, width, generator=g) * std).requires_grad_())
        z = h @ weights[-1]
        z = getattr(torch, activation)(F.layer_norm(z, (width,)) if norm else z)
        h = h + z if residual else z
        hidden.append(h)
    gradients = torch.autograd.grad((h * torch.randn(h.shape, generator=g)).sum(), [*hidden, *weights])
    norms = [gradient.double().norm().item() for gradient in gradients]
    return norms[: depth + 1], norms[depth + 1 :]


def sigmoid_chain_draw(rng):
    n, w = rng.choice([5, 6, 8, 10, 12]), rng.choice([1, 2, 3])
    return {
        "n": n,
        "w": w,
        "answer": float(f"{(w / 4) ** n:.3g}"),
        "half": float(f"{(w / 2) ** n:.3g}"),
        "weights_only": w**n,
        "sum": round(n * w / 4, 4),
    }


def sigmoid_chain_evidence(drawn):
    """The slope by autograd: with the biases that centre every unit, and with 300 random ones."""
    import torch

    g = torch.Generator().manual_seed(0)
    best = 0.0
    for trial in range(300):
        start = h = torch.zeros((), dtype=torch.float64, requires_grad=True)
        spread = 0.0 if trial == 0 else 1.0
        for _ in range(drawn["n"]):
            bias = -drawn["w"] * h.item() + spread * torch.randn((), generator=g, dtype=torch.float64)
            h = torch.sigmoid(drawn["w"] * h + bias)
        best = max(best, torch.autograd.grad(h, start)[0].item())
    return [abs(drawn[name] / best - 1) < 0.01 for name in ("answer", "half", "weights_only", "sum")]


def residual_evidence():
    import torch

    plain, skip = (network(40, "tanh", residual=residual, std=0.002)[0] for residual in (False, True))
    large = network(40, "relu", residual=True)[0]
    scaled_to_one = 0.5 < large[0] / large[-1] < 2
    identity_path = plain[0] < 1e-20 and 0.8 < skip[0] / skip[-1] < 1.25
    doubles = all(1.8 < a / b < 2.2 for a, b in zip(skip, skip[1:], strict=False))
    w = torch.full((1,), 50.0, requires_grad=True)  # tanh(50) is saturated
    h = torch.ones(1)
    (h + torch.tanh(w * h)).sum().backward()
    slope_not_needed = w.grad.abs().item() > 0.1
    return [identity_path, scaled_to_one, doubles, slope_not_needed]


def ratio_evidence():
    import torch

    def ratio(weights):
        return weights[0] / weights[-1]

    before = network(9, "sigmoid")[1]
    assert 1e-6 < ratio(before) < 1e-3
    layers = [torch.tensor([norm]).requires_grad_() for norm in before]
    for layer, norm in zip(layers, before, strict=True):
        layer.grad = torch.tensor([norm])
    torch.nn.utils.clip_grad_norm_(layers, 1.0)
    clipped = [layer.grad.item() for layer in layers]
    after = [
        clipped,
        network(9, "relu")[1],
        network(9, "sigmoid", std=0.001)[1],
        network(9, "sigmoid", residual=True)[1],
        [1000 * norm for norm in before],
    ]
    return [ratio(weights) > 100 * ratio(before) for weights in after]


def doubling_draw(rng):
    n = rng.randint(3, 9)
    return {"n": n, "answer": 2**n, "linear": 1 + n, "fourfold": 4**n}


def doubling_evidence(drawn):
    import torch

    g = torch.Generator().manual_seed(0)
    h = torch.randn(200, 400, generator=g)
    for _ in range(drawn["n"]):
        h = h + h @ (torch.randn(400, 400, generator=g) / 20)
    variance = h.var().item()
    return [
        abs(value / variance - 1) < 0.2 for value in (drawn["answer"], 1, drawn["linear"], drawn["fourfold"])
    ]


def sigmoid_saved_evidence():
    kept = {"A": [], "B": [], "C": []}
    for seed in range(3):
        for name, args in (
            ("A", ("sigmoid", True, False)),
            ("B", ("sigmoid", False, True)),
            ("C", ("relu", False, True)),
        ):
            hidden = network(30, *args, seed=seed)[0]
            kept[name].append(1 / 30 < hidden[0] / hidden[-1] < 30)
    assert all(len(set(values)) == 1 for values in kept.values()), "the seeds agree"
    within = "".join(name for name, values in kept.items() if all(values))
    return [within == names for names in ("A", "B", "AC", "BC")]


def span_draw(rng):
    import math

    r = rng.choice([0.7, 0.8, 0.85, 0.9, 0.95, 0.98])
    exact = math.log(0.01) / math.log(r)
    return {
        "r": r,
        "exact": round(exact, 1),
        "answer": math.floor(exact),
        "time_constant": round(1 / (1 - r)),
        "ten": round(10 / (1 - r)),
        "base": math.floor(exact / 2),
    }


def span_evidence(drawn):
    import torch

    start = h = torch.ones((), dtype=torch.float64, requires_grad=True)
    k = -1
    while torch.autograd.grad(h, start, retain_graph=True)[0] > 0.01:
        h, k = drawn["r"] * h + 0.1, k + 1
    return [drawn[name] == k for name in ("answer", "time_constant", "ten", "base")]


def worked():
    return [f"{0.8**50:.1e}", f"{round(1.2**50, -2):.0f}", f"{0.99**50:.3f}", f"{1.01**50:.3f}"]


def experiment(off=False):
    depth, names = 2 if off else 30, ("sigmoid", "tanh", "relu")
    curves = {}
    for norm in (False, True):
        for residual in (False, True):
            for name in names:
                hidden = network(depth, name, norm, residual)[0]
                curves[norm, residual, name] = [value / hidden[-1] for value in reversed(hidden)]
    reach = {key: curve[-1] for key, curve in curves.items()}
    if off:
        assert all(1e-3 < value < 100 for value in reach.values()), "two layers do no harm"
    else:
        for seed in range(3):
            ends = {
                key: (lambda hidden: hidden[0] / hidden[-1])(network(depth, key[2], *key[:2], seed=seed)[0])
                for key in reach
            }
            assert ends[False, False, "sigmoid"] < 1e-12, "plain sigmoid vanishes"
            assert ends[True, False, "sigmoid"] < 1e-6, "normalisation alone does not save sigmoid"
            assert 0.1 < ends[False, False, "relu"] < 10, "He initialisation keeps plain ReLU alive"
            assert 0.5 < ends[False, True, "sigmoid"] < 2, "residuals alone keep sigmoid's gradient"
            assert ends[False, True, "relu"] > 1e3, "residual ReLU without normalisation explodes"
            assert all(0.5 < ends[True, True, name] < 30 for name in names), (
                "both together keep every activation alive"
            )
    titles = {
        (False, False): ("Plain", "普通网络"),
        (True, False): ("With LayerNorm", "加 LayerNorm"),
        (False, True): ("With residual connections", "加残差连接"),
        (True, True): ("With both", "两者都加"),
    }
    return {
        "off": ("2 layers in place of 30", "30 层改成 2 层"),
        "says": (
            f"With {depth} layers every variant keeps between {min(reach.values()):.0e} and {max(reach.values()):.1f} of the gradient: nothing is lost that "
            "training could not make up for.",
            f"只有 {depth} 层时，各种搭配剩下的梯度都在 {min(reach.values()):.0e} 到 {max(reach.values()):.1f} 之间，训练完全应付得来。",
        )
        if off
        else (
            f"How much of the gradient survives {depth} layers: sigmoid {reach[False, False, 'sigmoid']:.0e} plain, "
            f"{reach[True, False, 'sigmoid']:.0e} with LayerNorm, {reach[False, True, 'sigmoid']:.1f} with residuals. "
            f"ReLU with He initialisation: {reach[False, False, 'relu']:.1f} plain, {reach[False, True, 'relu']:.0e} with residuals alone.",
            f"梯度传过 {depth} 层后剩下的比例：sigmoid 在普通网络里是 {reach[False, False, 'sigmoid']:.0e}，加 LayerNorm 是 "
            f"{reach[True, False, 'sigmoid']:.0e}，加残差是 {reach[False, True, 'sigmoid']:.1f}；用 He 初始化的 ReLU 在普通网络里是 "
            f"{reach[False, False, 'relu']:.1f}，只加残差是 {reach[False, True, 'relu']:.0e}。",
        ),
        "charts": [
            {
                "title": titles[norm, residual],
                "chart": "curves",
                "x": list(range(depth + 1)),
                "x_label": ("layers below the output", "距输出的层数"),
                "y_label": ("gradient norm / that at the output", "梯度范数（以输出处为 1）"),
                "log_x": False,
                "log_y": True,
                "series": [
                    ("ReLU" if name == "relu" else name, curves[norm, residual, name]) for name in names
                ],
            }
            for norm, residual in titles
        ],
    }
