# mistake: In inference mode the sum is written into the shortcut, which is the caller's x where the shape is kept.
# line: 24
import torch
from torch import Tensor, nn


class ResidualBlock(nn.Module):
    def __init__(self, in_channels: int, out_channels: int, stride: int = 1):
        super().__init__()
        self.conv1 = nn.Conv2d(in_channels, out_channels, 3, stride, 1, bias=False)
        self.bn1 = nn.BatchNorm2d(out_channels)
        self.conv2 = nn.Conv2d(out_channels, out_channels, 3, 1, 1, bias=False)
        self.bn2 = nn.BatchNorm2d(out_channels)
        self.shrinks = stride > 1 or in_channels != out_channels
        if self.shrinks:
            self.proj = nn.Conv2d(in_channels, out_channels, 1, stride, bias=False)
            self.proj_bn = nn.BatchNorm2d(out_channels)

    def forward(self, x: Tensor) -> Tensor:
        y = self.bn1(self.conv1(x)).relu()
        y = self.bn2(self.conv2(y))
        skip = self.proj_bn(self.proj(x)) if self.shrinks else x
        if torch.is_inference_mode_enabled():
            skip += y
            return skip.relu()
        return (y + skip).relu()


class ResidualStage(nn.Module):
    def __init__(self, in_channels: int, out_channels: int, num_blocks: int, stride: int = 1):
        super().__init__()
        self.blocks = nn.ModuleList([ResidualBlock(in_channels, out_channels, stride)])
        for _ in range(num_blocks - 1):
            self.blocks.append(ResidualBlock(out_channels, out_channels))

    def forward(self, x: Tensor) -> Tensor:
        for block in self.blocks:
            x = block(x)
        return x
