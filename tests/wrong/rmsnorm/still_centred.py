# mistake: The mean is still subtracted, as in LayerNorm.
# bug: mean_subtracted
# line: 17
import torch
from torch import Tensor, nn


class RMSNorm(nn.Module):
    def __init__(self, dim: int, eps: float = 1e-6):
        super().__init__()
        self.eps = eps
        self.weight = nn.Parameter(torch.ones(dim))

    def forward(self, x: Tensor) -> Tensor:
        h = x.to(torch.promote_types(x.dtype, torch.float32))
        var, mu = torch.var_mean(h, -1, correction=0, keepdim=True)
        h = (h - mu) * (var + self.eps).rsqrt()
        return h.to(x.dtype) * self.weight
