# mistake: two: the running maximum is float32, and grad_output is scaled in place
"""Both queries and keys are cut into tiles; everything is written into place."""

import torch
from torch import Tensor
from torch.autograd import Function


def tiles(n, size):
    return [slice(a, min(a + size, n)) for a in range(0, n, size)]


def seen(rows, cols, tq, tk, device):
    i = torch.arange(rows.start, rows.stop, device=device) + (tk - tq)
    return torch.arange(cols.start, cols.stop, device=device)[None, :] <= i[:, None]


@torch.no_grad()
def flash_forward(
    q: Tensor, k: Tensor, v: Tensor, causal: bool = False, tile: int = 32
) -> tuple[Tensor, Tensor]:
    (tq, d), tk = q.shape[-2:], k.shape[-2]
    out = torch.empty(*q.shape[:-1], v.shape[-1], dtype=q.dtype, device=q.device)
    lse = torch.empty(q.shape[:-1], dtype=q.dtype, device=q.device)
    for rows in tiles(tq, tile):
        qi = q[..., rows, :] * d**-0.5
        m = torch.full(lse[..., rows].shape, -torch.inf, dtype=torch.float32, device=q.device)
        total = torch.zeros_like(m)
        acc = torch.zeros_like(out[..., rows, :])
        for cols in tiles(tk, tile):
            if causal and cols.start > rows.stop - 1 + tk - tq:
                break
            s = torch.einsum("...id,...jd->...ij", qi, k[..., cols, :])
            if causal:
                s.masked_fill_(~seen(rows, cols, tq, tk, q.device), -torch.inf)
            new = torch.max(m, s.max(-1).values.float())
            s.sub_(new[..., None]).exp_()
            alpha = (m - new).exp_()
            total.mul_(alpha).add_(s.sum(-1))
            acc.mul_(alpha[..., None]).add_(s @ v[..., cols, :])
            m = new
        out[..., rows, :] = acc / total[..., None]
        lse[..., rows] = m + total.log()
    return out, lse


@torch.no_grad()
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
    (tq, d), tk = q.shape[-2:], k.shape[-2]
    gq, gk, gv = (torch.zeros(t.shape, dtype=q.dtype, device=q.device) for t in (q, k, v))
    delta = torch.einsum("...c,...c->...", grad_output, output).mul_(d**-0.5)
    grad_output = grad_output.mul_(d**-0.5)
    for cols in tiles(tk, tile):
        kj, vj = k[..., cols, :], v[..., cols, :]
        for rows in tiles(tq, tile):
            if causal and cols.start > rows.stop - 1 + tk - tq:
                continue
            qi, gi = q[..., rows, :], grad_output[..., rows, :]
            p = qi @ kj.mT * d**-0.5 - lse[..., rows, None]
            if causal:
                p = p.masked_fill(~seen(rows, cols, tq, tk, q.device), -torch.inf)
            p = p.exp()
            gv[..., cols, :] += p.mT @ gi * d**0.5
            ds = p * (gi @ vj.mT - delta[..., rows, None])
            gq[..., rows, :] += ds @ kj
            gk[..., cols, :] += ds.mT @ qi
    return gq, gk, gv


class FlashAttention(Function):
    @staticmethod
    def forward(q, k, v, causal, tile):
        return flash_forward(q, k, v, causal, tile)

    @staticmethod
    def setup_context(ctx, inputs, output):
        q, k, v, ctx.causal, ctx.tile = inputs
        ctx.mark_non_differentiable(output[1])
        ctx.save_for_backward(q, k, v, *output)

    @staticmethod
    def backward(ctx, grad_output, _):
        q, k, v, output, lse = ctx.saved_tensors
        return flash_backward(grad_output, q, k, v, output, lse, ctx.causal, ctx.tile) + (None, None)


def flash_attention(q: Tensor, k: Tensor, v: Tensor, causal: bool = False, tile: int = 32) -> Tensor:
    return FlashAttention.apply(q, k, v, causal, tile)[0]
