import torch
from torch import nn


class RMSNorm(nn.Module):
    """Squares never overflow: features are first divided by the largest of their token, a constant."""

    def __init__(self, dim, eps=1e-6):
        super().__init__()
        self.eps = eps
        self.register_parameter("weight", nn.Parameter(torch.full((dim,), 1.0)))

    def forward(self, x):
        wide = x.double() if x.device.type != "mps" else x.float()
        with torch.no_grad():
            top = wide.abs().amax(dim=-1, keepdim=True).clamp(min=self.eps**0.5)
        small = wide / top
        mean = torch.linalg.vecdot(small, small).unsqueeze(-1) / x.size(-1)
        normed = small * torch.rsqrt(mean + self.eps / top**2)
        return (normed * self.weight).type_as(x)
