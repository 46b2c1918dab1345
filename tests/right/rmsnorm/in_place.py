import torch
from torch import nn


class RMSNorm(nn.Module):
    """Works in place on a copy; the mean of squares is a product with a vector of 1/D."""

    def __init__(self, dim, eps=1e-6):
        super().__init__()
        self.eps = eps
        self.weight = nn.Parameter(torch.ones(dim))

    def forward(self, x):
        out = x.to(torch.result_type(x, torch.zeros(1, device=x.device)), copy=True)
        ones = out.new_full((out.shape[-1], 1), 1.0)
        power = (out**2) @ ones / out.shape[-1]
        power += self.eps
        out = out.mul(power.rsqrt_())
        return out.mul_(self.weight).to(x.dtype)
