"""Xavier initialisation: the bound, the compromise, and the variance from layer to layer."""


def uniform_bound_draw(rng):
    while True:
        fan_in, fan_out = (
            rng.choice([50, 64, 100, 200, 256, 300, 512]),
            rng.choice([10, 50, 100, 128, 300, 512]),
        )
        total = fan_in + fan_out
        values = (6 / total) ** 0.5, (2 / total) ** 0.5, (3 / fan_in) ** 0.5, 2 / total
        if fan_in != fan_out and all(abs(value / values[0] - 1) > 0.03 for value in values[1:]):
            break
    names = "answer", "std", "in_only", "variance"
    rounded = {name: float(f"{value:.3g}") for name, value in zip(names, values, strict=True)}
    return {"fan_in": fan_in, "fan_out": fan_out, "total": total, **rounded}


def uniform_bound_evidence(drawn):
    import torch
    from torch import nn

    weight = torch.empty(drawn["fan_out"], drawn["fan_in"])
    nn.init.xavier_uniform_(weight, generator=torch.Generator().manual_seed(0))
    largest = weight.abs().max().item()
    names = "answer", "std", "in_only", "variance"
    return [
        -0.008 < drawn[name] / largest - 1 < 0.02 for name in names
    ]  # thousands of draws come near the bound


def compromise_evidence():
    import torch

    g = torch.Generator().manual_seed(0)
    fan_in, fan_out = 400, 100
    x = torch.randn(1000, fan_in, generator=g, dtype=torch.float64)
    up = torch.randn(1000, fan_out, generator=g, dtype=torch.float64)

    def passed(variance):
        """The variance factors of the signal forward and of the gradient backward."""
        w = variance**0.5 * torch.randn(fan_out, fan_in, generator=g, dtype=torch.float64)
        return (x @ w.mT).var().item(), (up @ w).var().item()

    by_in, by_out = passed(1 / fan_in), passed(1 / fan_out)
    between = passed(2 / (fan_in + fan_out))
    terms = abs(passed(1 / (fan_in + fan_out))[0] - 1) < 0.1
    compromise = (
        abs(by_in[0] - 1) < 0.1 and abs(by_out[1] - 1) < 0.1 and between[0] > 1.2 and between[1] < 0.8
    )
    w = torch.zeros(fan_out, fan_in, dtype=torch.float64, requires_grad=True)
    ((x @ w.mT) * up).sum(1).mean().backward()
    weight_gradient = abs(w.grad.var().item() / (fan_in * fan_out) - 1) < 0.5
    return [terms, compromise, weight_gradient, None]


def depth_factor_draw(rng):
    while True:
        layers, width, std = (
            rng.choice([4, 5, 6]),
            rng.choice([100, 200, 250, 400]),
            rng.choice([0.04, 0.05, 0.08, 0.1]),
        )
        factor = width * std**2
        if 0.3 < factor < 0.9 or 1.2 < factor < 4:
            break
    return {
        "layers": layers,
        "width": width,
        "std": std,
        "factor": round(factor, 4),
        "answer": float(f"{factor**layers:.3g}"),
        "as_std": float(f"{factor ** (layers / 2):.3g}"),
        "no_width": float(f"{std ** (2 * layers):.3g}"),
        "once": round(factor, 4),
    }


def depth_factor_evidence(drawn):
    import torch

    g = torch.Generator().manual_seed(0)
    factors = []
    for _ in range(4):
        h = torch.randn(100, drawn["width"], generator=g)
        before = h.var()
        for _ in range(drawn["layers"]):
            h = h @ (drawn["std"] * torch.randn(drawn["width"], drawn["width"], generator=g))
        factors.append((h.var() / before).item())
    measured = sum(factors) / len(factors)
    return [abs(drawn[name] / measured - 1) < 0.15 for name in ("answer", "as_std", "no_width", "once")]


def three_scales_evidence():
    ends = {std: [_signals(std, seed) for seed in range(3)] for std in (0.01, (2 / 512) ** 0.5, 0.2)}
    small, right, large = ([(f[-1], b[0]) for f, b in runs] for runs in ends.values())
    die = all(signal < 1e-10 and gradient < 1e-10 for signal, gradient in small)
    saturate = all(0.6 < signal < 1 for signal, _ in large)
    explode = all(g > 100 * r for (_, g), (_, r) in zip(large, right, strict=True))
    only_gradients = all(signal > 1e-3 and gradient < 1e-10 for signal, gradient in small)
    both = all(signal > 10 for signal, _ in large) and explode
    return [
        die and both,
        die and saturate and explode,
        only_gradients and saturate and explode,
        only_gradients and both,
    ]


def fused_shape_draw(rng):
    d = rng.choice([128, 256, 384, 512, 768, 1024])
    return {"d": d, "three": 3 * d, "answer": 1.414, "variance": 2, "root_three": 1.732}


