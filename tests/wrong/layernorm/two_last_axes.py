# mistake: The statistics always run over the last two dimensions, tokens and features together.
# bug: all_but_batch
# line: 16
import torch
from torch import Tensor, nn


class LayerNorm(nn.Module):
    def __init__(self, normalized_shape: int | tuple[int, ...], eps: float = 1e-5):
        super().__init__()
        self.eps = eps
        self.weight = nn.Parameter(torch.ones(normalized_shape))
        self.bias = nn.Parameter(torch.zeros(normalized_shape))

    def forward(self, x: Tensor) -> Tensor:
        m = x.mean((-2, -1), keepdim=True)
        v = ((x - m) ** 2).mean((-2, -1), keepdim=True)
        return self.weight * (x - m) * torch.rsqrt(v + self.eps) + self.bias
