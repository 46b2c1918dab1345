"""Welford's recurrence, one feature after the other; all tokens side by side."""

import torch
from torch import Tensor, nn


class LayerNorm(nn.Module):
    def __init__(self, normalized_shape: int | tuple[int, ...], eps: float = 1e-5):
        super().__init__()
        sizes = (normalized_shape,) if isinstance(normalized_shape, int) else normalized_shape
        self.weight, self.bias = (nn.Parameter(torch.full(sizes, n)) for n in (1.0, 0.0))
        self.eps = eps

    def forward(self, x: Tensor) -> Tensor:
        tokens = x.flatten(x.dim() - self.weight.dim())
        mean = torch.zeros_like(tokens[..., 0])
        squares = torch.zeros_like(mean)
        for n, feature in enumerate(tokens.unbind(-1), 1):
            step = feature - mean
            mean = mean + step / n
            squares = squares + step * (feature - mean)
        scale = (squares / n + self.eps).rsqrt()
        tokens = (tokens - mean.unsqueeze(-1)).mul(scale.unsqueeze(-1))
        return tokens.view(x.shape) * self.weight + self.bias
