# mistake: The variance is the unbiased one, divided by D - 1; and beta is a buffer, so it is never learned.
# line: 15, 19
# bug: unbiased_variance + bias_not_learned
import torch
from torch import Tensor, nn


class LayerNorm(nn.Module):
    def __init__(self, normalized_shape: int | tuple[int, ...], eps: float = 1e-5):
        super().__init__()
        shape = torch.Size([normalized_shape] if isinstance(normalized_shape, int) else normalized_shape)
        self.axes = [-i - 1 for i in range(len(shape))]
        self.eps = eps
        self.register_parameter("weight", nn.Parameter(torch.ones(shape)))
        self.register_buffer("bias", torch.zeros(shape))

    def forward(self, x: Tensor) -> Tensor:
        deviation = x - x.mean(self.axes, keepdim=True)
        spread = x.var(self.axes, keepdim=True)
        return torch.addcmul(self.bias, self.weight, deviation / (spread + self.eps) ** 0.5)
