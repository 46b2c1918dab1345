"""A parameter tree from a table, one chain of functional calls, in-place where the tensor is its own."""

from functools import reduce

import torch
import torch.nn.functional as F
from torch import nn

lenet_shapes = lambda in_channels=1, num_classes=10, height=28, width=28: (  # noqa: E731
    lambda a, b: [
        (in_channels, height, width), (6, height, width), (6, height >> 1, width >> 1), (16, a, b),
        (16, a >> 1, b >> 1), (16 * (a >> 1) * (b >> 1),), (120,), (84,), (num_classes,),
    ]
)((height >> 1) - 4, (width >> 1) - 4)  # fmt: skip


class LeNet(nn.Module):
    def __init__(self, in_channels=1, num_classes=10, height=28, width=28, activation=torch.sigmoid):
        super().__init__()
        features = (height - 8) // 4 * ((width - 8) // 4) * 16
        parts = {
            "fc3": nn.LazyLinear(num_classes).cls_to_become(84, num_classes),
            "fc2": nn.Linear(120, 84),
            "fc1": nn.Linear(features, 120),
            "conv2": nn.Conv2d(6, 16, 5),
            "conv1": nn.Conv2d(in_channels, 6, 5, 1, 2),
        }
        for name, part in parts.items():
            self.add_module(name, part)
        self.__dict__["activation"] = activation

    def forward(self, x):
        f = self.__dict__["activation"]
        maps = reduce(
            lambda y, c: F.adaptive_avg_pool2d(even(f(c(y))), half(c(y))), (self.conv1, self.conv2), x
        )
        return reduce(lambda y, c: c(f(y)), (self.fc2, self.fc3), self.fc1(maps.reshape(maps.size(0), -1)))


def half(y):
    return y.shape[2] // 2, y.shape[3] // 2


def even(y):
    return y[:, :, : y.shape[2] // 2 * 2, : y.shape[3] // 2 * 2]
