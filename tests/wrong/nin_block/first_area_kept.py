# mistake: The average is taken over the feature size of the first image that came along, kept from call to call, so images of another size are divided by the wrong count.
# bug: first_size_remembered
from functools import partial, reduce
from itertools import chain

import torch
import torch.nn.functional as F
from torch import Tensor, nn

pool = partial(F.max_pool2d, kernel_size=3, stride=2)


class NiNBlock(nn.Module):
    def __init__(
        self, in_channels: int, out_channels: int, kernel_size: int, stride: int = 1, padding: int = 0
    ):
        super().__init__()
        for i in (1, 2, 3):
            conv = (
                nn.Conv2d(in_channels, out_channels, kernel_size, stride, padding)
                if i == 1
                else nn.Conv2d(out_channels, out_channels, kernel_size=1)
            )
            setattr(self, f"conv{i}", conv)

    def forward(self, x: Tensor) -> Tensor:
        return reduce(lambda z, conv: F.relu(conv(z)), (self.conv1, self.conv2, self.conv3), x)


class NiN(nn.Module):
    def __init__(self, arch: list[tuple[int, int, int, int]], in_channels: int, num_classes: int):
        super().__init__()
        self.area = None
        rows = list(chain(arch, [(num_classes, 3, 1, 1)]))
        ins = chain([in_channels], (row[0] for row in rows))
        self.blocks = nn.Sequential(*(NiNBlock(i, *row) for i, row in zip(ins, rows)))

    def forward(self, x: Tensor) -> Tensor:
        body = reduce(lambda z, block: pool(block(z)), self.blocks[:-1], x)
        maps = self.blocks[-1](body)
        if self.area is None:
            self.area = maps.shape[-2] * maps.shape[-1]
        return maps.sum(dim=(-2, -1)) / self.area


def slide(n, k, s, p):
    return (n + 2 * p - k) // s + 1


def walk(shapes, row):
    c, *window = row
    _, h, w = shapes[-1]
    block = (c, slide(h, *window), slide(w, *window))
    return [*shapes, block, (c, slide(block[1], 3, 2, 0), slide(block[2], 3, 2, 0))]


def nin_shapes(arch, in_channels, num_classes, height, width):
    shapes = reduce(walk, arch, [(in_channels, height, width)])
    return [*shapes, (num_classes, *shapes[-1][1:]), (num_classes,)]
