# mistake: x = 0 divides 0 by 0, and the gradient of b is a sum
# line: 9
import torch
from torch import Tensor


def least_squares(x: Tensor, y: Tensor) -> Tensor:
    u, s, vh = torch.linalg.svd(x, full_matrices=False)
    keep = s >= s.max() * (1e-8 if x.dtype == torch.float64 else 1e-4)
    return vh[keep].T @ ((u[:, keep].T @ y) / s[keep])


def gradients(x, y, w, b):
    error = x @ w + b - y
    n = x.shape[0]
    return 2 / n * (x.T @ error), 2 * error.sum()


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
