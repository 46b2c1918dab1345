# mistake: The variance is detached, so the gradient treats the scale of a token as a constant.
# bug: variance_detached
# line: 18
import torch
from torch import Tensor, nn


class LayerNorm(nn.Module):
    def __init__(self, normalized_shape: int | tuple[int, ...], eps: float = 1e-5):
        super().__init__()
        if isinstance(normalized_shape, int):
            normalized_shape = (normalized_shape,)
        self.dim = tuple(range(-len(normalized_shape), 0))
        self.eps = eps
        self.weight = nn.Parameter(torch.ones(normalized_shape))
        self.bias = nn.Parameter(torch.zeros(normalized_shape))

    @torch.no_grad()
    def inverse_deviation(self, x: Tensor) -> Tensor:
        return (x.var(self.dim, correction=0, keepdim=True) + self.eps).rsqrt()

    def forward(self, x: Tensor) -> Tensor:
        centre = x.mean(self.dim, keepdim=True)
        return (x - centre) * self.inverse_deviation(x) * self.weight + self.bias
