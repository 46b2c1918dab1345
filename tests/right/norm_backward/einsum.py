"""einsum for every reduction; in place on tensors of its own; rows flattened."""

import torch


class Rows:
    def __init__(self, x):
        self.shape, self.width = x.shape, x.shape[-1]

    def flat(self, t):
        return t.reshape(-1, self.width)

    def back(self, t):
        return t.reshape(self.shape)


def norm_forward(x, weight, bias, eps=1e-5):
    rows = Rows(x)
    flat = rows.flat(x)
    mean = torch.einsum("nd->n", flat)[:, None] / rows.width
    work = flat - mean
    rstd = (torch.einsum("nd,nd->n", work, work)[:, None] / rows.width).add_(eps).sqrt_().reciprocal_()
    work.mul_(rstd).mul_(weight).add_(bias)
    lead = (*x.shape[:-1], 1)
    return rows.back(work), mean.reshape(lead), rstd.reshape(lead)


def norm_backward(grad_output, x, weight, mean, rstd):
    rows = Rows(x)
    u, flat = rows.flat(grad_output), rows.flat(x)
    r = rstd.reshape(-1, 1)
    normed = (flat - mean.reshape(-1, 1)).mul_(r)
    c = torch.einsum("nd,d->n", u, weight).div_(rows.width)
    s = torch.einsum("nd,d,nd->n", u, weight, normed).div_(rows.width)
    grad_weight = torch.einsum("nd,nd->d", u, normed)
    grad_x = u.mul(weight).sub_(c[:, None]).sub_(normed.mul_(s[:, None])).mul_(r)
    return rows.back(grad_x), grad_weight, torch.einsum("nd->d", u)
