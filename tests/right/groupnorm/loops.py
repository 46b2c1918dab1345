import torch
from torch import nn


class GroupNorm(nn.Module):
    """Sample by sample, group by group, channel by channel."""

    def __init__(self, num_groups, num_channels, eps=1e-5, affine=True):
        super().__init__()
        if num_channels != num_channels // num_groups * num_groups:
            raise ValueError(num_channels, num_groups)
        self.size = num_channels // num_groups
        self.eps = eps
        self.affine = affine
        if affine:
            for name, value in (("bias", 0.0), ("weight", 1.0)):
                setattr(self, name, nn.Parameter(torch.full((num_channels,), value)))

    def forward(self, x):
        samples = []
        for sample in x:
            channels = []
            for start in range(0, len(sample), self.size):
                group = [sample[c] for c in range(start, start + self.size)]
                n = sum(channel.numel() for channel in group)
                mean = sum(channel.sum() for channel in group) / n
                var = sum(((channel - mean) ** 2).sum() for channel in group) / n
                for c, channel in enumerate(group, start):
                    y = (channel - mean) / (var + self.eps) ** 0.5
                    channels.append(self.weight[c] * y + self.bias[c] if self.affine else y)
            samples.append(torch.stack(channels))
        return torch.stack(samples)
