# mistake: The running statistics are plain attributes, so state_dict does not hold them.
# bug: statistics_not_saved
# line: 13
import torch
from torch import nn


class BatchNorm(nn.Module):
    def __init__(self, num_features, eps=1e-5, momentum=0.1):
        super().__init__()
        self.eps, self.momentum, self.c = eps, momentum, num_features
        self.weight, self.bias = nn.Parameter(torch.ones(self.c)), nn.Parameter(torch.zeros(self.c))
        self.running_mean, self.running_var = torch.zeros(self.c), torch.ones(self.c)

    def forward(self, x):
        s = (self.c,) + (1,) * (x.dim() - 2)
        mean, var = self.running_mean.to(x), self.running_var.to(x)
        if self.training:
            d = tuple(range(x.dim()))[:1] + tuple(range(x.dim()))[2:]
            mean, var, big = x.mean(d), x.var(d, correction=0), x.var(d)
            m = self.momentum
            self.running_mean = self.running_mean.to(x) * (1 - m) + m * mean.detach()
            self.running_var = self.running_var.to(x) * (1 - m) + m * big.detach()
        return (x - mean.view(s)) / (var.view(s) + self.eps).sqrt() * self.weight.view(s) + self.bias.view(s)
