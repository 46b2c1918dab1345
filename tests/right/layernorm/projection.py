import torch
from torch import nn


class LayerNorm(nn.Module):
    """Centring as a matrix, I − 11ᵀ/D; the rest as einsums. Parameters are looked up by name."""

    def __init__(self, normalized_shape, eps=1e-5):
        super().__init__()
        shape = (normalized_shape,) if type(normalized_shape) is int else torch.Size(normalized_shape)
        self.eps = eps
        for name, value in {"weight": torch.ones(shape), "bias": torch.zeros(shape)}.items():
            setattr(self, name, nn.Parameter(value))

    def forward(self, x):
        d = self.weight.numel()
        centring = torch.eye(d, dtype=x.dtype, device=x.device) - x.new_full((d, d), 1 / d)
        rows = x.reshape(-1, d)
        centred = torch.einsum("nd,de->ne", rows, centring)
        var = torch.einsum("nd,nd->n", centred, centred) / d
        normed = torch.einsum("nd,n->nd", centred, torch.rsqrt(var + self.eps))
        out = torch.einsum("nd,d->nd", normed, self.weight.reshape(-1)) + self.bias.reshape(-1)
        return out.reshape(x.shape)
