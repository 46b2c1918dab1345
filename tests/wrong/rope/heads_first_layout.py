# mistake: Positions are counted along dimension 1, where some layouts keep the tokens.
# bug: counted_along_dimension_one
# line: 10
import torch


def rope(x, positions=None, base=10000.0):
    kind = torch.promote_types(x.dtype, torch.float32)
    if positions is None:
        positions = torch.arange(x.size(1), device=x.device)
    dims = torch.arange(x.size(-1) // 2, dtype=kind, device=x.device)
    angles = positions[..., None].to(kind) / base ** (2 * dims / x.size(-1))
    even, odd = x[..., 0::2], x[..., 1::2]
    new_even = even * angles.cos() - odd * angles.sin()
    new_odd = odd * angles.cos() + even * angles.sin()
    return torch.stack([new_even, new_odd], dim=-1).flatten(-2).to(x.dtype)
