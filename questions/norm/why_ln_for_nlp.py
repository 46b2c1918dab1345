"""Experiment, draws and evidence for why_ln_for_nlp.md."""


def experiment():
    from itertools import pairwise

    import torch
    from torch import nn

    n, length, d = 16, 12, 32
    g = torch.Generator().manual_seed(0)
    features = 2.0 * torch.randn(d, generator=g)  # every feature has its own mean
    real = features + torch.randn(n, length, d, generator=g)
    layers = {
        "BatchNorm": lambda x: nn.BatchNorm1d(d)(x.mT).mT,
        "LayerNorm((L, D))": lambda x: nn.LayerNorm(x.shape[1:])(x),
        "LayerNorm(D)": lambda x: nn.LayerNorm(d)(x),
    }
    shares, moved = [], {name: [] for name in layers}
    for pads in (0, 1, 2, 3, 4, 6, 8, 12, 18, 28):
        padded = torch.cat([real, torch.zeros(n, pads, d)], dim=1)
        shares.append(round(100 * pads / (length + pads)))
        for name, layer in layers.items():
            change = layer(padded)[:, :length] - layer(real)
            moved[name].append(change.square().mean().sqrt().item())

    assert max(moved["LayerNorm(D)"]) < 1e-6, "padding does not touch what LayerNorm gives a real token"
    for name in ("BatchNorm", "LayerNorm((L, D))"):
        assert moved[name][-1] > 0.5, f"{name} changes the real tokens"
        assert all(a < b for a, b in pairwise(moved[name])), "the more padding, the more"
    half = shares.index(50)
    figures = [f"{moved[name][half]:.2g}" for name in layers]
    return {
        "says": (
            f"With half of the positions padded, the real tokens' values moved by {figures[0]} under batch norm and by "
            f"{figures[1]} under a LayerNorm over the whole sentence; under LayerNorm(D) by {figures[2]}.",
            f"一半位置是 padding 时，真实 token 的值在 BatchNorm 下变动了 {figures[0]}，在对整句求统计量的 LayerNorm 下变动了 "
            f"{figures[1]}；在 LayerNorm(D) 下变动为 {figures[2]}。",
        ),
        "title": ("How far padding moves the real tokens", "padding 让真实 token 变动多少"),
        "chart": "curves",
        "x": shares,
        "x_label": ("padding, % of positions", "padding 占比（%）"),
        "y_label": ("change (RMS)", "变动（RMS）"),
        "log_x": False,
        "log_y": False,
        "series": list(moved.items()),
    }


def half_padded_evidence():
    import torch
    from torch import nn

    n, length, d, moved = 16, 12, 32, []
    for seed in range(3):
        g = torch.Generator().manual_seed(seed)
        real = 2.0 * torch.randn(d, generator=g) + torch.randn(n, length, d, generator=g)
        padded = torch.cat([real, torch.zeros(n, length, d)], dim=1)
        pairs = [
            (nn.BatchNorm1d(d)(padded.mT).mT, nn.BatchNorm1d(d)(real.mT).mT),
            (nn.LayerNorm(padded.shape[1:])(padded), nn.LayerNorm(real.shape[1:])(real)),
            (nn.LayerNorm(d)(padded), nn.LayerNorm(d)(real)),
        ]
        moved.append([not torch.allclose(new[:, :length], old, atol=1e-4) for new, old in pairs])
    claims = [True, False, False], [True, True, False], [True, True, True], [False, False, False]
    return [all(row == claim for row in moved) for claim in claims]


def worked():
    import torch

    token = torch.tensor([2.0, 4.0, 6.0, 8.0], dtype=torch.float64)
    y = torch.nn.functional.layer_norm(token, (4,), eps=0.0)
    shown = ["(" + ", ".join(f"{v:.2f}".replace("-", "−") for v in y.tolist()) + ")"]
    for feature in (token[:2], torch.cat([token[:2], torch.zeros(2, dtype=torch.float64)])):
        mean, variance = feature.mean(), feature.var(correction=0)
        shown += [f"{mean.item():.2f}", f"{variance.item():.2f}"] if len(feature) > 2 else []
        shown.append(f"{((feature[0] - mean) / variance.sqrt()).item():.2f}".replace("-", "−"))
    return shown


