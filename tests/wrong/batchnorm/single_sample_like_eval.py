# mistake: A batch of one is taken for inference even in train mode.
# bug: single_sample_like_eval
# line: 20
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
        lined_up = (-1,) + (1,) * (x.dim() - 2)
        if self.training and len(x) > 1:
            over = [0] + list(range(2, x.dim()))
            mean = x.mean(over)
            var = x.var(over, correction=0)
            n = x[:, 0].numel()
            self.running_mean.copy_((1 - self.momentum) * self.running_mean + self.momentum * mean.detach())
            fresh = var.detach() * n / (n - 1)
            self.running_var.copy_((1 - self.momentum) * self.running_var + self.momentum * fresh)
        else:
            mean, var = self.running_mean, self.running_var
        y = (x - mean.view(lined_up)) / torch.sqrt(var.view(lined_up) + self.eps)
        return y * self.weight.view(lined_up) + self.bias.view(lined_up)
