# mistake: two: for a square x the gradient is not transposed, and fit returns the parameters before its last step
import torch


def least_squares(x, y):
    u, s, vt = torch.linalg.svd(x, full_matrices=False)
    keep = s > s[0] * max(x.shape) * torch.finfo(s.dtype).eps
    return vt[keep].T @ ((u[:, keep].T @ y) / s[keep])


def gradients(x, y, w, b):
    error = x @ w + b - y
    side = x if x.shape[0] == x.shape[1] else x.T
    return 2 * side @ error / len(x), 2 * error.mean()


def fit(x, y, w, b, lr, batch_size, epochs, generator):
    before = w, b
    for _ in range(epochs):
        for rows in torch.randperm(len(y), generator=generator).split(batch_size):
            before = w, b
            gw, gb = gradients(x[rows], y[rows], w, b)
            w, b = w - lr * gw, b - lr * gb
    return before
