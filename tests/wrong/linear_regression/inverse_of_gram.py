# mistake: the inverse of XᵀX, which does not exist where columns depend on each other
# bug: normal_equations
# line: 8
import torch


def least_squares(x, y):
    return torch.linalg.inv(x.T @ x) @ (x.T @ y)


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
