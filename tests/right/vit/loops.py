import math

import torch
from torch import nn


def patchify(images, patch_size):
    h, w = images.shape[2] / patch_size, images.shape[3] / patch_size
    if h != int(h) or w != int(w):
        raise ValueError("leftover pixels")
    cut = []
    for i in range(int(h)):
        for j in range(int(w)):
            top, left = i * patch_size, j * patch_size
            block = images[:, :, top : top + patch_size, left : left + patch_size]
            cut.append(block.reshape(len(images), -1))
    return torch.stack(cut, dim=1)


def resize_positions(positions, grid, new_grid):
    """Every new place looks at the four old ones around it."""

    def around(k, old, new):
        at = max((k + 0.5) * old / new - 0.5, 0.0)
        low = min(int(at), old - 1)
        return low, min(low + 1, old - 1), at - low

    rows = [positions[0]]
    for i in range(new_grid[0]):
        top, bottom, down = around(i, grid[0], new_grid[0])
        for j in range(new_grid[1]):
            left, right, across = around(j, grid[1], new_grid[1])
            at = lambda r, c: positions[1 + r * grid[1] + c]
            upper = at(top, left) * (1 - across) + at(top, right) * across
            lower = at(bottom, left) * (1 - across) + at(bottom, right) * across
            rows.append(upper * (1 - down) + lower * down)
    return torch.stack(rows)


class ViT(nn.Module):
    def __init__(self, image_size, patch_size, in_channels, num_classes, d_model, n_layers, n_heads):
        super().__init__()
        if any(side % patch_size for side in image_size):
            raise ValueError("leftover pixels")
        self.patch_size = patch_size
        self.grid = tuple(side // patch_size for side in image_size)
        self.patch = nn.Linear(in_channels * patch_size**2, d_model)
        self.cls = nn.Parameter(torch.zeros(d_model))
        self.positions = nn.Parameter(torch.randn(1 + math.prod(self.grid), d_model) * 0.02)
        self.blocks = nn.ModuleList()
        for _ in range(n_layers):
            block = nn.TransformerEncoderLayer(d_model, n_heads, 4 * d_model, 0.0, "gelu", 1e-5, True, True)
            self.blocks.append(block)
        self.norm = nn.LayerNorm(d_model)
        self.head = nn.Linear(d_model, num_classes)

    def forward(self, images):
        pieces = patchify(images, self.patch_size)
        grid = images.shape[2] // self.patch_size, images.shape[3] // self.patch_size
        positions = self.positions if grid == self.grid else resize_positions(self.positions, self.grid, grid)
        logits = []
        for image in pieces:  # one image at a time
            sequence = [self.cls]
            for piece in image:
                sequence.append(self.patch(piece))
            x = (torch.stack(sequence) + positions)[None]
            for block in self.blocks:
                x = block(x)
            logits.append(self.head(self.norm(x[0, 0])))
        return torch.stack(logits)
