# mistake: the closed form is replaced by 2000 steps of gradient descent from 0, which stop short along small axes
import torch


def least_squares(x, y):
    w = torch.zeros_like(x[0])
    lr = 1 / torch.linalg.matrix_norm(x, 2).clamp(min=1e-300 if x.dtype == torch.float64 else 1e-30) ** 2
    for _ in range(2000):
        w = w - lr * (x.T @ (x @ w - y))
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
