# mistake: The mask is drawn at the first call and reused while the shape stays the same.
# bug: mask_kept_for_ever
# line: 20
import torch
from torch import Tensor, nn


class Dropout(nn.Module):
    def __init__(self, p: float = 0.5):
        super().__init__()
        if not 0 <= p <= 1:
            raise ValueError(p)
        self.p = p
        self._masks: dict = {}

    def mask(self, x: Tensor) -> Tensor:
        key = (tuple(x.shape), x.dtype)
        if key not in self._masks:
            self._masks[key] = torch.rand(x.shape).to(x.device) >= self.p
        return self._masks[key].to(x.dtype) / (1 - self.p or 1)

    def forward(self, x: Tensor) -> Tensor:
        if not self.training:
            return x
        return x * self.mask(x)
