# mistake: The pairs are seen as complex numbers where they lie, which fails unless they lie side by side.
# bug: complex_needs_neighbours
# line: 20
import math

import torch


def angles(x, positions, base, dtype):
    exponents = torch.arange(0, x.size(-1), 2, device=x.device, dtype=dtype) / x.size(-1)
    speeds = torch.exp(-math.log(base) * exponents)
    return positions.to(dtype)[..., None] * speeds


def rope(x, positions=None, base=10000.0):
    wide = torch.float64 if x.dtype == torch.float64 else torch.float32
    if positions is None:
        positions = torch.arange(x.size(-2), device=x.device)
    angle = angles(x, positions, base, wide)
    z = torch.view_as_complex(x.to(wide).unflatten(-1, (-1, 2)))
    turned = z * torch.complex(angle.cos(), angle.sin())
    return torch.view_as_real(turned).flatten(-2).to(x.dtype)
