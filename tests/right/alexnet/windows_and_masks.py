"""Unfold and einsum for convolutions, amax over windows for pools, dropout as a Bernoulli mask, a shared class."""

import torch
import torch.nn.functional as F
from torch import nn


def windows(x, k, s, p):
    return F.pad(x, (p,) * 4).unfold(2, k, s).unfold(3, k, s)


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
        self.fc3, self.fc2 = nn.Linear(hidden, num_classes), nn.Linear(hidden, hidden)
        pixels = 1
        for n in (height, width):
            n = (n - 7) // 4 + 1
            for _ in range(3):
                n = (n - 1) // 2
            pixels *= n
        self.fc1 = nn.Linear(pixels * channels[-1], hidden)
        a, b, c, d, e = channels
        for name, i, o, k in (
            ("5", d, e, 3),
            ("4", c, d, 3),
            ("3", b, c, 3),
            ("2", a, b, 5),
            ("1", 3, a, 11),
        ):
            setattr(self, "conv" + name, nn.Conv2d(i, o, k))
        self.keep = 1 - dropout

    def conv(self, layer, x, s=1):
        k = layer.weight.shape[-1]
        p = 2 if k > 3 else 1
        y = torch.einsum("nchwij,ocij->nohw", windows(x, k, s, p), layer.weight)
        return (y + layer.bias[:, None, None]).relu()

    def thin(self, x):
        return x * torch.bernoulli(torch.full_like(x, self.keep)) / self.keep if self.training else x

    def forward(self, x):
        pool = lambda y: windows(y, 3, 2, 0).amax((-2, -1))  # noqa: E731
        x = pool(self.conv(self.conv2, pool(self.conv(self.conv1, x, 4))))
        x = pool(self.conv(self.conv5, self.conv(self.conv4, self.conv(self.conv3, x))))
        x = torch.einsum("nchw,ochw->no", x, self.fc1.weight.unflatten(1, x.shape[1:])) + self.fc1.bias
        x = self.thin(torch.relu(x)) @ self.fc2.weight.T + self.fc2.bias
        return self.thin(torch.relu(x)) @ self.fc3.weight.T + self.fc3.bias


def alexnet_shapes(num_classes=1000, height=224, width=224, channels=(96, 256, 384, 384, 256), hidden=4096):
    maps, h, w = [(3, height, width)], (height - 7) // 4 + 1, (width - 7) // 4 + 1
    for i, c in enumerate(channels):
        maps.append((c, h, w))
        if i in (0, 1, 4):
            h, w = (h - 1) // 2, (w - 1) // 2
            maps.append((c, h, w))
    return [*maps, (channels[4] * h * w,), (hidden,), (hidden,), (num_classes,)]
