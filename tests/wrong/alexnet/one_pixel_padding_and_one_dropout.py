# mistake: Two mistakes: conv1 has padding 1, and dropout stands behind fc1 alone.
# bug: first_padding_of_one + one_dropout
import torch
import torch.nn.functional as F
from torch import nn


class AlexNet(nn.Module):
    def __init__(
        self,
        num_classes=1000,
        height=224,
        width=224,
        channels=(96, 256, 384, 384, 256),
        hidden=4096,
        dropout=0.5,
    ):
        super().__init__()
        a, b, c, d, e = channels
        self.conv1 = nn.Conv2d(3, a, 11, 4, 1)
        self.conv2 = nn.Conv2d(a, b, 5, 1, 2)
        self.conv3 = nn.Conv2d(b, c, 3, 1, 1)
        self.conv4 = nn.Conv2d(c, d, 3, 1, 1)
        self.conv5 = nn.Conv2d(d, e, 3, 1, 1)
        n = alexnet_shapes(num_classes, height, width, channels, hidden)[-4][0]
        self.fc1 = nn.Linear(n, hidden)
        self.fc2 = nn.Linear(hidden, hidden)
        self.fc3 = nn.Linear(hidden, num_classes)
        self.p = dropout

    def forward(self, x):
        y = F.max_pool2d(F.relu(self.conv1(x)), 3, 2)
        y = F.max_pool2d(F.relu(self.conv2(y)), 3, 2)
        y = F.relu(self.conv3(y))
        y = F.relu(self.conv4(y))
        y = F.max_pool2d(F.relu(self.conv5(y)), 3, 2)
        y = y.flatten(1)
        y = F.dropout(F.relu(self.fc1(y)), self.p, self.training)
        y = F.relu(self.fc2(y))
        return self.fc3(y)


def alexnet_shapes(num_classes=1000, height=224, width=224, channels=(96, 256, 384, 384, 256), hidden=4096):
    a, b, c, d, e = channels
    shapes = [(3, height, width)]

    def step(channels, k, s, p):
        _, h, w = shapes[-1]
        shapes.append((channels, (h + 2 * p - k) // s + 1, (w + 2 * p - k) // s + 1))

    step(a, 11, 4, 1)
    step(a, 3, 2, 0)
    step(b, 5, 1, 2)
    step(b, 3, 2, 0)
    step(c, 3, 1, 1)
    step(d, 3, 1, 1)
    step(e, 3, 1, 1)
    step(e, 3, 2, 0)
    c, h, w = shapes[-1]
    return shapes + [(c * h * w,), (hidden,), (hidden,), (num_classes,)]
