"""The Vision Transformer (Dosovitskiy et al., 2021): an image is a sequence of patches.

    x      = [cls; patch₁ W + b; …; patchₙ W + b] + positions        (1 + n, D)
    x      = block(x)                                                L times
    logits = head(norm(x₀)),                                         x₀ being what became of cls

Another size of image has another grid of patches: the positions are resized like a picture.
"""

import torch
from torch import Tensor, nn
from torch.nn import functional as F


def grid_of(size: tuple[int, ...], patch_size: int) -> tuple[int, int]:
    """How many patches an image of this height and width has, down and across."""
    height, width = size
    if height % patch_size or width % patch_size:
        raise ValueError(f"{height}×{width} pixels are no whole number of patches of {patch_size}")
    return height // patch_size, width // patch_size


def patchify(images: Tensor, patch_size: int) -> Tensor:
    h, w = grid_of(images.shape[-2:], patch_size)
    strips = images.unflatten(3, (w, patch_size)).unflatten(2, (h, patch_size))  # (N, C, h, p, w, p)
    grid = strips.permute(0, 2, 4, 1, 3, 5)  # (N, h, w, C, p, p)
    return grid.flatten(3).flatten(1, 2)  # (N, h·w, C·p·p)


def resize_positions(positions: Tensor, grid: tuple[int, int], new_grid: tuple[int, int]) -> Tensor:
    cls, patches = positions[:1], positions[1:]  # (1, D), (h·w, D)
    picture = patches.T.unflatten(1, grid)  # (D, h, w)
    resized = F.interpolate(picture[None], new_grid, mode="bilinear", align_corners=False)[0]  # (D, h′, w′)
    return torch.cat([cls, resized.flatten(1).T])  # (1 + h′·w′, D)


class ViT(nn.Module):
    def __init__(
        self,
        image_size: tuple[int, int],
        patch_size: int,
        in_channels: int,
        num_classes: int,
        d_model: int,
        n_layers: int,
        n_heads: int,
    ):
        super().__init__()
        self.patch_size = patch_size
        self.grid = grid_of(image_size, patch_size)
        self.patch = nn.Linear(in_channels * patch_size**2, d_model)
        self.cls = nn.Parameter(torch.zeros(d_model))
        self.positions = nn.Parameter(0.02 * torch.randn(1 + self.grid[0] * self.grid[1], d_model))
        self.blocks = nn.ModuleList(
            nn.TransformerEncoderLayer(
                d_model, n_heads, 4 * d_model, 0.0, "gelu", batch_first=True, norm_first=True
            )
            for _ in range(n_layers)
        )
        self.norm = nn.LayerNorm(d_model)
        self.head = nn.Linear(d_model, num_classes)

    def forward(self, images: Tensor) -> Tensor:
        grid = grid_of(images.shape[-2:], self.patch_size)
        patches = self.patch(patchify(images, self.patch_size))  # (N, n, D)
        cls = self.cls.expand(len(images), 1, -1)  # (N, 1, D)
        tokens = torch.cat([cls, patches], dim=1)  # (N, 1 + n, D)
        x = tokens + resize_positions(self.positions, self.grid, grid)
        for block in self.blocks:
            x = block(x)
        final = self.norm(x[:, 0])  # (N, D)
        return self.head(final)
