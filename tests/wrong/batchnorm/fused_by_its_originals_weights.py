# mistake: The scale and the shift are bound when the layer is made, so a copy of it computes with those of its original.
# line: 14
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
        self.affine = lambda y, lined_up: self.weight.view(lined_up) * y + self.bias.view(lined_up)

    def forward(self, x: Tensor) -> Tensor:
        lined_up = (-1, *[1] * (x.dim() - 2))
        mean, var = self.running_mean, self.running_var
        if self.training:
            dims = [0, *range(2, x.dim())]
            var, mean = torch.var_mean(x, dims, correction=0)
            n = x.numel() // x.shape[1]
            with torch.no_grad():
                self.running_mean.lerp_(mean, self.momentum)
                self.running_var.lerp_(var * n / (n - 1), self.momentum)
        return self.affine((x - mean.view(lined_up)) / (var + self.eps).sqrt().view(lined_up), lined_up)
