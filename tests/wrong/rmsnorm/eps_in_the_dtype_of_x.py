# mistake: eps is turned into the dtype of x before it is added, so in float16 a small one is 0 and a token of zeros gives nan.
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
        power = wide.pow(2).mean(-1, keepdim=True)
        eps = torch.tensor(self.eps, device=x.device)
        eps = eps.to(x.dtype)
        return self.weight * (wide * torch.rsqrt(power + eps)).to(x.dtype)
