# mistake: In half precision the caller's x is turned in place.
# line: 16
import torch


def rope(x, positions=None, base=10000.0):
    kind = torch.promote_types(x.dtype, torch.float32)
    if positions is None:
        positions = torch.arange(x.shape[-2], device=x.device)
    dims = torch.arange(0, x.shape[-1], 2, dtype=kind, device=x.device)
    angles = positions.to(kind).unsqueeze(-1) * base ** (-dims / x.shape[-1])
    turned = torch.view_as_complex(x.to(kind).unflatten(-1, (-1, 2)).contiguous()) * torch.polar(
        torch.ones_like(angles), angles
    )
    turned = torch.view_as_real(turned).flatten(-2)
    return x.copy_(turned) if kind != x.dtype and not x.requires_grad else turned.to(x.dtype)
