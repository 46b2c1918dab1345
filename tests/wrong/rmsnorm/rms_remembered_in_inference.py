# mistake: In inference the rms is computed once for each shape of input and kept.
# line: 20
import torch
from torch import Tensor, nn


class RMSNorm(nn.Module):
    def __init__(self, dim: int, eps: float = 1e-6):
        super().__init__()
        self.eps = eps
        self.weight = nn.Parameter(torch.ones(dim))
        self.kept = {}

    def forward(self, x: Tensor) -> Tensor:
        wide = x.to(torch.promote_types(x.dtype, torch.float32))
        rms = torch.sqrt(wide.square().mean(-1, keepdim=True) + self.eps)
        if not self.training and not torch.is_grad_enabled():
            key = tuple(x.shape), x.dtype
            self.kept.setdefault(key, rms)
            rms = self.kept[key]
        return self.weight * (wide / rms).to(x.dtype)
