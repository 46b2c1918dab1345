# mistake: The new batch is blended with the old average in the wrong proportion: momentum weighs the old one.
# bug: momentum_reversed
# line: 25
import torch
from torch import Tensor, nn


class BatchNorm(nn.Module):
    def __init__(self, num_features: int, eps: float = 1e-5, momentum: float = 0.1):
        super().__init__()
        self.eps = eps
        self.momentum = momentum
        self.weight = nn.Parameter(torch.ones(num_features))
        self.bias = nn.Parameter(torch.zeros(num_features))
        self.register_buffer("running_mean", torch.zeros(num_features))
        self.register_buffer("running_var", torch.ones(num_features))

    def forward(self, x: Tensor) -> Tensor:
        flat = x.flatten(2) if x.dim() > 2 else x.unsqueeze(-1)
        if not self.training:
            mean, var = self.running_mean, self.running_var
        else:
            var, mean = torch.var_mean(flat, dim=(0, 2), correction=0)
            with torch.no_grad():
                n = flat[:, 0].numel()
                self.running_mean.copy_(torch.lerp(mean, self.running_mean, self.momentum))
                self.running_var.copy_(torch.lerp(var * n / (n - 1), self.running_var, self.momentum))
        out = (flat - mean[:, None]) * torch.rsqrt(var[:, None] + self.eps)
        return (out * self.weight[:, None] + self.bias[:, None]).view_as(x)
