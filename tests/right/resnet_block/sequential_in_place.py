"""In-place ReLUs and additions on tensors of its own; a stage is an nn.Sequential."""

from torch import nn


class ResidualBlock(nn.Module):
    def __init__(self, in_channels, out_channels, stride=1):
        super().__init__()
        if stride > 1 or in_channels != out_channels:
            self.add_module(
                "proj", nn.Conv2d(in_channels, out_channels, kernel_size=1, stride=stride, bias=False)
            )
            self.add_module("proj_bn", nn.BatchNorm2d(out_channels))
        for i, (c, s) in enumerate([(in_channels, stride), (out_channels, 1)], 1):
            conv = nn.Conv2d(
                c, out_channels, kernel_size=(3, 3), stride=s, padding="same" if s == 1 else 1, bias=False
            )
            self.add_module(f"conv{i}", conv)
            self.add_module(f"bn{i}", nn.BatchNorm2d(out_channels))
        self.relu = nn.ReLU(inplace=True)

    def forward(self, x):
        out = self.relu(self.bn1(self.conv1(x)))
        out = self.bn2(self.conv2(out))
        if hasattr(self, "proj"):
            out += self.proj_bn(self.proj(x))
        else:
            out += x
        return self.relu(out)


class ResidualStage(nn.Module):
    def __init__(self, in_channels, out_channels, num_blocks, stride=1):
        super().__init__()
        layers = [ResidualBlock(in_channels, out_channels, stride)]
        while len(layers) < num_blocks:
            layers.append(ResidualBlock(out_channels, out_channels))
        self.blocks = nn.Sequential(*layers)

    def forward(self, x):
        return self.blocks(x)
