"""As a textbook has it: modules in __init__, a pool module, sizes worked out by a helper."""

import torch
from torch import nn


def side(n):
    n = n + 2 * 2 - 5 + 1
    n = (n - 2) // 2 + 1
    n = n - 5 + 1
    return (n - 2) // 2 + 1


def lenet_shapes(in_channels=1, num_classes=10, height=28, width=28):
    shapes = [(in_channels, height, width)]
    shapes.append((6, height, width))
    shapes.append((6, height // 2, width // 2))
    shapes.append((16, height // 2 - 4, width // 2 - 4))
    shapes.append((16, side(height), side(width)))
    shapes.append((16 * side(height) * side(width),))
    shapes += [(120,), (84,), (num_classes,)]
    return shapes


class LeNet(nn.Module):
    def __init__(self, in_channels=1, num_classes=10, height=28, width=28, activation=torch.sigmoid):
        super().__init__()
        self.act = activation
        self.pool = nn.AvgPool2d(kernel_size=2, stride=2)
        self.conv1 = nn.Conv2d(in_channels, 6, kernel_size=5, padding=2)
        self.conv2 = nn.Conv2d(6, 16, kernel_size=5)
        self.fc1 = nn.Linear(16 * side(height) * side(width), 120)
        self.fc2 = nn.Linear(120, 84)
        self.fc3 = nn.Linear(84, num_classes)

    def forward(self, x):
        x = self.pool(self.act(self.conv1(x)))
        x = self.pool(self.act(self.conv2(x)))
        x = torch.flatten(x, start_dim=1)
        x = self.act(self.fc1(x))
        x = self.act(self.fc2(x))
        return self.fc3(x)
