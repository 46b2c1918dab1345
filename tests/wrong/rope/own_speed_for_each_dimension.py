# mistake: Each dimension has a speed of its own, also within a pair.
# bug: speed_of_its_own
# line: 11
import torch


def rope(x, positions=None, base=10000.0):
    kind = torch.promote_types(x.dtype, torch.float32)
    if positions is None:
        positions = torch.arange(x.shape[-2], device=x.device)
    theta = base ** (-torch.arange(x.shape[-1], dtype=kind, device=x.device) / x.shape[-1])
    angles = positions[..., None] * theta
    crossed = torch.stack((-x[..., 1::2], x[..., ::2]), dim=-1).flatten(-2)
    return (x * angles.cos() + crossed * angles.sin()).to(x.dtype)
