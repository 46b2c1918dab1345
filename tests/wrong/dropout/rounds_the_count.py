# mistake: In every row just the share p of the entries is dropped, rounded, at random places.
# line: 19, 20
import torch
from torch import Tensor, nn


class Dropout(nn.Module):
    def __init__(self, p: float = 0.5):
        super().__init__()
        if not 0 <= p <= 1:
            raise ValueError(p)
        self.p = p

    def forward(self, x: Tensor) -> Tensor:
        if not self.training or x.numel() == 0:
            return x
        rows = x.reshape(-1, x.shape[-1] if x.dim() else 1)
        noise = torch.rand(rows.shape, device=x.device)
        ranks = noise.argsort(-1).argsort(-1)
        keep = (ranks >= round(self.p * rows.shape[-1])).to(x.dtype).reshape(x.shape)
        return x * keep / (1 - self.p) if self.p < 1 else x * 0
