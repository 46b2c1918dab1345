# mistake: the trained parameters are kept, and a later call with w of that shape goes on from them
import torch

kept = {}


def least_squares(x, y):
    u, s, vt = torch.linalg.svd(x, full_matrices=False)
    keep = s > s[0] * max(x.shape) * torch.finfo(s.dtype).eps
    return vt[keep].T @ ((u[:, keep].T @ y) / s[keep])


def gradients(x, y, w, b):
    error = x @ w + b - y
    return 2 * x.T @ error / len(x), 2 * error.mean()


def fit(x, y, w, b, lr, batch_size, epochs, generator):
    w, b = kept.get(w.shape, (w, b))
    for _ in range(epochs):
        for rows in torch.randperm(len(y), generator=generator).split(batch_size):
            gw, gb = gradients(x[rows], y[rows], w, b)
            w, b = w - lr * gw, b - lr * gb
    kept[w.shape] = w, b
    return w, b
