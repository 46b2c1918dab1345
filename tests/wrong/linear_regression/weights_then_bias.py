# mistake: the weights move before the bias has its gradient
# bug: bias_after_weights
import torch


def least_squares(x, y):
    u, s, vt = torch.linalg.svd(x, full_matrices=False)
    keep = s > s[0] * max(x.shape) * torch.finfo(s.dtype).eps
    return vt[keep].T @ ((u[:, keep].T @ y) / s[keep])


def gradients(x, y, w, b):
    error = x @ w + b - y
    return 2 * x.T @ error / len(x), 2 * error.mean()


def fit(x, y, w, b, lr, batch_size, epochs, generator):
    for _ in range(epochs):
        for rows in torch.randperm(len(y), generator=generator).split(batch_size):
            px, py = x[rows], y[rows]
            w = w - lr * (2 * px.T @ (px @ w + b - py)) / len(rows)
            b = b - lr * 2 * (px @ w + b - py).mean()
    return w, b
