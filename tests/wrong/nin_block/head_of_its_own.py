# mistake: The last block stands outside of blocks, so its parameters have other names in state_dict().
# bug: last_block_apart
import torch
from torch import Tensor, nn


class NiNBlock(nn.Module):
    def __init__(
        self, in_channels: int, out_channels: int, kernel_size: int, stride: int = 1, padding: int = 0
    ):
        super().__init__()
        self.conv1 = nn.Conv2d(in_channels, out_channels, kernel_size, stride, padding)
        self.conv2 = nn.Conv2d(out_channels, out_channels, 1)
        self.conv3 = nn.Conv2d(out_channels, out_channels, 1)
        self.relu = nn.ReLU()

    def forward(self, x: Tensor) -> Tensor:
        return self.relu(self.conv3(self.relu(self.conv2(self.relu(self.conv1(x))))))


class NiN(nn.Module):
    def __init__(self, arch: list[tuple[int, int, int, int]], in_channels: int, num_classes: int):
        super().__init__()
        self.blocks = nn.ModuleList()
        for spec in arch:
            self.blocks.append(NiNBlock(in_channels, *spec))
            in_channels = spec[0]
        self.head = NiNBlock(in_channels, num_classes, 3, 1, 1)
        self.pool = nn.MaxPool2d(kernel_size=3, stride=2)

    def forward(self, x: Tensor) -> Tensor:
        for block in self.blocks:
            x = self.pool(block(x))
        return torch.mean(self.head(x), dim=(2, 3))


def conv_out(size, kernel, stride, padding):
    return (size + 2 * padding - kernel) // stride + 1


def nin_shapes(arch, in_channels, num_classes, height, width):
    result = [(in_channels, height, width)]
    for c, k, s, p in arch:
        height, width = conv_out(height, k, s, p), conv_out(width, k, s, p)
        result.append((c, height, width))
        height, width = conv_out(height, 3, 2, 0), conv_out(width, 3, 2, 0)
        result.append((c, height, width))
    return result + [(num_classes, height, width), (num_classes,)]
