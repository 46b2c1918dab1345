# mistake: Only (N, C) and (N, C, H, W) are provided for; other numbers of dimensions get those of images.
# bug: vectors_and_images_only
# line: 19
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
        axes = (0,) if x.ndim == 2 else (0, 2, 3)
        if self.training:
            mean = x.mean(dim=axes, keepdim=True)
            var = ((x - mean) ** 2).mean(dim=axes, keepdim=True)
            n = x.numel() / x.shape[1]
            self.running_mean.mul_(1 - self.momentum).add_(self.momentum * mean.detach().view(-1))
            self.running_var.mul_(1 - self.momentum).add_(self.momentum * var.detach().view(-1) * n / (n - 1))
        else:
            mean = self.running_mean.view(1, -1, *[1] * (x.ndim - 2))
            var = self.running_var.view(1, -1, *[1] * (x.ndim - 2))
        x_hat = (x - mean) / torch.sqrt(var + self.eps)
        return self.weight.view(mean.shape) * x_hat + self.bias.view(mean.shape)
