# mistake: The divisor is the standard deviation, not the root of the mean square.
# bug: variance_in_root
# line: 16
import torch
from torch import Tensor, nn


class RMSNorm(nn.Module):
    def __init__(self, dim: int, eps: float = 1e-6):
        super().__init__()
        self.eps = eps
        self.weight = nn.Parameter(torch.ones(dim))

    def forward(self, x: Tensor) -> Tensor:
        h = x if x.dtype is torch.float64 else x.float()
        divisor = torch.sqrt(h.var(dim=-1, unbiased=False, keepdim=True) + self.eps)
        return (self.weight * (h / divisor)).to(x.dtype)
