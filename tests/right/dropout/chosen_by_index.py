import torch
from torch import nn


class Dropout(nn.Module):
    """Finds the survivors' places and copies only them into zeros."""

    def __init__(self, p=0.5):
        super().__init__()
        if p not in (0, 1) and not 0 < p < 1:
            raise ValueError(f"dropout: {p}")
        self.p = p

    def forward(self, x):
        if self.training is False:
            return x
        flat = x.reshape(-1)
        places = torch.rand(flat.numel(), device=x.device).ge(self.p).nonzero().squeeze(1)
        kept = flat[places] / (1 - self.p if self.p != 1 else 1)
        return torch.zeros_like(flat).index_copy(0, places, kept).reshape(x.shape)
