# mistake: the mean of softmax's gradient is taken within each tile
# bug: mean_of_the_tile
import torch


def flash_forward(q, k, v, causal=False, tile=32):
    scaled = q / q.shape[-1] ** 0.5
    last = k.size(-2) - q.size(-2) + torch.arange(q.size(-2), device=q.device)[:, None]
    out = lse = None
    at = 0
    for keys, values in zip(k.split(tile, -2), v.split(tile, -2), strict=True):
        s = scaled @ keys.mT
        if causal:
            s = s.masked_fill(at + torch.arange(keys.size(-2), device=q.device) > last, -torch.inf)
        at += keys.size(-2)
        part = s.logsumexp(-1, keepdim=True)
        # a tile that shows nothing: −∞, and weights of 0
        o = (s - part.clamp(min=torch.finfo(s.dtype).min)).exp() @ values
        if lse is None:
            out, lse = o, part
        else:
            both = torch.logaddexp(lse, part)
            out = out * (lse - both).exp() + o * (part - both).exp()
            lse = both
    return out, lse[..., 0]


def flash_backward(grad_output, q, k, v, output, lse, causal=False, tile=32):
    root = q.shape[-1] ** 0.5
    last = k.size(-2) - q.size(-2) + torch.arange(q.size(-2), device=q.device)[:, None]
    d = torch.einsum("...qv,...qv->...q", grad_output, output)[..., None]
    grad_q = 0
    grads_k, grads_v = [], []
    at = 0
    for keys, values in zip(k.split(tile, -2), v.split(tile, -2), strict=True):
        p = (q @ keys.mT / root - lse[..., None]).exp()
        if causal:
            p = p.masked_fill(at + torch.arange(keys.size(-2), device=q.device) > last, 0)
        at += keys.size(-2)
        dp = grad_output @ values.mT
        ds = p * (dp - (p * dp).sum(-1, keepdim=True)) / root
        grad_q = grad_q + ds @ keys
        grads_k.append(ds.mT @ q)
        grads_v.append(p.mT @ grad_output)
    return grad_q, torch.cat(grads_k, -2), torch.cat(grads_v, -2)


class Recomputed(torch.autograd.Function):
    @staticmethod
    def forward(q, k, v, causal, tile):
        return flash_forward(q, k, v, causal, tile)

    @staticmethod
    def setup_context(ctx, inputs, output):
        *tensors, ctx.causal, ctx.tile = inputs
        ctx.save_for_backward(*tensors, *output)
        ctx.mark_non_differentiable(output[1])

    @staticmethod
    def backward(ctx, grad, _):
        return (*flash_backward(grad, *ctx.saved_tensors, ctx.causal, ctx.tile), None, None)


def flash_attention(q, k, v, causal=False, tile=32):
    return Recomputed.apply(q, k, v, causal, tile)[0]
