# mistake: Sums are made in float16, which ends at 65504.
import torch
import torch.nn.functional as F
from torch import nn


def row_scales(x):
    return x.abs().amax(-1, keepdim=True).div(127).masked_fill((x == 0).all(-1, keepdim=True), 1)


def quantize(x, scale):
    return (x * scale.reciprocal()).clamp(-127, 127).round().to(torch.int8)


def int8_matmul(a, b):
    return F.linear(a.half(), b.half()).to(torch.int32)


class Int8Linear(nn.Module):
    def __init__(self, linear):
        super().__init__()
        state = {name: value.detach().clone() for name, value in linear.named_parameters()}
        s = row_scales(state["weight"])
        for name, value in {"weight": quantize(state["weight"], s), "scale": s.flatten()}.items():
            self.register_buffer(name, value)
        self.register_buffer("bias", state.get("bias"))

    def forward(self, x):
        s = row_scales(x)
        sums = torch.einsum("...k,nk->...n", quantize(x, s).double(), self.weight.double()).to(x.dtype)
        y = torch.einsum("...n,...,n->...n", sums, s.squeeze(-1), self.scale)
        return y if self.bias is None else y.add_(self.bias)
