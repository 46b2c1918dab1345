"""Loops over channels, kernel entries and features; every parameter made by hand."""

import torch
from torch import nn


def lenet_shapes(in_channels=1, num_classes=10, height=28, width=28):
    table = []
    size = [height, width]
    for channels, step in ((in_channels, None), (6, "same"), (6, "pool"), (16, "conv"), (16, "pool")):
        for axis in (0, 1):
            if step == "pool":
                size[axis] = (size[axis] - size[axis] % 2) // 2
            elif step == "conv":
                size[axis] -= 4
        table.append((channels, size[0], size[1]))
    count = 0
    for _channel in range(16):
        for _row in range(size[0]):
            count += size[1]
    for n in (count, 120, 84, num_classes):
        table.append((n,))
    return table


class Weights(nn.Module):
    def __init__(self, *shape):
        super().__init__()
        fan_in = 1
        for n in shape[1:]:
            fan_in *= n
        bound = fan_in**-0.5
        self.weight = nn.Parameter(torch.empty(shape).uniform_(-bound, bound))
        self.bias = nn.Parameter(torch.empty(shape[0]).uniform_(-bound, bound))


def convolve(layer, x):
    rows, columns = x.shape[2] - 4, x.shape[3] - 4
    total = layer.bias[:, None, None]
    for c in range(x.shape[1]):
        for u in range(5):
            for v in range(5):
                under = x[:, c, None, u : u + rows, v : v + columns]
                total = total + layer.weight[:, c, u, v, None, None] * under
    return total


def pool(x):
    rows, columns = x.shape[2] // 2, x.shape[3] // 2
    total = 0
    for u in range(2):
        for v in range(2):
            total = total + x[:, :, u : 2 * rows : 2, v : 2 * columns : 2]
    return total / 4


def dense(layer, x):
    images = []
    for one in x:
        images.append((layer.weight * one).sum(1) + layer.bias)
    return torch.stack(images)


class LeNet(nn.Module):
    def __init__(self, in_channels=1, num_classes=10, height=28, width=28, activation=torch.sigmoid):
        super().__init__()
        self.conv1, self.conv2 = Weights(6, in_channels, 5, 5), Weights(16, 6, 5, 5)
        features = lenet_shapes(height=height, width=width)[5][0]
        self.fc1, self.fc2, self.fc3 = Weights(120, features), Weights(84, 120), Weights(num_classes, 84)
        self.f = activation

    def forward(self, x):
        n, c, height, width = x.shape
        framed = x.new_zeros(n, c, height + 4, width + 4)
        framed[:, :, 2:-2, 2:-2] = x
        x = pool(self.f(convolve(self.conv1, framed)))
        x = pool(self.f(convolve(self.conv2, x)))
        x = x.reshape(n, -1)
        for layer in (self.fc1, self.fc2):
            x = self.f(dense(layer, x))
        return dense(self.fc3, x)
