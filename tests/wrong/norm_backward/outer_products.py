# mistake: an outer product for each row
# bug: jacobian_stored
import torch


def norm_forward(x, weight, bias, eps=1e-5):
    mean = x.mean(-1, keepdim=True)
    rstd = (x.var(-1, keepdim=True, correction=0) + eps).rsqrt()
    return (x - mean) * rstd * weight + bias, mean, rstd


def norm_backward(grad_output, x, weight, mean, rstd):
    d = x.shape[-1]
    xhat = ((x - mean) * rstd).reshape(-1, d)
    up = grad_output.reshape(-1, d)
    rows = []
    for r, h, g in zip(rstd.reshape(-1), xhat, up * weight):
        eye = torch.eye(d, dtype=x.dtype, device=x.device)
        rows.append((eye - 1 / d - torch.outer(h, h) / d) @ g * r)
    return torch.stack(rows).reshape(x.shape), (up * xhat).sum(0), up.sum(0)
