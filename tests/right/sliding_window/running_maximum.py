import torch


def sliding_window_attention(q, k, v, window, causal=True):
    """One pass over the offsets, with a running maximum, sum and output."""
    tq, tk = q.shape[-2], k.shape[-2]
    first = tk - tq
    q = q / q.shape[-1] ** 0.5
    far = min(window, tk)
    top = (q * k[..., first:, :]).sum(-1, keepdim=True)
    total = torch.ones_like(top)
    out = v[..., first:, :]
    for off in range(-far + 1, 1 if causal else far):
        if off == 0:
            continue
        # the queries a .. b have a key at this offset
        a, b = max(0, -off - first), min(tq, tk - off - first)
        if a >= b:
            continue
        keys = slice(first + a + off, first + b + off)
        score = (q[..., a:b, :] * k[..., keys, :]).sum(-1, keepdim=True)
        old = top[..., a:b, :]
        new = torch.maximum(old, score)
        shrink, p = (old - new).exp(), (score - new).exp()
        fresh = out[..., a:b, :] * shrink + p * v[..., keys, :]
        count = total[..., a:b, :] * shrink + p
        top = torch.cat([top[..., :a, :], new, top[..., b:, :]], -2)
        total = torch.cat([total[..., :a, :], count, total[..., b:, :]], -2)
        out = torch.cat([out[..., :a, :], fresh, out[..., b:, :]], -2)
    return out / total
