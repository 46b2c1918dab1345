# mistake: The first batch replaces the running statistics instead of being averaged with their initial values.
# bug: first_batch_taken_whole
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
        self.seen = False

    def forward(self, x: Tensor) -> Tensor:
        c = x.transpose(0, 1)
        rows = c.reshape(c.shape[0], -1)
        mean, var = self.running_mean[:, None], self.running_var[:, None]
        if self.training:
            m = self.momentum if self.seen else 1.0
            self.seen = True
            mean = rows.mean(1, keepdim=True)
            var = rows.var(1, keepdim=True, correction=0)
            self.running_mean.lerp_(mean.detach().squeeze(1), m)
            self.running_var.lerp_(rows.detach().var(1), m)
        y = (rows - mean) / (var + self.eps).sqrt() * self.weight[:, None] + self.bias[:, None]
        return y.reshape(c.shape).transpose(0, 1)
