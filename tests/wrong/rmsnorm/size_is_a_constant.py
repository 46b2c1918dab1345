# mistake: The rms is computed without gradients.
# bug: rms_detached
# line: 15, 23
import torch
from torch import Tensor, nn


class RMSNorm(nn.Module):
    def __init__(self, dim: int, eps: float = 1e-6):
        super().__init__()
        self.weight = nn.Parameter(torch.ones(dim))
        self.dim, self.eps = dim, eps

    @torch.no_grad()
    def inverse_rms(self, x: Tensor) -> Tensor:
        total = torch.zeros_like(x[..., :1])
        for i in range(self.dim):
            total += x[..., i : i + 1] ** 2
        return (total / self.dim + self.eps) ** -0.5

    def forward(self, x: Tensor) -> Tensor:
        h = x.to(torch.promote_types(x.dtype, torch.float32))
        h = h * self.inverse_rms(h)
        return self.weight * h.to(x.dtype)
