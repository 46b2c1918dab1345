# mistake: Where no gradients are recorded, the caller's x itself is divided.
# line: 17
import torch
from torch import Tensor, nn


class RMSNorm(nn.Module):
    def __init__(self, dim: int, eps: float = 1e-6):
        super().__init__()
        self.eps = eps
        self.weight = nn.Parameter(torch.ones(dim))

    def forward(self, x: Tensor) -> Tensor:
        wide = x.to(torch.promote_types(x.dtype, torch.float32))
        rms = torch.sqrt(wide.square().mean(-1, keepdim=True) + self.eps)
        if not torch.is_grad_enabled():
            wide.div_(rms)
            return self.weight * wide.to(x.dtype)
        return self.weight * (wide / rms).to(x.dtype)
