"""As a textbook has it; the layers are found in a plain tuple, the sizes by the formula."""

from torch import nn


def out(n, k, s=1, p=0):
    return (n + 2 * p - k) // s + 1


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
        self.conv1 = nn.Conv2d(3, channels[0], kernel_size=11, stride=4, padding=2)
        self.conv2 = nn.Conv2d(channels[0], channels[1], kernel_size=5, padding=2)
        self.conv3 = nn.Conv2d(channels[1], channels[2], kernel_size=3, padding=1)
        self.conv4 = nn.Conv2d(channels[2], channels[3], kernel_size=3, padding=1)
        self.conv5 = nn.Conv2d(channels[3], channels[4], kernel_size=3, padding=1)
        self.relu = nn.ReLU(inplace=True)
        self.pool = nn.MaxPool2d(kernel_size=3, stride=2)
        self.dropout = nn.Dropout(p=dropout)
        h, w = height, width
        for k, s, p in ((11, 4, 2), (3, 2, 0), (5, 1, 2), (3, 2, 0), (3, 2, 0)):
            h, w = out(h, k, s, p), out(w, k, s, p)
        self.fc1 = nn.Linear(channels[4] * h * w, hidden)
        self.fc2 = nn.Linear(hidden, hidden)
        self.fc3 = nn.Linear(hidden, num_classes)

    def forward(self, x):
        x = self.pool(self.relu(self.conv1(x)))
        x = self.pool(self.relu(self.conv2(x)))
        x = self.relu(self.conv3(x))
        x = self.relu(self.conv4(x))
        x = self.pool(self.relu(self.conv5(x)))
        x = x.flatten(1)
        x = self.dropout(self.relu(self.fc1(x)))
        x = self.dropout(self.relu(self.fc2(x)))
        return self.fc3(x)


def alexnet_shapes(num_classes=1000, height=224, width=224, channels=(96, 256, 384, 384, 256), hidden=4096):
    c1, c2, c3, c4, c5 = channels
    h1, w1 = out(height, 11, 4, 2), out(width, 11, 4, 2)
    h2, w2 = out(h1, 3, 2), out(w1, 3, 2)
    h3, w3 = out(h2, 3, 2), out(w2, 3, 2)
    h4, w4 = out(h3, 3, 2), out(w3, 3, 2)
    return [
        (3, height, width), (c1, h1, w1), (c1, h2, w2), (c2, h2, w2), (c2, h3, w3), (c3, h3, w3),
        (c4, h3, w3), (c5, h3, w3), (c5, h4, w4), (c5 * h4 * w4,), (hidden,), (hidden,), (num_classes,),
    ]  # fmt: skip
