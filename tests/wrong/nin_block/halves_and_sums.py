# mistake: Two mistakes: pools have windows of 2, and channels are added up at the end.
# bug: small_windows + global_sum
import torch
from torch import nn
from torch.nn import functional as F


class NiNBlock(nn.Module):
    def __init__(self, in_channels, out_channels, kernel_size, stride=1, padding=0):
        super().__init__()
        self.conv1 = nn.Conv2d(in_channels, out_channels, kernel_size, stride, padding)
        self.conv2 = nn.Conv2d(out_channels, out_channels, kernel_size=1)
        self.conv3 = nn.Conv2d(out_channels, out_channels, kernel_size=1)

    def forward(self, x):
        out = F.relu(self.conv1(x))
        out = F.relu(self.conv2(out))
        out = F.relu(self.conv3(out))
        return out


class NiN(nn.Module):
    def __init__(self, arch, in_channels, num_classes):
        super().__init__()
        self.blocks = nn.ModuleList()
        c = in_channels
        for out, k, s, p in arch:
            self.blocks.append(NiNBlock(c, out, k, s, p))
            c = out
        self.blocks.append(NiNBlock(c, num_classes, 3, 1, 1))

    def forward(self, x):
        for i, block in enumerate(self.blocks):
            x = block(x)
            if i < len(self.blocks) - 1:
                x = F.max_pool2d(x, 2, 2)
        return x.sum((2, 3))


def nin_shapes(arch, in_channels, num_classes, height, width):
    shapes = [(in_channels, height, width)]
    for out, k, s, p in arch:
        height = (height + 2 * p - k) // s + 1
        width = (width + 2 * p - k) // s + 1
        shapes.append((out, height, width))
        height, width = height // 2, width // 2
        shapes.append((out, height, width))
    shapes.append((num_classes, height, width))
    shapes.append((num_classes,))
    return shapes
