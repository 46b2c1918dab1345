"""AlexNet (Krizhevsky, Sutskever & Hinton, 2012), its convolutions not split over two GPUs.

Five convolutions with ReLU, three max pools of overlapping windows, three dense layers with dropout between them:

    3×H×W → c₁ → pool → c₂ → pool → c₃ → c₄ → c₅ → pool → c₅·h·w → hidden → hidden → classes
"""

from math import prod

import torch
from torch import Tensor, nn
from torch.nn.functional import max_pool2d


class AlexNet(nn.Module):
    def __init__(
        self,
        num_classes: int = 1000,
        height: int = 224,
        width: int = 224,
        channels: tuple[int, int, int, int, int] = (96, 256, 384, 384, 256),
        hidden: int = 4096,
        dropout: float = 0.5,
    ):
        super().__init__()
        c1, c2, c3, c4, c5 = channels
        (features,) = alexnet_shapes(height=height, width=width, channels=channels)[9]
        self.conv1 = nn.Conv2d(3, c1, 11, stride=4, padding=2)
        self.conv2 = nn.Conv2d(c1, c2, 5, padding=2)
        self.conv3 = nn.Conv2d(c2, c3, 3, padding=1)
        self.conv4 = nn.Conv2d(c3, c4, 3, padding=1)
        self.conv5 = nn.Conv2d(c4, c5, 3, padding=1)
        self.fc1 = nn.Linear(features, hidden)
        self.fc2 = nn.Linear(hidden, hidden)
        self.fc3 = nn.Linear(hidden, num_classes)
        self.drop = nn.Dropout(dropout)

    def forward(self, x: Tensor) -> Tensor:  # (N, 3, H, W)
        active1 = torch.relu(self.conv1(x))  # (N, c₁, …)
        pooled1 = max_pool2d(active1, 3, stride=2)
        active2 = torch.relu(self.conv2(pooled1))  # (N, c₂, …)
        pooled2 = max_pool2d(active2, 3, stride=2)
        active3 = torch.relu(self.conv3(pooled2))  # (N, c₃, …)
        active4 = torch.relu(self.conv4(active3))  # (N, c₄, …)
        active5 = torch.relu(self.conv5(active4))  # (N, c₅, …)
        pooled5 = max_pool2d(active5, 3, stride=2)
        features = pooled5.flatten(1)  # (N, c₅·h·w)
        hidden1 = self.drop(torch.relu(self.fc1(features)))  # (N, hidden)
        hidden2 = self.drop(torch.relu(self.fc2(hidden1)))  # (N, hidden)
        return self.fc3(hidden2)  # (N, num_classes)


def alexnet_shapes(
    num_classes: int = 1000,
    height: int = 224,
    width: int = 224,
    channels: tuple[int, int, int, int, int] = (96, 256, 384, 384, 256),
    hidden: int = 4096,
) -> list[tuple[int, ...]]:
    c1, c2, c3, c4, c5 = channels
    steps = [
        (c1, 11, 4, 2),
        (c1, 3, 2, 0),  # pool
        (c2, 5, 1, 2),
        (c2, 3, 2, 0),  # pool
        (c3, 3, 1, 1),
        (c4, 3, 1, 1),
        (c5, 3, 1, 1),
        (c5, 3, 2, 0),  # pool
    ]
    shapes: list[tuple[int, ...]] = [(3, height, width)]
    for c, kernel, stride, padding in steps:
        _, h, w = shapes[-1]
        h, w = ((side + 2 * padding - kernel) // stride + 1 for side in (h, w))
        shapes.append((c, h, w))
    return [*shapes, (prod(shapes[-1]),), (hidden,), (hidden,), (num_classes,)]
