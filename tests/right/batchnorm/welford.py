import torch
from torch import nn


class Affine(nn.Module):
    def __init__(self, width):
        super().__init__()
        self.weight = nn.Parameter(torch.empty(width))
        self.bias = nn.Parameter(torch.empty(width))
        nn.init.ones_(self.weight)
        nn.init.zeros_(self.bias)


class BatchNorm(Affine):
    """Channels go last, the rest is a list of observations; their statistics are gathered by Welford's updates."""

    def __init__(self, num_features, eps=1e-5, momentum=0.1):
        super().__init__(num_features)
        self.register_buffer("running_mean", self.bias.detach().clone())
        self.register_buffer("running_var", self.weight.detach().clone())
        self.hyper = (eps, momentum)

    def forward(self, x):
        eps, m = self.hyper
        last = x.movedim(1, -1)
        mean, var = (
            self.gather(last.flatten(0, -2), m) if self.training else (self.running_mean, self.running_var)
        )
        out = last - mean
        out = out / (var + eps).sqrt()
        return (out * self.weight + self.bias).movedim(-1, 1)

    def gather(self, rows, m):
        mean, squares = torch.zeros_like(rows[0]), torch.zeros_like(rows[0])
        for count, row in enumerate(rows, 1):
            delta = row - mean
            mean = mean + delta / count
            squares = squares + delta * (row - mean)
        for old, new in ((self.running_mean, mean), (self.running_var, squares / (len(rows) - 1))):
            old.copy_(old * (1 - m) + new.detach() * m)
        return mean, squares / len(rows)
