# mistake: the gradient of half the mean square
# bug: no_factor_two
# line: 15
import torch


def least_squares(x, y):
    u, s, vt = torch.linalg.svd(x, full_matrices=False)
    keep = s > s[0] * max(x.shape) * torch.finfo(s.dtype).eps
    return vt[keep].T @ ((u[:, keep].T @ y) / s[keep])


def gradients(x, y, w, b):
    error = x @ w + b - y
    return x.T @ error / len(x), error.mean()


def fit(x, y, w, b, lr, batch_size, epochs, generator):
    for _ in range(epochs):
        order = torch.randperm(len(y), generator=generator)
        for start in range(0, len(y), batch_size):
            rows = order[start : start + batch_size]
            gw, gb = gradients(x[rows], y[rows], w, b)
            w, b = w - lr * gw, b - lr * gb
    return w, b
