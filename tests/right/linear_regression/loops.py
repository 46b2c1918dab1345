"""Plain Python numbers: rotations that make the columns orthogonal (one-sided Jacobi), sums written out."""

import math

import torch


def least_squares(x, y):
    a = [[float(v) for v in column] for column in x.double().T.tolist()]
    d, target = len(a), y.double().tolist()
    v = [[float(i == j) for j in range(d)] for i in range(d)]  # column i of V
    for _sweep in range(40):
        largest = 0.0
        for p in range(d):
            for q in range(p + 1, d):
                pp = math.fsum(s * s for s in a[p])
                qq = math.fsum(s * s for s in a[q])
                pq = math.fsum(s * t for s, t in zip(a[p], a[q], strict=True))
                if abs(pq) <= 1e-17 * max(pp, qq) or pq == 0.0:
                    continue
                largest = max(largest, abs(pq) / max(pp, qq))
                zeta = (qq - pp) / (2 * pq)
                t = math.copysign(1.0, zeta) / (abs(zeta) + math.hypot(1.0, zeta))
                c = 1 / math.hypot(1.0, t)
                for m in (a, v):
                    m[p], m[q] = (
                        [c * f - c * t * g for f, g in zip(m[p], m[q], strict=True)],
                        [c * t * f + c * g for f, g in zip(m[p], m[q], strict=True)],
                    )
        if largest < 1e-16:
            break
    lengths = [math.sqrt(math.fsum(s * s for s in column)) for column in a]
    top = max(lengths)
    least = top * (1e-5 if x.dtype == torch.float32 else 1e-11)
    w = [0.0] * d
    for column, axis, sigma in zip(a, v, lengths, strict=True):
        if sigma > least:
            part = math.fsum(s * t for s, t in zip(column, target, strict=True)) / sigma / sigma
            w = [u + part * s for u, s in zip(w, axis, strict=True)]
    return torch.tensor(w, dtype=x.dtype, device=x.device)


def _gradients(rows, targets, w, b):
    n = len(rows)
    grad_w, grad_b = [0.0] * len(w), 0.0
    for row, target in zip(rows, targets, strict=True):
        error = b - target
        for value, weight in zip(row, w, strict=True):
            error += value * weight
        for j, value in enumerate(row):
            grad_w[j] += 2 * error * value / n
        grad_b += 2 * error / n
    return grad_w, grad_b


def gradients(x, y, w, b):
    found = _gradients(x.tolist(), y.tolist(), w.tolist(), b.item())
    return tuple(torch.tensor(part, dtype=x.dtype, device=x.device) for part in found)


def fit(x, y, w, b, lr, batch_size, epochs, generator):
    rows, targets, weights, bias = x.tolist(), y.tolist(), w.tolist(), b.item()
    for _ in range(epochs):
        left = torch.randperm(len(rows), generator=generator).tolist()
        while left:
            now, left = left[:batch_size], left[batch_size:]
            gw, gb = _gradients([rows[i] for i in now], [targets[i] for i in now], weights, bias)
            weights = [u - lr * g for u, g in zip(weights, gw, strict=True)]
            bias -= lr * gb
    return tuple(torch.tensor(part, dtype=x.dtype, device=x.device) for part in (weights, bias))
