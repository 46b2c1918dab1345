"""LeNet (LeCun, Bottou, Bengio & Haffner, 1998), in the form it is taught in today.

Convolution and pooling make maps that are smaller and have more channels, dense layers decide:

    C×H×W → 6×H×W → 6×⌊H/2⌋×⌊W/2⌋ → 16×(⌊H/2⌋−4)×(⌊W/2⌋−4) → 16×h×w → 16hw → 120 → 84 → classes
"""

from collections.abc import Callable

import torch
from torch import Tensor, nn
from torch.nn.functional import avg_pool2d


def lenet_shapes(
    in_channels: int = 1, num_classes: int = 10, height: int = 28, width: int = 28
) -> list[tuple[int, ...]]:
    h1, w1 = height // 2, width // 2  # behind the first pool
    h2, w2 = h1 - 4, w1 - 4  # behind the second convolution
    h3, w3 = h2 // 2, w2 // 2  # behind the second pool
    return [
        (in_channels, height, width),
        (6, height, width),
        (6, h1, w1),
        (16, h2, w2),
        (16, h3, w3),
        (16 * h3 * w3,),
        (120,),
        (84,),
        (num_classes,),
    ]


class LeNet(nn.Module):
    def __init__(
        self,
        in_channels: int = 1,
        num_classes: int = 10,
        height: int = 28,
        width: int = 28,
        activation: Callable[[Tensor], Tensor] = torch.sigmoid,
    ):
        super().__init__()
        h, w = (height // 2 - 4) // 2, (width // 2 - 4) // 2
        self.conv1 = nn.Conv2d(in_channels, 6, 5, padding=2)
        self.conv2 = nn.Conv2d(6, 16, 5)
        self.fc1 = nn.Linear(16 * h * w, 120)
        self.fc2 = nn.Linear(120, 84)
        self.fc3 = nn.Linear(84, num_classes)
        self.activation = activation

    def forward(self, x: Tensor) -> Tensor:  # (N, C, H, W)
        conv1 = self.conv1(x)  # (N, 6, H, W)
        active1 = self.activation(conv1)
        pool1 = avg_pool2d(active1, 2)  # (N, 6, H/2, W/2)
        conv2 = self.conv2(pool1)  # (N, 16, H/2 − 4, W/2 − 4)
        active2 = self.activation(conv2)
        pool2 = avg_pool2d(active2, 2)  # (N, 16, h, w)
        features = pool2.flatten(1)  # (N, 16·h·w)
        hidden1 = self.activation(self.fc1(features))  # (N, 120)
        hidden2 = self.activation(self.fc2(hidden1))  # (N, 84)
        return self.fc3(hidden2)  # (N, num_classes)
