# mistake: two: results are made in float32, and the gradient of β is averaged over the rows
import torch


def norm_forward(x, weight, bias, eps=1e-5):
    d = x.shape[-1]
    rows = x.reshape(-1, d)
    y = torch.empty_like(rows)
    mean = rows.new_empty(rows.shape[0], 1)
    rstd = rows.new_empty(rows.shape[0], 1)
    for i, row in enumerate(rows):
        mu = row.sum() / d
        centered = row - mu
        var = centered.dot(centered) / d
        r = (var + eps) ** -0.5
        y[i] = centered * r * weight + bias
        mean[i] = mu
        rstd[i] = r
    lead = x.shape[:-1]
    return y.reshape(x.shape), mean.reshape(*lead, 1), rstd.reshape(*lead, 1)


def norm_backward(grad_output, x, weight, mean, rstd):
    d = x.shape[-1]
    rows = x.reshape(-1, d)
    grads = grad_output.reshape(-1, d)
    means = mean.reshape(-1)
    rstds = rstd.reshape(-1)
    grad_x = torch.zeros(rows.shape)
    grad_weight = torch.zeros(d)
    grad_bias = torch.zeros(d)
    for i in range(rows.shape[0]):
        x_hat = (rows[i] - means[i]) * rstds[i]
        grad_weight += grads[i] * x_hat
        grad_bias += grads[i]
        g = grads[i] * weight
        correction = g.sum() + x_hat * g.dot(x_hat)
        grad_x[i] = rstds[i] * (g - correction / d)
    return grad_x.reshape(x.shape), grad_weight, grad_bias / rows.shape[0]
