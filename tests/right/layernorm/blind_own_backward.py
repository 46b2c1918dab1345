"""The closed-form gradient, in a torch.autograd.Function."""

import torch
from torch import Tensor, nn


class Normalise(torch.autograd.Function):
    @staticmethod
    def forward(ctx, x, gamma, beta, eps):
        n = gamma.numel()
        rows = x.reshape(-1, n)
        c = rows - rows @ rows.new_full((n, 1), 1 / n)
        r = 1 / torch.sqrt(torch.einsum("td,td->t", c, c) / n + eps)
        h = torch.einsum("td,t->td", c, r)
        ctx.save_for_backward(h, r, gamma)
        return (h * gamma.reshape(-1)).add_(beta.reshape(-1)).reshape(x.shape)

    @staticmethod
    def backward(ctx, g):
        h, r, gamma = ctx.saved_tensors
        rows = g.reshape(h.shape)
        a = rows * gamma.reshape(-1)
        a = a - a.mean(1, True) - h * (a * h).mean(1, True)
        dx = (a * r[:, None]).reshape(g.shape)
        dgamma = (rows * h).sum(0).reshape(gamma.shape)
        return dx, dgamma, rows.sum(0).reshape(gamma.shape), None


class LayerNorm(nn.Module):
    def __init__(self, normalized_shape: int | tuple[int, ...], eps: float = 1e-5):
        super().__init__()
        self.weight = nn.Parameter(torch.ones(normalized_shape))
        self.bias = nn.Parameter(torch.zeros(normalized_shape))
        self.eps = eps

    def forward(self, x: Tensor) -> Tensor:
        return Normalise.apply(x, self.weight, self.bias, self.eps)
