"""Two rows at a time, as a kernel would, with partial sums for γ and β; ∂L/∂x written into place."""

import torch


def norm_forward(x, weight, bias, eps=1e-5):
    mean = torch.mean(x, dim=-1, keepdim=True)
    rstd = torch.rsqrt(torch.mean((x - mean) ** 2, dim=-1, keepdim=True) + eps)
    return torch.addcmul(bias, weight, (x - mean) * rstd), mean, rstd


def norm_backward(grad_output, x, weight, mean, rstd):
    d = x.shape[-1]
    up, rows, m, r = grad_output.reshape(-1, d), x.reshape(-1, d), mean.reshape(-1, 1), rstd.reshape(-1, 1)
    grad_x = torch.empty(x.shape, dtype=x.dtype, device=x.device).view(-1, d)
    grad_weight, grad_bias = torch.zeros_like(weight), torch.zeros_like(weight)
    for start in range(0, len(rows), 2):
        block = slice(start, start + 2)
        normed = (rows[block] - m[block]) * r[block]
        g = up[block] * weight
        grad_x[block] = r[block] * (g - g.mean(1, True) - normed * (g * normed).mean(1, True))
        grad_weight += (up[block] * normed).sum(0)
        grad_bias += up[block].sum(0)
    return grad_x.view(x.shape), grad_weight, grad_bias
