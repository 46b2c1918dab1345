# mistake: where n < d the last weights are set to 0, which fits but is not the shortest
import torch


def least_squares(x, y):
    n, d = x.shape
    head = x[:, :n] if n < d else x
    u, s, vt = torch.linalg.svd(head, full_matrices=False)
    keep = s > s[0] * max(x.shape) * torch.finfo(s.dtype).eps
    w = x.new_zeros(d)
    w[: head.shape[1]] = vt[keep].T @ ((u[:, keep].T @ y) / s[keep])
    return w


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
