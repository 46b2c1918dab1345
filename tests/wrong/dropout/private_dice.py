# mistake: The coins come from numpy, so torch.manual_seed does not decide them.
# bug: own_generator
# line: 18
import numpy as np
import torch
from torch import Tensor, nn


class Dropout(nn.Module):
    def __init__(self, p: float = 0.5):
        super().__init__()
        if not 0 <= p <= 1:
            raise ValueError(p)
        self.p = p

    def forward(self, x: Tensor) -> Tensor:
        if self.training:
            keep = torch.from_numpy(np.asarray(np.random.random(tuple(x.shape)) >= self.p))
            return x * keep.to(x.device, x.dtype) / (1 - self.p or 1)
        return x
