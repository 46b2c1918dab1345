"""Plain Python numbers throughout."""

import math

import torch


def _sigma(z):
    if z < 0:
        e = math.exp(z)
        return e / (1 + e)
    return 1 / (1 + math.exp(-z))


def _logits(x, w, b):
    out = []
    for row in x:
        z = b
        for value, weight in zip(row, w, strict=True):
            z += value * weight
        out.append(z)
    return out


def _like(value, x):
    return torch.tensor(value, dtype=x.dtype, device=x.device)


def probabilities(x, w, b):
    return _like([_sigma(z) for z in _logits(x.tolist(), w.tolist(), b.item())], x)


def loss(x, y, w, b, l2=0.0):
    total = 0.0
    for z, label in zip(_logits(x.tolist(), w.tolist(), b.item()), y.tolist(), strict=True):
        s = -z if label else z
        total += (s if s > 0 else 0.0) + math.log1p(math.exp(-abs(s)))
    return _like(total / len(y) + l2 * sum(v * v for v in w.tolist()) / 2, x)


def _slopes(rows, labels, w, b, l2):
    n = len(rows)
    gw, gb = [l2 * v for v in w], 0.0
    for row, z, label in zip(rows, _logits(rows, w, b), labels, strict=True):
        error = (_sigma(z) - label) / n
        gb += error
        for j, value in enumerate(row):
            gw[j] += error * value
    return gw, gb


def gradients(x, y, w, b, l2=0.0):
    gw, gb = _slopes(x.tolist(), y.tolist(), w.tolist(), b.item(), l2)
    return _like(gw, x), _like(gb, x)


def fit(x, y, lr, steps, l2=0.0):
    rows, labels = x.tolist(), y.tolist()
    w, b = [0.0] * x.shape[1], 0.0
    for _ in range(steps):
        gw, gb = _slopes(rows, labels, w, b, l2)
        w, b = [v - lr * g for v, g in zip(w, gw, strict=True)], b - lr * gb
    return _like(w, x), _like(b, x)


def predict(x, w, b, threshold=0.5):
    zs = _logits(x.tolist(), w.tolist(), b.item())
    return torch.tensor([int(_sigma(z) >= threshold) for z in zs], device=x.device)


def best_threshold(p, y, cost_fp=1.0, cost_fn=1.0):
    scores, labels = p.tolist(), y.tolist()
    best = None
    for t in [*scores, math.inf]:
        cost = 0
        for score, label in zip(scores, labels, strict=True):
            if score >= t and label == 0:
                cost += cost_fp
            if score < t and label == 1:
                cost += cost_fn
        if best is None or (cost, -t) < best:
            best = cost, -t
    return _like(-best[1], p)
