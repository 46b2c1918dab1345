"""Instance normalisation (Ulyanov, Vedaldi & Lempitsky, 2016) and AdaIN (Huang & Belongie, 2017).

For the P positions of one channel in one sample:

    μ(x) = 1/P Σᵢ xᵢ
    σ(x) = √(1/P Σᵢ (xᵢ − μ)² + ε)

    InstanceNorm(x) = γ (x − μ(x)) / σ(x) + β
    AdaIN(c, s) = σ(s) (c − μ(c)) / σ(c) + μ(s)
"""

import torch
from torch import Tensor, nn


def moments(values: Tensor, eps: float) -> tuple[Tensor, Tensor]:
    mean = values.mean(-1, keepdim=True)
    centred = values - mean
    var = centred.square().mean(-1, keepdim=True)
    std = torch.sqrt(var + eps)
    return mean, std


class InstanceNorm(nn.Module):
    def __init__(self, num_features: int, eps: float = 1e-5, affine: bool = False):
        super().__init__()
        self.eps = eps
        self.weight = nn.Parameter(torch.ones(num_features)) if affine else None  # γ
        self.bias = nn.Parameter(torch.zeros(num_features)) if affine else None  # β

    def forward(self, x: Tensor) -> Tensor:
        flat = x.flatten(2)  # (N, C, P)
        mean, std = moments(flat, self.eps)  # (N, C, 1)
        normed = (flat - mean) / std  # x̂
        if self.weight is None:
            return normed.reshape(x.shape)
        scaled = self.weight.unsqueeze(-1) * normed
        shifted = scaled + self.bias.unsqueeze(-1)
        return shifted.reshape(x.shape)


def adain(content: Tensor, style: Tensor, eps: float = 1e-5) -> Tensor:
    flat = content.flatten(2)  # (N, C, P)
    painting = style.flatten(2)  # (N, C, P of the style)
    content_mean, content_std = moments(flat, eps)
    style_mean, style_std = moments(painting, eps)
    stripped = (flat - content_mean) / content_std
    styled = style_std * stripped + style_mean
    return styled.reshape(content.shape)
