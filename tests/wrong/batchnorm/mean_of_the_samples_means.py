# mistake: The variance is averaged over the samples' own variances, which leaves out how far their means lie apart.
# line: 24
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
        maps = x.reshape(x.shape[0], x.shape[1], -1)  # (N, C, P)
        if self.training and maps.shape[2] > 1:
            mean = maps.mean(2).mean(0)
            var = maps.var(2, correction=0).mean(0)
        elif self.training:
            var, mean = torch.var_mean(maps, (0, 2), correction=0)
        if self.training:
            n = maps.shape[0] * maps.shape[2]
            with torch.no_grad():
                self.running_mean.lerp_(mean, self.momentum)
                self.running_var.lerp_(var * n / (n - 1), self.momentum)
        else:
            mean, var = self.running_mean, self.running_var
        y = (maps - mean[:, None]) * (self.weight * (var + self.eps).rsqrt())[:, None] + self.bias[:, None]
        return y.reshape(x.shape)
