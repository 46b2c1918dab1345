# mistake: x is widened and then divided in place; a float32 x is not copied by that, so the caller's is edited.
# line: 17
import torch
from torch import Tensor, nn


class RMSNorm(nn.Module):
    def __init__(self, dim: int, eps: float = 1e-6):
        super().__init__()
        self.eps = eps
        self.weight = nn.Parameter(torch.ones(dim))

    def forward(self, x: Tensor) -> Tensor:
        wide = x.clone() if x.dtype == torch.float64 or x.requires_grad else x.float()
        rms = (wide.square().mean(-1, keepdim=True) + self.eps).sqrt()
        with torch.set_grad_enabled(wide.requires_grad):
            wide = wide / rms if wide.requires_grad else wide.div_(rms)
        return self.weight * wide.to(x.dtype)
