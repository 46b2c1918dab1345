# mistake: Pairs of neighbouring features share a coin, because coins are drawn for half of them and repeated.
# line: 19
import torch
from torch import Tensor, nn


class Dropout(nn.Module):
    def __init__(self, p: float = 0.5):
        super().__init__()
        if not 0 <= p <= 1:
            raise ValueError(p)
        self.p = p

    def forward(self, x: Tensor) -> Tensor:
        if not self.training:
            return x
        flat = x.reshape(-1)
        half = torch.rand((flat.numel() + 1) // 2, device=x.device) >= self.p
        keep = half.repeat_interleave(2)[: flat.numel()].reshape(x.shape)
        return x * keep.to(x.dtype) * (1 / (1 - self.p) if self.p < 1 else 0)
