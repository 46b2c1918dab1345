# mistake: Without affine the input comes back as it is: the early return stands before the normalisation.
import torch
from torch import Tensor, nn


class GroupNorm(nn.Module):
    def __init__(self, num_groups: int, num_channels: int, eps: float = 1e-5, affine: bool = True):
        super().__init__()
        if num_channels % num_groups:
            raise ValueError("channels and groups do not fit")
        self.num_groups, self.eps = num_groups, eps
        self.affine = affine
        if affine:
            self.weight = nn.Parameter(torch.ones(num_channels))
            self.bias = nn.Parameter(torch.zeros(num_channels))

    def forward(self, x: Tensor) -> Tensor:
        if not self.affine:
            return x
        columns = (-1,) + (1,) * (x.ndim - 2)
        y = x.flatten(1).unflatten(1, (self.num_groups, -1))
        var, mean = torch.var_mean(y, 2, correction=0, keepdim=True)
        y = ((y - mean) / torch.sqrt(var + self.eps)).view(x.shape)
        return y * self.weight.view(columns) + self.bias.view(columns)
