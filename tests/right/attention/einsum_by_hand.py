"""einsum, a bias of 0 and −∞, softmax by hand with its own row maximum."""

import torch


def hand_softmax(x):
    shifted = x - torch.amax(x, -1, keepdim=True).detach()
    e = torch.exp(shifted)
    return torch.div(e, torch.einsum("...k->...", e).unsqueeze(-1))


def attention(q, k, v, mask=None):
    bias = q.new_zeros(())
    if mask is not None:
        bias = torch.zeros_like(mask, dtype=q.dtype)
        bias[~mask] = float("-inf")
    s = torch.einsum("...id,...jd->...ij", q, k) * (1 / q.size(-1) ** 0.5) + bias
    return torch.einsum("...ij,...jv->...iv", hand_softmax(s), v)
