"""An int8 linear layer: codes in place of numbers, and one scale for each row (symmetric quantisation).

s = max |x| / 127,   q = clamp(round(x / s), −127, 127),   y = s_x s_w (q_x q_wᵀ) + b
"""

import torch
from torch import Tensor, nn


def row_scales(x: Tensor) -> Tensor:
    largest = x.abs().amax(-1, keepdim=True)  # (..., 1)
    return torch.where(largest > 0, largest / 127, 1.0)


def quantize(x: Tensor, scale: Tensor) -> Tensor:
    steps = x / scale  # (..., K), not whole yet
    nearest = steps.round()
    return nearest.clamp(-127, 127).to(torch.int8)


def int8_matmul(a: Tensor, b: Tensor) -> Tensor:
    products = a.unsqueeze(-2).int() * b.int()  # (..., N, K)
    return products.sum(-1, dtype=torch.int32)  # (..., N)


class Int8Linear(nn.Module):
    weight: Tensor
    scale: Tensor
    bias: Tensor | None

    def __init__(self, linear: nn.Linear):
        super().__init__()
        weight = linear.weight.detach()  # (d_out, d_in)
        scale = row_scales(weight)  # (d_out, 1)
        bias = None if linear.bias is None else linear.bias.detach().clone()
        self.register_buffer("weight", quantize(weight, scale))
        self.register_buffer("scale", scale.squeeze(-1))
        self.register_buffer("bias", bias)

    def forward(self, x: Tensor) -> Tensor:
        x_scale = row_scales(x)  # (..., 1)
        codes = quantize(x, x_scale)  # (..., d_in)
        total = int8_matmul(codes, self.weight)  # (..., d_out)
        y = total * x_scale * self.scale
        return y if self.bias is None else y + self.bias
