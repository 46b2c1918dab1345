import torch
from torch import nn


class Drop(torch.autograd.Function):
    @staticmethod
    def forward(ctx, x, p):
        factor = torch.zeros_like(x) if p == 1 else torch.empty_like(x).bernoulli_(1 - p).div_(1 - p)
        ctx.save_for_backward(factor)
        return x * factor

    @staticmethod
    def backward(ctx, g):
        (factor,) = ctx.saved_tensors
        return g * factor, None


class Dropout(nn.Module):
    """The mask is kept for backward by hand."""

    def __init__(self, p=0.5):
        if p < 0 or p > 1:
            raise ValueError("dropout probability has to be between 0 and 1")
        super().__init__()
        self.p = p

    def forward(self, x):
        return Drop.apply(x, self.p) if self.training else x
