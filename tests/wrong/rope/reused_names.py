# mistake: a is overwritten before b is computed from it.
# bug: even_overwritten
# line: 15
import torch


def rope(x, positions=None, base=10000.0):
    T, D = x.shape[-2:]
    dtype = torch.float64 if x.dtype == torch.float64 else torch.float32
    if positions is None:
        positions = torch.arange(T, device=x.device)
    speeds = torch.tensor([base ** (-2 * i / D) for i in range(D // 2)], dtype=dtype, device=x.device)
    phi = positions.unsqueeze(-1) * speeds
    a, b = x.to(dtype).unflatten(-1, (-1, 2)).unbind(-1)
    a = a * phi.cos() - b * phi.sin()
    b = a * phi.sin() + b * phi.cos()
    return torch.stack((a, b), dim=-1).flatten(-2).to(x.dtype)
