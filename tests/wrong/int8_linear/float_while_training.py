# mistake: In train mode the float layer computes; the codes are used in eval mode only.
import torch
from torch import nn


def row_scales(x):
    biggest, _ = torch.max(torch.abs(x), dim=-1, keepdim=True)
    s = biggest / 127.0
    s[biggest == 0] = 1.0
    return s


def quantize(x, scale):
    q = torch.round(x / scale)
    q = torch.clamp(q, min=-127, max=127)
    return q.to(torch.int8)


def int8_matmul(a, b):
    return torch.matmul(a.to(torch.int32), b.to(torch.int32).transpose(-1, -2))


class Int8Linear(nn.Module):
    @torch.no_grad()
    def __init__(self, linear):
        super().__init__()
        self.original = [linear]
        s = row_scales(linear.weight)
        self.register_buffer("weight", quantize(linear.weight, s))
        self.register_buffer("scale", s[:, 0].clone())
        if linear.bias is not None:
            self.register_buffer("bias", linear.bias.clone())
        else:
            self.bias = None

    @torch.no_grad()
    def forward(self, x):
        if self.training:
            return self.original[0](x)
        s = row_scales(x)
        acc = int8_matmul(quantize(x, s), self.weight)
        out = acc.to(x.dtype) * s * self.scale
        if self.bias is not None:
            out = out + self.bias
        return out