def which_numbers_evidence():
    import torch
    from torch import nn

    x = torch.randn(3, 4, 5, generator=torch.Generator().manual_seed(0), dtype=torch.float64)
    y = nn.LayerNorm(5, dtype=torch.float64)(x)
    sets = [(1, 2), (0, 1), (0, 1, 2), (2,)]

    def normalised(dims):
        return (x - x.mean(dims, True)) / (x.var(dims, correction=0, keepdim=True) + 1e-5).sqrt()

    return [torch.allclose(y, normalised(dims)) for dims in sets]


def why_not_bn_evidence():
    import torch
    from torch import nn

    ln = nn.LayerNorm(5)
    g = torch.Generator().manual_seed(0)
    x = torch.randn(3, 4, 5, generator=g)
    other = x.clone()
    other[1:] = torch.randn(2, 4, 5, generator=g)  # other sentences
    other[0, 3] = 0  # padding
    untouched = torch.allclose(ln(x)[0, :3], ln(other)[0, :3], atol=1e-6)
    per_batch = (
        ln(x).mean((0, 1)).abs().max().item() < 1e-5
    )  # then each feature's mean over the batch would be 0
    pad = torch.tensor([[1.0, 2.0, 3.0, 4.0, 5.0]])  # a padded position whose embedding is not 0
    left_out = torch.allclose(ln(pad), pad)
    return [per_batch, untouched, left_out, ln.weight.numel() == 4 * 5]


def diluted_draw(rng):
    while True:
        p, mean, var = rng.choice([0.2, 0.25, 0.4, 0.5, 0.6]), rng.randint(1, 6), rng.randint(1, 9)
        answer, shrunk, far = (1 - p) * (var + p * mean**2), (1 - p) * var, (1 - p) * var + p * mean**2
        values = [round(v, 4) for v in (answer, var, shrunk, far)]
        if min(abs(a / b - 1) for i, a in enumerate(values) for b in values[:i]) > 0.05:
            return {
                "p": p,
                "mean": mean,
                "var": var,
                "answer": values[0],
                "shrunk": values[2],
                "far": values[3],
            }


def diluted_evidence(drawn):
    import torch
    from torch import nn

    real = torch.tensor([1.0, -1.0], dtype=torch.float64).repeat(60) * drawn["var"] ** 0.5 + drawn["mean"]
    pads = round(120 * drawn["p"] / (1 - drawn["p"]))
    x = torch.cat([real, torch.zeros(pads, dtype=torch.float64)])[:, None]
    bn = nn.BatchNorm1d(1, eps=1e-12, momentum=1.0, dtype=torch.float64)
    spread = bn(x)[0] - bn(x)[1]  # two real tokens, 2σ apart before
    used = (2 * drawn["var"] ** 0.5 / spread.item()) ** 2
    return [abs(used / drawn[name] - 1) < 0.005 for name in ("answer", "var", "shrunk", "far")]


def two_dims_evidence():
    import torch
    from torch import nn

    layer = nn.LayerNorm((4, 5))
    g = torch.Generator().manual_seed(0)
    x = torch.randn(3, 4, 5, generator=g)
    company, future = x.clone(), x.clone()
    company[1:] = torch.randn(2, 4, 5, generator=g)
    future[:, 3] = torch.randn(3, 5, generator=g)
    first = layer(x)[0, 0]
    batch = not torch.allclose(first, layer(company)[0, 0], atol=1e-6)
    leaks = not torch.allclose(first, layer(future)[0, 0], atol=1e-6)
    own = torch.allclose(layer(x), nn.LayerNorm(5)(x), atol=1e-6)
    return [batch, own, bool(list(layer.buffers())), leaks]
