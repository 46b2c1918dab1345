"""Thins the image out by slicing before a 1×1 product; blocks are found by recursion; F.* throughout."""

import torch
import torch.nn.functional as F
from torch import nn


def normed(bn, x):
    if bn.training:
        bn.num_batches_tracked.add_(1)
    return F.batch_norm(x, bn.running_mean, bn.running_var, bn.weight, bn.bias, bn.training, 0.1, 1e-5)


class ResidualBlock(nn.Module):
    def __init__(self, in_channels, out_channels, stride=1):
        super().__init__()
        self.stride = stride
        conv = lambda c, k: nn.Conv2d(c, out_channels, k, padding=k // 2, bias=False)  # noqa: E731
        self.conv1, self.conv2 = conv(in_channels, 3), conv(out_channels, 3)
        self.bn1, self.bn2 = nn.BatchNorm2d(out_channels), nn.BatchNorm2d(out_channels)
        if not (stride == 1 and in_channels == out_channels):
            self.proj, self.proj_bn = conv(in_channels, 1), nn.BatchNorm2d(out_channels)

    def forward(self, x):
        s = self.stride
        f = F.conv2d(x, self.conv1.weight, padding=1)[..., ::s, ::s]
        f = F.threshold(normed(self.bn1, f), 0.0, 0.0)
        f = normed(self.bn2, F.conv2d(f, self.conv2.weight, padding=1))
        if "proj" in self._modules:
            thin = x[:, :, ::s, ::s]
            x = normed(
                self.proj_bn, torch.tensordot(thin, self.proj.weight[:, :, 0, 0], ([1], [1])).movedim(-1, 1)
            )
        return torch.maximum(x + f, torch.zeros_like(f))


class ResidualStage(nn.Module):
    def __init__(self, in_channels, out_channels, num_blocks, stride=1):
        super().__init__()
        sizes = [(in_channels, out_channels, stride)] + [(out_channels, out_channels, 1)] * (num_blocks - 1)
        self.blocks = nn.ModuleList(ResidualBlock(*size) for size in sizes)

    def forward(self, x, start=0):
        return x if start == len(self.blocks) else self.forward(self.blocks[start](x), start + 1)
