# mistake: The axes are counted from the front on the first call and kept, so a later x with another number of leading dimensions is normalised over the wrong ones.
# line: 19
import torch
from torch import Tensor, nn


class LayerNorm(nn.Module):
    def __init__(self, normalized_shape: int | tuple[int, ...], eps: float = 1e-5):
        super().__init__()
        if isinstance(normalized_shape, int):
            normalized_shape = (normalized_shape,)
        self.normalized_shape = normalized_shape
        self.eps = eps
        self.weight = nn.Parameter(torch.ones(normalized_shape))
        self.bias = nn.Parameter(torch.zeros(normalized_shape))
        self._axes = None

    def axes(self, x: Tensor) -> list[int]:
        if self._axes is None:
            first = x.ndim - len(self.normalized_shape)
            self._axes = list(range(first, x.ndim))
        return self._axes

    def forward(self, x: Tensor) -> Tensor:
        axes = self.axes(x)
        centred = x - x.mean(axes, keepdim=True)
        power = centred.square().mean(axes, keepdim=True)
        return self.weight * centred / (power + self.eps).sqrt() + self.bias
