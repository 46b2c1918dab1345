# mistake: The mean of the squares runs over all dimensions but the first, as if x were one sample a row.
# bug: all_but_batch
# line: 16
import torch
from torch import Tensor, nn


class RMSNorm(nn.Module):
    def __init__(self, dim: int, eps: float = 1e-6):
        super().__init__()
        self.eps = eps
        self.weight = nn.Parameter(torch.ones(dim))

    def forward(self, x: Tensor) -> Tensor:
        wide = x.to(torch.promote_types(x.dtype, torch.float32))
        axes = list(range(1, x.ndim)) or [0]
        square = (wide**2).mean(axes, keepdim=True)
        return self.weight * (wide * torch.rsqrt(square + self.eps)).to(x.dtype)
