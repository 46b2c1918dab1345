"""Experiment, draws and evidence for bn_folding.md."""


def _norm(channels, seed):
    import torch
    from torch import nn

    g = torch.Generator().manual_seed(seed)
    norm = nn.BatchNorm2d(channels).double().eval()
    with torch.no_grad():
        for tensor in (norm.weight, norm.running_var):
            tensor.copy_(0.5 + torch.rand(channels, generator=g, dtype=torch.float64))
        for tensor in (norm.bias, norm.running_mean):
            tensor.copy_(1 + torch.rand(channels, generator=g, dtype=torch.float64))
        norm.bias.neg_()
    return norm


def _errors(seed, padding, size=10):
    """|original − folded| where BN stands before the convolution, as a map."""
    import torch
    from torch.nn.functional import conv2d

    g = torch.Generator().manual_seed(100 + seed)
    norm = _norm(3, seed)
    x = torch.randn(1, 3, size, size, generator=g, dtype=torch.float64)
    w = torch.randn(1, 3, 3, 3, generator=g, dtype=torch.float64)
    with torch.no_grad():
        scale = norm.weight / (norm.running_var + norm.eps).sqrt()
        shift = norm.bias - scale * norm.running_mean
        folded = conv2d(x, w * scale[None, :, None, None], (w.sum((2, 3)) * shift).sum(1), padding=padding)
        return (conv2d(norm(x), w, padding=padding) - folded).abs()[0, 0]


def experiment(off=False):
    maps = [_errors(seed, padding=0 if off else 1) for seed in range(3)]
    for error in maps:
        inside = error.max() if off else error[1:-1, 1:-1].max()
        assert inside < 1e-12, "inside, folding is exact"
        if not off:
            rim = [error[0, 1:-1], error[-1, 1:-1], error[1:-1, 0], error[1:-1, -1]]
            assert min(part.min() for part in rim) > 1e-3, "along the whole rim it is wrong"
    shown = maps[0]
    top = shown.max().item()
    return {
        "off": ("no padding", "不填充"),
        "says": (
            f"Largest error {top:.1e} (first of 3 seeds)"
            + ("; without padding, folding is exact." if off else "; inside the rim below 1e-12."),
            f"最大误差 {top:.1e}（3 个种子中的第一个）"
            + ("；不填充时折叠是精确的。" if off else "；内部低于 1e-12。"),
        ),
        "title": ("|original − folded|, BN before the convolution", "|原来 − 折叠后|，BN 在卷积之前"),
        "chart": "picture",
        "values": shown.tolist(),
        "low": 0,
        "high": max(top, 1.0),
    }


def worked():
    import torch
    from torch import nn

    conv, norm = nn.Conv2d(1, 1, 1).double(), nn.BatchNorm2d(1, eps=0).double().eval()
    with torch.no_grad():
        for tensor, value in (
            (conv.weight, 2.0),
            (conv.bias, 0.0),
            (norm.running_mean, 1.0),
            (norm.running_var, 4.0),
            (norm.weight, 3.0),
            (norm.bias, 0.5),
        ):
            tensor.fill_(value)
        y = norm(conv(torch.full((1, 1, 1, 1), 2.0, dtype=torch.float64))).item()
        zero = norm(conv(torch.zeros(1, 1, 1, 1, dtype=torch.float64))).item()
    factor = 3 / 4**0.5
    return [f"= {factor:.1f}", f"W' = {(y - zero) / 2:.0f}", f"= {zero:.0f}".replace("-", "−"), f"= {y:.0f}"]


def bias_draw(rng):
    while True:
        std, gamma = rng.choice([2, 4, 5]), rng.choice([1, 3, 6])
        b, mu, beta = rng.choice([1, 2, 3]), rng.choice([5, 6, 7]), rng.choice([8, 9, 10])
        factor = gamma / std
        values = {
            "answer": round(beta + factor * (b - mu), 6),
            "variance": round(beta + gamma / std**2 * (b - mu), 6),
            "nobias": round(beta - factor * mu, 6),
            "unscaled": beta + b - mu,
        }
        given = {
            "std": std,
            "var": std * std,
            "gamma": gamma,
            "b": b,
            "mu": mu,
            "beta": beta,
            "factor": factor,
        }
        if len(set(values.values())) == 4 and values["answer"] != 0:
            return given | values


def bias_evidence(drawn):
    import torch
    from torch import nn

    conv, norm = nn.Conv2d(1, 1, 1).double(), nn.BatchNorm2d(1, eps=0).double().eval()
    with torch.no_grad():
        conv.bias.fill_(drawn["b"])
        norm.running_mean.fill_(drawn["mu"])
        norm.running_var.fill_(drawn["var"])
        norm.weight.fill_(drawn["gamma"])
        norm.bias.fill_(drawn["beta"])
        at_zero = norm(conv(torch.zeros(1, 1, 1, 1, dtype=torch.float64))).item()
    return [abs(at_zero - drawn[n]) < 1e-5 for n in ("answer", "variance", "nobias", "unscaled")]


def _depends_on_others(training):
    import torch

    changes = []
    for seed in range(3):
        norm = _norm(3, seed).train(training)
        g = torch.Generator().manual_seed(seed)
        x = torch.randn(4, 3, 5, 5, generator=g, dtype=torch.float64)
        other = torch.cat([x[:1], 3 * torch.randn(3, 3, 5, 5, generator=g, dtype=torch.float64)])
        changes.append((norm(x)[0] - norm(other)[0]).abs().max().item())
    return changes


def when_evidence():
    depends = min(_depends_on_others(True)) > 0.1 and max(_depends_on_others(False)) == 0
    return [None, depends, None, not depends]


def border_evidence():
    maps = [_errors(seed, padding=1) for seed in range(3)]
    inside = max(m[1:-1, 1:-1].max().item() for m in maps) > 1e-12
    edges = min(m[0, 1:-1].min().item() for m in maps) > 1e-3
    anywhere = max(m.max().item() for m in maps) > 1e-12
    return [not anywhere, inside, edges and not inside, anywhere and not edges]


def differs_evidence():
    training, fixed = _depends_on_others(True), _depends_on_others(False)
    return [max(fixed) > 0, None, min(training) > 0.1 and max(fixed) == 0, None]
