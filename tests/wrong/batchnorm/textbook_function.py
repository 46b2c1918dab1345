# mistake: Training is recognised by grad mode, as a well-known textbook does it, not by the module's mode.
# line: 10
# bug: grad_mode_taken_for_mode
import torch
from torch import nn


def batch_norm(x, gamma, beta, moving_mean, moving_var, eps, momentum):
    shape = [1, x.shape[1]] + [1] * (x.dim() - 2)
    if not torch.is_grad_enabled():
        x_hat = (x - moving_mean.reshape(shape)) / torch.sqrt(moving_var.reshape(shape) + eps)
    else:
        axes = [0] + list(range(2, x.dim()))
        mean = x.mean(dim=axes)
        centred = x - mean.reshape(shape)
        var = (centred**2).mean(dim=axes)
        x_hat = centred / torch.sqrt(var.reshape(shape) + eps)
        n = x.numel() / x.shape[1]
        moving_mean = (1.0 - momentum) * moving_mean + momentum * mean
        moving_var = (1.0 - momentum) * moving_var + momentum * var * n / (n - 1)
    y = gamma.reshape(shape) * x_hat + beta.reshape(shape)
    return y, moving_mean.detach(), moving_var.detach()


class BatchNorm(nn.Module):
    def __init__(self, num_features, eps=1e-5, momentum=0.1):
        super().__init__()
        self.weight = nn.Parameter(torch.ones(num_features))
        self.bias = nn.Parameter(torch.zeros(num_features))
        self.register_buffer("running_mean", torch.zeros(num_features))
        self.register_buffer("running_var", torch.ones(num_features))
        self.eps, self.momentum = eps, momentum

    def forward(self, x):
        y, self.running_mean, self.running_var = batch_norm(
            x, self.weight, self.bias, self.running_mean, self.running_var, self.eps, self.momentum
        )
        return y
