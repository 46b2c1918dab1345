"""Convolution as a loop over the nine taps, pooling as a loop over the window; parameters by hand."""

import torch
from torch import nn


def randn(*shape):
    fan_in = 1
    for n in shape[1:]:
        fan_in = fan_in * n
    return nn.Parameter(torch.randn(*shape) * (2 / fan_in) ** 0.5)


class Layer(nn.Module):
    def __init__(self, *shape):
        super().__init__()
        self.weight = randn(*shape)
        self.bias = nn.Parameter(torch.zeros(shape[0]))


class VGGBlock(nn.Module):
    def __init__(self, num_convs, in_channels, out_channels):
        super().__init__()
        self.convs = nn.Module()
        self.count = num_convs
        for i in range(num_convs):
            self.convs.add_module(str(i), Layer(out_channels, out_channels if i else in_channels, 3, 3))

    def forward(self, x):
        for i in range(self.count):
            layer = getattr(self.convs, str(i))
            n, c, height, width = x.shape
            framed = x.new_zeros(n, c, height + 2, width + 2)
            framed[:, :, 1:-1, 1:-1] = x
            total = layer.bias.reshape(1, -1, 1, 1)
            for u in range(3):
                for v in range(3):
                    under = framed[:, None, :, u : u + height, v : v + width]
                    total = total + (layer.weight[:, :, u, v, None, None] * under).sum(2)
            x = total * (total > 0)
        height, width = x.shape[2] // 2, x.shape[3] // 2
        best = None
        for u in range(2):
            for v in range(2):
                corner = x[:, :, u : 2 * height : 2, v : 2 * width : 2]
                best = corner if best is None else torch.where(corner > best, corner, best)
        return best


class VGG(nn.Module):
    def __init__(self, arch, in_channels, height, width, num_classes, hidden):
        super().__init__()
        self.blocks = nn.ModuleDict()
        for i in range(len(arch)):
            num_convs, out_channels = arch[i]
            self.blocks[f"{i}"] = VGGBlock(num_convs, in_channels, out_channels)
            in_channels = out_channels
            height = (height - height % 2) // 2
            width = (width - width % 2) // 2
        self.fc1 = Layer(hidden, in_channels * height * width)
        self.fc2 = Layer(hidden, hidden)
        self.fc3 = Layer(num_classes, hidden)

    def forward(self, x):
        for name in self.blocks:
            x = self.blocks[name](x)
        x = x.reshape(x.shape[0], -1)
        for layer in (self.fc1, self.fc2):
            x = torch.stack([(layer.weight * one).sum(1) + layer.bias for one in x])
            x = x * (x > 0)
        return torch.stack([(self.fc3.weight * one).sum(1) + self.fc3.bias for one in x])


def vgg_shapes(arch, in_channels, height, width, num_classes, hidden):
    found = [(in_channels, height, width)]
    for _, channels in arch:
        height, width = height >> 1, width >> 1
        found.append((channels, height, width))
    size = 0
    for _ in range(found[-1][0]):
        size += height * width
    found.extend([(size,), (hidden,), (hidden,), (num_classes,)])
    return found
