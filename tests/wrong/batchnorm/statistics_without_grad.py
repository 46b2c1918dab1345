# mistake: The statistics of the batch are computed under no_grad, so the gradient treats them as constants.
# bug: statistics_detached
# line: 19, 35
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

    @torch.no_grad()
    def statistics(self, x: Tensor) -> tuple[Tensor, Tensor]:
        if not self.training:
            return self.running_mean, self.running_var
        channels = x.transpose(0, 1).reshape(x.size(1), -1)
        n = channels.size(1)
        mean = channels.sum(1) / n
        squares = (channels - mean[:, None]).square().sum(1)
        self.running_mean.lerp_(mean, self.momentum)
        self.running_var.lerp_(squares / (n - 1), self.momentum)
        return mean, squares / n

    def forward(self, x: Tensor) -> Tensor:
        mean, var = self.statistics(x)
        scale = self.weight / (var + self.eps).sqrt()
        out = x.transpose(1, -1)
        out = (out - mean) * scale + self.bias
        return out.transpose(1, -1)
