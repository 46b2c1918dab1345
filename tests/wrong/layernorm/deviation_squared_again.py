# mistake: The variance is rooted and squared again before eps is added: the values are right, but the root has an infinite slope at 0, so a constant token gets nan as gradient.
# bug: root_squared_again
# line: 9
import torch
from torch import Tensor, nn


def deviation(z: Tensor, dims: tuple[int, ...]) -> Tensor:
    return torch.sqrt((z * z).mean(dim=dims, keepdim=True))


class LayerNorm(nn.Module):
    def __init__(self, normalized_shape: int | tuple[int, ...], eps: float = 1e-5):
        super().__init__()
        size = torch.Size([normalized_shape] if isinstance(normalized_shape, int) else normalized_shape)
        self.weight = nn.Parameter(torch.ones(size))
        self.bias = nn.Parameter(torch.zeros(size))
        self.eps = eps

    def forward(self, x: Tensor) -> Tensor:
        dims = tuple(-1 - i for i in range(self.weight.dim()))
        z = x - x.mean(dim=dims, keepdim=True)
        std = deviation(z, dims)
        return z / torch.sqrt(std**2 + self.eps) * self.weight + self.bias
