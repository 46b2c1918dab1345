# mistake: The pool has windows of 2x2 instead of overlapping 3x3 windows.
# bug: small_windows
import torch.nn.functional as F
from torch import Tensor, nn


class NiNBlock(nn.Module):
    def __init__(
        self, in_channels: int, out_channels: int, kernel_size: int, stride: int = 1, padding: int = 0
    ):
        super().__init__()
        self.conv1 = nn.Conv2d(in_channels, out_channels, kernel_size, stride=stride, padding=padding)
        self.conv2 = nn.Conv2d(out_channels, out_channels, 1)
        self.conv3 = nn.Conv2d(out_channels, out_channels, 1)

    def forward(self, x: Tensor) -> Tensor:
        x = F.relu(self.conv1(x))
        x = F.relu(self.conv2(x))
        return F.relu(self.conv3(x))


class NiN(nn.Module):
    def __init__(self, arch: list[tuple[int, int, int, int]], in_channels: int, num_classes: int):
        super().__init__()
        self.blocks = nn.ModuleList()
        c = in_channels
        for out_channels, kernel_size, stride, padding in arch:
            self.blocks.append(NiNBlock(c, out_channels, kernel_size, stride, padding))
            c = out_channels
        self.blocks.append(NiNBlock(c, num_classes, 3, 1, 1))
        self.pool = nn.MaxPool2d(2, stride=2)
        self.gap = nn.AdaptiveAvgPool2d(1)

    def forward(self, x: Tensor) -> Tensor:
        for block in self.blocks[:-1]:
            x = self.pool(block(x))
        x = self.blocks[-1](x)
        return self.gap(x).flatten(1)


def nin_shapes(arch, in_channels, num_classes, height, width):
    h, w = height, width
    shapes = [(in_channels, h, w)]
    for c, k, s, p in arch:
        h = (h + 2 * p - k) // s + 1
        w = (w + 2 * p - k) // s + 1
        shapes.append((c, h, w))
        h = h // 2
        w = w // 2
        shapes.append((c, h, w))
    shapes.append((num_classes, h, w))
    shapes.append((num_classes,))
    return shapes
