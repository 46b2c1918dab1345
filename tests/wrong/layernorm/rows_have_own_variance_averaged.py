# mistake: With several normalised dimensions the variance is the mean of the variances of the rows, which leaves out how far the rows lie apart.
# bug: rows_averaged
# line: 20
import torch
from torch import Tensor, nn


class LayerNorm(nn.Module):
    def __init__(self, normalized_shape: int | tuple[int, ...], eps: float = 1e-5):
        super().__init__()
        if isinstance(normalized_shape, int):
            normalized_shape = (normalized_shape,)
        self.ndims = len(normalized_shape)
        self.eps = eps
        self.weight = nn.Parameter(torch.ones(*normalized_shape))
        self.bias = nn.Parameter(torch.zeros(*normalized_shape))

    def forward(self, x: Tensor) -> Tensor:
        m = x
        s = x.var(-1, unbiased=False, keepdim=True)
        for axis in range(1, self.ndims + 1):
            m = m.mean(-axis, keepdim=True)
            s = s.mean(-axis, keepdim=True)
        normed = (x - m) / torch.sqrt(s + self.eps)
        return torch.addcmul(self.bias, normed, self.weight)
