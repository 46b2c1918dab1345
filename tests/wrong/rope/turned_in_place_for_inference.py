# mistake: Without gradients the caller's x is turned in place.
# line: 17, 18
import torch


def rope(x, positions=None, base=10000.0):
    kind = torch.promote_types(x.dtype, torch.float32)
    if positions is None:
        positions = torch.arange(x.shape[-2], device=x.device)
    dims = torch.arange(0, x.shape[-1], 2, dtype=kind, device=x.device)
    angles = positions.to(kind).unsqueeze(-1) * base ** (-dims / x.shape[-1])
    cos, sin = angles.cos(), angles.sin()
    a, b = x[..., ::2].clone(), x[..., 1::2].clone()
    first, second = a * cos - b * sin, a * sin + b * cos
    if torch.is_grad_enabled():
        return torch.stack([first, second], -1).flatten(-2).to(x.dtype)
    x[..., ::2] = first
    x[..., 1::2] = second
    return x
