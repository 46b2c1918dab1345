"""Network in network (Lin, Chen & Yan, 2013): convolutions with a small MLP at every pixel, and no dense layers.

u = ReLU(conv₁(x)), v = ReLU(conv₂(u)), y = ReLU(conv₃(v)), conv₂ and conv₃ of 1×1
logits = the mean of each channel of the last block, which has one for every class
"""

import torch
from torch import Tensor, nn
from torch.nn.functional import max_pool2d


class NiNBlock(nn.Module):
    def __init__(
        self, in_channels: int, out_channels: int, kernel_size: int, stride: int = 1, padding: int = 0
    ):
        super().__init__()
        self.conv1 = nn.Conv2d(in_channels, out_channels, kernel_size, stride, padding)
        self.conv2 = nn.Conv2d(out_channels, out_channels, 1)
        self.conv3 = nn.Conv2d(out_channels, out_channels, 1)

    def forward(self, x: Tensor) -> Tensor:  # (N, C, H, W)
        u = torch.relu(self.conv1(x))  # (N, out_channels, H', W')
        v = torch.relu(self.conv2(u))
        y = torch.relu(self.conv3(v))
        return y


class NiN(nn.Module):
    def __init__(self, arch: list[tuple[int, int, int, int]], in_channels: int, num_classes: int):
        super().__init__()
        channels = in_channels
        self.blocks = nn.ModuleList()
        for out_channels, kernel_size, stride, padding in arch:
            self.blocks.append(NiNBlock(channels, out_channels, kernel_size, stride, padding))
            channels = out_channels
        self.blocks.append(NiNBlock(channels, num_classes, 3, padding=1))

    def forward(self, x: Tensor) -> Tensor:  # (N, in_channels, H, W)
        maps = x
        for block in self.blocks[:-1]:
            seen = block(maps)
            maps = max_pool2d(seen, 3, stride=2)
        last = self.blocks[-1](maps)  # (N, num_classes, H', W')
        return last.mean((2, 3))  # (N, num_classes)


def nin_shapes(
    arch: list[tuple[int, int, int, int]], in_channels: int, num_classes: int, height: int, width: int
) -> list[tuple[int, ...]]:
    h, w = height, width
    shapes: list[tuple[int, ...]] = [(in_channels, h, w)]
    for out_channels, kernel, stride, padding in arch:
        h, w = ((side + 2 * padding - kernel) // stride + 1 for side in (h, w))
        shapes.append((out_channels, h, w))
        h, w = ((side - 3) // 2 + 1 for side in (h, w))
        shapes.append((out_channels, h, w))
    return [*shapes, (num_classes, h, w), (num_classes,)]
