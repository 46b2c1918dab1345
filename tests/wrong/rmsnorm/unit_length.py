# mistake: Tokens are brought to length 1 instead of rms 1: the factor √D is missing.
# bug: sum_of_squares
# line: 19
import torch
from torch import Tensor, nn


def widen(x: Tensor) -> Tensor:
    return x.float() if x.element_size() < 4 else x


class RMSNorm(nn.Module):
    def __init__(self, dim: int, eps: float = 1e-6):
        super().__init__()
        self.eps = eps
        self.weight = nn.Parameter(torch.ones(dim))

    def forward(self, x: Tensor) -> Tensor:
        w = widen(x)
        length = torch.sqrt(torch.einsum("...d,...d->...", w, w) + self.eps)
        return self.weight * (w / length[..., None]).to(x.dtype)
