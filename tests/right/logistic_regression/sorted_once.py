"""The bias as one more weight, einsum; the threshold by sorting and running sums."""

import torch
from torch import Tensor


def _wide(x: Tensor, w: Tensor, b: Tensor) -> tuple[Tensor, Tensor]:
    return torch.cat([x, torch.ones_like(x[:, :1])], dim=1), torch.cat([w, b.reshape(1)])


def _sigma(z: Tensor) -> Tensor:
    return torch.exp(-torch.relu(-z)) / (1 + torch.exp(-z.abs()))


def probabilities(x: Tensor, w: Tensor, b: Tensor) -> Tensor:
    return _sigma(torch.einsum("nd,d->n", *_wide(x, w, b)))


def loss(x: Tensor, y: Tensor, w: Tensor, b: Tensor, l2: float = 0.0) -> Tensor:
    z = torch.einsum("nd,d->n", *_wide(x, w, b))
    wrong = z * (1 - 2 * y)
    return (wrong.relu() + wrong.abs().neg().exp().log1p()).sum() / y.numel() + w.pow(2).sum() * (l2 / 2)


def gradients(x: Tensor, y: Tensor, w: Tensor, b: Tensor, l2: float = 0.0) -> tuple[Tensor, Tensor]:
    wide, full = _wide(x, w, b)
    g = torch.einsum("nd,n->d", wide, _sigma(wide @ full) - y) / len(x)
    return g[:-1] + l2 * w, g[-1]


def fit(x: Tensor, y: Tensor, lr: float, steps: int, l2: float = 0.0) -> tuple[Tensor, Tensor]:
    wide = torch.cat([x, torch.ones_like(x[:, :1])], dim=1)
    full = torch.zeros_like(wide[0])
    decay = torch.full_like(full, l2)
    decay[-1] = 0
    for _ in range(steps):
        full = full - lr * (wide.mT @ (_sigma(wide @ full) - y) / len(x) + decay * full)
    return full[:-1], full[-1]


def predict(x: Tensor, w: Tensor, b: Tensor, threshold: float = 0.5) -> Tensor:
    return probabilities(x, w, b).ge(threshold).to(torch.int64)


def best_threshold(p: Tensor, y: Tensor, cost_fp: float = 1.0, cost_fn: float = 1.0) -> Tensor:
    order = p.argsort(descending=True)
    scores, labels = p[order], y[order].double()
    false_alarms = torch.cat([labels.new_zeros(1), (1 - labels).cumsum(0)])
    misses = labels.sum() - torch.cat([labels.new_zeros(1), labels.cumsum(0)])
    cost = cost_fp * false_alarms + cost_fn * misses  # after the first k scores
    last = torch.cat([scores[1:] != scores[:-1], scores.new_ones(1, dtype=torch.bool)])
    cost[1:][~last] = float("inf")  # equal scores are decided together
    k = int((cost == cost.min()).nonzero()[0])
    return scores[k - 1] if k else p.new_full((), float("inf"))
