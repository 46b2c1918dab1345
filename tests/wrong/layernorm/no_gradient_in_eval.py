# mistake: In eval mode the forward pass runs without gradients.
# line: 21
import torch
from torch import Tensor, nn


class LayerNorm(nn.Module):
    def __init__(self, normalized_shape: int | tuple[int, ...], eps: float = 1e-5):
        super().__init__()
        shape = [normalized_shape] if isinstance(normalized_shape, int) else list(normalized_shape)
        self.weight = nn.Parameter(torch.ones(shape))
        self.bias = nn.Parameter(torch.zeros(shape))
        self.eps = eps

    def normalise(self, x: Tensor) -> Tensor:
        over = tuple(range(x.dim() - self.weight.dim(), x.dim()))
        var, mean = torch.var_mean(x, over, unbiased=False, keepdim=True)
        return (x - mean) / (var + self.eps).sqrt()

    def forward(self, x: Tensor) -> Tensor:
        with torch.set_grad_enabled(self.training and torch.is_grad_enabled()):
            return self.normalise(x) * self.weight + self.bias
