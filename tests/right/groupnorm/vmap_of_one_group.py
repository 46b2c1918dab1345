import torch
from torch import nn


def one_group(group, eps):
    values = group - group.mean()
    return values / torch.sqrt(torch.dot(values.ravel(), values.ravel()) / values.numel() + eps)


class GroupNorm(nn.Module):
    """Written for one group of one sample; torch.vmap does the rest."""

    def __init__(self, num_groups, num_channels, eps=1e-5, affine=True):
        super().__init__()
        if num_channels % num_groups > 0:
            raise ValueError("groups of different sizes")
        self.groups = num_groups
        self.eps = eps
        self.weight = nn.Parameter(torch.ones(num_channels), requires_grad=True) if affine else 1
        self.bias = nn.Parameter(torch.zeros(num_channels), requires_grad=True) if affine else 0

    def forward(self, x):
        grouped = x.unflatten(1, (self.groups, x.shape[1] // self.groups))
        f = torch.vmap(torch.vmap(lambda group: one_group(group, self.eps)))
        channels_last = f(grouped).flatten(1, 2).transpose(1, -1)
        return (channels_last * self.weight + self.bias).transpose(1, -1)
