"""Loops over kernels, windows and images; parameters by hand; dropout drawn with torch.rand."""

import torch
from torch import nn


class Part(nn.Module):
    def __init__(self, *shape):
        super().__init__()
        fan_in = 1
        for n in shape[1:]:
            fan_in *= n
        bound = fan_in**-0.5
        self.weight = nn.Parameter(torch.rand(shape) * 2 * bound - bound)
        self.bias = nn.Parameter(torch.rand(shape[:1]) * 2 * bound - bound)


def fits(side, kernel, stride):
    count, position = 0, 0
    while position + kernel <= side:
        count, position = count + 1, position + stride
    return count


def convolve(part, x, stride, padding):
    n, c, h, w = x.shape
    big = x.new_zeros(n, c, h + 2 * padding, w + 2 * padding)
    big[:, :, padding : padding + h, padding : padding + w] = x
    k = part.weight.shape[-1]
    h, w = fits(big.shape[2], k, stride), fits(big.shape[3], k, stride)
    total = part.bias.view(1, -1, 1, 1)
    for u in range(k):
        for v in range(k):
            under = big[:, :, u : u + stride * (h - 1) + 1 : stride, v : v + stride * (w - 1) + 1 : stride]
            total = total + (part.weight[None, :, :, u, v, None, None] * under[:, None]).sum(2)
    return total


def rectify(x):
    return torch.where(x > 0, x, torch.zeros_like(x))


def pool(x):
    h, w = fits(x.shape[2], 3, 2), fits(x.shape[3], 3, 2)
    best = None
    for u in range(3):
        for v in range(3):
            one = x[:, :, u : u + 2 * h - 1 : 2, v : v + 2 * w - 1 : 2]
            best = one if best is None else torch.where(one > best, one, best)
    return best


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
        before = 3
        for i, (c, k) in enumerate(zip(channels, (11, 5, 3, 3, 3)), 1):
            setattr(self, f"conv{i}", Part(c, before, k, k))
            before = c
        before = alexnet_shapes(num_classes, height, width, channels, hidden)[-4][0]
        for i, c in enumerate((hidden, hidden, num_classes), 1):
            setattr(self, f"fc{i}", Part(c, before))
            before = c
        self.p = dropout

    def drop(self, x):
        if not self.training or self.p == 0:
            return x
        kept = (torch.rand(x.shape, dtype=x.dtype, device=x.device) >= self.p).to(x.dtype)
        return x * kept / (1 - self.p)

    def forward(self, x):
        x = pool(rectify(convolve(self.conv1, x, 4, 2)))
        x = pool(rectify(convolve(self.conv2, x, 1, 2)))
        for part in (self.conv3, self.conv4, self.conv5):
            x = rectify(convolve(part, x, 1, 1))
        x = pool(x)
        x = x.reshape(x.shape[0], -1)
        for part in (self.fc1, self.fc2):
            rows = [(part.weight * row).sum(1) + part.bias for row in x]
            x = self.drop(rectify(torch.stack(rows)))
        return torch.stack([(self.fc3.weight * row).sum(1) + self.fc3.bias for row in x])


def alexnet_shapes(num_classes=1000, height=224, width=224, channels=(96, 256, 384, 384, 256), hidden=4096):
    sides = [height, width]
    shapes = [(3, *sides)]
    for c, kernel, stride, padding in (
        (0, 11, 4, 2), (0, 3, 2, 0), (1, 5, 1, 2), (1, 3, 2, 0), (2, 3, 1, 1), (3, 3, 1, 1), (4, 3, 1, 1), (4, 3, 2, 0),
    ):  # fmt: skip
        sides = [fits(side + 2 * padding, kernel, stride) for side in sides]
        shapes.append((channels[c], *sides))
    count = 0
    for _ in range(channels[4]):
        count += sides[0] * sides[1]
    return shapes + [(count,), (hidden,), (hidden,), (num_classes,)]
