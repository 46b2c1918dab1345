import math

import torch
from torch import nn
from torch.nn import functional as F


def split(height, width, p):
    if height % p or width % p:
        raise ValueError("no multiple")
    return height // p, width // p


def patchify(images, patch_size):
    """One slice a patch."""
    p = patch_size
    h, w = split(images.size(2), images.size(3), p)
    cut = [images[:, :, i * p : i * p + p, j * p : j * p + p].flatten(1) for i in range(h) for j in range(w)]
    return torch.stack(cut, dim=1)


def stretch(old, new, like):
    """The matrix (new, old) of a linear interpolation along one side."""
    return F.interpolate(
        torch.eye(old, dtype=like.dtype, device=like.device)[None],
        size=new,
        mode="linear",
        align_corners=False,
    )[0].T


def resize_positions(positions, grid, new_grid):
    down, across = stretch(grid[0], new_grid[0], positions), stretch(grid[1], new_grid[1], positions)
    picture = positions[1:].unflatten(0, tuple(grid))
    picture = torch.einsum("ih,jw,hwd->ijd", down, across, picture)
    return torch.vstack([positions[0], picture.flatten(0, 1)])


class ViT(nn.Module):
    def __init__(self, image_size, patch_size, in_channels, num_classes, d_model, n_layers, n_heads):
        super().__init__()
        self.side = patch_size
        self.grid = split(*image_size, patch_size)
        self.register_parameter("cls", nn.Parameter(torch.zeros(d_model)))
        self.register_parameter(
            "positions", nn.Parameter(torch.normal(0.0, 0.02, (1 + math.prod(self.grid), d_model)))
        )
        self.patch = nn.Linear(in_channels * patch_size * patch_size, d_model)
        self.blocks = nn.ModuleList()
        for _ in range(n_layers):
            self.blocks.append(
                nn.TransformerEncoderLayer(d_model, n_heads, 4 * d_model, 0.0, nn.GELU(), 1e-5, True, True)
            )
        self.norm = nn.LayerNorm(d_model, eps=1e-5)
        self.head = nn.Linear(d_model, num_classes)

    def forward(self, images):
        p = self.side
        grid = split(images.size(2), images.size(3), p)
        # the projection of the patches as a convolution with stride p
        kernel = self.patch.weight.view(-1, images.size(1), p, p)
        x = F.conv2d(images, kernel, self.patch.bias, stride=p).flatten(2).mT
        x = F.pad(x, (0, 0, 1, 0))
        x = x + resize_positions(self.positions, self.grid, grid)
        x = torch.cat((x[:, :1] + self.cls, x[:, 1:]), 1)
        for block in self.blocks:
            x = block(x)
        return self.head(self.norm(x.select(1, 0)))
