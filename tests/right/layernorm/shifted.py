import torch
from torch import nn


class LayerNorm(nn.Module):
    """E[z²] − E[z]² of z = x − x₀: shifted by one of its own values, the difference does not cancel."""

    def __init__(self, normalized_shape, eps=1e-5):
        super().__init__()
        self.normalized_shape = normalized_shape
        self.eps = eps
        self.weight = nn.Parameter(torch.ones(normalized_shape))
        self.bias = nn.Parameter(torch.zeros(normalized_shape))

    def forward(self, x):
        dims = len(self.weight.shape)
        z = x.flatten(start_dim=x.dim() - dims)
        z = z - z[..., :1].detach()
        mu = z.mean(dim=-1, keepdim=True)
        var = (z**2).mean(dim=-1, keepdim=True) - mu**2
        z = (z - mu) / (var.clamp(min=0) + self.eps) ** 0.5
        return z.view(x.shape) * self.weight + self.bias
