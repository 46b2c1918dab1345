# mistake: ∂L/∂y is multiplied by γ in place, and the sums for γ and β are made from that
# bug: upstream_edited
import torch


def norm_forward(x, weight, bias, eps=1e-5):
    mean = x.mean(dim=-1, keepdim=True)
    var = ((x - mean) ** 2).mean(dim=-1, keepdim=True)
    rstd = 1.0 / torch.sqrt(var + eps)
    y = weight * (x - mean) * rstd + bias
    return y, mean, rstd


def norm_backward(grad_output, x, weight, mean, rstd):
    d = x.shape[-1]
    x_hat = (x - mean) * rstd
    g = grad_output.mul_(weight)
    grad_weight = (g * x_hat).reshape(-1, d).sum(dim=0)
    grad_bias = g.reshape(-1, d).sum(dim=0)
    mean_g = g.mean(dim=-1, keepdim=True)
    mean_gx = (g * x_hat).mean(dim=-1, keepdim=True)
    grad_x = rstd * (g - mean_g - x_hat * mean_gx)
    return grad_x, grad_weight, grad_bias
