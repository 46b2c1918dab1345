# mistake: The scale loses its dimensions of size 1, so it lines up with the wrong ones.
# line: 20
import torch
from torch import Tensor, nn


class LayerNorm(nn.Module):
    def __init__(self, normalized_shape: int | tuple[int, ...], eps: float = 1e-5):
        super().__init__()
        shape = (normalized_shape,) if isinstance(normalized_shape, int) else tuple(normalized_shape)
        self.axes = tuple(range(-len(shape), 0))
        self.eps = eps
        self.weight = nn.Parameter(torch.ones(shape))
        self.bias = nn.Parameter(torch.zeros(shape))

    def forward(self, x: Tensor) -> Tensor:
        centred = x - x.mean(self.axes, keepdim=True)
        var = (centred * centred).mean(self.axes, keepdim=True)
        normed = centred / (var + self.eps).sqrt()
        scale, shift = self.weight, self.bias
        scale, shift = scale.squeeze(), shift.squeeze()
        return normed * scale + shift
