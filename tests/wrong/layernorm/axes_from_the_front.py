# mistake: The axes are counted from the front, so the batch is normalised instead of the features.
# bug: batch_axis
# line: 11
import torch
from torch import Tensor, nn


class LayerNorm(nn.Module):
    def __init__(self, normalized_shape: int | tuple[int, ...], eps: float = 1e-5):
        super().__init__()
        shape = (normalized_shape,) if isinstance(normalized_shape, int) else tuple(normalized_shape)
        self.axes = list(range(len(shape)))
        self.eps = eps
        self.weight = nn.Parameter(torch.ones(shape))
        self.bias = nn.Parameter(torch.zeros(shape))

    def forward(self, x: Tensor) -> Tensor:
        var, mean = torch.var_mean(x, self.axes, correction=0, keepdim=True)
        return self.weight * ((x - mean) / (var + self.eps).sqrt()) + self.bias
