# mistake: The ReLUs are modules inside the same Sequential, so the second convolution is called convs.2 in state_dict().
# bug: relus_among_the_convolutions
import torch
from torch import Tensor, nn


class VGGBlock(nn.Module):
    def __init__(self, num_convs: int, in_channels: int, out_channels: int):
        super().__init__()
        layers = []
        for _ in range(num_convs):
            layers += [nn.Conv2d(in_channels, out_channels, 3, padding=1), nn.ReLU()]
            in_channels = out_channels
        self.convs = nn.Sequential(*layers)
        self.pool = nn.MaxPool2d(2)
        init_weights(self)

    def forward(self, x: Tensor) -> Tensor:
        return self.pool(self.convs(x))


def init_weights(module):
    for m in module.modules():
        if isinstance(m, (nn.Conv2d, nn.Linear)):
            nn.init.kaiming_normal_(m.weight)
            nn.init.zeros_(m.bias)


class VGG(nn.Module):
    def __init__(self, arch, in_channels, height, width, num_classes, hidden):
        super().__init__()
        blocks = []
        for num_convs, out_channels in arch:
            blocks.append(VGGBlock(num_convs, in_channels, out_channels))
            in_channels = out_channels
        self.blocks = nn.Sequential(*blocks)
        scale = 2 ** len(arch)
        self.fc1 = nn.Linear(in_channels * (height // scale) * (width // scale), hidden)
        self.fc2 = nn.Linear(hidden, hidden)
        self.fc3 = nn.Linear(hidden, num_classes)
        init_weights(self)

    def forward(self, x: Tensor) -> Tensor:
        x = torch.flatten(self.blocks(x), start_dim=1)
        x = torch.relu(self.fc1(x))
        x = torch.relu(self.fc2(x))
        return self.fc3(x)


def vgg_shapes(arch, in_channels, height, width, num_classes, hidden):
    out = [(in_channels, height, width)]
    for _, c in arch:
        out.append((c, out[-1][1] // 2, out[-1][2] // 2))
    out.append((out[-1][0] * out[-1][1] * out[-1][2],))
    return out + [(hidden,), (hidden,), (num_classes,)]
