# mistake: The older form: nothing is scaled in training, everything is multiplied by 1 - p in inference.
# bug: scaled_at_inference
# line: 17, 18
import torch
from torch import Tensor, nn


class Dropout(nn.Module):
    def __init__(self, p: float = 0.5):
        super().__init__()
        if not (0.0 <= p <= 1.0):
            raise ValueError("probability")
        self.p, self.q = p, 1.0 - p

    def forward(self, x: Tensor) -> Tensor:
        if not self.training:
            return self.q * x
        return torch.bernoulli(torch.full_like(x, self.q)) * x
