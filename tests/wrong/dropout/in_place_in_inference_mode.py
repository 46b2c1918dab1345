# mistake: In inference mode entries of the caller's x itself are zeroed.
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
        keep = (torch.rand(x.shape, device=x.device) >= self.p).to(x.dtype)
        if torch.is_inference_mode_enabled():
            x.mul_(keep)
        return x * keep / (1 - self.p) if self.p < 1 else x * 0
