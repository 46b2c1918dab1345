# mistake: In eval mode the first input of each shape is kept and returned for every later one.
# line: 17
import torch
from torch import Tensor, nn


class Dropout(nn.Module):
    def __init__(self, p: float = 0.5):
        super().__init__()
        if not 0 <= p <= 1:
            raise ValueError(p)
        self.p = p

    def forward(self, x: Tensor) -> Tensor:
        if not self.training and not torch.is_grad_enabled():
            self.kept = getattr(self, "kept", {})
            return self.kept.setdefault(x.shape, x)
        if not self.training:
            return x
        keep = (torch.rand(x.shape, device=x.device) >= self.p).to(x.dtype)
        return x * keep / (1 - self.p) if self.p < 1 else x * 0
