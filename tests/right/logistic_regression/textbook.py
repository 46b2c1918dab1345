"""1 / (1 + e^(−z)) as it stands, the loss by pairs of labels, thresholds one by one."""

import torch


def probabilities(x, w, b):
    return 1.0 / (1.0 + torch.exp(-(x @ w + b)))


def loss(x, y, w, b, l2=0.0):
    z = x @ w + b
    s = torch.where(y == 1, -z, z)  # how far on the wrong side
    each = torch.clamp(s, min=0) + torch.log1p(torch.exp(-torch.abs(s)))
    return each.mean() + 0.5 * l2 * (w @ w)


def gradients(x, y, w, b, l2=0.0):
    n = x.shape[0]
    delta = (probabilities(x, w, b) - y) / n
    return x.T @ delta + l2 * w, delta.sum()


def fit(x, y, lr, steps, l2=0.0):
    w = torch.zeros(x.shape[1], dtype=x.dtype, device=x.device)
    b = torch.zeros((), dtype=x.dtype, device=x.device)
    for _ in range(steps):
        gw, gb = gradients(x, y, w, b, l2)
        w -= lr * gw
        b -= lr * gb
    return w, b


def predict(x, w, b, threshold=0.5):
    return torch.where(probabilities(x, w, b) >= threshold, 1, 0)


def best_threshold(p, y, cost_fp=1.0, cost_fn=1.0):
    best, least = None, None
    for t in [float("inf"), *p.unique().flip(0).tolist()]:
        called = p >= t
        cost = cost_fp * int((called & (y == 0)).sum()) + cost_fn * int((~called & (y == 1)).sum())
        if least is None or cost < least:
            best, least = t, cost
    return torch.tensor(best, dtype=p.dtype, device=p.device)
