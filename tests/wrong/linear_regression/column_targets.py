# mistake: two: predictions are a column and y is not, so that all pairs are compared; and the last, smaller batch is left out
# bug: all_pairs + last_batch_dropped
import torch


def least_squares(x, y):
    u, s, vt = torch.linalg.svd(x, full_matrices=False)
    keep = s > s[0] * max(x.shape) * torch.finfo(s.dtype).eps
    return vt[keep].T @ ((u[:, keep].T @ y) / s[keep])


def gradients(x, y, w, b):
    error = x @ w[:, None] + b - y
    return 2 * (error[:, :, None] * x[:, None, :]).mean((0, 1)), 2 * error.mean()


def fit(x, y, w, b, lr, batch_size, epochs, generator):
    for _ in range(epochs):
        order = torch.randperm(len(y), generator=generator)
        for k in range(len(y) // batch_size):
            rows = order[k * batch_size : (k + 1) * batch_size]
            gw, gb = gradients(x[rows], y[rows], w, b)
            w, b = w - lr * gw, b - lr * gb
    return w, b
