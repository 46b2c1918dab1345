"""As in a textbook: ReLU, pool and global pooling as modules."""

from torch import nn


class NiNBlock(nn.Module):
    def __init__(self, in_channels, out_channels, kernel_size, stride=1, padding=0):
        super().__init__()
        self.conv1 = nn.Conv2d(in_channels, out_channels, kernel_size, stride=stride, padding=padding)
        self.conv2 = nn.Conv2d(out_channels, out_channels, kernel_size=1)
        self.conv3 = nn.Conv2d(out_channels, out_channels, kernel_size=1)
        self.relu = nn.ReLU(inplace=True)

    def forward(self, x):
        for conv in (self.conv1, self.conv2, self.conv3):
            x = self.relu(conv(x))
        return x


class NiN(nn.Module):
    def __init__(self, arch, in_channels, num_classes):
        super().__init__()
        self.blocks = nn.Sequential()
        for out_channels, k, s, p in list(arch) + [(num_classes, 3, 1, 1)]:
            self.blocks.append(NiNBlock(in_channels, out_channels, k, s, p))
            in_channels = out_channels
        self.pool = nn.MaxPool2d(kernel_size=3, stride=2)
        self.head = nn.Sequential(nn.AdaptiveAvgPool2d((1, 1)), nn.Flatten())

    def forward(self, x):
        x = self.blocks[0](x)
        for block in self.blocks[1:]:
            x = block(self.pool(x))
        return self.head(x)


def out(n, k, s, p):
    return int((n + 2 * p - k) / s) + 1


def nin_shapes(arch, in_channels, num_classes, height, width):
    h, w = height, width
    result = [(in_channels, h, w)]
    for c, k, s, p in arch:
        h, w = out(h, k, s, p), out(w, k, s, p)
        result.append((c, h, w))
        h, w = out(h, 3, 2, 0), out(w, 3, 2, 0)
        result.append((c, h, w))
    result.append((num_classes, h, w))
    result.append((num_classes,))
    return result
