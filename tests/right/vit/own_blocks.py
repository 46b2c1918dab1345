import torch
from torch import nn
from torch.nn import functional as F


def patchify(images, patch_size):
    n, c, height, width = images.shape
    if height % patch_size or width % patch_size:
        raise ValueError(f"{height}, {width}, {patch_size}")
    rows = torch.stack(images.split(patch_size, dim=2), dim=1)  # (N, h, C, p, W)
    cells = torch.stack(rows.split(patch_size, dim=4), dim=2)  # (N, h, w, C, p, p)
    return cells.reshape(n, -1, c * patch_size * patch_size)


def resize_positions(positions, grid, new_grid):
    (h, w), d = grid, positions.size(1)
    field = positions[1:].reshape(h, w, d).movedim(-1, 0).unsqueeze(0)
    field = F.interpolate(field, size=list(new_grid), mode="bilinear")
    return torch.vstack([positions[0], field.squeeze(0).movedim(0, -1).reshape(-1, d)])


class Attention(nn.Module):
    def __init__(self, d, heads):
        super().__init__()
        self.heads = heads
        self.in_proj_weight = nn.Parameter(nn.init.xavier_uniform_(torch.empty(3 * d, d)))
        self.in_proj_bias = nn.Parameter(torch.zeros(3 * d))
        self.out_proj = nn.Linear(d, d)
        nn.init.zeros_(self.out_proj.bias)

    def forward(self, x):
        n, t, d = x.shape
        qkv = F.linear(x, self.in_proj_weight, self.in_proj_bias)
        q, k, v = qkv.view(n, t, 3, self.heads, d // self.heads).permute(2, 0, 3, 1, 4)
        weights = (q @ k.mT * (d // self.heads) ** -0.5).softmax(-1)
        return self.out_proj((weights @ v).transpose(1, 2).reshape(n, t, d))


class Block(nn.Module):
    def __init__(self, d, heads):
        super().__init__()
        self.self_attn = Attention(d, heads)
        self.linear1, self.linear2 = nn.Linear(d, 4 * d), nn.Linear(4 * d, d)
        self.norm1, self.norm2 = nn.LayerNorm(d), nn.LayerNorm(d)

    def forward(self, x):
        x = x + self.self_attn(self.norm1(x))
        return x + self.linear2(F.gelu(self.linear1(self.norm2(x))))


class ViT(nn.Module):
    def __init__(self, image_size, patch_size, in_channels, num_classes, d_model, n_layers, n_heads):
        super().__init__()
        height, width = image_size
        if height % patch_size or width % patch_size:
            raise ValueError("no whole number of patches")
        self.patch_size, self.height, self.width = patch_size, height // patch_size, width // patch_size
        self.positions = nn.Parameter(torch.zeros(self.height * self.width + 1, d_model))
        with torch.no_grad():
            self.positions.normal_(std=0.02)
        self.register_parameter("cls", nn.Parameter(torch.zeros(d_model)))
        self.patch = nn.Linear(in_channels * patch_size**2, d_model)
        self.head = nn.Linear(d_model, num_classes)
        self.blocks = nn.ModuleList(Block(d_model, n_heads) for _ in range(n_layers))
        self.norm = nn.LayerNorm(d_model)

    def forward(self, images):
        body = self.patch(patchify(images, self.patch_size))
        down, across = images.size(-2) // self.patch_size, images.size(-1) // self.patch_size
        positions = resize_positions(self.positions, (self.height, self.width), (down, across))
        x = body.new_empty(body.size(0), 1 + body.size(1), body.size(2))
        x[:, :1] = self.cls
        x[:, 1:] = body
        x = x + positions
        for block in self.blocks:
            x = block(x)
        return self.head(self.norm(x[:, :1]).squeeze(1))
