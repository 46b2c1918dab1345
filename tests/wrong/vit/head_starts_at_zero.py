# mistake: The head starts at 0, as for fine-tuning.
import torch
from torch import nn
from torch.nn import functional as F


def check(h, w, p):
    if h % p or w % p:
        raise ValueError((h, w, p))


def patchify(images, patch_size):
    """A convolution whose kernels each pick one pixel."""
    p, c = patch_size, images.shape[1]
    check(*images.shape[2:], p)
    kernel = torch.eye(c * p * p, dtype=images.dtype, device=images.device).view(-1, c, p, p)
    return F.conv2d(images, kernel, stride=p).flatten(2).transpose(1, 2)


def matrix(old, new, like):
    """How much each old place counts for each new one, along one side."""
    at = ((torch.arange(new, device=like.device, dtype=like.dtype) + 0.5) * old / new - 0.5).clamp(min=0)
    low = at.floor().long().clamp(max=old - 1)
    high = (low + 1).clamp(max=old - 1)
    part = (at - low).clamp(max=1)
    rows = F.one_hot(low, old).to(like.dtype) * (1 - part)[:, None]
    return rows + F.one_hot(high, old).to(like.dtype) * part[:, None]


def resize_positions(positions, grid, new_grid):
    down, across = (matrix(old, new, positions) for old, new in zip(grid, new_grid))
    field = positions[1:].view(*grid, -1) if positions.is_contiguous() else positions[1:].reshape(*grid, -1)
    resized = torch.einsum("ah,bw,hwd->abd", down, across, field)
    return torch.cat([positions[:1], resized.reshape(-1, positions.shape[1])])


class ViT(nn.Module):
    def __init__(self, image_size, patch_size, in_channels, num_classes, d_model, n_layers, n_heads):
        super().__init__()
        check(*image_size, patch_size)
        self.p, self.shape = patch_size, tuple(side // patch_size for side in image_size)
        make = lambda: nn.TransformerEncoderLayer(
            d_model, n_heads, d_model * 4, dropout=0, activation=nn.GELU(), batch_first=True, norm_first=True
        )
        self.head = nn.Linear(d_model, num_classes)
        nn.init.zeros_(self.head.weight)
        self.norm = nn.LayerNorm(d_model)
        self.blocks = nn.ModuleList([make() for _ in range(n_layers)])
        self.positions = nn.Parameter(torch.normal(0, 0.02, (self.shape[0] * self.shape[1] + 1, d_model)))
        self.cls = nn.Parameter(torch.zeros(d_model))
        self.patch = nn.Linear(in_channels * patch_size**2, d_model)

    def forward(self, images):
        check(*images.shape[2:], self.p)
        kernel = self.patch.weight.view(len(self.patch.weight), -1, self.p, self.p)
        maps = F.conv2d(images, kernel, self.patch.bias, stride=self.p)  # (N, D, h, w)
        where = resize_positions(self.positions, self.shape, tuple(maps.shape[2:]))
        first = (self.cls + where[0]).expand(len(images), 1, -1)
        x = torch.cat([first, maps.flatten(2).mT + where[1:]], 1)
        for i in range(len(self.blocks)):
            x = self.blocks[i](x)
        return F.linear(self.norm(x).select(1, 0), self.head.weight, self.head.bias)
