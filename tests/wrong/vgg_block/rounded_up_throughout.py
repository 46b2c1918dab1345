# mistake: The pool rounds its size up, so a left-over row or column is kept instead of dropped.
# bug: pool_rounds_up
import torch.nn.functional as F
from torch import Tensor, nn


class VGGBlock(nn.Module):
    def __init__(self, num_convs: int, in_channels: int, out_channels: int):
        super().__init__()
        self.convs = nn.ModuleList()
        for i in range(num_convs):
            self.convs.append(nn.Conv2d(in_channels if i == 0 else out_channels, out_channels, 3, padding=1))
        self.pool = nn.MaxPool2d(2, 2, ceil_mode=True)
        for conv in self.convs:
            nn.init.kaiming_normal_(conv.weight, nonlinearity="relu")
            nn.init.zeros_(conv.bias)

    def forward(self, x: Tensor) -> Tensor:
        for conv in self.convs:
            x = F.relu(conv(x))
        return self.pool(x)


class VGG(nn.Module):
    def __init__(self, arch, in_channels, height, width, num_classes, hidden):
        super().__init__()
        self.blocks = nn.ModuleList()
        c = in_channels
        for num_convs, out_channels in arch:
            self.blocks.append(VGGBlock(num_convs, c, out_channels))
            c = out_channels
            height, width = (height + 1) // 2, (width + 1) // 2
        self.fc1 = nn.Linear(c * height * width, hidden)
        self.fc2 = nn.Linear(hidden, hidden)
        self.fc3 = nn.Linear(hidden, num_classes)
        for fc in (self.fc1, self.fc2, self.fc3):
            nn.init.kaiming_normal_(fc.weight, nonlinearity="relu")
            nn.init.zeros_(fc.bias)

    def forward(self, x: Tensor) -> Tensor:
        for block in self.blocks:
            x = block(x)
        x = x.flatten(1)
        x = F.relu(self.fc1(x))
        x = F.relu(self.fc2(x))
        return self.fc3(x)


def vgg_shapes(arch, in_channels, height, width, num_classes, hidden):
    shapes = [(in_channels, height, width)]
    c = in_channels
    for _, c in arch:
        height, width = (height + 1) // 2, (width + 1) // 2
        shapes.append((c, height, width))
    shapes.append((c * height * width,))
    shapes += [(hidden,), (hidden,), (num_classes,)]
    return shapes
