# mistake: conv1 has no padding, in the list of shapes as in the network
# bug: padding_missing
# line: 41
from collections.abc import Callable

import torch
from torch import Tensor, nn


def lenet_shapes(
    in_channels: int = 1, num_classes: int = 10, height: int = 28, width: int = 28
) -> list[tuple[int, ...]]:
    h1, w1 = (height - 4) // 2, (width - 4) // 2
    h2, w2 = h1 - 4, w1 - 4
    h3, w3 = h2 // 2, w2 // 2
    return [
        (in_channels, height, width),
        (6, height - 4, width - 4),
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
        self.activation = activation
        flat = lenet_shapes(in_channels, num_classes, height, width)[5][0]
        self.conv1 = nn.Conv2d(in_channels, 6, 5)
        self.conv2 = nn.Conv2d(6, 16, 5)
        self.fc1 = nn.Linear(flat, 120)
        self.fc2 = nn.Linear(120, 84)
        self.fc3 = nn.Linear(84, num_classes)
        self.pool = nn.AvgPool2d(2, stride=2)

    def forward(self, x: Tensor) -> Tensor:
        x = self.pool(self.activation(self.conv1(x)))
        x = self.pool(self.activation(self.conv2(x)))
        x = x.flatten(1)
        x = self.activation(self.fc1(x))
        x = self.activation(self.fc2(x))
        return self.fc3(x)
