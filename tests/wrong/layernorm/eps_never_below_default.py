# mistake: An eps smaller than 1e-5 is raised to 1e-5.
# line: 12, 18
import torch
from torch import Tensor, nn


class LayerNorm(nn.Module):
    def __init__(self, normalized_shape: int | tuple[int, ...], eps: float = 1e-5):
        super().__init__()
        shape = (normalized_shape,) if isinstance(normalized_shape, int) else tuple(normalized_shape)
        self.axes = tuple(range(-len(shape), 0))
        self.eps = max(eps, 1e-5)  # smaller ones are not safe in float32
        self.weight = nn.Parameter(torch.ones(shape))
        self.bias = nn.Parameter(torch.zeros(shape))

    def forward(self, x: Tensor) -> Tensor:
        variance, mean = torch.var_mean(x, dim=self.axes, correction=0, keepdim=True)
        out = (x - mean) * torch.rsqrt(variance + self.eps)
        return torch.addcmul(self.bias, out, self.weight)
