# mistake: fit does not pass l2 on, and the penalty in the loss lacks the factor 1/2
# bug: penalty_not_halved + fit_without_penalty
# line: 38
import math

import torch
from torch import Tensor


def probabilities(x, w, b):
    p = torch.empty(x.shape[0], dtype=x.dtype, device=x.device)
    for i, row in enumerate(x):
        p[i] = 1 / (1 + torch.exp(-((row * w).sum() + b)))
    return p


def loss(x, y, w, b, l2=0.0):
    total = torch.zeros_like(b)
    for row, label in zip(x, y.tolist()):
        z = (row * w).sum() + b
        m = -z if label == 1 else z
        total += m + torch.log1p(torch.exp(-m)) if m > 0 else torch.log1p(torch.exp(m))
    return total / len(y) + l2 * sum(v * v for v in w)


def gradients(x, y, w, b, l2=0.0):
    p = probabilities(x, w, b)
    dw, db = torch.zeros_like(w), torch.zeros_like(b)
    for i in range(len(y)):
        dw += (p[i] - y[i]) * x[i]
        db += p[i] - y[i]
    return dw / len(y) + l2 * w, db / len(y)


def fit(x, y, lr, steps, l2=0.0):
    w, b = torch.zeros_like(x[0]), torch.zeros_like(x[0, 0])
    for _ in range(steps):
        dw, db = gradients(x, y, w, b)
        w -= lr * dw
        b -= lr * db
    return w, b


def predict(x, w, b, threshold=0.5):
    out = torch.zeros(x.shape[0], dtype=torch.int64, device=x.device)
    for i, q in enumerate(probabilities(x, w, b)):
        if q >= threshold:
            out[i] = 1
    return out


def best_threshold(p, y, cost_fp=1.0, cost_fn=1.0):
    values, labels = p.tolist(), y.tolist()
    best, least = math.inf, cost_fn * sum(labels)
    for t in sorted(set(values), reverse=True):
        fp = sum(1 for q, c in zip(values, labels) if q >= t and c == 0)
        fn = sum(1 for q, c in zip(values, labels) if q < t and c == 1)
        cost = cost_fp * fp + cost_fn * fn
        if cost < least:
            best, least = t, cost
    return p.new_tensor(best)
