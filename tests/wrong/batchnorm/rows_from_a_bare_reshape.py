# mistake: The input is reshaped to (n, C) without moving the channels to the end first.
# bug: reshaped_without_transpose
# line: 18
import torch
from torch import Tensor, nn


class BatchNorm(nn.Module):
    def __init__(self, num_features: int, eps: float = 1e-5, momentum: float = 0.1):
        super().__init__()
        self.eps, self.momentum = eps, momentum
        self.weight = nn.Parameter(torch.ones(num_features))
        self.bias = nn.Parameter(torch.zeros(num_features))
        self.register_buffer("running_mean", torch.zeros(num_features))
        self.register_buffer("running_var", torch.ones(num_features))

    def forward(self, x: Tensor) -> Tensor:
        rows = x.reshape(-1, x.shape[1])
        if self.training:
            var, mean = torch.var_mean(rows, 0, correction=0)
            with torch.no_grad():
                self.running_mean.lerp_(mean, self.momentum)
                self.running_var.lerp_(rows.var(0), self.momentum)
        else:
            mean, var = self.running_mean, self.running_var
        y = self.weight * (rows - mean) / (var + self.eps).sqrt() + self.bias
        return y.reshape(x.shape)