def fused_shape_evidence(drawn):
    import torch
    from torch import nn

    g, d = torch.Generator().manual_seed(0), drawn["d"]
    fused = nn.init.xavier_uniform_(torch.empty(3 * d, d), generator=g)
    single = nn.init.xavier_uniform_(torch.empty(d, d), generator=g)
    ratio = (single.std() / fused.std()).item()
    return [
        abs(value / ratio - 1) < 0.02
        for value in (drawn["answer"], drawn["variance"], drawn["root_three"], 1)
    ]


def worked():
    import torch
    from torch import nn

    w = nn.init.xavier_uniform_(torch.empty(100, 300), generator=torch.Generator().manual_seed(0)).double()
    variance = 2 / 400
    assert abs(w.var().item() / variance - 1) < 0.02
    bound = (3 * variance) ** 0.5
    assert abs(w.abs().max().item() / bound - 1) < 0.01
    return [
        f"{variance:.3f}",
        f"{variance**0.5:.4f}",
        f"{bound:.3f}",
        f"{300 * variance:.1f}",
        f"{100 * variance:.1f}",
    ]


def _signals(std, seed=0, depth=12, width=256):
    """The variance of the activations after every tanh layer, and of the gradients on the way back."""
    import torch

    g = torch.Generator().manual_seed(seed)
    h = torch.randn(128, width, generator=g).requires_grad_()
    layers = [h]
    for _ in range(depth):
        layers.append(torch.tanh(layers[-1] @ (std * torch.randn(width, width, generator=g))))
    gradients = torch.autograd.grad((layers[-1] * torch.randn(128, width, generator=g)).sum(), layers)
    return [layer.var().item() for layer in layers], [gradient.var().item() for gradient in gradients]


def experiment(off=False):
    depth, width = (1, 256) if off else (12, 256)
    stds = {
        ("std 0.01", "标准差 0.01"): 0.01,
        ("Xavier", "Xavier"): (2 / (width + width)) ** 0.5,
        ("std 0.2", "标准差 0.2"): 0.2,
    }
    every = {name: [_signals(std, seed, depth) for seed in range(3)] for name, std in stds.items()}
    for small, right, large in zip(*every.values(), strict=True):  # every seed
        if off:
            assert small[0][-1] > 1e-2 and large[1][0] / right[1][0] < 10, "one layer survives any of them"
        else:
            assert small[0][-1] < 1e-10, "too small: the signal dies out"
            assert right[0][-1] > 0.01 and 0.01 < right[1][0] < 10, "Xavier: signal and gradient survive"
            assert large[0][-1] > 0.6, "too large: tanh saturates"
            assert large[1][0] > 100 * right[1][0], "too large: the gradient explodes"
    runs = {name: of_seeds[0] for name, of_seeds in every.items()}
    (small, small_back), (right, right_back), (large, large_back) = runs.values()

    def chart(which, title):
        return {
            "title": title,
            "chart": "curves",
            "x": list(range(depth + 1)),
            "x_label": ("layer", "层"),
            "y_label": ("variance", "方差"),
            "log_x": False,
            "log_y": True,
            "series": [(name, run[which]) for name, run in runs.items()],
        }

    if off:
        says = (
            f"A single layer: the activations' variance is {small[-1]:.2g}, {right[-1]:.2f} and {large[-1]:.2f}, the gradient's "
            f"{small_back[0]:.2g}, {right_back[0]:.2f} and {large_back[0]:.2f}. Any of the three can be trained; it is depth that multiplies.",
            f"只有一层：激活值的方差是 {small[-1]:.2g}、{right[-1]:.2f}、{large[-1]:.2f}，梯度的方差是 {small_back[0]:.2g}、"
            f"{right_back[0]:.2f}、{large_back[0]:.2f}。三种都能训练；是深度让倍数连乘起来。",
        )
    else:
        says = (
            f"{depth} tanh layers of width {width}. The activations' variance goes from 1 to {small[-1]:.0e} at std 0.01, to {right[-1]:.2f} with "
            f"Xavier and to {large[-1]:.2f} (saturated) at 0.2; the gradient's, on the way back, to {small_back[0]:.0e}, {right_back[0]:.2f} and {large_back[0]:.0f}.",
            f"{depth} 层宽度为 {width} 的 tanh 网络。激活值的方差从 1 变到：标准差 0.01 时 {small[-1]:.0e}，Xavier 时 {right[-1]:.2f}，"
            f"0.2 时 {large[-1]:.2f}（已饱和）；梯度的方差传回来时分别是 {small_back[0]:.0e}、{right_back[0]:.2f} 和 {large_back[0]:.0f}。",
        )
    return {
        "says": says,
        "off": ("a single layer", "只有一层"),
        "charts": [
            chart(0, ("Variance of the activations, by layer", "各层激活的方差")),
            chart(
                1,
                ("Variance of the gradient at each layer (1 at the output)", "各层梯度的方差（输出处为 1）"),
            ),
        ],
    }
