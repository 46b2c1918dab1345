"""Containers of torch.nn; `apply` starts every layer; shapes by integer arithmetic."""

import math

from torch import nn


def init_he(m):
    if isinstance(m, (nn.Conv2d, nn.Linear)):
        nn.init.kaiming_normal_(m.weight, mode="fan_in", nonlinearity="relu")
        nn.init.constant_(m.bias, 0)


class VGGBlock(nn.Module):
    def __init__(self, num_convs, in_channels, out_channels):
        super().__init__()
        self.convs = nn.ModuleList()
        for _ in range(num_convs):
            self.convs.append(nn.Conv2d(in_channels, out_channels, kernel_size=3, padding=1))
            in_channels = out_channels
        self.relu = nn.ReLU(inplace=True)
        self.pool = nn.MaxPool2d(kernel_size=2, stride=2)
        self.apply(init_he)

    def forward(self, x):
        for conv in self.convs:
            x = self.relu(conv(x))
        return self.pool(x)


class VGG(nn.Module):
    def __init__(self, arch, in_channels, height, width, num_classes, hidden):
        super().__init__()
        outs = [c for _, c in arch]
        ins = [in_channels] + outs[:-1]
        self.blocks = nn.Sequential(*[VGGBlock(n, i, o) for (n, o), i in zip(arch, ins)])
        features = math.prod(vgg_shapes(arch, in_channels, height, width, num_classes, hidden)[len(arch)])
        self.fc1 = nn.Linear(features, hidden)
        self.fc2 = nn.Linear(hidden, hidden)
        self.fc3 = nn.Linear(hidden, num_classes)
        self.relu = nn.ReLU()
        self.flatten = nn.Flatten()
        self.apply(init_he)

    def forward(self, x):
        x = self.flatten(self.blocks(x))
        x = self.relu(self.fc1(x))
        x = self.relu(self.fc2(x))
        return self.fc3(x)


def vgg_shapes(arch, in_channels, height, width, num_classes, hidden):
    shapes = [(in_channels, height, width)]
    for i, (_, channels) in enumerate(arch, 1):
        shapes.append((channels, height // 2**i, width // 2**i))
    shapes.append((math.prod(shapes[-1]),))
    return shapes + [(hidden,)] * 2 + [(num_classes,)]
