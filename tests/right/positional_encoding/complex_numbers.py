import torch
from torch import nn


def sinusoidal(positions, d_model):
    """e^(iθ) = cos θ + i sin θ: the pairs are complex numbers of modulus 1."""
    pairs = (d_model + 1) // 2
    exponents = torch.linspace(0, pairs - 1, pairs, dtype=positions.dtype, device=positions.device)
    theta = torch.einsum("...,i->...i", positions, torch.pow(10000.0, -2 * exponents / d_model))
    turned = torch.polar(torch.ones_like(theta), theta)
    return torch.view_as_real(turned).flip(-1).flatten(-2)[..., :d_model]


class PositionalEncoding(nn.Module):
    pe: torch.Tensor

    def __init__(self, d_model, max_len=5000):
        super().__init__()
        exact = sinusoidal(torch.arange(max_len, dtype=torch.float64), d_model)
        self.register_buffer("pe", exact.to(torch.float32))

    def forward(self, x, start=0):
        index = torch.arange(start, start + x.shape[-2], device=x.device)
        return torch.add(x, self.pe.index_select(0, index))
