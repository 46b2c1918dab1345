"""Number by number, in plain Python; only the gradient of softmax goes through torch."""

import math

import torch


class _Softmax(torch.autograd.Function):
    @staticmethod
    def forward(ctx, x, dim):
        rows = x.transpose(dim, -1)
        out = []
        for row in rows.reshape(-1, rows.shape[-1]).tolist():
            top = -math.inf
            for value in row:
                if value > top:
                    top = value
            total = 0.0
            for value in row:
                total += math.exp(value - top)
            out.append([math.exp(value - top) / total for value in row])
        p = torch.tensor(out, dtype=x.dtype, device=x.device).reshape(rows.shape).transpose(dim, -1)
        ctx.save_for_backward(p)
        ctx.dim = dim
        return p

    @staticmethod
    def backward(ctx, grad):
        (p,) = ctx.saved_tensors
        return softmax_backward(grad, p, ctx.dim), None


def softmax(x, dim=-1):
    return _Softmax.apply(x, dim)


def softmax_backward(grad_output, output, dim=-1):
    gs, ps = (t.transpose(dim, -1) for t in (grad_output, output))
    shape = ps.shape
    out = []
    for g, p in zip(gs.reshape(-1, shape[-1]).tolist(), ps.reshape(-1, shape[-1]).tolist(), strict=True):
        dot = 0.0
        for a, b in zip(g, p, strict=True):
            dot += a * b
        out.append([b * (a - dot) for a, b in zip(g, p, strict=True)])
    return torch.tensor(out, dtype=output.dtype, device=output.device).reshape(shape).transpose(dim, -1)
