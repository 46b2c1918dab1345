# mistake: The angles are an outer product, so positions with a batch dimension are refused.
# bug: positions_one_dimensional
# line: 11
import torch


def rope(x, positions=None, base=10000.0):
    kind = torch.promote_types(x.dtype, torch.float32)
    t = torch.arange(x.shape[-2], device=x.device) if positions is None else positions
    inv = base ** -(torch.arange(0, x.shape[-1], 2, dtype=kind, device=x.device) / x.shape[-1])
    freqs = torch.outer(t.to(kind), inv)
    cos = freqs.cos().repeat_interleave(2, -1)
    sin = freqs.sin().repeat_interleave(2, -1)
    rotated = torch.stack((-x[..., 1::2], x[..., ::2]), -1).flatten(-2)
    return (x * cos + rotated * sin).to(x.dtype)
