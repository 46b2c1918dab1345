# mistake: the Function computes all weights at once and saves them for its backward
# bug: weights_saved
import math

import torch
from torch import Tensor


def _scores(q, k, start, stop, causal):
    s = q @ k[..., start:stop, :].transpose(-1, -2) / math.sqrt(q.size(-1))
    if causal:
        tq, tk = q.size(-2), k.size(-2)
        rows = torch.arange(tq, device=q.device)[:, None] + tk - tq
        cols = torch.arange(start, stop, device=q.device)
        s = s.masked_fill(cols > rows, float("-inf"))
    return s


def flash_forward(
    q: Tensor, k: Tensor, v: Tensor, causal: bool = False, tile: int = 32
) -> tuple[Tensor, Tensor]:
    tk = k.size(-2)
    m = q.new_full(q.shape[:-1] + (1,), float("-inf"))
    l = torch.zeros_like(m)
    u = q.new_zeros(q.shape[:-1] + v.shape[-1:])
    for start in range(0, tk, tile):
        stop = min(start + tile, tk)
        s = _scores(q, k, start, stop, causal)
        m_new = torch.maximum(m, s.amax(-1, keepdim=True))
        p = torch.exp(s - m_new)
        fix = torch.exp(m - m_new)
        l = fix * l + p.sum(-1, keepdim=True)
        u = fix * u + p @ v[..., start:stop, :]
        m = m_new
    return u / l, (m + torch.log(l)).squeeze(-1)


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
    scale = 1 / math.sqrt(q.size(-1))
    d = (grad_output * output).sum(-1, keepdim=True)
    dq = torch.zeros_like(q)
    dks, dvs = [], []
    for start in range(0, k.size(-2), tile):
        stop = min(start + tile, k.size(-2))
        p = torch.exp(_scores(q, k, start, stop, causal) - lse.unsqueeze(-1))
        dvs.append(p.transpose(-1, -2) @ grad_output)
        dp = grad_output @ v[..., start:stop, :].transpose(-1, -2)
        ds = p * (dp - d) * scale
        dq = dq + ds @ k[..., start:stop, :]
        dks.append(ds.transpose(-1, -2) @ q)
    return dq, torch.cat(dks, -2), torch.cat(dvs, -2)


class _Flash(torch.autograd.Function):
    @staticmethod
    def forward(ctx, q, k, v, causal, tile):
        output, lse = flash_forward(q, k, v, causal, tile)
        ctx.weights = torch.exp(_scores(q, k, 0, k.size(-2), causal) - lse[..., None])
        ctx.save_for_backward(q, k, v, output, lse)
        ctx.causal, ctx.tile = causal, tile
        return output

    @staticmethod
    def backward(ctx, grad_output):
        q, k, v, output, lse = ctx.saved_tensors
        p = ctx.weights
        ds = p * (grad_output @ v.mT - (grad_output * output).sum(-1, keepdim=True)) / math.sqrt(q.size(-1))
        return ds @ k, ds.mT @ q, p.mT @ grad_output, None, None


def flash_attention(q: Tensor, k: Tensor, v: Tensor, causal: bool = False, tile: int = 32) -> Tensor:
    return _Flash.apply(q, k, v, causal, tile)
