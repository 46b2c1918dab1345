# mistake: with a cache the causal mask counts queries from 0
# bug: causal_from_the_first
import math

import torch


def _tile(q, k, i, j, ahead, causal):
    s = torch.matmul(q, k.transpose(-2, -1)) * q.shape[-1] ** -0.5
    if causal:
        rows = torch.arange(i, i + q.shape[-2], device=q.device).unsqueeze(-1) + ahead
        s = torch.where(torch.arange(j, j + k.shape[-2], device=q.device) <= rows, s, -torch.inf)
    return s


def flash_forward(q, k, v, causal=False, tile=32):
    ahead = 0
    outputs, sums = [], []
    for i in range(0, q.shape[-2], tile):
        qi = q[..., i : i + tile, :]
        m = torch.full(qi.shape[:-1], -torch.inf, dtype=q.dtype, device=q.device)
        n = torch.zeros_like(m)
        u = torch.zeros(*qi.shape[:-1], v.shape[-1], dtype=q.dtype, device=q.device)
        for j in range(0, k.shape[-2], tile):
            if causal and j > i + qi.shape[-2] - 1 + ahead:
                break
            s = _tile(qi, k[..., j : j + tile, :], i, j, ahead, causal)
            new = torch.maximum(m, s.max(-1).values)
            p = torch.exp(s - new.unsqueeze(-1))
            a = torch.exp(m - new)
            n = a * n + p.sum(-1)
            u = a.unsqueeze(-1) * u + torch.matmul(p, v[..., j : j + tile, :])
            m = new
        outputs.append(u / n.unsqueeze(-1))
        sums.append(m + torch.log(n))
    return torch.cat(outputs, -2), torch.cat(sums, -1)


def flash_backward(grad_output, q, k, v, output, lse, causal=False, tile=32):
    ahead = 0
    scale = 1 / math.sqrt(q.shape[-1])
    d = (grad_output * output).sum(-1)
    dq = torch.zeros(q.shape, dtype=q.dtype, device=q.device)
    dks, dvs = [], []
    for j in range(0, k.shape[-2], tile):
        kj, vj = k[..., j : j + tile, :], v[..., j : j + tile, :]
        dk = torch.zeros(kj.shape, dtype=q.dtype, device=q.device)
        dv = torch.zeros(vj.shape, dtype=q.dtype, device=q.device)
        for i in range(0, q.shape[-2], tile):
            part = slice(i, i + tile)
            qi, gi = q[..., part, :], grad_output[..., part, :]
            p = torch.exp(_tile(qi, kj, i, j, ahead, causal) - lse[..., part, None])
            dv += p.transpose(-2, -1) @ gi
            ds = p * (gi @ vj.transpose(-2, -1) - d[..., part, None])
            dq[..., part, :] += ds @ kj * scale
            dk += ds.transpose(-2, -1) @ qi * scale
        dks.append(dk)
        dvs.append(dv)
    return dq, torch.cat(dks, -2), torch.cat(dvs, -2)


class _Flash(torch.autograd.Function):
    @staticmethod
    def forward(ctx, q, k, v, causal, tile):
        ctx.causal, ctx.tile = causal, tile
        out, lse = flash_forward(q, k, v, causal, tile)
        ctx.save_for_backward(q, k, v, out, lse)
        return out

    @staticmethod
    def backward(ctx, grad):
        return *flash_backward(grad, *ctx.saved_tensors, ctx.causal, ctx.tile), None, None


def flash_attention(q, k, v, causal=False, tile=32):
    return _Flash.apply(q, k, v, causal, tile)
