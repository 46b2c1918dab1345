# mistake: Two mistakes: the 1×1 layers treat each channel by itself, and no ReLU ends a block.
# bug: last_relu_missing + channel_by_channel
import torch
from torch import nn
from torch.nn import functional as F


class NiNBlock(nn.Module):
    def __init__(self, in_channels, out_channels, kernel_size, stride=1, padding=0):
        super().__init__()
        self.conv1 = nn.Conv2d(in_channels, out_channels, kernel_size, stride, padding)
        self.conv2 = nn.Conv2d(out_channels, out_channels, kernel_size=1, groups=out_channels)
        self.conv3 = nn.Conv2d(out_channels, out_channels, kernel_size=1, groups=out_channels)

    def forward(self, x):
        out = F.relu(self.conv1(x))
        out = F.relu(self.conv2(out))
        out = self.conv3(out)
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
                x = F.max_pool2d(x, 3, 2)
        return F.adaptive_avg_pool2d(x, 1).flatten(1)


def nin_shapes(arch, in_channels, num_classes, height, width):
    shapes = [(in_channels, height, width)]
    for out, k, s, p in arch:
        height = (height + 2 * p - k) // s + 1
        width = (width + 2 * p - k) // s + 1
        shapes.append((out, height, width))
        height = (height - 3) // 2 + 1
        width = (width - 3) // 2 + 1
        shapes.append((out, height, width))
    shapes.append((num_classes, height, width))
    shapes.append((num_classes,))
    return shapes
