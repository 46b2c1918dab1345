"""Windows by unfold, einsum over them, amax over 2×2; blocks found by recursion; shapes from the meta device."""

import torch
import torch.nn.functional as F
from torch import nn


class VGGBlock(nn.Module):
    def __init__(self, num_convs, in_channels, out_channels):
        super().__init__()
        widths = (in_channels, *(out_channels,) * num_convs)
        self.convs = nn.Sequential(*(nn.Conv2d(a, b, 3, padding="same") for a, b in zip(widths, widths[1:])))
        for conv in self.convs:
            conv.weight.data.normal_(0, (2 / (9 * conv.in_channels)) ** 0.5)
            conv.bias.data.fill_(0)

    def forward(self, x):
        for conv in self.convs:
            windows = F.pad(x, (1, 1, 1, 1)).unfold(2, 3, 1).unfold(3, 3, 1)
            x = torch.einsum("nchwij,ocij->nohw", windows, conv.weight) + conv.bias[:, None, None]
            x = x.clamp(min=0)
        return x.unfold(2, 2, 2).unfold(3, 2, 2).amax((4, 5))


class VGG(nn.Module):
    def __init__(self, arch, in_channels, height, width, num_classes, hidden):
        super().__init__()
        channels = [in_channels, *(c for _, c in arch)]
        self.blocks = nn.ModuleList(VGGBlock(n, channels[i], c) for i, (n, c) in enumerate(arch))
        pixels = (height >> len(arch)) * (width >> len(arch))
        sizes = [channels[-1] * pixels, hidden, hidden, num_classes]
        for i in (1, 2, 3):
            layer = nn.Linear(sizes[i - 1], sizes[i])
            with torch.no_grad():
                layer.weight.copy_(torch.randn(sizes[i], sizes[i - 1]) * (2 / sizes[i - 1]) ** 0.5)
                layer.bias.zero_()
            setattr(self, f"fc{i}", layer)

    def forward(self, x, depth=0):
        if depth < len(self.blocks):
            return self.forward(self.blocks[depth](x), depth + 1)
        x = x.reshape(len(x), -1)
        for fc in (self.fc1, self.fc2):
            x = torch.maximum(torch.einsum("ni,oi->no", x, fc.weight) + fc.bias, x.new_zeros(()))
        return torch.einsum("ni,oi->no", x, self.fc3.weight) + self.fc3.bias


def vgg_shapes(arch, in_channels, height, width, num_classes, hidden):
    x = torch.empty(1, in_channels, height, width, device="meta")
    seen = [x]
    for _, channels in arch:
        seen.append(F.max_pool2d(torch.empty(1, channels, *seen[-1].shape[2:], device="meta"), 2))
    seen.append(seen[-1].flatten(1))
    return [t.shape[1:] for t in seen] + [torch.Size([n]) for n in (hidden, hidden, num_classes)]
