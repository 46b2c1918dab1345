# mistake: Where no gradients are recorded, the caller's x is centred in place to save memory.
# line: 18
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
        mean = x.mean(self.axes, keepdim=True)
        if not torch.is_grad_enabled():
            centred = x.sub_(mean)
        else:
            centred = x - mean
        var = centred.square().mean(self.axes, keepdim=True)
        return torch.addcmul(self.bias, self.weight, centred * torch.rsqrt(var + self.eps))
