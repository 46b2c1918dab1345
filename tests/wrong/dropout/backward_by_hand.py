# mistake: The backward written by hand forgets the factor 1/(1 − p).
# bug: gradient_unscaled
# line: 19
import torch
from torch import Tensor, nn


class _Mask(torch.autograd.Function):
    @staticmethod
    def forward(ctx, x: Tensor, p: float) -> Tensor:
        kept = torch.rand(x.shape, device=x.device) >= p
        ctx.factor = 0.0 if p == 1 else 1 / (1 - p)
        ctx.save_for_backward(kept)
        return torch.where(kept, x * ctx.factor, torch.zeros_like(x))

    @staticmethod
    def backward(ctx, grad: Tensor):
        (kept,) = ctx.saved_tensors
        return torch.where(kept, grad, torch.zeros_like(grad)), None


class Dropout(nn.Module):
    def __init__(self, p: float = 0.5):
        super().__init__()
        if p > 1 or p < 0:
            raise ValueError("dropout probability has to be between 0 and 1")
        self.p = p

    def forward(self, x: Tensor) -> Tensor:
        return _Mask.apply(x, self.p) if self.training else x
