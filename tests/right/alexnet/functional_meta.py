"""Functional calls over a table; dropout in front of the ReLU (the same there); shapes from a run on meta tensors."""

import torch
import torch.nn.functional as F
from torch import nn

STEPS = [(11, 4, 2, True), (5, 1, 2, True), (3, 1, 1, False), (3, 1, 1, False), (3, 1, 1, True)]


class AlexNet(nn.Module):
    def __init__(
        self,
        num_classes=1000,
        height=224,
        width=224,
        channels=(96, 256, 384, 384, 256),
        hidden=4096,
        dropout=0.5,
    ):
        super().__init__()
        for i, (a, b, (k, s, p, _)) in enumerate(zip((3, *channels), channels, STEPS)):
            self.add_module(f"conv{i + 1}", nn.Conv2d(a, b, k, s, p))
        widths = [s[0] for s in alexnet_shapes(num_classes, height, width, tuple(channels), hidden)[9:]]
        for i, (a, b) in enumerate(zip(widths, widths[1:])):
            self.add_module(f"fc{i + 1}", nn.Linear(a, b))
        self.rate = dropout

    def forward(self, x):
        for i, (_, stride, padding, pools) in enumerate(STEPS):
            conv = self.get_submodule(f"conv{i + 1}")
            x = F.conv2d(x, conv.weight, conv.bias, stride, padding).clamp_min(0)
            x = F.max_pool2d(x, 3, 2) if pools else x
        x = torch.flatten(x, 1)
        for fc in (self.fc1, self.fc2):
            x = F.relu(F.dropout(fc(x), p=self.rate, training=self.training))
        return self.fc3(x)


def alexnet_shapes(num_classes=1000, height=224, width=224, channels=(96, 256, 384, 384, 256), hidden=4096):
    x = torch.empty(1, 3, height, width, device="meta")
    seen = [x.shape[1:]]
    for c, (k, s, p, pools) in zip(channels, STEPS):
        x = F.conv2d(x, torch.empty(c, x.shape[1], k, k, device="meta"), None, s, p)
        seen.append(x.shape[1:])
        if pools:
            x = F.max_pool2d(x, 3, 2)
            seen.append(x.shape[1:])
    return seen + [torch.Size([n]) for n in (x.numel(), hidden, hidden, num_classes)]
