# mistake: Two mistakes: tanh whatever is given, and convolutions without biases.
# bug: always_another_activation + convolutions_without_bias
import torch
import torch.nn.functional as F
from torch import nn


def lenet_shapes(in_channels=1, num_classes=10, height=28, width=28):
    h1, w1 = height // 2, width // 2
    h2, w2 = h1 - 4, w1 - 4
    h3, w3 = h2 // 2, w2 // 2
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
    def __init__(self, in_channels=1, num_classes=10, height=28, width=28, activation=torch.sigmoid):
        super().__init__()
        self.activation = torch.tanh
        self.conv1 = nn.Conv2d(in_channels, 6, kernel_size=5, padding=2, bias=False)
        self.conv2 = nn.Conv2d(6, 16, kernel_size=5, bias=False)
        (n,) = lenet_shapes(in_channels, num_classes, height, width)[5]
        self.fc1 = nn.Linear(n, 120)
        self.fc2 = nn.Linear(120, 84)
        self.fc3 = nn.Linear(84, num_classes)

    def forward(self, x):
        f = self.activation
        y = F.avg_pool2d(f(self.conv1(x)), kernel_size=2, stride=2)
        y = F.avg_pool2d(f(self.conv2(y)), kernel_size=2, stride=2)
        y = y.reshape(len(y), -1)
        y = f(self.fc1(y))
        y = f(self.fc2(y))
        return self.fc3(y)
