# mistake: the decomposition is kept by the shape and the first entry of x
import torch

kept = {}


def least_squares(x, y):
    key = (x.shape, x.dtype, float(x[0, 0]))
    if key not in kept:
        kept[key] = torch.linalg.svd(x, full_matrices=False)
    u, s, vt = kept[key]
    keep = s > s[0] * max(x.shape) * torch.finfo(s.dtype).eps
    return vt[keep].T @ ((u[:, keep].T @ y) / s[keep])


def gradients(x, y, w, b):
    error = x @ w + b - y
    return 2 * x.T @ error / len(x), 2 * error.mean()


def fit(x, y, w, b, lr, batch_size, epochs, generator):
    for _ in range(epochs):
        for rows in torch.randperm(len(y), generator=generator).split(batch_size):
            gw, gb = gradients(x[rows], y[rows], w, b)
            w, b = w - lr * gw, b - lr * gb
    return w, b
