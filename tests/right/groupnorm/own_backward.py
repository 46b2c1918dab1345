import torch
from torch import nn


class Normalise(torch.autograd.Function):
    """Rows of a matrix to mean 0 and variance 1, with the gradient in closed form."""

    @staticmethod
    def forward(ctx, rows, eps):
        centred = rows - rows.mean(1, keepdim=True)
        rstd = 1 / (centred.pow(2).mean(1, keepdim=True) + eps).sqrt()
        hat = centred * rstd
        ctx.save_for_backward(hat, rstd)
        return hat.clone()

    @staticmethod
    def backward(ctx, g):
        hat, rstd = ctx.saved_tensors
        return rstd * (g - g.mean(1, keepdim=True) - hat * (g * hat).mean(1, keepdim=True)), None


def normalised(x, groups, eps):
    return Normalise.apply(x.reshape(len(x) * groups, -1), eps).reshape(x.shape)


class GroupNorm(nn.Module):
    def __init__(self, num_groups, num_channels, eps=1e-5, affine=True):
        super().__init__()
        if num_groups not in [g for g in range(1, num_channels + 1) if num_channels % g == 0]:
            raise ValueError(f"{num_groups} does not divide {num_channels}")
        self.arguments = num_groups, eps
        if affine:
            self.register_parameter("weight", nn.Parameter(torch.empty(num_channels).fill_(1)))
            self.register_parameter("bias", nn.Parameter(torch.empty(num_channels).zero_()))

    def forward(self, x):
        y = normalised(x, *self.arguments)
        if not self._parameters:
            return y
        return torch.addcmul(self.bias, y.movedim(1, -1), self.weight).movedim(-1, 1)
