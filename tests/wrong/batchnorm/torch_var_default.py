# mistake: One variance serves for both purposes, the unbiased one that torch.var gives by default.
# bug: unbiased_output
# line: 23
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
        view = [1] * x.ndim
        view[1] = x.size(1)
        if self.training:
            axes = tuple(i for i in range(x.ndim) if i != 1)
            var, mean = torch.var_mean(x, axes)
            with torch.no_grad():
                self.running_mean += self.momentum * (mean - self.running_mean)
                self.running_var += self.momentum * (var - self.running_var)
        else:
            mean, var = self.running_mean, self.running_var
        x = x - mean.view(view)
        x = x * (var + self.eps).rsqrt().view(view)
        return torch.addcmul(self.bias.view(view), x, self.weight.view(view))
