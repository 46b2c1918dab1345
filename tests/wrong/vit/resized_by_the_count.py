# mistake: Resized only where the number of patches differs.
# bug: resized_only_if_counts_differ
import torch
from torch import nn
from torch.nn import functional as F


def patchify(images, patch_size):
    N, C, H, W = images.shape
    p = patch_size
    if H % p or W % p:
        raise ValueError("the image is no multiple of the patch")
    x = images.reshape(N, C, H // p, p, W // p, p)
    return x.permute(0, 2, 4, 1, 3, 5).reshape(N, (H // p) * (W // p), C * p * p)


def resize_positions(positions, grid, new_grid):
    cls, rest = positions[:1], positions[1:]
    h, w = grid
    picture = rest.T.reshape(1, -1, h, w)
    picture = F.interpolate(picture, size=tuple(new_grid), mode="bilinear", align_corners=False)
    return torch.cat([cls, picture.flatten(2)[0].T])


class ViT(nn.Module):
    def __init__(self, image_size, patch_size, in_channels, num_classes, d_model, n_layers, n_heads):
        super().__init__()
        H, W = image_size
        p = patch_size
        if H % p or W % p:
            raise ValueError("the image is no multiple of the patch")
        self.p = p
        self.grid = (H // p, W // p)
        n = self.grid[0] * self.grid[1]
        self.cls = nn.Parameter(torch.zeros(d_model))
        self.positions = nn.Parameter(torch.randn(1 + n, d_model) * 0.02)
        self.patch = nn.Linear(in_channels * p * p, d_model)
        self.blocks = nn.ModuleList(
            [
                nn.TransformerEncoderLayer(
                    d_model,
                    n_heads,
                    4 * d_model,
                    dropout=0.0,
                    activation="gelu",
                    batch_first=True,
                    norm_first=True,
                )
                for _ in range(n_layers)
            ]
        )
        self.norm = nn.LayerNorm(d_model)
        self.head = nn.Linear(d_model, num_classes)

    def forward(self, images):
        x = self.patch(patchify(images, self.p))
        grid = (images.shape[2] // self.p, images.shape[3] // self.p)
        cls = self.cls.expand(x.shape[0], 1, -1)
        x = torch.cat([cls, x], dim=1)
        positions = self.positions
        if x.shape[1] != len(positions):
            positions = resize_positions(positions, self.grid, grid)
        x = x + positions
        for block in self.blocks:
            x = block(x)
        return self.head(self.norm(x[:, 0]))
