# mistake: Weights are turned back into floats once, in __init__; a loaded state has no effect.
# bug: old_codes
import torch
import torch.nn.functional as F
from torch import nn


def _symmetric(x):
    top = torch.linalg.vector_norm(x, ord=float("inf"), dim=-1, keepdim=True)
    scale = torch.where(top == 0, torch.ones_like(top), top / 127)
    return quantize(x, scale), scale


def row_scales(x):
    return _symmetric(x)[1]


def quantize(x, scale):
    return torch.minimum(torch.maximum(torch.round(x / scale), -x.new_tensor(127)), x.new_tensor(127)).char()


def int8_matmul(a, b):
    high, low = a.long() >> 4, a.long() & 15  # a = 16 · high + low
    b = b.long().t()
    return (16 * (high @ b) + low @ b).int()


class Int8Linear(nn.Module):
    def __init__(self, linear):
        super().__init__()
        codes, scale = _symmetric(linear.weight.detach())
        self.register_buffer("weight", codes)
        self.register_buffer("scale", scale.squeeze(1))
        self.floats = codes * scale
        self.register_buffer("bias", None if linear.bias is None else 1 * linear.bias.detach())

    def forward(self, x):
        codes, scale = _symmetric(x)
        return F.linear(codes * scale, self.floats, self.bias)
