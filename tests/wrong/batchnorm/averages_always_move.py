# mistake: The running statistics are renewed on every call, in eval mode as well.
# bug: updates_in_eval
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
        channels = x.transpose(0, 1).flatten(1)  # (C, n)
        n = channels.shape[1]
        mean = channels.mean(1)
        var = channels.var(1, correction=0)
        self.track(mean.detach(), var.detach() * n / (n - 1))
        if not self.training:
            mean, var = self.running_mean, self.running_var
        y = (channels - mean[:, None]) / (var[:, None] + self.eps) ** 0.5
        y = self.weight[:, None] * y + self.bias[:, None]
        return y.view(x.shape[1], x.shape[0], *x.shape[2:]).transpose(0, 1)

    def track(self, mean: Tensor, var: Tensor) -> None:
        self.running_mean = self.running_mean + self.momentum * (mean - self.running_mean)
        self.running_var = self.running_var + self.momentum * (var - self.running_var)
