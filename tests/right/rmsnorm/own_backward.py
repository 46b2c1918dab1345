import torch
from torch import nn


class Divide(torch.autograd.Function):
    @staticmethod
    def forward(ctx, x, weight, eps):
        dtype = torch.promote_types(x.dtype, torch.float32)
        rows = x.reshape(-1, weight.numel()).to(dtype)
        inverse = torch.rsqrt(torch.einsum("td,td->t", rows, rows) / weight.numel() + eps)[:, None]
        unit = rows * inverse
        ctx.save_for_backward(unit, inverse, weight)
        return (unit * weight).to(x.dtype).view(x.shape)

    @staticmethod
    def backward(ctx, g):
        unit, inverse, weight = ctx.saved_tensors
        rows = g.reshape(unit.shape).to(unit.dtype)
        hat = rows * weight
        dx = inverse * (hat - unit * (hat * unit).mean(1, keepdim=True))
        return dx.view(g.shape).to(g.dtype), (rows * unit).sum(0).to(weight.dtype), None


class RMSNorm(nn.Module):
    """The closed-form gradient; γ multiplies in float32, the result returns to x's dtype."""

    def __init__(self, dim, eps=1e-6):
        super().__init__()
        self.weight = nn.Parameter(torch.ones(dim))
        self.eps = eps

    def forward(self, x):
        return Divide.apply(x, self.weight, self.eps)
