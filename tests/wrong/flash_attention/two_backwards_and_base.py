# mistake: two: tiles from the last to the first give NaN where a query sees none of the tile, and Λ is to base 2
"""Normalised partial results merged in log space, from the last tile to the first; empty tiles count nothing."""

import math
from functools import reduce

import torch
from torch import Tensor

NEG = -math.inf


def partial(q, k, v, first, causal, offset):
    s = torch.matmul(q, k.mT) / q.shape[-1] ** 0.5
    if causal:
        hidden = torch.ones(s.shape[-2:], dtype=torch.bool, device=s.device).triu(1 + offset - first)
        s = s.masked_fill(hidden, NEG)
    lse = s.logsumexp(-1)
    weights = torch.exp(s - lse.unsqueeze(-1))
    return weights @ v, lse


def merge(one, two):
    (o1, l1), (o2, l2) = one, two
    lse = torch.logaddexp(l1, l2)
    safe = torch.where(lse == NEG, 0.0, lse)
    return o1 * (l1 - safe).exp().unsqueeze(-1) + o2 * (l2 - safe).exp().unsqueeze(-1), lse


def flash_forward(
    q: Tensor, k: Tensor, v: Tensor, causal: bool = False, tile: int = 32
) -> tuple[Tensor, Tensor]:
    with torch.no_grad():
        offset = k.shape[-2] - q.shape[-2]
        starts = range(0, k.shape[-2], tile)
        parts = (
            partial(q, k[..., a : a + tile, :], v[..., a : a + tile, :], a, causal, offset)
            for a in reversed(starts)
        )
        output, lse = reduce(merge, parts)
        return output, lse / math.log(2)


def flash_backward(
    grad_output: Tensor,
    q: Tensor,
    k: Tensor,
    v: Tensor,
    output: Tensor,
    lse: Tensor,
    causal: bool = False,
    tile: int = 32,
) -> tuple[Tensor, Tensor, Tensor]:
    with torch.no_grad():
        root = q.shape[-1] ** 0.5
        offset = k.shape[-2] - q.shape[-2]
        delta = torch.linalg.vecdot(grad_output, output).unsqueeze(-1)
        grad_q, grad_k, grad_v = q * 0, torch.empty_like(k), torch.empty_like(v)
        for a, (kt, vt) in enumerate(zip(k.split(tile, -2), v.split(tile, -2))):
            a *= tile
            b = a + kt.shape[-2]
            p = (q @ kt.mT / root - lse[..., None] * math.log(2)).exp()
            if causal:
                p = p.where(torch.ones(p.shape[-2:], dtype=torch.bool, device=p.device).tril(offset - a), 0.0)
            ds = p * (grad_output @ vt.mT - delta) / root
            grad_v[..., a:b, :] = p.mT @ grad_output
            grad_k[..., a:b, :] = ds.mT @ q
            grad_q += ds @ kt
        return grad_q, grad_k, grad_v


def flash_attention(q: Tensor, k: Tensor, v: Tensor, causal: bool = False, tile: int = 32) -> Tensor:
    class Flash(torch.autograd.Function):
        @staticmethod
        def forward(ctx, *inputs):
            output, lse = flash_forward(*inputs, causal, tile)
            ctx.save_for_backward(*inputs, output, lse)
            return output

        @staticmethod
        def backward(ctx, grad_output):
            return flash_backward(grad_output, *ctx.saved_tensors, causal=causal, tile=tile)

    return Flash.apply(q, k, v)
