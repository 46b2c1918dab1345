# mistake: The head averages over the width only and then sums over the height.
# bug: one_side_averaged
import torch
import torch.nn.functional as F
from torch import Tensor, nn


class Kernel(nn.Module):
    def __init__(self, cin, cout, k=1, stride=1, padding=0):
        super().__init__()
        bound = (cin * k * k) ** -0.5
        self.weight = nn.Parameter(torch.empty(cout, cin, k, k).uniform_(-bound, bound))
        self.bias = nn.Parameter(torch.empty(cout).uniform_(-bound, bound))
        self.stride, self.padding = stride, padding

    def forward(self, x):
        k = self.weight.shape[-1]
        x = F.pad(x, [self.padding] * 4)
        windows = x.unfold(2, k, self.stride).unfold(3, k, self.stride)
        return torch.einsum("nchwuv,ocuv->nohw", windows, self.weight) + self.bias[:, None, None]


class NiNBlock(nn.Module):
    def __init__(
        self, in_channels: int, out_channels: int, kernel_size: int, stride: int = 1, padding: int = 0
    ):
        super().__init__()
        self.conv1 = Kernel(in_channels, out_channels, kernel_size, stride, padding)
        self.conv2 = Kernel(out_channels, out_channels)
        self.conv3 = Kernel(out_channels, out_channels)

    def forward(self, x: Tensor) -> Tensor:
        return self.conv3(self.conv2(self.conv1(x).relu()).relu()).relu()


class NiN(nn.Module):
    def __init__(self, arch: list[tuple[int, int, int, int]], in_channels: int, num_classes: int):
        super().__init__()
        spec = [*arch, (num_classes, 3, 1, 1)]
        ins = [in_channels] + [a[0] for a in arch]
        self.blocks = nn.ModuleList(NiNBlock(i, *a) for i, a in zip(ins, spec))

    def forward(self, x: Tensor) -> Tensor:
        *body, head = self.blocks
        for block in body:
            x = block(x).unfold(2, 3, 2).unfold(3, 3, 2).flatten(-2).max(-1)[0]
        return torch.einsum("nchw->nc", head(x)) / x.shape[-1]


def nin_shapes(arch, in_channels, num_classes, height, width):
    out = [(in_channels, height, width)]
    for c, k, s, p in arch:
        out += [(c, *((n + 2 * p - k) // s + 1 for n in out[-1][1:]))]
        out += [(c, *((n - 1) // 2 for n in out[-1][1:]))]
    return out + [(num_classes, *out[-1][1:]), (num_classes,)]
