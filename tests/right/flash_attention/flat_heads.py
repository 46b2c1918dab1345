"""Leading dimensions flattened; a loop over heads; in place on tensors of its own; maxima and sums kept, not Λ."""

import torch


class Tiles:
    def __init__(self, q, k, causal, tile):
        self.q, self.k, self.causal, self.tile = q, k, causal, tile
        self.ahead = k.shape[0] - q.shape[0]

    def __iter__(self):
        for at in range(0, self.k.shape[0], self.tile):
            keys = slice(at, min(at + self.tile, self.k.shape[0]))
            s = (self.q @ self.k[keys].t()).mul_(self.q.shape[1] ** -0.5)
            if self.causal:
                for i, row in enumerate(s):
                    row[max(i + self.ahead + 1 - at, 0) :] = float("-inf")
            yield keys, s


def flash_forward(q, k, v, causal=False, tile=32):
    lead = q.shape[:-2]
    heads = [x.reshape(-1, *x.shape[-2:]) for x in (q, k, v)]
    out = torch.zeros(*q.shape[:-1], v.shape[-1], dtype=q.dtype, device=q.device)
    lse = torch.zeros(q.shape[:-1], dtype=q.dtype, device=q.device)
    flat_out, flat_lse = out.view(-1, *out.shape[-2:]), lse.view(-1, q.shape[-2])
    with torch.no_grad():
        for n, (qh, kh, vh) in enumerate(zip(*heads, strict=True)):
            m = torch.full((qh.shape[0], 1), -float("inf"), dtype=q.dtype, device=q.device)
            total = torch.zeros_like(m)
            for keys, s in Tiles(qh, kh, causal, tile):
                new = torch.maximum(m, s.amax(1, keepdim=True))
                s.sub_(new).exp_()
                factor = m.sub_(new).exp_()
                total.mul_(factor).add_(s.sum(1, keepdim=True))
                flat_out[n].mul_(factor).addmm_(s, vh[keys])
                m = new
            flat_out[n].div_(total)
            flat_lse[n] = (m + total.log())[:, 0]
    assert lse.shape[:-1] == lead
    return out, lse


def flash_backward(grad_output, q, k, v, output, lse, causal=False, tile=32):
    grads = [torch.zeros(x.shape, dtype=x.dtype, device=x.device) for x in (q, k, v)]
    flat = [x.view(-1, *x.shape[-2:]) for x in grads]
    heads = [x.reshape(-1, *x.shape[-2:]) for x in (grad_output, q, k, v, output)]
    rows = lse.reshape(-1, q.shape[-2])
    for n, (g, qh, kh, vh, o) in enumerate(zip(*heads, strict=True)):
        d = (g * o).sum(1, keepdim=True)
        for keys, s in Tiles(qh, kh, causal, tile):
            p = s.sub_(rows[n][:, None]).exp_()
            flat[2][n][keys] = p.t() @ g
            ds = p.mul_((g @ vh[keys].t()).sub_(d)).mul_(qh.shape[1] ** -0.5)
            flat[0][n].addmm_(ds, kh[keys])
            flat[1][n][keys] = ds.t() @ qh
    return tuple(grads)


class F(torch.autograd.Function):
    @staticmethod
    def forward(ctx, q, k, v, causal, tile):
        output, lse = flash_forward(q, k, v, causal, tile)
        ctx.kept = causal, tile
        ctx.save_for_backward(q, k, v, output, lse)
        return output

    @staticmethod
    def backward(ctx, g):
        return tuple(flash_backward(g, *ctx.saved_tensors, *ctx.kept)) + (None,) * 2


def flash_attention(q, k, v, causal=False, tile=32):
    return F.apply(q, k, v, causal, tile)
