# mistake: Tables are cached by length and width alone, so another base gets the old table.
# line: 16, 17
import torch

TABLES = {}


def rope(x, positions=None, base=10000.0):
    T, D = x.shape[-2:]
    kind = torch.promote_types(x.dtype, torch.float32)
    if positions is None:
        key = (T, D, kind)
        if key not in TABLES:
            speeds = base ** (-torch.arange(0, D, 2, dtype=kind, device=x.device) / D)
            TABLES[key] = torch.arange(T, device=x.device)[:, None] * speeds
        angles = TABLES[key]
        cos, sin = angles.cos(), angles.sin()
    else:
        angles = positions[..., None] * base ** (-torch.arange(0, D, 2, dtype=kind, device=x.device) / D)
        cos, sin = angles.cos(), angles.sin()
    a, b = x[..., 0::2], x[..., 1::2]
    return torch.stack([a * cos - b * sin, a * sin + b * cos], -1).flatten(-2).to(x.dtype)
