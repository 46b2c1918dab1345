"""im2col and one matrix product a layer; pooling first and ReLU after it where that is the same."""

from itertools import accumulate

import torch
import torch.nn.functional as F
from torch import nn


def he(module):
    for m in module.modules():
        if getattr(m, "weight", None) is not None:
            std = (2.0 / m.weight.flatten(1).size(1)) ** 0.5
            m.weight = nn.Parameter(torch.normal(0.0, std, m.weight.shape))
            m.bias = nn.Parameter(torch.zeros_like(m.bias))
    return module


class VGGBlock(nn.Module):
    def __init__(self, num_convs, in_channels, out_channels):
        super().__init__()
        convs = [nn.Conv2d(in_channels, out_channels, (3, 3))]
        while len(convs) != num_convs:
            convs += [nn.Conv2d(out_channels, out_channels, (3, 3))]
        self.convs = he(nn.ModuleList(convs))

    def forward(self, x):
        for i, c in enumerate(self.convs):
            h, w = x.shape[-2:]
            columns = F.unfold(x if i == 0 else F.relu(x), 3, padding=1)
            x = (c.weight.flatten(1) @ columns + c.bias[:, None]).unflatten(2, (h, w))
        return F.relu(F.max_pool2d(x, 2))


class VGG(nn.Module):
    def __init__(self, arch, in_channels, height, width, num_classes, hidden):
        super().__init__()
        self.blocks = nn.Sequential()
        for i, (n, c) in enumerate(arch):
            self.blocks.add_module(str(i), VGGBlock(n, arch[i - 1][1] if i else in_channels, c))
        self.fc1, self.fc2, self.fc3 = (
            he(nn.Linear(a, b))
            for a, b in (
                (vgg_shapes(arch, in_channels, height, width, 1, 1)[-4][0], hidden),
                (hidden, hidden),
                (hidden, num_classes),
            )
        )

    def forward(self, x):
        z = self.blocks(x).contiguous().view(x.size(0), -1)
        for fc in (self.fc1, self.fc2):
            z = torch.addmm(fc.bias, z, fc.weight.T).relu_()
        return torch.addmm(self.fc3.bias, z, self.fc3.weight.T)


def vgg_shapes(arch, in_channels, height, width, num_classes, hidden):
    halve = lambda size, block: (block[1], size[1] // 2, size[2] // 2)  # noqa: E731
    maps = [*accumulate(arch, halve, initial=(in_channels, height, width))]
    c, h, w = maps[-1]
    return maps + [(n,) for n in (c * h * w, hidden, hidden, num_classes)]
