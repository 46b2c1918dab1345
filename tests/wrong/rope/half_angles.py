# mistake: The angles are computed in the dtype of x, also in half precision.
# bug: angles_in_half
# line: 11
import torch


def rope(x, positions=None, base=10000.0):
    if positions is None:
        positions = torch.arange(x.shape[-2], device=x.device)
    ratio = torch.arange(0, x.shape[-1], 2, dtype=torch.float64, device=x.device) / x.shape[-1]
    angle = positions.to(x.dtype).unsqueeze(-1) * (base**-ratio).to(x.dtype)
    c, s = torch.cos(angle), torch.sin(angle)
    x0, x1 = x[..., ::2], x[..., 1::2]
    return torch.stack((x0 * c - x1 * s, x1 * c + x0 * s), dim=-1).reshape(x.shape)
