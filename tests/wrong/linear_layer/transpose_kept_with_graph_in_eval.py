# mistake: The transposed weight is copied, graph and all, at the first call in eval mode and used from then on, even after the weight has changed.
# line: 26, 29
# bug: weight_remembered
import torch
from torch import Tensor, nn


class Linear(nn.Module):
    def __init__(self, in_features: int, out_features: int, bias: bool = True):
        super().__init__()
        self.weight = nn.Parameter(self._draw(out_features, in_features, n=in_features))
        self.register_parameter(
            "bias", nn.Parameter(self._draw(out_features, n=in_features)) if bias else None
        )
        self._cached = None

    @staticmethod
    def _draw(*shape, n):
        return (2 * torch.rand(*shape) - 1) * n**-0.5

    def _weight_t(self):
        if self.training:
            return self.weight.t()
        if self._cached is None:
            self._cached = self.weight.t().clone()
        return self._cached

    def forward(self, x: Tensor) -> Tensor:
        y = torch.tensordot(x, self._weight_t(), dims=1)
        return y if self.bias is None else y + self.bias
