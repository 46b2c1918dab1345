# mistake: eps is used as the smallest variance allowed instead of being added to the variance.
# bug: eps_as_floor
# line: 21
import torch
from torch import Tensor, nn


class LayerNorm(nn.Module):
    def __init__(self, normalized_shape: int | tuple[int, ...], eps: float = 1e-5):
        super().__init__()
        dims = (normalized_shape,) if isinstance(normalized_shape, int) else tuple(normalized_shape)
        self.k = len(dims)
        self.eps = eps
        self.register_parameter("weight", nn.Parameter(torch.ones(dims)))
        self.register_parameter("bias", nn.Parameter(torch.zeros(dims)))

    def forward(self, x: Tensor) -> Tensor:
        d = list(range(-self.k, 0))
        delta = x - torch.mean(x, d, keepdim=True)
        var = torch.mean(delta.pow(2), d, keepdim=True)
        inv = var.clamp(min=self.eps).rsqrt()
        return delta * inv * self.weight + self.bias
