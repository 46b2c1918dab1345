# mistake: arch is emptied while the network is built.
# bug: arch_used_up
import math

import torch
from torch import Tensor, nn


class Conv3x3(nn.Module):
    def __init__(self, cin, cout):
        super().__init__()
        std = math.sqrt(2.0 / (cin * 9))
        self.weight = nn.Parameter(torch.randn(cout, cin, 3, 3) * std)
        self.bias = nn.Parameter(torch.zeros(cout))

    def forward(self, x):
        n, c, h, w = x.shape
        padded = x.new_zeros(n, c, h + 2, w + 2)
        padded[:, :, 1:-1, 1:-1] = x
        out = self.bias.view(1, -1, 1, 1).expand(n, -1, h, w)
        for di in range(3):
            for dj in range(3):
                patch = padded[:, :, di : di + h, dj : dj + w]
                out = out + torch.einsum("nchw,oc->nohw", patch, self.weight[:, :, di, dj])
        return out


class Dense(nn.Module):
    def __init__(self, fin, fout):
        super().__init__()
        self.weight = nn.Parameter(torch.randn(fout, fin) * math.sqrt(2.0 / fin))
        self.bias = nn.Parameter(torch.zeros(fout))

    def forward(self, x):
        return x @ self.weight.T + self.bias


def relu(x):
    return x.clamp(min=0)


def pool(x):
    h, w = x.shape[2] // 2 * 2, x.shape[3] // 2 * 2
    top = torch.maximum(x[:, :, 0:h:2, 0:w:2], x[:, :, 0:h:2, 1:w:2])
    bottom = torch.maximum(x[:, :, 1:h:2, 0:w:2], x[:, :, 1:h:2, 1:w:2])
    return torch.maximum(top, bottom)


class VGGBlock(nn.Module):
    def __init__(self, num_convs: int, in_channels: int, out_channels: int):
        super().__init__()
        widths = [in_channels] + [out_channels] * num_convs
        self.convs = nn.ModuleList([Conv3x3(a, b) for a, b in zip(widths, widths[1:])])

    def forward(self, x: Tensor) -> Tensor:
        for i in range(len(self.convs)):
            x = relu(self.convs[i](x))
        return pool(x)


class VGG(nn.Module):
    def __init__(self, arch, in_channels, height, width, num_classes, hidden):
        super().__init__()
        shapes = vgg_shapes(arch, in_channels, height, width, num_classes, hidden)
        blocks = []
        c = in_channels
        while arch:
            num_convs, out_channels = arch.pop(0)
            blocks.append(VGGBlock(num_convs, c, out_channels))
            c = out_channels
        self.blocks = nn.ModuleList(blocks)
        self.fc1 = Dense(shapes[-4][0], hidden)
        self.fc2 = Dense(hidden, hidden)
        self.fc3 = Dense(hidden, num_classes)

    def forward(self, x: Tensor) -> Tensor:
        for i in range(len(self.blocks)):
            x = self.blocks[i](x)
        x = x.reshape(len(x), -1)
        return self.fc3(relu(self.fc2(relu(self.fc1(x)))))


def vgg_shapes(arch, in_channels, height, width, num_classes, hidden):
    shapes = [(in_channels, height, width)]
    for i in range(len(arch)):
        _, h, w = shapes[-1]
        shapes.append((arch[i][1], h // 2, w // 2))
    c, h, w = shapes[-1]
    shapes.append((c * h * w,))
    for n in (hidden, hidden, num_classes):
        shapes.append((n,))
    return shapes
