# mistake: The mean of the squares returns to half precision before eps and the root.
# bug: half_precision_squares
# line: 14
import torch
from torch import Tensor, nn


class RMSNorm(nn.Module):
    def __init__(self, dim: int, eps: float = 1e-6):
        super().__init__()
        self.eps = eps
        self.weight = nn.Parameter(torch.ones(dim))

    def forward(self, x: Tensor) -> Tensor:
        power = x.to(torch.promote_types(x.dtype, torch.float32)).square().mean(-1, keepdim=True).to(x.dtype)
        return self.weight * (x / (power + self.eps).sqrt())
