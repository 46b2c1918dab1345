"""Sample by sample in plain Python numbers."""

import math

import torch


def _layer(values, weight, bias):
    out = []
    for row, shift in zip(weight, bias, strict=True):
        total = shift
        for value, w in zip(values, row, strict=True):
            total += value * w
        out.append(total)
    return out


def _like(values, model):
    return torch.tensor(values, dtype=model.dtype, device=model.device).reshape(model.shape)


def forward(x, w1, b1, w2, b2):
    first, second = (w1.tolist(), b1.tolist()), (w2.tolist(), b2.tolist())
    out = []
    for row in x.reshape(-1, x.shape[-1]).tolist():
        out.append(_layer([max(z, 0.0) for z in _layer(row, *first)], *second))
    return torch.tensor(out, dtype=x.dtype, device=x.device).reshape(*x.shape[:-1], len(b2))


def backprop(x, target, w1, b1, w2, b2):
    rows, labels = x.reshape(-1, x.shape[-1]).tolist(), target.reshape(-1).tolist()
    u, a, v, c = w1.tolist(), b1.tolist(), w2.tolist(), b2.tolist()
    n, loss = len(rows), 0.0
    gu, ga = [[0.0] * len(u[0]) for _ in u], [0.0] * len(a)
    gv, gc, gx = [[0.0] * len(a) for _ in v], [0.0] * len(c), []
    for row, label in zip(rows, labels, strict=True):
        z = _layer(row, u, a)
        h = [value if value > 0 else 0.0 for value in z]
        s = _layer(h, v, c)
        top = max(s)
        e = [math.exp(value - top) for value in s]
        loss += (math.log(sum(e)) - (s[label] - top)) / n
        back = [0.0] * len(h)
        for k, value in enumerate(e):
            error = (value / sum(e) - (k == label)) / n
            gc[k] += error
            for j in range(len(h)):
                gv[k][j] += error * h[j]
                back[j] += error * v[k][j]
        arrived = [0.0] * len(row)
        for j in range(len(h)):
            if z[j] > 0:
                ga[j] += back[j]
                for i in range(len(row)):
                    gu[j][i] += back[j] * row[i]
                    arrived[i] += back[j] * u[j][i]
        gx.append(arrived)
    grads = {
        "x": _like(gx, x),
        "w1": _like(gu, w1),
        "b1": _like(ga, b1),
        "w2": _like(gv, w2),
        "b2": _like(gc, b2),
    }
    return torch.tensor(loss, dtype=x.dtype, device=x.device), grads
