# mistake: singular values below 1e-10 count as 0, in whatever unit x is measured
# bug: cutoff_absolute
# line: 9
import torch


def least_squares(x, y):
    u, s, vt = torch.linalg.svd(x, full_matrices=False)
    inverse = torch.where(s > 1e-10, 1 / s, torch.zeros_like(s))
    return vt.mT @ (inverse * (u.mT @ y))


def gradients(x, y, w, b):
    error = x @ w + b - y
    return 2 * x.T @ error / len(x), 2 * error.mean()


def fit(x, y, w, b, lr, batch_size, epochs, generator):
    for _ in range(epochs):
        order = torch.randperm(len(y), generator=generator)
        for start in range(0, len(y), batch_size):
            rows = order[start : start + batch_size]
            gw, gb = gradients(x[rows], y[rows], w, b)
            w, b = w - lr * gw, b - lr * gb
    return w, b
