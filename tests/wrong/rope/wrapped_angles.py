# mistake: Positions are reduced modulo 4096, the length of a table, so later ones start again.
# line: 10
import torch


def rope(x, positions=None, base=10000.0):
    kind = torch.promote_types(x.dtype, torch.float32)
    if positions is None:
        positions = torch.arange(x.shape[-2], device=x.device)
    m = torch.where(positions >= 0, positions % 4096, positions)
    theta = base ** (-torch.arange(0, x.shape[-1], 2, dtype=kind, device=x.device) / x.shape[-1])
    angles = m[..., None] * theta
    even, odd = x[..., 0::2], x[..., 1::2]
    pairs = [even * angles.cos() - odd * angles.sin(), even * angles.sin() + odd * angles.cos()]
    return torch.stack(pairs, dim=-1).flatten(-2).to(x.dtype)
