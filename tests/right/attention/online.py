"""Online softmax: walks over the keys two at a time with a running maximum, as FlashAttention does."""

import math

import torch


def attention(q, k, v, mask=None):
    q = q / math.sqrt(k.shape[-1])
    keys = k.shape[-2]
    top = torch.full_like(q[..., :1], -math.inf)
    total = torch.zeros_like(top)
    out = q.new_zeros(*q.shape[:-1], v.shape[-1])
    if mask is not None:
        mask = torch.broadcast_to(mask, (*q.shape[:-1], keys))
    for start in range(0, keys, 2):
        stop = start + 2
        tile = torch.matmul(q, k[..., start:stop, :].transpose(-1, -2))
        if mask is not None:
            tile = tile.masked_fill(mask[..., start:stop].logical_not(), -math.inf)
        new = torch.maximum(top, tile.amax(dim=-1, keepdim=True)).detach()
        safe = new.masked_fill(new == -math.inf, 0.0)
        shrink, part = (top - safe).exp(), (tile - safe).exp()
        total = total * shrink + part.sum(dim=-1, keepdim=True)
        out = out * shrink + part @ v[..., start:stop, :]
        top = new
    return out.div_(total)
