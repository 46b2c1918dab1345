# mistake: two: the generator is set back to 0, and the gradient is a sum
# bug: sum_not_mean + generator_restarted
import torch


def least_squares(x, y):
    u, s, vt = torch.linalg.svd(x, full_matrices=False)
    keep = s > s[0] * max(x.shape) * torch.finfo(s.dtype).eps
    return vt[keep].T @ ((u[:, keep].T @ y) / s[keep])


def gradients(x, y, w, b):
    error = x @ w + b - y
    return 2 * x.T @ error, 2 * error.sum()


def fit(x, y, w, b, lr, batch_size, epochs, generator):
    generator.manual_seed(0)
    for _ in range(epochs):
        order = torch.randperm(len(y), generator=generator)
        for rows in order.split(batch_size):
            gw, gb = gradients(x[rows], y[rows], w, b)
            w, b = w - lr * gw, b - lr * gb
    return w, b
