"""VGG (Simonyan & Zisserman, 2014): one block of 3×3 convolutions, repeated.

    z_i = ReLU(conv_i(z_{i−1})), y = maxpool(z_n)

Started as He et al. (2015) propose for ReLU, weights normal with deviation √(2 / fan in), so that signals keep their
size from layer to layer.
"""

from math import prod

import torch
from torch import Tensor, nn
from torch.nn.functional import max_pool2d


def started(layer: nn.Conv2d | nn.Linear) -> nn.Conv2d | nn.Linear:
    fan_in = layer.weight[0].numel()
    nn.init.normal_(layer.weight, std=(2 / fan_in) ** 0.5)
    nn.init.zeros_(layer.bias)
    return layer


class VGGBlock(nn.Module):
    def __init__(self, num_convs: int, in_channels: int, out_channels: int):
        super().__init__()
        inputs = [in_channels] + [out_channels] * (num_convs - 1)
        self.convs = nn.ModuleList([started(nn.Conv2d(c, out_channels, 3, padding=1)) for c in inputs])

    def forward(self, x: Tensor) -> Tensor:  # (N, C, H, W)
        z = x
        for conv in self.convs:
            summed = conv(z)  # (N, out_channels, H, W)
            z = torch.relu(summed)
        return max_pool2d(z, 2)  # (N, out_channels, H/2, W/2)


class VGG(nn.Module):
    def __init__(
        self,
        arch: list[tuple[int, int]],
        in_channels: int,
        height: int,
        width: int,
        num_classes: int,
        hidden: int,
    ):
        super().__init__()
        channels, h, w = in_channels, height, width
        self.blocks = nn.ModuleList()
        for num_convs, out_channels in arch:
            self.blocks.append(VGGBlock(num_convs, channels, out_channels))
            channels, h, w = out_channels, h // 2, w // 2
        self.fc1 = started(nn.Linear(channels * h * w, hidden))
        self.fc2 = started(nn.Linear(hidden, hidden))
        self.fc3 = started(nn.Linear(hidden, num_classes))

    def forward(self, x: Tensor) -> Tensor:  # (N, in_channels, height, width)
        for block in self.blocks:
            x = block(x)
        features = x.flatten(1)  # (N, channels·h·w)
        hidden1 = torch.relu(self.fc1(features))  # (N, hidden)
        hidden2 = torch.relu(self.fc2(hidden1))  # (N, hidden)
        return self.fc3(hidden2)  # (N, num_classes)


def vgg_shapes(
    arch: list[tuple[int, int]],
    in_channels: int,
    height: int,
    width: int,
    num_classes: int,
    hidden: int,
) -> list[tuple[int, ...]]:
    shapes: list[tuple[int, ...]] = [(in_channels, height, width)]
    for _num_convs, out_channels in arch:
        _, h, w = shapes[-1]
        shapes.append((out_channels, h // 2, w // 2))
    return [*shapes, (prod(shapes[-1]),), (hidden,), (hidden,), (num_classes,)]
