# mistake: the cutoff is a fixed number, one for each dtype
# bug: cutoff_absolute
# line: 10
import torch
from torch import Tensor


def least_squares(x: Tensor, y: Tensor) -> Tensor:
    u, s, vh = torch.linalg.svd(x, full_matrices=False)
    tol = 1e-10 if x.dtype == torch.float64 else 1e-5
    keep = s > tol
    inv = torch.where(keep, 1 / torch.where(keep, s, torch.ones_like(s)), torch.zeros_like(s))
    return vh.T @ (inv * (u.T @ y))


def gradients(x, y, w, b):
    error = x @ w + b - y
    n = x.shape[0]
    return 2 / n * (x.T @ error), 2 / n * error.sum()


def fit(x, y, w, b, lr, batch_size, epochs, generator):
    n = x.shape[0]
    for _ in range(epochs):
        order = torch.randperm(n, generator=generator).to(x.device)
        for start in range(0, n, batch_size):
            idx = order[start : start + batch_size]
            dw, db = gradients(x[idx], y[idx], w, b)
            w = w - lr * dw
            b = b - lr * db
    return w, b
