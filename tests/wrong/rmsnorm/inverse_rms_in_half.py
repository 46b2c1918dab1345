# mistake: The inverse rms is rounded to half precision before the product with x, so the quotient is not computed in float32.
# line: 10
# bug: rms_rounded
import torch
from torch import Tensor, nn


def inverse_rms(x: Tensor, eps: float) -> Tensor:
    wide = x.to(torch.promote_types(x.dtype, torch.float32))
    return torch.rsqrt(wide.square().mean(-1, keepdim=True) + eps).to(x.dtype)


class RMSNorm(nn.Module):
    def __init__(self, dim: int, eps: float = 1e-6):
        super().__init__()
        self.eps = eps
        self.weight = nn.Parameter(torch.ones(dim))

    def forward(self, x: Tensor) -> Tensor:
        return (x * inverse_rms(x, self.eps)).to(x.dtype) * self.weight
