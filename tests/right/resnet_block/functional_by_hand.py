"""Parameters and buffers by hand; convolution by unfold and einsum, batch norm written out."""

import torch
import torch.nn.functional as F
from torch import nn


class Conv(nn.Module):
    def __init__(self, cin, cout, size, stride):
        super().__init__()
        bound = (cin * size * size) ** -0.5
        self.weight = nn.Parameter((2 * torch.rand(cout, cin, size, size) - 1) * bound)
        self.stride = stride

    def forward(self, x):
        size, s = self.weight.shape[-1], self.stride
        x = F.pad(x, [size // 2] * 4)
        windows = x.unfold(2, size, s).unfold(3, size, s)
        return torch.einsum("nchwij,ocij->nohw", windows, self.weight)


class Norm(nn.Module):
    def __init__(self, channels):
        super().__init__()
        self.weight = nn.Parameter(torch.ones(channels))
        self.bias = nn.Parameter(torch.zeros(channels))
        self.register_buffer("running_mean", torch.zeros(channels))
        self.register_buffer("running_var", torch.ones(channels))
        self.register_buffer("num_batches_tracked", torch.tensor(0))

    def forward(self, x):
        mean, var = self.running_mean, self.running_var
        if self.training:
            mean, var = x.mean((0, 2, 3)), x.var((0, 2, 3), unbiased=False)
            n = x.numel() // x.shape[1]
            with torch.no_grad():
                self.running_mean.lerp_(mean, 0.1)
                self.running_var.lerp_(var * n / (n - 1), 0.1)
                self.num_batches_tracked += 1
        scale = self.weight / torch.sqrt(var + 1e-5)
        return x * scale[:, None, None] + (self.bias - mean * scale)[:, None, None]


class ResidualBlock(nn.Module):
    def __init__(self, in_channels, out_channels, stride=1):
        super().__init__()
        self.conv1, self.bn1 = Conv(in_channels, out_channels, 3, stride), Norm(out_channels)
        self.conv2, self.bn2 = Conv(out_channels, out_channels, 3, 1), Norm(out_channels)
        self.proj = self.proj_bn = None
        if (in_channels, 1) != (out_channels, stride):
            self.proj, self.proj_bn = Conv(in_channels, out_channels, 1, stride), Norm(out_channels)

    def forward(self, x):
        skip = x if self.proj is None else self.proj_bn(self.proj(x))
        z = self.bn1(self.conv1(x)).clamp(min=0)
        return (self.bn2(self.conv2(z)) + skip).clamp(min=0)


class ResidualStage(nn.Module):
    def __init__(self, in_channels, out_channels, num_blocks, stride=1):
        super().__init__()
        self.blocks = nn.ModuleDict()
        for i in range(num_blocks):
            self.blocks[str(i)] = ResidualBlock(in_channels, out_channels, stride)
            in_channels, stride = out_channels, 1

    def forward(self, x):
        for block in self.blocks.values():
            x = block(x)
        return x
