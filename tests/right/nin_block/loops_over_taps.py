"""Loops over the kernel, the window of the pool and the images; parameters by hand in bare modules."""

import torch
from torch import nn


def layer(out_channels, in_channels, size):
    part = nn.Module()
    bound = 1 / (in_channels * size * size) ** 0.5
    part.weight = nn.Parameter((torch.rand(out_channels, in_channels, size, size) * 2 - 1) * bound)
    part.bias = nn.Parameter((torch.rand(out_channels) * 2 - 1) * bound)
    return part


def positions(side, kernel, stride):
    found = 0
    while found * stride + kernel <= side:
        found += 1
    return found


def convolve(part, x, stride, padding):
    n, c, h, w = x.shape
    framed = x.new_zeros(n, c, h + 2 * padding, w + 2 * padding)
    framed[:, :, padding : padding + h, padding : padding + w] = x
    size = part.weight.shape[2]
    h, w = positions(h + 2 * padding, size, stride), positions(w + 2 * padding, size, stride)
    total = part.bias[None, :, None, None]
    for u in range(size):
        for v in range(size):
            for channel in range(c):
                rows = slice(u, u + (h - 1) * stride + 1, stride)
                columns = slice(v, v + (w - 1) * stride + 1, stride)
                under = framed[:, channel, rows, columns][:, None]
                total = total + part.weight[:, channel, u, v][None, :, None, None] * under
    return total


class NiNBlock(nn.Module):
    def __init__(self, in_channels, out_channels, kernel_size, stride=1, padding=0):
        super().__init__()
        self.stride = stride
        self.padding = padding
        self.conv1 = layer(out_channels, in_channels, kernel_size)
        self.conv2 = layer(out_channels, out_channels, 1)
        self.conv3 = layer(out_channels, out_channels, 1)

    def forward(self, x):
        x = convolve(self.conv1, x, self.stride, self.padding)
        x = torch.where(x > 0, x, torch.zeros_like(x))
        x = convolve(self.conv2, x, 1, 0)
        x = torch.where(x > 0, x, torch.zeros_like(x))
        x = convolve(self.conv3, x, 1, 0)
        return torch.where(x > 0, x, torch.zeros_like(x))


def pool(x):
    h, w = positions(x.shape[2], 3, 2), positions(x.shape[3], 3, 2)
    rows = []
    for i in range(h):
        row = []
        for j in range(w):
            row.append(x[:, :, 2 * i : 2 * i + 3, 2 * j : 2 * j + 3].flatten(2).max(2).values)
        rows.append(torch.stack(row, 2))
    return torch.stack(rows, 2)


class NiN(nn.Module):
    def __init__(self, arch, in_channels, num_classes):
        super().__init__()
        self.blocks = nn.ModuleDict()
        for i in range(len(arch)):
            before = in_channels if i == 0 else arch[i - 1][0]
            self.blocks[str(i)] = NiNBlock(before, arch[i][0], arch[i][1], arch[i][2], arch[i][3])
        self.blocks[str(len(arch))] = NiNBlock(arch[-1][0], num_classes, 3, 1, 1)

    def forward(self, x):
        last = str(len(self.blocks) - 1)
        for name in self.blocks:
            x = self.blocks[name](x)
            if name != last:
                x = pool(x)
        total = 0
        for i in range(x.shape[2]):
            for j in range(x.shape[3]):
                total = total + x[:, :, i, j]
        return total / (x.shape[2] * x.shape[3])


def nin_shapes(arch, in_channels, num_classes, height, width):
    shapes = [(in_channels, height, width)]
    for channels, kernel, stride, padding in arch:
        height = positions(height + 2 * padding, kernel, stride)
        width = positions(width + 2 * padding, kernel, stride)
        shapes.append((channels, height, width))
        height, width = positions(height, 3, 2), positions(width, 3, 2)
        shapes.append((channels, height, width))
    return shapes + [(num_classes, height, width), (num_classes,)]
