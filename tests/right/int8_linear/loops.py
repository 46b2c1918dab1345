"""Token by token; the sum over features is a loop of rank-one updates."""

import torch
from torch import nn


def row_scales(x):
    rows = x.detach().reshape(-1, x.shape[-1])
    scales = []
    for row in rows:
        biggest = 0.0
        for value in row.tolist():
            biggest = max(biggest, abs(value))
        scales.append(biggest / 127 if biggest else 1.0)
    return torch.tensor(scales, dtype=x.dtype, device=x.device).reshape(*x.shape[:-1], 1)


def quantize(x, scale):
    steps = (x / scale).detach()
    codes = []
    for value in steps.flatten().tolist():
        codes.append(-127 if value < -127 else 127 if value > 127 else round(value))
    return torch.tensor(codes, dtype=torch.int8, device=x.device).reshape(x.shape)


def int8_matmul(a, b):
    total = torch.zeros(*a.shape[:-1], b.shape[0], dtype=torch.int32, device=a.device)
    step = 997
    for start in range(0, a.shape[-1], step):
        left, right = a[..., start : start + step].int(), b[:, start : start + step].int()
        for n in range(b.shape[0]):
            total[..., n] += (left * right[n]).sum(-1, dtype=torch.int32)
    return total


class Int8Linear(nn.Module):
    def __init__(self, linear):
        super().__init__()
        weight = linear.weight.data
        scales = row_scales(weight)
        self.register_buffer("weight", quantize(weight, scales))
        self.register_buffer("scale", scales.reshape(-1))
        self.register_buffer("bias", None if linear.bias is None else linear.bias.data.clone())

    def forward(self, x):
        tokens = x.detach().reshape(-1, x.shape[-1])
        out = x.new_empty(len(tokens), len(self.scale))
        for t, token in enumerate(tokens):
            s = row_scales(token)
            sums = int8_matmul(quantize(token, s), self.weight)
            for n, total in enumerate(sums.tolist()):
                out[t, n] = total * s[0] * self.scale[n]
                if self.bias is not None:
                    out[t, n] += self.bias[n]
        return out.reshape(*x.shape[:-1], len(self.scale))
