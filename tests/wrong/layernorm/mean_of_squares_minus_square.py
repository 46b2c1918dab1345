# mistake: The variance is E[x^2] - E[x]^2, which loses all its digits in float32 where the mean is far larger than the deviation.
# bug: one_pass_variance
# line: 21
import torch
from torch import Tensor, nn


class LayerNorm(nn.Module):
    def __init__(self, normalized_shape: int | tuple[int, ...], eps: float = 1e-5):
        super().__init__()
        self.shape = (normalized_shape,) if type(normalized_shape) is int else tuple(normalized_shape)
        self.eps = eps
        self.weight = nn.Parameter(torch.ones(self.shape))
        self.bias = nn.Parameter(torch.zeros(self.shape))

    def forward(self, x: Tensor) -> Tensor:
        rows = x.reshape(*x.shape[: x.dim() - len(self.shape)], -1)
        n = rows.shape[-1]
        first = rows.sum(-1, keepdim=True) / n
        second = (rows * rows).sum(-1, keepdim=True) / n
        spread = (second - first * first).clamp_min(0)
        rows = (rows - first) / torch.sqrt(spread + self.eps)
        return rows.reshape(x.shape) * self.weight + self.bias
