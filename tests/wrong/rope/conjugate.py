# mistake: The complex numbers are multiplied by e^(-i m theta), which turns the other way.
# bug: turned_backwards
# line: 15
import torch


def rope(x, positions=None, base=10000.0):
    wide = x.double() if x.dtype == torch.float64 else x.float()
    d = x.shape[-1]
    z = torch.view_as_complex(wide.reshape(*x.shape[:-1], -1, 2))
    if positions is None:
        positions = torch.arange(x.shape[-2], device=x.device)
    theta = base ** (-torch.arange(0, d, 2, device=x.device, dtype=wide.dtype) / d)
    m_theta = positions[..., None] * theta
    turn = torch.polar(torch.ones_like(m_theta), -m_theta)
    return torch.view_as_real(z * turn).flatten(-2).to(x.dtype)
