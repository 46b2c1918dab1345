# mistake: the running sum is float32
import torch


def pieces(q, k, causal, tile):
    keys = k.shape[-2]
    limit = torch.arange(keys - q.shape[-2], keys, device=q.device).unsqueeze(1)
    for start in reversed(range(0, keys, tile)):
        part = slice(start, start + tile)
        s = torch.einsum("...qd,...kd->...qk", q, k[..., part, :])
        if causal:
            hidden = torch.arange(keys, device=q.device)[part] > limit
            s = s.masked_fill(hidden, torch.finfo(s.dtype).min)
        yield part, s


def flash_forward(q, k, v, causal=False, tile=32):
    scaled = q * q.shape[-1] ** -0.5
    top = torch.full_like(q[..., 0], torch.finfo(q.dtype).min)
    total, out = (
        torch.zeros_like(top, dtype=torch.float32),
        torch.zeros_like(torch.einsum("...qd,...v->...qv", q, v[..., 0, :])),
    )
    for part, s in pieces(scaled, k, causal, tile):
        new = torch.max(top, s.amax(-1))
        # finite fillings measured against themselves would count as 1
        e = torch.where(s == torch.finfo(s.dtype).min, 0, torch.exp(s - new[..., None]))
        f = torch.exp(top - new)
        total = (f * total + e.sum(-1)).float()
        out = torch.einsum("...q,...qv->...qv", f, out) + torch.einsum(
            "...qk,...kv->...qv", e, v[..., part, :]
        )
        top = new
    return out / total[..., None].to(q.dtype), top + total.log()


def flash_backward(grad_output, q, k, v, output, lse, causal=False, tile=32):
    factor = q.shape[-1] ** -0.5
    d = torch.einsum("...qv,...qv->...q", grad_output, output)
    dq = torch.zeros_like(q)
    dk, dv = torch.empty_like(k), torch.empty_like(v)
    for part, s in pieces(q * factor, k, causal, tile):
        p = torch.exp(s - lse[..., None])
        ds = p * (torch.einsum("...qv,...kv->...qk", grad_output, v[..., part, :]) - d[..., None])
        dv[..., part, :] = torch.einsum("...qk,...qv->...kv", p, grad_output)
        dk[..., part, :] = torch.einsum("...qk,...qd->...kd", ds, q) * factor
        dq = dq + torch.einsum("...qk,...kd->...qd", ds, k[..., part, :]) * factor
    return dq, dk, dv


class Flash(torch.autograd.Function):
    @staticmethod
    def forward(ctx, *arguments):
        *tensors, ctx.causal, ctx.tile = arguments
        output, lse = flash_forward(*arguments)
        ctx.save_for_backward(*tensors, output, lse)
        return output

    @staticmethod
    def backward(ctx, grad_output):
        return (*flash_backward(grad_output, *ctx.saved_tensors, ctx.causal, ctx.tile), None, None)


flash_attention = lambda q, k, v, causal=False, tile=32: Flash.apply(q, k, v, causal, tile)  # noqa: E731
