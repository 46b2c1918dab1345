# mistake: float16 is kept from overflowing by clipping the features instead of computing in float32.
# line: 16
import torch
from torch import Tensor, nn


class RMSNorm(nn.Module):
    def __init__(self, dim: int, eps: float = 1e-6):
        super().__init__()
        self.eps = eps
        self.weight = nn.Parameter(torch.ones(dim))

    def forward(self, x: Tensor) -> Tensor:
        h = x
        if x.dtype == torch.float16:
            h = h.clamp(-255, 255)
        mean = h.square().mean(dim=-1, keepdim=True)
        return h * torch.rsqrt(mean + self.eps) * self.weight
