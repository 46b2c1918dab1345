import torch
from torch import nn


class Normalise(torch.autograd.Function):
    @staticmethod
    def forward(ctx, x, weight, bias, eps):
        rows = x.reshape(-1, weight.numel())
        variance, mean = torch.var_mean(rows, 1, correction=0, keepdim=True)
        rstd = (variance + eps).rsqrt()
        xhat = (rows - mean) * rstd
        ctx.save_for_backward(xhat, rstd, weight)
        return (xhat * weight.flatten() + bias.flatten()).view(x.shape)

    @staticmethod
    def backward(ctx, g):
        xhat, rstd, weight = ctx.saved_tensors
        rows = g.reshape(xhat.shape)
        hat = rows * weight.flatten()
        dx = rstd * (hat - hat.mean(1, keepdim=True) - xhat * (hat * xhat).mean(1, keepdim=True))
        return dx.view(g.shape), (rows * xhat).sum(0).view_as(weight), rows.sum(0).view_as(weight), None


class LayerNorm(nn.Module):
    def __init__(self, normalized_shape, eps=1e-5):
        super().__init__()
        self.eps = eps
        # torch.ones takes an int as well as a tuple; the order of registration is free.
        self.register_parameter("bias", nn.Parameter(torch.zeros(normalized_shape)))
        self.register_parameter("weight", nn.Parameter(torch.ones(normalized_shape)))

    def forward(self, x):
        return Normalise.apply(x, self.weight, self.bias, self.eps)
