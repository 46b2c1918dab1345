import torch


def rope(x, positions=None, base=10000.0):
    """Pairs as complex numbers: x · e^(imθ)."""
    work = torch.complex128 if x.dtype == torch.float64 else torch.complex64
    real = torch.float64 if x.dtype == torch.float64 else torch.float32
    T, D = x.shape[-2:]
    if positions is None:
        positions = torch.arange(T, device=x.device)
    i = torch.arange(D // 2, device=x.device, dtype=real)
    phase = positions.unsqueeze(-1).to(real) * torch.pow(base, -2 * i / D)
    z = torch.view_as_complex(x.to(real).reshape(*x.shape[:-1], D // 2, 2).contiguous())
    z = z * torch.polar(torch.ones_like(phase), phase).to(work)
    return torch.view_as_real(z).flatten(-2).type_as(x)
