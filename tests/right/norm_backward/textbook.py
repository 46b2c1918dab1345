"""torch's var, unbiased=False; the three terms of the Jacobian written with D in front."""

import torch


def norm_forward(x, weight, bias, eps=1e-5):
    mu = x.mean(-1, keepdim=True)
    rstd = 1 / torch.sqrt(x.var(-1, keepdim=True, unbiased=False) + eps)
    return (x - mu) * rstd * weight + bias, mu, rstd


def norm_backward(grad_output, x, weight, mean, rstd):
    D = x.shape[-1]
    xhat = (x - mean) * rstd
    dxhat = grad_output * weight
    dx = (rstd / D) * (D * dxhat - dxhat.sum(-1, keepdim=True) - xhat * (dxhat * xhat).sum(-1, keepdim=True))
    lead = list(range(x.dim() - 1))
    if not lead:
        return dx, grad_output * xhat, grad_output.clone()
    return dx, (grad_output * xhat).sum(lead), grad_output.sum(lead)
