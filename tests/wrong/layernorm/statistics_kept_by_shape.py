# mistake: In inference the mean and the deviation are computed once for each shape of input and kept.
# line: 24
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
        self.seen = {}

    def statistics(self, x: Tensor) -> tuple[Tensor, Tensor]:
        var, mean = torch.var_mean(x, self.axes, correction=0, keepdim=True)
        return mean, (var + self.eps).sqrt()

    def forward(self, x: Tensor) -> Tensor:
        if self.training or torch.is_grad_enabled():
            mean, std = self.statistics(x)
        elif x.shape not in self.seen:
            mean, std = self.seen[x.shape] = self.statistics(x)
        else:
            mean, std = self.seen[x.shape]
        return self.weight * ((x - mean) / std) + self.bias
