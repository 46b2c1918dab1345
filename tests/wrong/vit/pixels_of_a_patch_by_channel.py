# mistake: Every pixel comes with its channels together.
# bug: channels_last_in_patch
import torch
import torch.nn as nn
import torch.nn.functional as F


def patchify(images, patch_size):
    N, C, H, W = images.shape
    p = patch_size
    if H % p != 0 or W % p != 0:
        raise ValueError("image size must be divisible by the patch size")
    x = images.reshape(N, C, H // p, p, W // p, p)
    x = torch.einsum("nchpwq->nhwpqc", x)
    return x.reshape(N, (H // p) * (W // p), C * p * p)


def resize_positions(positions, grid, new_grid):
    if tuple(grid) == tuple(new_grid):
        return positions
    cls_pos, patch_pos = positions[:1], positions[1:]
    dim = positions.shape[-1]
    patch_pos = patch_pos.reshape(1, grid[0], grid[1], dim).permute(0, 3, 1, 2)
    patch_pos = F.interpolate(patch_pos, size=tuple(new_grid), mode="bilinear", align_corners=False)
    patch_pos = patch_pos.permute(0, 2, 3, 1).reshape(-1, dim)
    return torch.cat((cls_pos, patch_pos), dim=0)


class ViT(nn.Module):
    def __init__(self, image_size, patch_size, in_channels, num_classes, d_model, n_layers, n_heads):
        super().__init__()
        H, W = image_size
        if H % patch_size or W % patch_size:
            raise ValueError("image size must be divisible by the patch size")
        self.image_size, self.patch_size = (H, W), patch_size
        num_patches = (H // patch_size) * (W // patch_size)
        self.patch = nn.Linear(in_channels * patch_size * patch_size, d_model)
        self.cls = nn.Parameter(torch.zeros(d_model))
        self.positions = nn.Parameter(torch.empty(1 + num_patches, d_model))
        nn.init.normal_(self.positions, std=0.02)
        self.blocks = nn.Sequential(
            *[
                nn.TransformerEncoderLayer(
                    d_model=d_model,
                    nhead=n_heads,
                    dim_feedforward=4 * d_model,
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
        N, _, H, W = images.shape
        p = self.patch_size
        x = self.patch(patchify(images, p))
        x = torch.cat((self.cls.view(1, 1, -1).repeat(N, 1, 1), x), dim=1)
        old = (self.image_size[0] // p, self.image_size[1] // p)
        x = x + resize_positions(self.positions, old, (H // p, W // p)).unsqueeze(0)
        x = self.norm(self.blocks(x))
        return self.head(x[:, 0])
