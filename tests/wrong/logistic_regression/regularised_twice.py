# mistake: two: the penalty of the loss lacks its half, and the gradient that of the bias' exemption
# bug: penalty_not_halved + gradient_of_penalty_on_bias
import torch


def probabilities(x, w, b):
    z = x @ w + b
    e = torch.exp(-z.abs())
    return torch.where(z >= 0, 1 / (1 + e), e / (1 + e))


def loss(x, y, w, b, l2=0.0):
    z = x @ w + b
    s = torch.where(y == 1, -z, z)
    each = s.clamp(min=0) + torch.log1p(torch.exp(-s.abs()))
    return each.mean() + l2 * (w @ w)


def gradients(x, y, w, b, l2=0.0):
    delta = (probabilities(x, w, b) - y) / len(x)
    return x.T @ delta + l2 * w, delta.sum() + l2 * b


def fit(x, y, lr, steps, l2=0.0):
    w, b = torch.zeros_like(x[0]), torch.zeros_like(x[0, 0])
    for _ in range(steps):
        gw, gb = gradients(x, y, w, b, l2)
        w, b = w - lr * gw, b - lr * gb
    return w, b


def predict(x, w, b, threshold=0.5):
    return (probabilities(x, w, b) >= threshold).long()


def best_threshold(p, y, cost_fp=1.0, cost_fn=1.0):
    levels = torch.cat([p, p.new_tensor([float("inf")])]).unique()
    says = p >= levels[:, None]
    cost = cost_fp * (says & (y == 0)).sum(1) + cost_fn * (~says & (y == 1)).sum(1)
    return levels[cost == cost.min()][-1]
