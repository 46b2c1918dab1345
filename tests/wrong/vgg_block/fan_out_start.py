# mistake: Weights start by fan out.
# bug: fan_out
import torch
import torch.nn as nn
import torch.nn.functional as F


def init(layer):
    nn.init.kaiming_normal_(layer.weight, mode="fan_out", nonlinearity="relu")
    nn.init.zeros_(layer.bias)
    return layer


class VGGBlock(nn.Module):
    def __init__(self, num_convs, in_channels, out_channels):
        super().__init__()
        layers = []
        for i in range(num_convs):
            c = in_channels if i == 0 else out_channels
            layers.append(init(nn.Conv2d(c, out_channels, 3, padding=1)))
        self.convs = nn.ModuleList(layers)

    def forward(self, x):
        for layer in self.convs:
            x = F.relu(layer(x))
        return F.max_pool2d(x, 2, 2)


class VGG(nn.Module):
    def __init__(self, arch, in_channels, height, width, num_classes, hidden):
        super().__init__()
        blocks = []
        c, h, w = in_channels, height, width
        for n, out in arch:
            blocks.append(VGGBlock(n, c, out))
            c, h, w = out, h // 2, w // 2
        self.blocks = nn.Sequential(*blocks)
        self.fc1 = init(nn.Linear(c * h * w, hidden))
        self.fc2 = init(nn.Linear(hidden, hidden))
        self.fc3 = init(nn.Linear(hidden, num_classes))

    def forward(self, x):
        y = self.blocks(x)
        y = y.flatten(start_dim=1)
        y = F.relu(self.fc1(y))
        y = F.relu(self.fc2(y))
        return self.fc3(y)


def vgg_shapes(arch, in_channels, height, width, num_classes, hidden):
    c, h, w = in_channels, height, width
    shapes = [(c, h, w)]
    for _, out in arch:
        c, h, w = out, h // 2, w // 2
        shapes.append((c, h, w))
    shapes.append((c * h * w,))
    shapes.append((hidden,))
    shapes.append((hidden,))
    shapes.append((num_classes,))
    return shapes
