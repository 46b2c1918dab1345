# mistake: training stops once an epoch lowers the loss by less than one percent
import torch


def least_squares(x, y):
    u, s, vt = torch.linalg.svd(x, full_matrices=False)
    keep = s > s[0] * max(x.shape) * torch.finfo(s.dtype).eps
    return vt[keep].T @ ((u[:, keep].T @ y) / s[keep])


def gradients(x, y, w, b):
    error = x @ w + b - y
    return 2 * x.T @ error / len(x), 2 * error.mean()


def fit(x, y, w, b, lr, batch_size, epochs, generator):
    before = float("inf")
    for _ in range(epochs):
        for rows in torch.randperm(len(y), generator=generator).split(batch_size):
            gw, gb = gradients(x[rows], y[rows], w, b)
            w, b = w - lr * gw, b - lr * gb
        now = (x @ w + b - y).square().mean().item()
        if now > 0.99 * before:
            break
        before = now
    return w, b
