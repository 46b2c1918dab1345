"""The residual block of ResNet-18 and ResNet-34 (He, Zhang, Ren & Sun, 2015), and a stage of them.

With a branch F of two convolutions and a shortcut s:

    y = ReLU( F(x) + s(x) )
    F(x) = BN₂(conv₂(ReLU(BN₁(conv₁(x)))))
    s(x) = x                where F keeps the shape,
           BNₚ(convₚ(x))    with a 1×1 convolution where it does not
"""

import torch
from torch import Tensor, nn


class ResidualBlock(nn.Module):
    def __init__(self, in_channels: int, out_channels: int, stride: int = 1):
        super().__init__()
        self.conv1 = nn.Conv2d(in_channels, out_channels, 3, stride, padding=1, bias=False)
        self.bn1 = nn.BatchNorm2d(out_channels)
        self.conv2 = nn.Conv2d(out_channels, out_channels, 3, padding=1, bias=False)
        self.bn2 = nn.BatchNorm2d(out_channels)
        self.projects = stride != 1 or in_channels != out_channels
        if self.projects:
            self.proj = nn.Conv2d(in_channels, out_channels, 1, stride, bias=False)
            self.proj_bn = nn.BatchNorm2d(out_channels)

    def forward(self, x: Tensor) -> Tensor:  # (N, C_in, H, W)
        conv1 = self.conv1(x)  # (N, C_out, H', W')
        normed1 = self.bn1(conv1)
        hidden = torch.relu(normed1)
        conv2 = self.conv2(hidden)
        branch = self.bn2(conv2)  # F(x)
        shortcut = x
        if self.projects:
            projected = self.proj(x)  # (N, C_out, H', W')
            shortcut = self.proj_bn(projected)
        total = branch + shortcut
        return torch.relu(total)


class ResidualStage(nn.Module):
    def __init__(self, in_channels: int, out_channels: int, num_blocks: int, stride: int = 1):
        super().__init__()
        first = ResidualBlock(in_channels, out_channels, stride)
        others = [ResidualBlock(out_channels, out_channels) for _ in range(num_blocks - 1)]
        self.blocks = nn.ModuleList([first, *others])

    def forward(self, x: Tensor) -> Tensor:
        for block in self.blocks:
            x = block(x)
        return x
