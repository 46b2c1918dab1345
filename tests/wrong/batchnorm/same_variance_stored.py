# mistake: The biased variance of the batch is also what goes into running_var.
# bug: biased_running_var
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
        rows = x.movedim(1, -1).reshape(-1, x.shape[1])
        if self.training:
            mean = rows.mean(0)
            var = rows.var(0, unbiased=False)
            self.running_mean = (1 - self.momentum) * self.running_mean + self.momentum * mean.detach()
            self.running_var = (1 - self.momentum) * self.running_var + self.momentum * var.detach()
        else:
            mean = self.running_mean
            var = self.running_var
        y = (rows - mean) / torch.sqrt(var + self.eps)
        y = y * self.weight + self.bias
        moved = x.movedim(1, -1)
        return y.reshape(moved.shape).movedim(-1, 1)
