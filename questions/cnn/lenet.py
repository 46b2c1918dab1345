"""Draws and evidence for lenet.md."""


def _net(padding=2, features=400):
    from torch import nn

    return nn.Sequential(
        nn.Conv2d(1, 6, 5, padding=padding),
        nn.Sigmoid(),
        nn.AvgPool2d(2),
        nn.Conv2d(6, 16, 5),
        nn.Sigmoid(),
        nn.AvgPool2d(2),
        nn.Flatten(),
        nn.Linear(features, 120),
        nn.Sigmoid(),
        nn.Linear(120, 84),
        nn.Sigmoid(),
        nn.Linear(84, 10),
    )


def _layers(size=28):
    """For each layer with weights: is it a convolution, its parameters, its multiplications for an image."""
    import torch
    from torch import nn

    x, rows = torch.zeros(1, 1, size, size), []
    for layer in _net():
        x = layer(x)
        if hasattr(layer, "weight"):
            conv = isinstance(layer, nn.Conv2d)
            uses = x.shape[-1] * x.shape[-2] if conv else 1
            parameters = sum(p.numel() for p in layer.parameters())
            rows.append((conv, parameters, layer.weight.numel() * uses))
    return rows


def worked():
    rows = _layers()
    total = sum(n for _, n, _ in rows)
    dense = sum(n for conv, n, _ in rows if not conv)
    works = [sum(m for conv, _, m in rows if conv is kind) for kind in (True, False)]
    return [str(n) for _, n, _ in rows] + [str(total), f"{100 * dense / total:.0f} %", *map(str, works)]


def padding_evidence():
    import torch

    def map_size(n, padding):
        return _net(padding)[0](torch.zeros(1, 1, n, n)).shape[-1]

    original = map_size(32, 0)
    out = _net()(torch.zeros(1, 1, 28, 28)).shape == (1, 10)
    return [map_size(32, 2) == original, None, map_size(28, 2) == original == 28 and out, None]


def flat_draw(rng):
    n, p = rng.choice([28, 32, 36, 40, 48, 64]), rng.choice([0, 2])
    a = n + 2 * p - 4
    b = a // 2
    c = b - 4
    s = c // 2
    q = 2 - p
    other = ((n + 2 * q - 4) // 2 - 4) // 2
    drawn = {"n": n, "p": p, "q": q, "a": a, "b": b, "c": c, "s": s}
    return drawn | {"answer": 16 * s**2, "pixels": s**2, "kept": 16 * (b // 2) ** 2, "other": 16 * other**2}


def flat_evidence(drawn):
    import torch

    features = _net(drawn["p"])[:7](torch.zeros(1, 1, drawn["n"], drawn["n"])).shape[1]
    return [features == drawn[name] for name in ("answer", "pixels", "kept", "other")]


def where_evidence():
    rows = _layers()
    conv, dense = rows[1], rows[2]
    weights, work = conv[1] > dense[1], conv[2] > dense[2]
    return [weights and work, not weights and not work, not weights and work, weights and not work]
