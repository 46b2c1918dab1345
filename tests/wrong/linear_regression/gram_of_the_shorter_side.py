# mistake: XXᵀ or XᵀX, whichever is smaller, is decomposed: either squares the condition number
import torch


def least_squares(x, y):
    n, d = x.shape
    gram = x.T @ x if n >= d else x @ x.T
    values, vectors = torch.linalg.eigh(gram)
    keep = values > values[-1] * 1e-14 if x.dtype == torch.float64 else values > values[-1] * 1e-5
    inverse = (vectors[:, keep] / values[keep]) @ vectors[:, keep].T
    return inverse @ (x.T @ y) if n >= d else x.T @ (inverse @ y)


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
