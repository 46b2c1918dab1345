"""Written for a single token; torch.func.vmap does the rest."""

import torch
from torch import Tensor, nn
from torch.func import vmap


def one_token(t: Tensor, gamma: Tensor, beta: Tensor, eps: float) -> Tensor:
    t = t - t.mean()
    return torch.lerp(beta, beta + gamma, t / (t.ravel().dot(t.ravel()) / t.numel() + eps).sqrt())


class LayerNorm(nn.Module):
    weight: nn.Parameter
    bias: nn.Parameter

    def __init__(self, normalized_shape: int | tuple[int, ...], eps: float = 1e-5):
        super().__init__()
        one = torch.ones(normalized_shape)
        self.weight = nn.Parameter(one)
        self.bias = nn.Parameter(one - one)
        self.eps = eps

    def forward(self, x: Tensor) -> Tensor:
        f = one_token
        for _ in range(x.ndim - self.weight.ndim):
            f = vmap(f, in_dims=(0, None, None, None))
        return f(x, self.weight, self.bias, self.eps)
