# mistake: The scale and the shift are bound when the layer is made, so a copy of it computes with those of its original.
# line: 14
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
        self.affine = lambda normed: self.weight * normed + self.bias

    def forward(self, x: Tensor) -> Tensor:
        centred = x - x.mean(self.axes, keepdim=True)
        var = centred.square().mean(self.axes, keepdim=True)
        return self.affine(centred / torch.sqrt(var + self.eps))
