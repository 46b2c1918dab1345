# mistake: log(1 + e) rounds tiny losses to 0, and predict ignores its threshold
# bug: plain_log + threshold_ignored
# line: 17
import torch
from torch import Tensor


def probabilities(x: Tensor, w: Tensor, b: Tensor) -> Tensor:
    z = x @ w + b
    e = torch.exp(-z.abs())
    return torch.where(z >= 0, 1 / (1 + e), e / (1 + e))


def loss(x: Tensor, y: Tensor, w: Tensor, b: Tensor, l2: float = 0.0) -> Tensor:
    z = x @ w + b
    t = y.to(z.dtype)
    each = z.clamp(min=0) - z * t + torch.log(1 + torch.exp(-z.abs()))
    return each.mean() + l2 / 2 * (w * w).sum()


def gradients(x: Tensor, y: Tensor, w: Tensor, b: Tensor, l2: float = 0.0):
    error = probabilities(x, w, b) - y
    n = x.shape[0]
    return x.T @ error / n + l2 * w, error.sum() / n


def fit(x: Tensor, y: Tensor, lr: float, steps: int, l2: float = 0.0):
    w = x.new_zeros(x.shape[1])
    b = x.new_zeros(())
    for _ in range(steps):
        dw, db = gradients(x, y, w, b, l2)
        w = w - lr * dw
        b = b - lr * db
    return w, b


def predict(x: Tensor, w: Tensor, b: Tensor, threshold: float = 0.5) -> Tensor:
    return (probabilities(x, w, b) >= 0.5).long()


def best_threshold(p: Tensor, y: Tensor, cost_fp: float = 1.0, cost_fn: float = 1.0) -> Tensor:
    candidates = torch.cat([p, p.new_full((1,), float("inf"))]).unique()
    costs = []
    for t in candidates:
        said = p >= t
        fp = (said & (y == 0)).sum().item()
        fn = (~said & (y == 1)).sum().item()
        costs.append(cost_fp * fp + cost_fn * fn)
    best = min(costs)
    return max(t for t, c in zip(candidates, costs) if c == best)
