# mistake: The averages are renewed first and then normalise in both modes.
# bug: train_uses_running
# line: 27
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
        if self.training:
            dims = [0, *range(2, x.dim())]
            n = x.numel() / x.size(1)
            with torch.no_grad():
                self.running_mean.mul_(1 - self.momentum).add_(self.momentum * x.mean(dims))
                self.running_var.mul_(1 - self.momentum).add_(self.momentum * x.var(dims, correction=1))
        per_channel = (...,) + (None,) * (x.dim() - 2)
        x_hat = x - self.running_mean[per_channel]
        x_hat = x_hat / torch.sqrt(self.running_var[per_channel] + self.eps)
        return self.weight[per_channel] * x_hat + self.bias[per_channel]
