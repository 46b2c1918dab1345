# mistake: two: mean and rstd are returned without the last dimension, and the gradient of the variance lacks its factor ½
import torch
from torch import Tensor


def row_mean(t: Tensor) -> Tensor:
    return t.mean(-1, keepdim=True)


def over_rows(t: Tensor) -> Tensor:
    return t.reshape(-1, t.shape[-1]).sum(0)


def normalize(x: Tensor, mean: Tensor, rstd: Tensor) -> Tensor:
    return (x - mean) * rstd


def norm_forward(x, weight, bias, eps=1e-5):
    var, mean = torch.var_mean(x, dim=-1, keepdim=True, correction=0)
    rstd = torch.rsqrt(var + eps)
    return normalize(x, mean, rstd) * weight + bias, mean.squeeze(-1), rstd.squeeze(-1)


def norm_backward(grad_output, x, weight, mean, rstd):
    """Step by step through the graph, from y back to x."""
    mean, rstd = mean.unsqueeze(-1), rstd.unsqueeze(-1)
    centered = x - mean
    grad_bias = over_rows(grad_output)
    grad_weight = over_rows(grad_output * centered * rstd)
    grad_hat = grad_output * weight
    grad_rstd = (grad_hat * centered).sum(-1, keepdim=True)
    grad_var = -grad_rstd * rstd**3
    grad_centered = grad_hat * rstd + 2 * centered * grad_var / x.shape[-1]
    grad_x = grad_centered - row_mean(grad_centered)
    return grad_x, grad_weight, grad_bias
